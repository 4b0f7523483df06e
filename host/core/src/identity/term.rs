//! Reading HR's dates: an instant, or a local date of a zone. Zones and daylight saving decide when access ends, so a
//! date that can't be read is refused, never guessed.

use super::Worker;
use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};

/// A date that can't be read, with the sentence for the person who can mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {value:?} of worker {worker} can't be read: {reason}")]
pub struct UnreadableDate {
    pub worker: String,
    pub field: &'static str,
    pub value: String,
    pub reason: String,
}

/// When a worker's time begins and ends, as instants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Term {
    pub starts_at: Option<Timestamp>,
    pub ends_at: Option<Timestamp>,
}

impl Term {
    pub fn of(worker: &Worker) -> Result<Self, UnreadableDate> {
        let refuse = |field, value: &str, reason: String| UnreadableDate {
            worker: worker.id.to_string(),
            field,
            value: value.to_owned(),
            reason,
        };
        let zone = match worker.time_zone.as_deref().filter(|name| !name.is_empty()) {
            None => TimeZone::UTC,
            // The bundled database, so that the answer does not depend on the machine.
            Some(name) => TimeZoneDatabase::bundled()
                .get(name)
                .map_err(|_| refuse("time-zone", name, "it is not an IANA time zone name".to_owned()))?,
        };
        let read = |field, text: &Option<String>, bare_day: BareDay| {
            text.as_deref()
                .filter(|text| !text.is_empty())
                .map(|text| instant(text, &zone, bare_day).map_err(|reason| refuse(field, text, reason)))
                .transpose()
        };
        let term = Self {
            starts_at: read("start-at", &worker.start_at, BareDay::Begins)?,
            ends_at: read("end-at", &worker.end_at, BareDay::Ends)?,
        };
        match (term.starts_at, term.ends_at) {
            (Some(start), Some(end)) if end < start => Err(refuse(
                "end-at",
                worker.end_at.as_deref().unwrap_or_default(),
                format!("it lies before the start, {start}"),
            )),
            _ => Ok(term),
        }
    }
}

/// What a date without a time means.
#[derive(Clone, Copy)]
enum BareDay {
    /// From the day's first moment.
    Begins,
    /// To the day's last moment: the first moment of the next day.
    Ends,
}

fn instant(text: &str, zone: &TimeZone, bare_day: BareDay) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    // A local time in a gap moves forward and one in an overlap is the first of the two: jiff's "compatible" rule.
    let local = |at: DateTime| zone.to_timestamp(at).map_err(|e| e.to_string());
    if text.len() > 10 {
        let at: DateTime = text.parse().map_err(|_| FORMS.to_owned())?;
        return local(at);
    }
    let day: Date = text.parse().map_err(|_| FORMS.to_owned())?;
    let first = match bare_day {
        BareDay::Begins => day,
        BareDay::Ends => day.checked_add(1.day()).map_err(|e| e.to_string())?,
    };
    local(first.at(0, 0, 0, 0))
}

const FORMS: &str = "write 2026-03-31, 2026-03-31T18:00 (both in the worker's time zone) or 2026-03-31T18:00:00+11:00";
