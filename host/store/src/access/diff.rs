//! Compares what was read with what is kept, in sorted order, and tells the spans to begin, to end and to mend. Pure.

use serde::de::DeserializeOwned;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// A span that is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kept {
    pub key: String,
    pub since: i64,
    pub until: Option<i64>,
    pub body: String,
}

/// A thing that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    pub key: String,
    pub body: String,
    /// For a grant, whose it is.
    pub account: String,
}

/// What to write. A key is in one of them only, except that a changed thing ends and begins.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    pub begin: Vec<Seen>,
    pub end: Vec<String>,
    /// Spans that began with this very read: they are put right, because a span of no length says nothing.
    pub mend: Vec<Seen>,
    pub erase: Vec<String>,
    pub counts: Counts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub new: u64,
    pub changed: u64,
    pub gone: u64,
}

/// `kept` holds the open spans, and those that ended after `read_at`. Whatever is known from later than `read_at` stands:
/// the read may have passed the thing by before it changed.
pub(super) fn difference<T: DeserializeOwned + PartialEq>(
    kept: Vec<Kept>,
    mut seen: Vec<Seen>,
    whole: bool,
    read_at: i64,
) -> Difference {
    let (mut open, ended_later): (Vec<_>, Vec<_>) = kept.into_iter().partition(|span| span.until.is_none());
    let ended_later: BTreeSet<String> = ended_later.into_iter().map(|span| span.key).collect();
    open.sort();
    seen.sort();
    seen.dedup_by(|later, earlier| later.key == earlier.key);

    let mut difference = Difference::default();
    let (mut open, mut seen) = (open.into_iter().peekable(), seen.into_iter().peekable());
    loop {
        let order = match (open.peek(), seen.peek()) {
            (None, None) => return difference,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.key.cmp(&new.key),
        };
        let old = if order.is_le() { open.next() } else { None };
        let new = if order.is_ge() { seen.next() } else { None };
        match (old, new) {
            (Some(old), None) if whole => difference.gone(old, read_at),
            (None, Some(new)) if !ended_later.contains(&new.key) => {
                difference.counts.new += 1;
                difference.begin.push(new);
            }
            (Some(old), Some(new)) if !same::<T>(&old.body, &new.body) => difference.changed(old, new, read_at),
            _ => {}
        }
    }
}

impl Difference {
    fn gone(&mut self, old: Kept, read_at: i64) {
        match old.since.cmp(&read_at) {
            Ordering::Less => self.end.push(old.key),
            Ordering::Equal => self.erase.push(old.key),
            Ordering::Greater => return,
        }
        self.counts.gone += 1;
    }

    fn changed(&mut self, old: Kept, new: Seen, read_at: i64) {
        match old.since.cmp(&read_at) {
            Ordering::Less => {
                self.end.push(old.key);
                self.begin.push(new);
            }
            Ordering::Equal => self.mend.push(new),
            Ordering::Greater => return,
        }
        self.counts.changed += 1;
    }
}

/// Text that an older version wrote may differ and mean the same.
fn same<T: DeserializeOwned + PartialEq>(old: &str, new: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<T>(text).ok();
    old == new || value(old).is_some_and(|old| Some(old) == value(new))
}
