//! Keeps to a connection's rate, and reads what a target says about its own.

use reeve_core::run::RateHint;
use reqwest::header::{HeaderMap, HeaderName};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The longest wait that is believed; a longer one is a mistake or mischief.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);
/// Numbers above are points in time, not seconds to wait: some targets send a Unix time as reset.
const UNIX_TIME_MIN: u64 = 1_000_000_000;

/// Spaces the requests of all calls of a connection evenly. A target that counts in windows never sees a burst.
pub(super) struct Pace {
    between: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// `per_second` is not 0.
    pub(super) fn new(per_second: u32) -> Self {
        Self { between: Duration::from_secs(1) / per_second.max(1), next: Mutex::new(None) }
    }

    /// Waits for its turn, or refuses when that would be later than `patience`.
    pub(super) async fn turn(&self, patience: Duration) -> Result<(), Duration> {
        tokio::time::sleep_until(self.reserve(Instant::now(), patience)?).await;
        Ok(())
    }

    /// The moment of the next turn, which is taken then; or how long the wait would be.
    fn reserve(&self, now: Instant, patience: Duration) -> Result<Instant, Duration> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let at = next.map_or(now, |next| next.max(now));
        if at - now > patience {
            return Err(at - now);
        }
        *next = Some(at + self.between);
        Ok(at)
    }
}

/// What an answer says about the target's limits, in the dialects of RFC 9110 (`Retry-After`), the IETF drafts
/// (`RateLimit-*`, `RateLimit`) and common practice (`X-RateLimit-*`, `X-Rate-Limit-*`). None where it says nothing.
pub(super) fn hint(headers: &HeaderMap, now: jiff::Timestamp) -> Option<RateHint> {
    let retry = text(headers, "retry-after").and_then(|value| retry_after(value, now));
    let remaining = first_number(headers, ["x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining"]);
    let limit = first_number(headers, ["x-ratelimit-limit", "x-rate-limit-limit", "ratelimit-limit"]);
    let reset = first_number(headers, ["x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset"]);
    let draft = text(headers, "ratelimit").map(draft).unwrap_or_default();
    let remaining = remaining.or(draft.remaining);
    // A reset says when the bucket is full again; that matters once it is empty.
    let empty = remaining == Some(0);
    let reset = reset.or(draft.reset).filter(|_| empty).map(|reset| until(reset, now));
    let scope = ["x-ratelimit-resource", "x-ratelimit-scope"].iter().find_map(|name| text(headers, name));
    let hint = RateHint {
        retry_after_ms: retry
            .or(reset)
            .map(|wait| u64::try_from(wait.min(RETRY_AFTER_MAX).as_millis()).unwrap_or(u64::MAX)),
        remaining,
        limit: limit.or(draft.limit),
        scope: scope.filter(|scope| scope.len() <= 64).map(str::to_owned),
    };
    (hint != RateHint::default()).then_some(hint)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn first_number<const N: usize>(headers: &HeaderMap, names: [&str; N]) -> Option<u64> {
    names.iter().find_map(|name| number(text(headers, name)?))
}

/// The first number of a list such as `100, 100;w=60`. A fraction is cut off.
fn number(value: &str) -> Option<u64> {
    let digits = value.split([',', ';', '.']).next()?.trim();
    // A number that is too large for us is still "very many".
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Seconds, or a date (RFC 9110 section 10.2.3) of which only the form that may be sent is read.
fn retry_after(value: &str, now: jiff::Timestamp) -> Option<Duration> {
    if let Some(seconds) = number(value) {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

fn until(reset: u64, now: jiff::Timestamp) -> Duration {
    if reset < UNIX_TIME_MIN {
        return Duration::from_secs(reset);
    }
    // Milliseconds have three digits more.
    let seconds = if reset >= UNIX_TIME_MIN * 1000 { reset / 1000 } else { reset };
    Duration::from_secs(seconds.saturating_sub(u64::try_from(now.as_second()).unwrap_or(0)))
}

#[derive(Default)]
struct Draft {
    limit: Option<u64>,
    remaining: Option<u64>,
    reset: Option<u64>,
}

/// `limit=100, remaining=0, reset=7` of the older drafts, and `"default";r=0;t=7` of the newer ones.
fn draft(value: &str) -> Draft {
    let mut draft = Draft::default();
    for (name, value) in value.split([',', ';']).filter_map(|part| part.split_once('=')) {
        let place = match name.trim() {
            "limit" | "q" => &mut draft.limit,
            "remaining" | "r" => &mut draft.remaining,
            "reset" | "t" => &mut draft.reset,
            _ => continue,
        };
        *place = place.or(number(value));
    }
    draft
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint_of(headers: &[(&str, &str)]) -> Option<RateHint> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        hint(&map, "2026-03-31T12:00:00Z".parse().unwrap())
    }

    fn wait_of(headers: &[(&str, &str)]) -> Option<u64> {
        hint_of(headers)?.retry_after_ms
    }

    #[test]
    fn a_wait_is_read_from_every_dialect_and_bounded() {
        let day = 24 * 3600 * 1000;
        assert_eq!(wait_of(&[("retry-after", "7")]), Some(7_000));
        assert_eq!(wait_of(&[("retry-after", "0")]), Some(0));
        assert_eq!(wait_of(&[("retry-after", "Tue, 31 Mar 2026 12:00:30 GMT")]), Some(30_000));
        assert_eq!(wait_of(&[("retry-after", "Tue, 31 Mar 2026 11:00:00 GMT")]), Some(0));
        assert_eq!(wait_of(&[("retry-after", "1000000000")]), Some(day));
        assert_eq!(wait_of(&[("retry-after", "99999999999999999999999")]), Some(day));
        assert_eq!(wait_of(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9")]), Some(9_000));
        let unix = ("x-rate-limit-reset", "1774958410");
        assert_eq!(wait_of(&[("x-rate-limit-remaining", "0"), unix]), Some(10_000));
        assert_eq!(wait_of(&[("ratelimit", "limit=100, remaining=0, reset=5")]), Some(5_000));
        assert_eq!(wait_of(&[("ratelimit", "\"default\";r=0;t=5")]), Some(5_000));
        assert_eq!(wait_of(&[("retry-after", "3"), ("ratelimit", "\"default\";r=0;t=5")]), Some(3_000));
    }

    #[test]
    fn what_is_left_is_read_and_nonsense_is_nothing() {
        let hint = hint_of(&[("x-ratelimit-limit", "100, 100;w=60"), ("x-ratelimit-remaining", "42")]).unwrap();
        assert_eq!(hint, RateHint { limit: Some(100), remaining: Some(42), ..RateHint::default() });
        // A bucket that is not empty asks nobody to wait.
        assert_eq!(wait_of(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "9")]), None);
        for value in ["soon", "-5", "", "Tue, 99 Mar 2026", "NaN"] {
            assert_eq!(hint_of(&[("retry-after", value)]), None, "{value}");
        }
        assert_eq!(hint_of(&[("content-type", "text/plain")]), None);
    }

    #[test]
    fn requests_are_spaced_evenly_and_none_waits_for_ever() {
        let (pace, start) = (Pace::new(4), Instant::now());
        let ms = Duration::from_millis;
        for number in 0..5 {
            assert_eq!(pace.reserve(start, ms(10_000)), Ok(start + ms(250 * number)));
        }
        assert_eq!(pace.reserve(start, ms(1_200)), Err(ms(1_250)));
        // A turn that was refused is nobody's, and one that nobody took in time is not saved up.
        assert_eq!(pace.reserve(start, ms(1_250)), Ok(start + ms(1_250)));
        assert_eq!(pace.reserve(start + ms(9_000), ms(0)), Ok(start + ms(9_000)));
        assert_eq!(pace.reserve(start + ms(9_000), ms(0)), Err(ms(250)));
    }
}
