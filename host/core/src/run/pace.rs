//! When to try again: every wait and every bound on patience with a target, in one table.

use jiff::{SignedDuration, Timestamp};

/// Attempts of an operation before a person is asked. Those of leavers go on, and a person is told.
pub const SENDS_MAX: u32 = 8;
/// The first wait between two attempts; it doubles.
pub const RETRY_BASE: SignedDuration = SignedDuration::from_millis(500);
/// The longest wait between two attempts.
pub const RETRY_MAX: SignedDuration = SignedDuration::from_secs(300);
/// The longest wait that a target may ask for.
pub const RETRY_AFTER_MAX: SignedDuration = SignedDuration::from_secs(3600);

/// Reads before a claimed change counts as not shown.
pub const READS_MIN: u32 = 3;
/// The first wait between two reads; it doubles.
pub const READ_BASE: SignedDuration = SignedDuration::from_millis(250);
pub const READ_MAX: SignedDuration = SignedDuration::from_secs(60);
/// How long a claimed change may take to show, on top of what the connector states.
pub const READ_PATIENCE: SignedDuration = SignedDuration::from_secs(2);
/// The same for one that the target accepted to work on.
pub const ACCEPTED_PATIENCE: SignedDuration = SignedDuration::from_secs(3600);
/// The same for one that a person at the target has to approve.
pub const APPROVAL_PATIENCE: SignedDuration = SignedDuration::from_secs(7 * 24 * 3600);

/// How long a request whose answer was lost may still be at work at the target.
pub const UNKNOWN_PATIENCE: SignedDuration = SignedDuration::from_secs(15);

/// Full jitter: anywhere up to the doubled wait, and never before the target allows it.
pub fn retry_at(attempts: u32, retry_after_ms: Option<u64>, now: Timestamp, jitter: f64) -> Timestamp {
    let wait = doubled(RETRY_BASE, attempts, RETRY_MAX, jitter);
    let asked = retry_after_ms.map_or(SignedDuration::ZERO, |ms| {
        SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX)).min(RETRY_AFTER_MAX)
    });
    later(now, wait.max(asked))
}

/// Half the wait is sure, so that reads of an eventual target don't come all at once.
pub fn read_again_at(reads: u32, now: Timestamp, jitter: f64) -> Timestamp {
    let half = doubled(READ_BASE, reads, READ_MAX, 1.0).as_secs_f64() / 2.0;
    later(now, seconds(half + half * jitter.clamp(0.0, 1.0)))
}

fn doubled(base: SignedDuration, attempts: u32, max: SignedDuration, jitter: f64) -> SignedDuration {
    let factor = 2_f64.powi(i32::try_from(attempts.saturating_sub(1)).unwrap_or(i32::MAX).min(32));
    seconds((base.as_secs_f64() * factor).min(max.as_secs_f64()) * jitter.clamp(0.0, 1.0))
}

fn seconds(seconds: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::ZERO)
}

fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
