//! The checks of reading in trouble: whatever the target does, the plugin says it by the failure that means it, and never
//! takes it for an answer.

use super::listings::{By, Walked, walk_at_most};
use super::reading::small_size;
use super::report::{Check, Report, Seen};
use reeve_core::access::Listed;
use reeve_core::id::NativeId;
use reeve_core::run::Failure;
use reeve_runtime::{Bench, RETRY_AFTER_MS, Strike, Trouble};

pub const BUSY: Check = Check {
    name: "busy",
    remedy: "Answer 429 with `rate-limited` and the hint that came with it; Reeve waits, a plugin never does.",
};
pub const SERVER_ERROR: Check = Check {
    name: "server-error",
    remedy: "A 500 to a read is `unavailable`: it will be read again. It is no answer, and no reason to stop for good.",
};
pub const UNAVAILABLE: Check = Check { name: "unavailable", remedy: "Answer 503 with `unavailable`." };
pub const WEB_PAGE: Check = Check {
    name: "web-page",
    remedy: "A page of HTML where data was due is `protocol`; look at the body before it is believed.",
};
pub const CUT: Check = Check {
    name: "cut",
    remedy: "A read whose answer was lost is `unavailable`: nothing happened, and it will be read again.",
};
pub const UNREACHABLE: Check =
    Check { name: "unreachable", remedy: "Where no connection can be made, the failure is `unavailable`." };
pub const PAGE_AGAIN: Check = Check {
    name: "page-again",
    remedy: "A page that comes again is no end, and no new page either: hand it on with the target's own cursor, so that Reeve sees it.",
};
pub const CURSOR_EXPIRED: Check = Check {
    name: "cursor-expired",
    remedy: "Say `cursor-expired` where the target has forgotten the place, so that the listing starts anew.",
};

/// Requests of one call that are struck in turn.
const STRUCK_MAX: u32 = 3;

/// Pages that a listing may have over four times what it has without trouble.
const PAGES_MORE: u32 = 20;

/// A failure that a trouble should come to.
type Fits = fn(&Failure) -> bool;

fn unavailable(failure: &Failure) -> bool {
    matches!(failure, Failure::Unavailable(_) | Failure::RateLimited(_))
}

/// One call that reads.
#[derive(Clone, Debug)]
enum Call {
    Page(Listed),
    Account(NativeId),
}

impl Call {
    fn name(&self) -> &'static str {
        match self {
            Self::Page(Listed::Accounts) => "list-accounts",
            Self::Page(Listed::Entitlements) => "list-entitlements",
            Self::Page(Listed::Grants) => "list-grants",
            Self::Page(Listed::Workers) => "list-workers",
            Self::Account(_) => "get-account",
        }
    }

    async fn run(&self, bench: &Bench) -> Result<&'static str, Failure> {
        match self {
            Self::Page(what) => bench.page(*what, None, small_size(0)).await.map(|_| "a page"),
            Self::Account(id) => {
                bench.connector().get_account(id).await.map(|view| if view.is_some() { "an account" } else { "none" })
            }
        }
    }
}

/// Strikes every call that reads. `hints` says whether the connection is of a kind that states how long to wait.
pub async fn reads(bench: &Bench, listings: &[Listed], account: Option<&NativeId>, hints: bool, report: &mut Report) {
    let calls = listings.iter().map(|what| Call::Page(*what)).chain(account.map(|id| Call::Account(id.clone())));
    let calls: Vec<_> = calls.collect();
    let busy: Fits = if hints {
        |failure| matches!(failure, Failure::RateLimited(hint) if hint.retry_after_ms == Some(RETRY_AFTER_MS))
    } else {
        unavailable
    };
    let page: Fits = |failure| matches!(failure, Failure::Protocol(_)) || unavailable(failure);
    for (check, trouble, fits) in [
        (BUSY, Trouble::Busy, busy),
        (SERVER_ERROR, Trouble::ServerError, unavailable as Fits),
        (UNAVAILABLE, Trouble::Unavailable, unavailable),
        (WEB_PAGE, Trouble::WebPage, page),
        (CUT, Trouble::Cut, unavailable),
        (UNREACHABLE, Trouble::Unreachable, unavailable),
    ] {
        let mut struck = Vec::new();
        let mut whole = true;
        for call in &calls {
            match strike(bench, call, trouble, fits).await {
                Ok(0) => {}
                Ok(_) => struck.push(call.name()),
                Err(why) => whole = report.add(check, call.name(), Seen::Wrong(why)),
            }
        }
        if !struck.is_empty() {
            report.add(check, struck.join(", "), Seen::Fine("said as what it is".to_owned()));
        } else if whole {
            let why = "no request of these connections can meet it";
            report.add(check, "reads", Seen::Skipped(why.to_owned()));
        }
    }
    bench.calm();
}

/// Strikes each request of a call in turn. How many were struck, or what the plugin made of it.
async fn strike(bench: &Bench, call: &Call, trouble: Trouble, fits: Fits) -> Result<u32, String> {
    for nth in 1..=STRUCK_MAX {
        bench.strike(trouble, Strike::Request(nth));
        let result = call.run(bench).await;
        let (_, met) = bench.requests();
        if met == 0 {
            return Ok(nth.saturating_sub(1));
        }
        match result {
            Err(failure) if fits(&failure) => {}
            Err(failure) => return Err(format!("request {nth} was struck, and it said: {failure}")),
            Ok(what) => return Err(format!("request {nth} was struck, and it answered {what}")),
        }
    }
    Ok(STRUCK_MAX)
}

/// A listing whose every page is the first must not come out whole.
pub async fn page_again(bench: &Bench, what: Listed, whole: &Walked, report: &mut Report) {
    let size = small_size(whole.items.len());
    bench.strike(Trouble::PageAgain, Strike::Request(1));
    let walked =
        walk_at_most(bench, what, size, whole.pages_of(size).saturating_mul(4).saturating_add(PAGES_MORE)).await;
    let (_, met) = bench.requests();
    bench.calm();
    let seen = match walked {
        _ if met == 0 => Seen::Skipped("this connection has no pages".to_owned()),
        Err(broken) if broken.by == By::Length => Seen::Wrong(broken.why),
        Err(broken) => Seen::Fine(format!("noticed: {}", broken.why)),
        Ok(walked) if walked.pages < 2 => Seen::Skipped("it comes on one page".to_owned()),
        Ok(walked) => Seen::unless(
            whole.difference(&walked).map(|lost| format!("the listing ended as if it were whole, and {lost}")),
            "it reads the same in spite of it",
        ),
    };
    report.add(PAGE_AGAIN, what.name(), seen);
}

/// A cursor that the target has forgotten.
pub async fn cursor_expired(bench: &Bench, what: Listed, items: usize, report: &mut Report) {
    let size = small_size(items);
    bench.calm();
    let next = bench.page(what, None, size).await.ok().and_then(|page| page.state.next);
    let Some(next) = next else {
        report.add(CURSOR_EXPIRED, what.name(), Seen::Skipped("it gives no cursor for so few items".to_owned()));
        return;
    };
    bench.strike(Trouble::Expired, Strike::Request(1));
    let page = bench.page(what, Some(&next), size).await;
    let (_, met) = bench.requests();
    bench.calm();
    let seen = match page {
        _ if met == 0 => Seen::Skipped("these connections keep no place for a cursor".to_owned()),
        Err(Failure::CursorExpired) => Seen::Fine("cursor-expired".to_owned()),
        Err(failure) => Seen::Wrong(failure.to_string()),
        Ok(page) => Seen::Wrong(format!("{} items came", page.items.len())),
    };
    report.add(CURSOR_EXPIRED, what.name(), seen);
}
