//! The time and the chance that a guest gets to see: the machine's own, kept for the journal, or those of a journal, given
//! back in their order. Nothing else that a guest sees differs from one run of a call to the next.

use crate::limits::JOURNAL_CLOCK_READINGS_MAX;
use jiff::Timestamp;
use rand_core::TryRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

const SEED_BYTES: usize = 32;
type Seed = [u8; SEED_BYTES];

/// Numbers the calls of a process, and gives each a chance of its own.
pub(crate) struct Calls {
    next: AtomicU64,
    /// Never leaves the process. What a call draws comes from its own seed, which tells nothing of this one.
    seed: Seed,
}

impl Calls {
    pub fn new() -> Result<Self, String> {
        let mut seed = Seed::default();
        getrandom::fill(&mut seed).map_err(|error| format!("there is no randomness: {error}"))?;
        Ok(Self { next: AtomicU64::default(), seed })
    }

    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Fresh senses for the call of that number.
    pub fn senses(&self, call: u64) -> Senses {
        let seed = Sha256::new().chain_update("reeve-call").chain_update(self.seed).chain_update(call.to_be_bytes());
        Senses::of(Inner {
            seed: seed.finalize().into(),
            started_at: Timestamp::now(),
            clock: Clock::Machine(Instant::now()),
            readings: Vec::new(),
            not_kept: 0,
            ran_out: false,
        })
    }
}

/// What a call has seen of time and chance, as its journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Sensed {
    pub started_at: Timestamp,
    /// In hex. All that the guest drew follows from it.
    pub seed: String,
    /// Each reading of a clock, in ns after the start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clock_ns: Vec<u64>,
    /// Readings after the last one that there was room for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub clock_not_kept: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The clocks and the randomness of one call.
#[derive(Clone)]
pub(crate) struct Senses(Arc<Mutex<Inner>>);

struct Inner {
    seed: Seed,
    started_at: Timestamp,
    clock: Clock,
    readings: Vec<u64>,
    not_kept: u64,
    ran_out: bool,
}

enum Clock {
    Machine(Instant),
    Recorded(Vec<u64>),
}

impl Senses {
    fn of(inner: Inner) -> Self {
        Self(Arc::new(Mutex::new(inner)))
    }

    /// Those of an earlier call. None where the record is damaged.
    pub fn recorded(sensed: &Sensed) -> Option<Self> {
        let seed = hex::decode(&sensed.seed).ok()?.try_into().ok()?;
        Some(Self::of(Inner {
            seed,
            started_at: sensed.started_at,
            clock: Clock::Recorded(sensed.clock_ns.clone()),
            readings: Vec::new(),
            not_kept: 0,
            ran_out: false,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the journal.
    pub fn sensed(&self) -> Sensed {
        let inner = self.lock();
        Sensed {
            started_at: inner.started_at,
            seed: hex::encode(inner.seed),
            clock_ns: inner.readings.clone(),
            clock_not_kept: inner.not_kept,
        }
    }

    /// Whether the clock was read more often than the record holds readings.
    pub fn ran_out(&self) -> bool {
        self.lock().ran_out
    }

    /// A generator whose numbers follow from the call's seed and the name of their use.
    pub fn chance(&self, of: &'static str) -> Chance {
        let key = Sha256::new().chain_update("reeve-chance").chain_update(self.lock().seed).chain_update(of).finalize();
        Chance { key: key.into(), block: 0, left: Vec::new() }
    }

    /// Time since the start of the call, in ns.
    fn elapsed(&self) -> u64 {
        let mut inner = self.lock();
        let reading = match &inner.clock {
            Clock::Machine(start) => u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),
            Clock::Recorded(then) => match then.get(inner.readings.len()) {
                Some(reading) => *reading,
                // No clock can say no. Time stands still, and the replay is told what became of it.
                None => {
                    let last = then.last().copied().unwrap_or(0);
                    inner.ran_out = true;
                    last
                }
            },
        };
        if inner.readings.len() < JOURNAL_CLOCK_READINGS_MAX {
            inner.readings.push(reading);
        } else {
            inner.not_kept = inner.not_kept.saturating_add(1);
        }
        reading
    }
}

impl HostWallClock for Senses {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        let start = self.lock().started_at.as_duration();
        // A machine whose clock stands before 1970 shows 1970.
        Duration::try_from(start).unwrap_or_default().saturating_add(Duration::from_nanos(self.elapsed()))
    }
}

impl HostMonotonicClock for Senses {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        self.elapsed()
    }
}

/// SHA-256 over a key and a counter: nobody without the key foresees a byte, and whoever has it gets the same ones.
pub(crate) struct Chance {
    key: Seed,
    block: u64,
    left: Vec<u8>,
}

impl Chance {
    pub fn number(&mut self) -> u128 {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        u128::from_le_bytes(bytes)
    }

    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            if self.left.is_empty() {
                let block = Sha256::new().chain_update(self.key).chain_update(self.block.to_be_bytes()).finalize();
                self.block = self.block.wrapping_add(1);
                self.left = block.to_vec();
            }
            *byte = self.left.pop().unwrap_or_default();
        }
    }
}

impl TryRng for Chance {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.fill(out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(senses: &Senses) -> [u8; 100] {
        let mut bytes = [0; 100];
        let Ok(()) = senses.chance("secure").try_fill_bytes(&mut bytes);
        bytes
    }

    #[test]
    fn a_record_gives_back_every_reading_and_every_draw() {
        let calls = Calls::new().unwrap();
        let live = calls.senses(calls.number());
        let wall: Vec<Duration> = (0..3).map(|_| HostWallClock::now(&live)).collect();
        let since = HostMonotonicClock::now(&live);
        let kept = serde_json::to_string(&live.sensed()).unwrap();

        let again = Senses::recorded(&serde_json::from_str(&kept).unwrap()).unwrap();
        assert_eq!((0..3).map(|_| HostWallClock::now(&again)).collect::<Vec<_>>(), wall);
        assert_eq!(HostMonotonicClock::now(&again), since);
        assert_eq!(drawn(&again), drawn(&live));
        assert_eq!(again.sensed(), live.sensed());
        assert!(!again.ran_out());
        HostWallClock::now(&again);
        assert!(again.ran_out(), "one reading more than there were");
    }

    #[test]
    fn no_two_calls_and_no_two_uses_draw_the_same() {
        let calls = Calls::new().unwrap();
        let (one, two) = (calls.senses(calls.number()), calls.senses(calls.number()));
        assert_ne!(drawn(&one), drawn(&two));
        assert_ne!(one.chance("secure").number(), one.chance("insecure").number());
        assert_ne!(drawn(&one)[..32], drawn(&one)[32..64]);
        assert_ne!(one.sensed().seed, Calls::new().unwrap().senses(0).sensed().seed, "another process");
    }

    #[test]
    fn a_guest_that_reads_the_clock_for_ever_fills_no_journal() {
        let calls = Calls::new().unwrap();
        let senses = calls.senses(0);
        for _ in 0..JOURNAL_CLOCK_READINGS_MAX + 7 {
            HostMonotonicClock::now(&senses);
        }
        let sensed = senses.sensed();
        assert_eq!((sensed.clock_ns.len(), sensed.clock_not_kept), (JOURNAL_CLOCK_READINGS_MAX, 7));
    }
}
