//! Which systems are to be read now, by time alone. Who reads them, and how, is the server's.

use super::SystemRole;
use crate::id::SystemName;
use jiff::Timestamp;
use std::time::Duration;

/// Systems that are read at the same time.
pub const READS_AT_ONCE_MAX: usize = 4;
/// How long after the last try a system is read again that an open leaver case waits for.
pub const PROOF_EVERY: Duration = Duration::from_secs(300);
/// How long targets wait for a source that is being read: accounts are matched to people, so people come first. A source
/// that takes longer delays only itself.
pub const SOURCES_FIRST_MAX: Duration = Duration::from_secs(600);

/// What is known of the reading of one system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading<'a> {
    pub name: &'a SystemName,
    pub role: SystemRole,
    /// When the last try ended, well or not.
    pub tried_at: Option<Timestamp>,
    /// Whether an open leaver case waits for it.
    pub awaited: bool,
    /// Since when it is being read.
    pub since: Option<Timestamp>,
}

impl Reading<'_> {
    fn is_due(&self, every: Option<Duration>, now: Timestamp) -> bool {
        let proof = self.awaited.then_some(PROOF_EVERY);
        let Some(wait) = [every, proof].into_iter().flatten().min() else { return false };
        // A try in the future was made before the machine's clock was set back: nothing waits for that time to come.
        self.since.is_none() && self.tried_at.is_none_or(|at| at > now || passed(at, now) >= wait)
    }

    fn delays_targets(&self, now: Timestamp) -> bool {
        self.role == SystemRole::Source && self.since.is_some_and(|at| passed(at, now) < SOURCES_FIRST_MAX)
    }
}

fn passed(at: Timestamp, now: Timestamp) -> Duration {
    now.duration_since(at).unsigned_abs()
}

/// The systems whose reading begins now: sources before targets, and then whoever has waited longest. `every` is how
/// often each is read; none for never, which leaves those that a leaver case waits for.
pub fn due_reads<'a>(all: &[Reading<'a>], every: Option<Duration>, now: Timestamp) -> Vec<&'a SystemName> {
    let mut due: Vec<_> = all.iter().filter(|one| one.is_due(every, now)).collect();
    let people_first =
        due.iter().any(|one| one.role == SystemRole::Source) || all.iter().any(|one| one.delays_targets(now));
    due.retain(|one| one.role == SystemRole::Source || !people_first);
    due.sort_by_key(|one| (one.tried_at, one.name));
    let free = READS_AT_ONCE_MAX.saturating_sub(all.iter().filter(|one| one.since.is_some()).count());
    due.iter().take(free).map(|one| one.name).collect()
}
