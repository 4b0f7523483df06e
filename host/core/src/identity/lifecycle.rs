//! What a person's facts mean at a moment: the standing, and the event that time or HR has brought about.

use super::{
    AttributeChange, EventKind, Exit, ExitCause, Identity, LifecycleEvent, NamedExit, Standing, Term, Worker,
    WorkerKind, WorkerStatus,
};
use jiff::Timestamp;

/// Applies what HR says now to a person that Reeve knows, and tells what happened.
pub fn apply(before: &Identity, mut worker: Worker, term: Term, now: Timestamp) -> (Identity, Vec<LifecycleEvent>) {
    // A row without a key does not unsay the one that holds the person's employments together.
    worker.person_key = worker.person_key.or_else(|| before.worker.person_key.clone());
    // Somebody who left and will start again stays out until that day, so that what is left of the first time is still
    // taken away.
    let early = term.starts_at.is_some_and(|start| start > now);
    let waits = before.exit.clone().filter(|_| before.standing == Standing::Left && early);
    let named_exit = still_named(before, &worker, term);
    let exit = waits.or_else(|| exit(&worker, term, before, named_exit.as_ref(), now));
    applied(before, worker, term, (exit, named_exit), now)
}

fn applied(
    before: &Identity,
    worker: Worker,
    term: Term,
    (exit, named_exit): (Option<Exit>, Option<NamedExit>),
    now: Timestamp,
) -> (Identity, Vec<LifecycleEvent>) {
    let changes = changes(&before.worker, &worker);
    let former_ids = with_former(before, &worker);
    let mut after = Identity { worker, former_ids, starts_at: term.starts_at, exit, named_exit, ..before.clone() };
    after.standing = match (&before.exit, &after.exit) {
        // Only a word brings somebody back, not a clock that was set back.
        (Some(old), Some(new)) if before.standing == Standing::Left && old.effective_at == new.effective_at => {
            Standing::Left
        }
        _ => standing(&after, now),
    };

    let mut events = exit_events(before, &after, now);
    events.extend(standing_event(before, &after, now));
    let moved: Vec<_> = changes.iter().filter(|change| !is_name(&change.field)).cloned().collect();
    let renamed: Vec<_> = changes.into_iter().filter(|change| is_name(&change.field)).collect();
    if !moved.is_empty() && after.standing != Standing::Left {
        events.push(event(&after, EventKind::Mover, now, now, words(&moved), moved));
    }
    if !renamed.is_empty() {
        events.push(event(&after, EventKind::Renamed, now, now, words(&renamed), renamed));
    }
    (after, events)
}

/// A person who is new to Reeve.
pub fn admit(mut identity: Identity, now: Timestamp) -> (Identity, Vec<LifecycleEvent>) {
    identity.standing = standing(&identity, now);
    let name = identity.display_name();
    let starts = identity.starts_at.unwrap_or(now);
    let events = match identity.standing {
        Standing::Pending => {
            vec![event(&identity, EventKind::Hired, starts, now, format!("{name} will start at {starts}"), vec![])]
        }
        Standing::Active => {
            vec![event(&identity, EventKind::Joiner, starts.min(now), now, format!("{name} joined"), vec![])]
        }
        // Somebody who left before Reeve came has no birthright, but may still have access: the case will tell.
        Standing::Left => leaver_event(&identity, now).into_iter().collect(),
    };
    (identity, events)
}

/// What time alone has brought about since the person was looked at last. It brings nobody back.
pub fn advance(before: &Identity, now: Timestamp) -> Option<(Identity, LifecycleEvent)> {
    if before.standing == Standing::Left {
        return None;
    }
    let mut after = before.clone();
    after.standing = standing(before, now);
    let event = standing_event(before, &after, now)?;
    Some((after, event))
}

/// An operator names a person who must go, now or later, whatever HR's feed says. None where that changes nothing: the
/// person left, or leaves earlier by HR's word.
pub fn name_exit(before: &Identity, named: NamedExit, now: Timestamp) -> Option<(Identity, LifecycleEvent)> {
    if before.standing == Standing::Left {
        return None;
    }
    let mut after = before.clone();
    let term = Term::of(&before.worker).unwrap_or_default();
    after.exit = exit(&before.worker, term, before, Some(&named), now);
    after.named_exit = Some(named);
    after.standing = standing(&after, now);
    let event = standing_event(before, &after, now).or_else(|| exit_events(before, &after, now).pop())?;
    Some((after, event))
}

/// An operator takes a named exit back, so that HR's word alone counts again. None where there is none.
pub fn withdraw_exit(before: &Identity, now: Timestamp) -> Option<(Identity, Vec<LifecycleEvent>)> {
    before.named_exit.as_ref()?;
    let term = Term::of(&before.worker).unwrap_or_default();
    let by_hr = exit(&before.worker, term, before, None, now);
    Some(applied(before, before.worker.clone(), term, (by_hr, None), now))
}

fn standing(identity: &Identity, now: Timestamp) -> Standing {
    if identity.exit.as_ref().is_some_and(|exit| exit.effective_at <= now) {
        return Standing::Left;
    }
    let early = identity.starts_at.is_some_and(|start| start > now);
    match identity.worker.status {
        WorkerStatus::NotStarted if identity.starts_at.is_none() || early => Standing::Pending,
        _ if early => Standing::Pending,
        _ => Standing::Active,
    }
}

/// The exit that an operator named, for as long as it holds. A new employment after it ends it, and nothing else does:
/// the start of one that had not begun when the exit was named is not new.
fn still_named(before: &Identity, worker: &Worker, term: Term) -> Option<NamedExit> {
    let named = before.named_exit.clone()?;
    let begun = before.starts_at.is_none_or(|start| start <= named.at) || before.worker.id != worker.id;
    let new = begun && term.starts_at.is_some_and(|start| start > named.at);
    (!new).then_some(named)
}

/// The end of a person's time as HR's word and an operator's word make it, whichever comes first.
fn exit(worker: &Worker, term: Term, before: &Identity, named: Option<&NamedExit>, now: Timestamp) -> Option<Exit> {
    let told_before = |effective_at: Timestamp| match &before.exit {
        // The clock "told" starts when an end is first heard of, and anew when it moves.
        Some(known) if known.effective_at == effective_at => known.told_at,
        _ => now,
    };
    let by_hr = match (worker.status, term.ends_at) {
        (WorkerStatus::Terminated, Some(at)) => Some((ExitCause::Terminated, at)),
        // Without a date, an end holds from when Reeve heard of it, whatever later date stood there before.
        (WorkerStatus::Terminated, None) => {
            let heard = before.exit.as_ref().filter(|known| known.cause == ExitCause::Terminated);
            Some((ExitCause::Terminated, heard.map_or(now, |known| known.effective_at.min(now))))
        }
        (_, Some(at)) if worker.kind == WorkerKind::Contractor => Some((ExitCause::ContractEnd, at)),
        (_, Some(at)) => Some((ExitCause::Terminated, at)),
        (_, None) => None,
    };
    let by_name = named.map(|named| (ExitCause::Named, named.at));
    by_hr.into_iter().chain(by_name).min_by_key(|(_, at)| *at).map(|(cause, effective_at)| Exit {
        cause,
        effective_at,
        told_at: told_before(effective_at),
    })
}

fn exit_events(before: &Identity, after: &Identity, now: Timestamp) -> Vec<LifecycleEvent> {
    let name = after.display_name();
    let found = match (&before.exit, &after.exit) {
        (None, Some(exit)) if exit.effective_at > now => {
            Some((EventKind::ExitScheduled, exit.effective_at, format!("{name} will leave at {}", exit.effective_at)))
        }
        (Some(old), Some(new)) if old.effective_at != new.effective_at => Some((
            EventKind::ExitMoved,
            new.effective_at,
            format!("the exit of {name} moved from {} to {}", old.effective_at, new.effective_at),
        )),
        (Some(old), None) if before.standing != Standing::Left => Some((
            EventKind::ExitRescinded,
            now,
            format!("{name} stays: the exit of {} was taken back", old.effective_at),
        )),
        _ => None,
    };
    found.into_iter().map(|(kind, at, text)| event(after, kind, at, now, text, vec![])).collect()
}

fn standing_event(before: &Identity, after: &Identity, now: Timestamp) -> Option<LifecycleEvent> {
    let name = after.display_name();
    let starts = after.starts_at.unwrap_or(now).min(now);
    match (before.standing, after.standing) {
        (Standing::Pending, Standing::Active) => {
            Some(event(after, EventKind::Joiner, starts, now, format!("{name} joined"), vec![]))
        }
        (Standing::Left, Standing::Active) if returned(before, after) => {
            Some(event(after, EventKind::Rehire, starts, now, format!("{name} came back"), vec![]))
        }
        (Standing::Left, Standing::Active) => {
            Some(event(after, EventKind::ExitRescinded, now, now, format!("the exit of {name} was taken back"), vec![]))
        }
        (Standing::Left, Standing::Pending) => Some(event(
            after,
            EventKind::Hired,
            after.starts_at.unwrap_or(now),
            now,
            format!("{name} will come back"),
            vec![],
        )),
        (Standing::Left, Standing::Left) => {
            let start = after.starts_at.filter(|start| before.starts_at != Some(*start) && *start > now)?;
            Some(event(after, EventKind::Hired, start, now, format!("{name} will come back"), vec![]))
        }
        (Standing::Pending | Standing::Active, Standing::Left) => leaver_event(after, now),
        _ => None,
    }
}

/// Whether somebody who is back began anew, or never went.
fn returned(before: &Identity, after: &Identity) -> bool {
    let left_at = before.exit.as_ref().map(|exit| exit.effective_at);
    let after_exit = matches!((after.starts_at, left_at), (Some(start), Some(left)) if start >= left);
    after_exit || before.worker.start_at != after.worker.start_at
}

fn leaver_event(identity: &Identity, now: Timestamp) -> Option<LifecycleEvent> {
    let exit = identity.exit.as_ref()?;
    let why = match exit.cause {
        ExitCause::Terminated => "HR says so",
        ExitCause::ContractEnd => "the contract ended",
        ExitCause::Named => "an operator named the person",
        ExitCause::Missing => "gone from the feed",
    };
    let text = format!("{} left: {why}", identity.display_name());
    Some(event(identity, EventKind::Leaver, exit.effective_at, now, text, vec![]))
}

fn event(
    identity: &Identity,
    kind: EventKind,
    effective_at: Timestamp,
    detected_at: Timestamp,
    text: String,
    changes: Vec<AttributeChange>,
) -> LifecycleEvent {
    LifecycleEvent { identity: identity.id.clone(), kind, effective_at, detected_at, changes, text }
}

fn with_former(before: &Identity, worker: &Worker) -> Vec<crate::id::WorkerId> {
    let mut former = before.former_ids.clone();
    if before.worker.id != worker.id && !former.contains(&before.worker.id) {
        former.push(before.worker.id.clone());
    }
    former.retain(|id| *id != worker.id);
    former
}

fn is_name(field: &str) -> bool {
    matches!(field, "given-name" | "family-name" | "email")
}

fn words(changes: &[AttributeChange]) -> String {
    let one = |change: &AttributeChange| {
        let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        format!("{} from {} to {}", change.field, or_none(&change.from), or_none(&change.to))
    };
    changes.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What of a person's facts changed that access may depend on.
fn changes(before: &Worker, after: &Worker) -> Vec<AttributeChange> {
    type Field = (&'static str, fn(&Worker) -> Option<String>);
    const FIELDS: [Field; 8] = [
        ("given-name", |w| Some(w.given_name.clone())),
        ("family-name", |w| Some(w.family_name.clone())),
        ("email", |w| w.email.clone()),
        ("department", |w| w.department.clone()),
        ("title", |w| w.title.clone()),
        ("location", |w| w.location.clone()),
        ("manager", |w| w.manager.as_ref().map(ToString::to_string)),
        ("kind", |w| Some(format!("{:?}", w.kind).to_lowercase())),
    ];
    FIELDS
        .iter()
        .filter_map(|(field, of)| {
            let (from, to) = (of(before), of(after));
            (from != to).then(|| AttributeChange { field: (*field).to_owned(), from, to })
        })
        .collect()
}
