//! A circuit breaker and a retry budget per system, so that a system that is down costs little and delays only itself.

use super::Failure;
use jiff::{SignedDuration, Timestamp};

/// Failures in a row that open the breaker.
pub const FAILURES_MAX: u32 = 5;
/// How long it stays open at first; the time doubles with each failed trial.
pub const OPEN_BASE: SignedDuration = SignedDuration::from_secs(5);
pub const OPEN_MAX: SignedDuration = SignedDuration::from_secs(600);
/// Retries that may be made at once, before time or success has earned more.
pub const RETRIES_MAX: f64 = 20.0;
/// What one call that worked earns.
pub const RETRIES_PER_SUCCESS: f64 = 0.2;
/// What each second earns.
pub const RETRIES_PER_SECOND: f64 = 0.2;

#[derive(Clone, Debug, PartialEq)]
pub struct Breaker {
    failures: u32,
    trials: u32,
    open_until: Option<Timestamp>,
    retries: f64,
    earned_at: Option<Timestamp>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: 0, trials: 0, open_until: None, retries: RETRIES_MAX, earned_at: None }
    }
}

impl Breaker {
    /// Whether the system may be asked now. After the pause it may, and the first failure opens the breaker again, for longer.
    pub fn allows(&self, now: Timestamp) -> bool {
        self.open_until.is_none_or(|until| until <= now)
    }

    /// When it may be asked again, if not now.
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.open_until.filter(|until| *until > now)
    }

    /// Takes from the retry budget. Leavers' operations need not ask.
    pub fn take_retry(&mut self, now: Timestamp) -> bool {
        let since = self.earned_at.replace(now).map_or(0.0, |before| now.duration_since(before).as_secs_f64());
        self.earn(since.max(0.0) * RETRIES_PER_SECOND);
        let left = self.retries >= 1.0;
        if left {
            self.retries -= 1.0;
        }
        left
    }

    fn earn(&mut self, retries: f64) {
        self.retries = (self.retries + retries).min(RETRIES_MAX);
    }

    /// A call ended. Only what tells of the system's health counts: a refusal is an answer. Calls that began before the
    /// breaker opened and end after it say nothing new.
    pub fn record(&mut self, failure: Option<&Failure>, now: Timestamp) {
        if failure.is_some() && !self.allows(now) {
            return;
        }
        let ill = failure.is_some_and(|failure| {
            matches!(
                failure,
                Failure::Unavailable(_)
                    | Failure::OutcomeUnknown(_)
                    | Failure::Protocol(_)
                    | Failure::AuthFailed(_)
                    | Failure::Stopped(_)
            )
        });
        if !ill {
            (self.failures, self.trials, self.open_until) = (0, 0, None);
            if failure.is_none() {
                self.earn(RETRIES_PER_SUCCESS);
            }
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES_MAX {
            let pause = OPEN_BASE.saturating_mul(2_i32.saturating_pow(self.trials.min(16))).min(OPEN_MAX);
            self.trials = self.trials.saturating_add(1);
            self.open_until = Some(now.checked_add(pause).unwrap_or(Timestamp::MAX));
        }
    }
}
