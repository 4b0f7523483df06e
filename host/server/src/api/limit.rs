//! How much one caller may ask: requests per token and per address, and how many refusals of one token the log keeps.

use super::caller::Api;
use super::problem::{Kind, Problem};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

/// Requests per second of one token, over time and at once.
const TOKEN_RATE: NonZeroU32 = NonZeroU32::new(50).unwrap();
const TOKEN_BURST: NonZeroU32 = NonZeroU32::new(200).unwrap();
/// The same of one address, whoever calls from there: also of those without a valid token.
const ADDRESS_RATE: NonZeroU32 = NonZeroU32::new(100).unwrap();
const ADDRESS_BURST: NonZeroU32 = NonZeroU32::new(400).unwrap();
/// Refusals of one token that stand in the log, per minute.
const NOTED_PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Callers that are remembered before those who have been quiet are forgotten.
const REMEMBERED_MAX: usize = 10_000;

pub struct Limits {
    tokens: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    noted: DefaultKeyedRateLimiter<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tokens: RateLimiter::keyed(Quota::per_second(TOKEN_RATE).allow_burst(TOKEN_BURST)),
            addresses: RateLimiter::keyed(Quota::per_second(ADDRESS_RATE).allow_burst(ADDRESS_BURST)),
            noted: RateLimiter::keyed(Quota::per_minute(NOTED_PER_MINUTE)),
        }
    }
}

impl Limits {
    pub fn of_token(&self, id: &str) -> Result<(), Problem> {
        forget_the_quiet(&self.tokens);
        self.tokens.check_key(&id.to_owned()).map_err(|until| {
            too_many(
                until.wait_time_from(DefaultClock::default().now()),
                &format!("{TOKEN_RATE} requests per second of one token"),
            )
        })
    }

    fn of_address(&self, address: IpAddr) -> Result<(), Problem> {
        forget_the_quiet(&self.addresses);
        self.addresses.check_key(&address).map_err(|until| {
            too_many(
                until.wait_time_from(DefaultClock::default().now()),
                &format!("{ADDRESS_RATE} requests per second from one address"),
            )
        })
    }

    pub fn may_note(&self, token: &str) -> bool {
        forget_the_quiet(&self.noted);
        self.noted.check_key(&token.to_owned()).is_ok()
    }
}

fn forget_the_quiet<K: Clone + std::hash::Hash + Eq>(limiter: &DefaultKeyedRateLimiter<K>) {
    if limiter.len() > REMEMBERED_MAX {
        limiter.retain_recent();
    }
}

fn too_many(wait: Duration, limit: &str) -> Problem {
    let seconds = wait.as_secs().saturating_add(1);
    let detail = format!("the limit is {limit}; send the request again in {seconds} s");
    Problem::new(Kind::TooMany, detail).with(header::RETRY_AFTER, seconds)
}

/// Before every route, also those that need no token.
pub async fn by_address(
    State(api): State<Api>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    match api.limits.of_address(peer.ip()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
