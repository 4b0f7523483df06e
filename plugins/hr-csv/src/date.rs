//! Dates as HR systems write them, turned into the contract's forms: `2026-03-31`, `2026-03-31T18:00`, both local, or
//! with an offset.
//!
//! ISO dates are always understood. Whether 03/04/2026 is in March or in April only the setting can say.

use reeve_sdk::time;
use serde::Deserialize;

/// How the file writes dates, besides ISO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum DateFormat {
    #[default]
    #[serde(rename = "yyyy-mm-dd")]
    Iso,
    #[serde(rename = "dd.mm.yyyy")]
    DayDots,
    #[serde(rename = "dd/mm/yyyy")]
    DaySlashes,
    #[serde(rename = "mm/dd/yyyy")]
    MonthSlashes,
    #[serde(rename = "dd-mm-yyyy")]
    DayDashes,
    #[serde(rename = "yyyy/mm/dd")]
    YearSlashes,
    #[serde(rename = "yyyymmdd")]
    Digits,
}

impl DateFormat {
    pub fn name(self) -> &'static str {
        match self {
            Self::Iso => "yyyy-mm-dd",
            Self::DayDots => "dd.mm.yyyy",
            Self::DaySlashes => "dd/mm/yyyy",
            Self::MonthSlashes => "mm/dd/yyyy",
            Self::DayDashes => "dd-mm-yyyy",
            Self::YearSlashes => "yyyy/mm/dd",
            Self::Digits => "yyyymmdd",
        }
    }

    /// Year, month and day. Days and months may come without their zero, years only with four digits.
    fn read(self, text: &str) -> Option<(i64, i64, i64)> {
        let parts = |separator| {
            let mut parts = text.split(separator);
            let all = (parts.next()?, parts.next()?, parts.next()?);
            parts.next().is_none().then_some(all)
        };
        let (year, month, day) = match self {
            Self::Iso => parts('-')?,
            Self::DayDots => parts('.').map(|(d, m, y)| (y, m, d))?,
            Self::DaySlashes => parts('/').map(|(d, m, y)| (y, m, d))?,
            Self::MonthSlashes => parts('/').map(|(m, d, y)| (y, m, d))?,
            Self::DayDashes => parts('-').map(|(d, m, y)| (y, m, d))?,
            Self::YearSlashes => parts('/')?,
            Self::Digits => (text.get(0..4)?, text.get(4..6)?, text.get(6..)?),
        };
        let strict = matches!(self, Self::Iso | Self::Digits);
        let widths = if strict { 2..=2 } else { 1..=2 };
        let number = |part: &str, widths: std::ops::RangeInclusive<usize>| {
            let plain = widths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse::<i64>().ok())?
        };
        Some((number(year, 4..=4)?, number(month, widths.clone())?, number(day, widths)?))
    }
}

/// What a local midnight means in an end date: the whole day (a date that some database wrote with a time), or, if not
/// said, nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Midnight {
    IsTheDay,
    IsAmbiguous,
}

/// The contract's form, or a sentence.
pub fn read(text: &str, format: DateFormat, midnight: Midnight) -> Result<String, String> {
    let text = text.trim();
    let (date, time_of_day) = match text.split_once(['T', 't', ' ']) {
        Some((date, rest)) => (date, Some(rest.trim_start())),
        None => (text, None),
    };
    let (year, month, day) = DateFormat::Iso.read(date).or_else(|| format.read(date)).ok_or_else(|| {
        let also = if format == DateFormat::Iso {
            "; if the file writes dates in another way, set `date-format`".to_owned()
        } else {
            format!(" nor a date in the form {}", format.name())
        };
        format!("{} is no date like 2026-03-31{also}", quoted(text))
    })?;
    if !time::is_date(year, month, day) {
        return Err(format!("there is no day {} in the form {}", quoted(date), format.name()));
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    let Some(rest) = time_of_day else { return Ok(date) };
    let clock_end = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (clock, offset) = rest.split_at_checked(clock_end).unwrap_or((rest, ""));
    let no_time = || format!("{} has no time like 18:00 or 18:00:00 after the date", quoted(text));
    let clock = clock_of(clock.trim_end()).ok_or_else(no_time)?;
    if !offset.is_empty() {
        return time::instant(&format!("{date}T{clock}{offset}")).ok_or_else(no_time);
    }
    match (clock.as_str(), midnight) {
        ("00:00:00", Midnight::IsTheDay) => Ok(date),
        ("00:00:00", Midnight::IsAmbiguous) => Err(format!(
            "{} may mean the beginning of that day or the whole of it; write the day without a time, or set \
             `midnight-is-the-day`",
            quoted(text)
        )),
        // The contract writes local times in minutes; seconds stay where there are some.
        _ => Ok(format!("{date}T{}", clock.strip_suffix(":00").unwrap_or(&clock))),
    }
}

/// `18:00:00`, from what may lack the seconds or have a fraction of zeros behind them.
fn clock_of(text: &str) -> Option<String> {
    let text = match text.split_once('.') {
        Some((clock, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => clock,
        Some(_) => return None,
        None => text,
    };
    let [hour, minute, second] = time::numbers(text, ':', [2, 2, 2])
        .or_else(|| time::numbers(text, ':', [2, 2]).map(|[hour, minute]| [hour, minute, 0]))?;
    (hour < 24 && minute < 60 && second < 60).then(|| format!("{hour:02}:{minute:02}:{second:02}"))
}

/// A cell's text in a sentence: short, in quotes, control characters spelled out.
pub fn quoted(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 40;
    let short: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{dots}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_become_the_contracts_forms() {
        let cases = [
            ("2026-03-31", DateFormat::Iso, "2026-03-31"),
            (" 2026-03-31 ", DateFormat::DayDots, "2026-03-31"),
            ("31.03.2026", DateFormat::DayDots, "2026-03-31"),
            ("1.3.2026", DateFormat::DayDots, "2026-03-01"),
            ("31/03/2026", DateFormat::DaySlashes, "2026-03-31"),
            ("03/31/2026", DateFormat::MonthSlashes, "2026-03-31"),
            ("03/04/2026", DateFormat::MonthSlashes, "2026-03-04"),
            ("03/04/2026", DateFormat::DaySlashes, "2026-04-03"),
            ("31-03-2026", DateFormat::DayDashes, "2026-03-31"),
            ("2026/03/31", DateFormat::YearSlashes, "2026-03-31"),
            ("20260331", DateFormat::Digits, "2026-03-31"),
            ("29.02.2028", DateFormat::DayDots, "2028-02-29"),
            ("2026-03-31T18:00", DateFormat::Iso, "2026-03-31T18:00"),
            ("2026-03-31 18:00:00", DateFormat::Iso, "2026-03-31T18:00"),
            ("2026-03-31 18:00:00.000", DateFormat::Iso, "2026-03-31T18:00"),
            ("2026-03-31 18:00:30", DateFormat::Iso, "2026-03-31T18:00:30"),
            ("31.03.2026 18:00", DateFormat::DayDots, "2026-03-31T18:00"),
            ("2026-03-31T18:00:00+11:00", DateFormat::Iso, "2026-03-31T18:00:00+11:00"),
            ("2026-03-31T18:00+1100", DateFormat::Iso, "2026-03-31T18:00:00+11:00"),
            ("2026-03-31T18:00:00Z", DateFormat::Iso, "2026-03-31T18:00:00Z"),
            ("2026-03-31T00:00:00Z", DateFormat::Iso, "2026-03-31T00:00:00Z"),
        ];
        for (text, format, expected) in cases {
            assert_eq!(read(text, format, Midnight::IsAmbiguous).as_deref(), Ok(expected), "{text} as {format:?}");
        }
    }

    #[test]
    fn what_is_no_date_or_may_be_two_is_refused() {
        let cases = [
            ("03/04/2026", DateFormat::Iso),
            ("31.03.26", DateFormat::DayDots),
            ("31/03/2026", DateFormat::DayDots),
            ("03/31/2026", DateFormat::DaySlashes),
            ("29.02.2026", DateFormat::DayDots),
            ("2026-02-30", DateFormat::Iso),
            ("2026-3-1", DateFormat::Iso),
            ("20260331", DateFormat::Iso),
            ("2026033", DateFormat::Digits),
            ("46112", DateFormat::Iso),
            ("31.03.2026.", DateFormat::DayDots),
            ("2026-03-31 6:00 PM", DateFormat::Iso),
            ("2026-03-31 24:00", DateFormat::Iso),
            ("2026-03-31 18", DateFormat::Iso),
            ("2026-03-31T18:00 CET", DateFormat::Iso),
            ("2026-03-31T18:00+25:00", DateFormat::Iso),
            ("2026-03-31T", DateFormat::DayDots),
            ("2026-03-31 00:00:00", DateFormat::Iso),
            ("soon", DateFormat::Iso),
            ("٣١.٠٣.٢٠٢٦", DateFormat::DayDots),
        ];
        for (text, format) in cases {
            assert!(read(text, format, Midnight::IsAmbiguous).is_err(), "{text} as {format:?}");
        }
    }

    #[test]
    fn a_databases_midnight_is_the_day_where_the_administrator_says_so() {
        assert_eq!(read("2026-03-31 00:00:00.000", DateFormat::Iso, Midnight::IsTheDay).as_deref(), Ok("2026-03-31"));
    }
}
