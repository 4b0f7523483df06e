//! A circuit breaker and a retry budget per system, so that a system that is down costs little and delays only itself.

use super::Failure;
use jiff::{SignedDuration, Timestamp};

/// Failures in a row that open the breaker.
pub const FAILURES_MAX: u32 = 5;
/// How long it stays open at first; the time doubles with each failed trial.
pub const OPEN_BASE: SignedDuration = SignedDuration::from_secs(5);
pub const OPEN_MAX: SignedDuration = SignedDuration::from_secs(600);
/// How long one trial may take before another is let through: whoever made it may have died, or lost its claim.
pub const TRIAL_MAX: SignedDuration = SignedDuration::from_secs(120);
/// Retries that may be made at once, before time or success has earned more.
pub const RETRIES_MAX: f64 = 20.0;
/// What one call that worked earns.
pub const RETRIES_PER_SUCCESS: f64 = 0.2;
/// What each second earns.
pub const RETRIES_PER_SECOND: f64 = 0.2;

/// Closed, it lets everything through. After [`FAILURES_MAX`] failures in a row it is open and lets nothing through. When
/// its pause is over it is half open: one operation at a time may try, and how that ends decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Breaker {
    failures: u32,
    trials: u32,
    open_until: Option<Timestamp>,
    trial: Option<Trial>,
    /// Tells one trial from another.
    number: u32,
    retries: f64,
    earned_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Trial {
    number: u32,
    until: Timestamp,
}

/// Leave to ask the system, to be handed back when the operation ends.
#[derive(Debug)]
pub struct Pass {
    trial: Option<u32>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: 0, trials: 0, open_until: None, trial: None, number: 0, retries: RETRIES_MAX, earned_at: None }
    }
}

impl Breaker {
    /// Whether an operation may begin now.
    pub fn allows(&self, now: Timestamp) -> bool {
        self.shut_until(now).is_none()
    }

    /// When an operation may begin again by time alone, if not now.
    pub fn shut_until(&self, now: Timestamp) -> Option<Timestamp> {
        let trial = self.trial.map(|trial| trial.until);
        [self.open_until, trial].into_iter().flatten().filter(|until| *until > now).max()
    }

    /// An operation begins, if it may. After a pause this is the trial.
    pub fn begin(&mut self, now: Timestamp) -> Option<Pass> {
        if !self.allows(now) {
            return None;
        }
        if self.open_until.is_none() {
            return Some(Pass { trial: None });
        }
        self.number = self.number.wrapping_add(1);
        self.trial = Some(Trial { number: self.number, until: now.checked_add(TRIAL_MAX).unwrap_or(Timestamp::MAX) });
        Some(Pass { trial: Some(self.number) })
    }

    /// An operation ended. A trial that asked nothing makes room for another.
    pub fn end(&mut self, pass: Pass) {
        self.trial = self.trial.filter(|trial| pass.trial != Some(trial.number));
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
        if failure.is_some() && self.open_until.is_some_and(|until| until > now) {
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
            (self.failures, self.trials, self.open_until, self.trial) = (0, 0, None, None);
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
            self.trial = None;
        }
    }
}
