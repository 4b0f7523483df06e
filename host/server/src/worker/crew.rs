//! The operations that are being carried out, and how many more may be.
//!
//! They are tasks, not futures of one loop: one that is in the middle of a change must get on while the loop waits for its
//! turn at the database.

use crate::error::{Error, Result};
use futures_util::FutureExt;
use reeve_core::id::SystemName;
use reeve_core::plan::Lane;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use tokio::task::JoinSet;

/// Operations at the same time, over all systems.
const AT_ONCE_MAX: usize = 16;
/// Of those, the ones that are not leavers': the rest is kept free for them.
const AT_ONCE_STANDARD_MAX: usize = 12;
/// Operations at the same time at one system, so that one that hangs leaves places for the others.
const AT_ONE_SYSTEM_MAX: usize = 8;

#[derive(Default)]
pub(super) struct Crew {
    busy: JoinSet<(Lane, SystemName, Result<bool>)>,
    standard: usize,
    at_system: BTreeMap<SystemName, usize>,
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

    pub fn full_systems(&self) -> Vec<SystemName> {
        self.at_system.iter().filter(|(_, count)| **count >= AT_ONE_SYSTEM_MAX).map(|(name, _)| name.clone()).collect()
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
