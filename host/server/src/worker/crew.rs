//! The operations that are being carried out, and how many more may be.
//!
//! They are tasks, not futures of one loop: one that is in the middle of a change must get on while the loop waits for its
//! turn at the database.

use super::{CLAIMED_AT_ONCE, LOOK_AGAIN};
use crate::error::{Error, Result};
use futures_util::FutureExt;
use reeve_core::Timestamp;
use reeve_core::id::SystemName;
use reeve_core::plan::Lane;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::task::JoinSet;

/// Operations at the same time, over all systems.
const AT_ONCE_MAX: usize = 16;
/// Of those, the ones that are not leavers': the rest is kept free for them.
const AT_ONCE_STANDARD_MAX: usize = 12;
/// Operations at the same time at one system, so that one that hangs leaves places for the others.
const AT_ONE_SYSTEM_MAX: usize = 8;

/// How long nothing is looked for where nothing was found.
const FOUND_NOTHING_FOR: Duration = LOOK_AGAIN;

#[derive(Default)]
pub(super) struct Crew {
    busy: JoinSet<(Lane, SystemName, Result<bool>)>,
    standard: usize,
    at_system: BTreeMap<SystemName, usize>,
    found_nothing: BTreeMap<Lane, FoundNothing>,
}

/// A look for work that found none. While a large plan waits for a system that is full, such a look goes through all of it.
struct FoundNothing {
    at: Timestamp,
    /// The systems that could take no more.
    shut: Vec<SystemName>,
}

impl Crew {
    pub fn is_idle(&self) -> bool {
        self.busy.is_empty()
    }

    /// How many more operations of this lane may begin.
    pub fn room(&self, lane: Lane) -> u32 {
        let all = AT_ONCE_MAX.saturating_sub(self.busy.len());
        let room = match lane {
            Lane::Leaver => all,
            Lane::Standard => all.min(AT_ONCE_STANDARD_MAX.saturating_sub(self.standard)),
        };
        u32::try_from(room).unwrap_or(0)
    }

    /// Whether a look for work at all systems but these may find some.
    pub fn may_find(&self, lane: Lane, shut: &[SystemName], now: Timestamp) -> bool {
        let Some(last) = self.found_nothing.get(&lane).filter(|_| !self.is_idle()) else { return true };
        let lately = Duration::try_from(now.duration_since(last.at)).is_ok_and(|since| since < FOUND_NOTHING_FOR);
        !lately || !last.shut.iter().all(|system| shut.contains(system))
    }

    pub fn found_nothing(&mut self, lane: Lane, shut: Vec<SystemName>, now: Timestamp) {
        self.found_nothing.insert(lane, FoundNothing { at: now, shut });
    }

    /// The systems that have no room for all that one claim may find.
    pub fn full_systems(&self) -> Vec<SystemName> {
        let full = |count: usize| count + CLAIMED_AT_ONCE as usize > AT_ONE_SYSTEM_MAX;
        self.at_system.iter().filter(|(_, count)| full(**count)).map(|(name, _)| name.clone()).collect()
    }

    pub fn begin(&mut self, lane: Lane, system: SystemName, work: impl Future<Output = Result<bool>> + Send + 'static) {
        self.standard += usize::from(lane == Lane::Standard);
        *self.at_system.entry(system.clone()).or_default() += 1;
        self.busy.spawn(async move {
            let broke = |_| {
                Err(Error::Input("a part of the worker broke; its operation is read before anything else".to_owned()))
            };
            (lane, system, AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(broke))
        });
    }

    /// Waits for the next one to end, and answers whether its operation is settled.
    pub async fn next(&mut self) -> Result<bool> {
        match self.busy.join_next().await {
            Some(Ok((lane, system, done))) => {
                self.standard = self.standard.saturating_sub(usize::from(lane == Lane::Standard));
                // What comes after it may be due now, at this system only.
                self.found_nothing.retain(|_, last| last.shut.contains(&system));
                if let Some(count) = self.at_system.get_mut(&system) {
                    *count = count.saturating_sub(1);
                }
                done
            }
            Some(Err(error)) => Err(Error::Input(format!("a part of the worker broke: {error}"))),
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap_or_default()
    }

    #[tokio::test]
    async fn nothing_is_looked_for_again_until_something_can_have_changed() {
        let (full, other): (SystemName, SystemName) = ("full".into(), "other".into());
        let shut = vec![full.clone()];
        let mut crew = Crew::default();
        crew.begin(Lane::Leaver, full.clone(), async { Ok(true) });
        crew.begin(Lane::Leaver, full.clone(), std::future::pending());
        assert!(crew.may_find(Lane::Leaver, &shut, at(0)));
        crew.found_nothing(Lane::Leaver, shut.clone(), at(0));
        assert!(!crew.may_find(Lane::Leaver, &shut, at(500)), "nothing has changed");
        assert!(crew.may_find(Lane::Standard, &shut, at(500)), "the other lane");
        assert!(crew.may_find(Lane::Leaver, &shut, at(1_000)), "work may have come meanwhile");
        assert!(crew.may_find(Lane::Leaver, &[], at(500)), "the system takes more");
        assert!(matches!(crew.next().await, Ok(true)));
        assert!(!crew.may_find(Lane::Leaver, &shut, at(500)), "it is full all the same");

        crew.begin(Lane::Leaver, other, async { Ok(true) });
        assert!(matches!(crew.next().await, Ok(true)));
        assert!(crew.may_find(Lane::Leaver, &shut, at(500)), "another system may have something due now");
        let mut idle = Crew::default();
        idle.found_nothing(Lane::Leaver, shut.clone(), at(0));
        assert!(idle.may_find(Lane::Leaver, &shut, at(1)), "nothing else is done meanwhile");
    }
}
