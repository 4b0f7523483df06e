//! The checks of reading: whole, twice the same, in small pages, and one account at a time.

use super::listings::{By, Holdings, Walked, field_that_differs, usual_size, walk};
use super::report::{Check, Report, Seen};
use reeve_core::access::{Account, Description, Grant, Listed, MatchBy};
use reeve_core::id::NativeId;
use reeve_core::run::Failure;
use reeve_runtime::Bench;
use serde_json::json;
use std::collections::BTreeSet;

pub const PROBES: Check = Check {
    name: "probes",
    remedy: "These are the plugin's own: mend the connection or its rights, or the probe if it is wrong.",
};
pub const READ_WHOLE: Check = Check {
    name: "read-whole",
    remedy: "Only the last page is `complete`; every item comes once, of a described kind, as many as the target states.",
};
pub const READ_AGAIN: Check = Check {
    name: "read-again",
    remedy: "Two reads of a target at rest must agree; if people work on it, use a quiet one. Nothing may depend on time or chance.",
};
pub const SMALL_PAGES: Check = Check {
    name: "small-pages",
    remedy: "The page's size must not change what is listed: look at how the cursor names the next item.",
};
pub const TOTALS: Check = Check {
    name: "totals",
    remedy: "State the target's own total or none; never one that was counted from the pages.",
};
pub const CURSOR_AGAIN: Check = Check {
    name: "cursor-again",
    remedy: "A cursor must name a place by itself: the same one gives the same page, or `cursor-expired`.",
};
pub const CURSOR_GARBAGE: Check = Check {
    name: "cursor-garbage",
    remedy: "Refuse a cursor that can't be read with `cursor-expired`; it must not start the listing anew in silence.",
};
pub const REFERENCES: Check =
    Check { name: "references", remedy: "List every account and entitlement that a grant or a `contains` names." };
pub const ACCOUNT_AGREES: Check = Check {
    name: "account-agrees",
    remedy: "`get-account` and the listings must say the same of an account and of what it holds.",
};
pub const UNKNOWN_ID: Check = Check {
    name: "unknown-id",
    remedy: "`get-account` answers none where the target says that there is no such account, and only there.",
};
pub const FIND_AGREES: Check = Check {
    name: "find-agrees",
    remedy: "`find-account` finds what the listing shows under that key; take what it can't find off `finds-by`.",
};
pub const CREDENTIALS: Check = Check {
    name: "credentials",
    remedy: "`list-credentials` lists to its end, and only the kinds that the description names.",
};

/// Accounts that are looked at one by one.
const SAMPLE: usize = 10;
/// Small pages of one listing, at most about.
const SMALL_PAGES_MAX: usize = 60;
/// The smallest page that is asked for.
const SMALL_PAGE: u32 = 2;

pub async fn probes(bench: &Bench, report: &mut Report) {
    let seen = match bench.connector().check().await {
        Ok(probes) => {
            let failed: Vec<_> = probes.iter().filter(|probe| !probe.passed).collect();
            let told = failed.iter().map(|probe| format!("{}: {}", probe.name, probe.detail)).collect::<Vec<_>>();
            Seen::unless((!failed.is_empty()).then(|| told.join("; ")), format!("{} passed", probes.len()))
        }
        Err(failure) => Seen::Wrong(failure.to_string()),
    };
    report.add(PROBES, "check", seen);
}

/// The size of pages by which a listing of so many items comes in several, and not in too many.
pub fn small_size(items: usize) -> u32 {
    u32::try_from(items / SMALL_PAGES_MAX).unwrap_or(u32::MAX).max(SMALL_PAGE)
}

/// Reads one listing in every way. Its items, where it can be read at all.
pub async fn listing(bench: &Bench, what: Listed, description: &Description, report: &mut Report) -> Option<Walked> {
    bench.calm();
    let name = what.name();
    let size = usual_size(description);
    let whole = match walk(bench, what, size).await {
        Ok(whole) => whole,
        Err(broken) => {
            let check = if broken.by == By::Total { TOTALS } else { READ_WHOLE };
            report.add(check, name, Seen::Wrong(broken.why));
            return None;
        }
    };
    if let Some(fault) = undescribed(what, description, &whole) {
        report.add(READ_WHOLE, name, Seen::Wrong(fault));
        return None;
    }
    let count = format!("{} items on {} pages", whole.items.len(), whole.pages);
    report.add(READ_WHOLE, name, Seen::Fine(count));
    report.add(
        TOTALS,
        name,
        match whole.stated_total {
            Some(total) => Seen::Fine(format!("the target states {total}")),
            None => Seen::Skipped("no total is stated".to_owned()),
        },
    );
    let again = walk(bench, what, size).await;
    let again = again.map_err(String::from);
    let again = again.and_then(|again| whole.difference(&again).map_or(Ok("the same again"), Err));
    report.add(READ_AGAIN, name, Seen::of(again));
    small_pages(bench, what, &whole, report).await;
    Some(whole)
}

/// An entitlement of a kind that the description does not list.
fn undescribed(what: Listed, description: &Description, whole: &Walked) -> Option<String> {
    let kind = |item: &serde_json::Value| item.get("kind").and_then(|kind| kind.as_str()).map(str::to_owned);
    let mut kinds = whole.items.values().filter(|_| what == Listed::Entitlements).filter_map(kind);
    let other = kinds.find(|kind| !description.entitlement_kinds.contains(kind))?;
    Some(format!("there are entitlements of the kind {other:?}, which the description does not list"))
}

async fn small_pages(bench: &Bench, what: Listed, whole: &Walked, report: &mut Report) {
    let name = what.name();
    let size = small_size(whole.items.len());
    let small = match walk(bench, what, size).await {
        Ok(small) => small,
        Err(broken) => {
            report.add(SMALL_PAGES, name, Seen::Wrong(format!("with pages of {size}: {}", broken.why)));
            return;
        }
    };
    let fine = format!("the same on {} pages of {size}", small.pages);
    report.add(SMALL_PAGES, name, Seen::unless(whole.difference(&small), fine));
    let Some((cursor, keys)) = small.second else {
        let why = "it gives no cursor for so few items";
        report.add(CURSOR_AGAIN, name, Seen::Skipped(why.to_owned()));
        report.add(CURSOR_GARBAGE, name, Seen::Skipped(why.to_owned()));
        return;
    };
    let again = match bench.page(what, Some(&cursor), size).await {
        Ok(page) if page.items.iter().map(|(key, _)| key).eq(&keys) => Seen::Fine("gives the same page".to_owned()),
        Ok(page) => Seen::Wrong(format!("gave {} items, and then {} others", keys.len(), page.items.len())),
        Err(Failure::CursorExpired) => Seen::Fine("is good for once: cursor-expired".to_owned()),
        Err(failure) => Seen::Wrong(failure.to_string()),
    };
    report.add(CURSOR_AGAIN, name, again);
    let garbage = match bench.page(what, Some("no cursor \u{1f980} of anybody's"), size).await {
        Err(Failure::CursorExpired) => Seen::Fine("cursor-expired".to_owned()),
        Err(failure @ (Failure::Invalid(_) | Failure::Protocol(_))) => Seen::Fine(failure.to_string()),
        Err(failure) => Seen::Wrong(failure.to_string()),
        Ok(page) => Seen::Wrong(format!("{} items came, as if it were a cursor", page.items.len())),
    };
    report.add(CURSOR_GARBAGE, name, garbage);
}

pub fn references(holdings: &Holdings, report: &mut Report) {
    let accounts: BTreeSet<_> = holdings.accounts.iter().map(|account| &account.id).collect();
    let entitlements: BTreeSet<_> = holdings.entitlements.iter().map(|entitlement| &entitlement.id).collect();
    let stray = holdings.grants.iter().find_map(|grant| {
        let account = (!accounts.contains(&grant.account)).then(|| format!("account {}", grant.account));
        account.or_else(|| {
            (!entitlements.contains(&grant.entitlement)).then(|| format!("entitlement {}", grant.entitlement))
        })
    });
    let fault = stray.map(|what| format!("a grant names the {what}, which is not listed"));
    let inside = || {
        let mut all =
            holdings.entitlements.iter().flat_map(|one| one.contains.iter().map(move |inner| (&one.id, inner)));
        let missing = all.find(|(_, inner)| !entitlements.contains(inner));
        missing.map(|(outer, inner)| format!("{outer} contains {inner}, which is not listed"))
    };
    let fine = format!("{} grants name what is listed", holdings.grants.len());
    report.add(REFERENCES, "grants", Seen::unless(fault.or_else(inside), fine));
}

/// Accounts from all over the listing.
pub fn sample(accounts: &[Account]) -> impl Iterator<Item = &Account> {
    accounts.iter().step_by(accounts.len().div_ceil(SAMPLE).max(1))
}

pub async fn accounts(bench: &Bench, holdings: &Holdings, description: &Description, report: &mut Report) {
    if holdings.accounts.is_empty() {
        for check in [ACCOUNT_AGREES, UNKNOWN_ID, FIND_AGREES] {
            report.add(check, "accounts", Seen::Skipped("there are none".to_owned()));
        }
        return;
    }
    report.add(ACCOUNT_AGREES, "get-account", Seen::of(agree(bench, holdings).await));
    let unknown = unknown_id(&holdings.accounts);
    let seen = match bench.connector().get_account(&unknown).await {
        Ok(None) => Seen::Fine("none".to_owned()),
        Ok(Some(_)) => Seen::Wrong(format!("there is an account under the made-up id {unknown}")),
        Err(failure) => Seen::Wrong(failure.to_string()),
    };
    report.add(UNKNOWN_ID, "get-account", seen);
    if description.finds_by.is_empty() {
        report.add(FIND_AGREES, "find-account", Seen::Skipped("it finds by nothing".to_owned()));
    }
    for by in &description.finds_by {
        let subject = format!("find-account {by:?}").to_lowercase();
        report.add(FIND_AGREES, subject, find(bench, holdings, *by).await);
    }
}

async fn agree(bench: &Bench, holdings: &Holdings) -> Result<String, String> {
    let mut looked = 0_usize;
    for account in sample(&holdings.accounts) {
        let id = &account.id;
        let view = bench.connector().get_account(id).await.map_err(|failure| format!("{id}: {failure}"))?;
        let view = view.ok_or_else(|| format!("{id} is listed, and get-account says that there is none"))?;
        if let Some(field) = field_that_differs(&json!(account), &json!(view.account)) {
            return Err(format!("{id}: the listing has another {field}"));
        }
        let held = |grants: &[Grant]| -> BTreeSet<_> {
            let of = grants.iter().filter(|grant| grant.account == *id);
            of.map(|grant| (grant.entitlement.clone(), grant.source.clone())).collect()
        };
        let (listed, read) = (held(&holdings.grants), held(&view.grants));
        if let Some((entitlement, source)) = listed.symmetric_difference(&read).next() {
            let (here, there) =
                if listed.len() > read.len() { ("listing", "get-account") } else { ("get-account", "listing") };
            return Err(format!("{id} holds {entitlement} ({source:?}) by the {here} and not so by the {there}"));
        }
        looked = looked.saturating_add(1);
    }
    Ok(format!("{looked} accounts agree with the listing"))
}

/// Letters that are exchanged in a made-up id; how long an id is that may have a check, and how long the check.
const TURNED_CHARS: usize = 6;
const CHECKED_ID_CHARS: usize = 15;
const CHECK_CHARS: usize = 3;

/// An id of the same shape as one that is there, which nobody has.
pub fn unknown_id(accounts: &[Account]) -> NativeId {
    let all: BTreeSet<_> = accounts.iter().map(|account| account.id.as_str()).collect();
    let like = all.first().copied().unwrap_or("unknown");
    let other = |letter: char, by: u8| match letter {
        '0'..='9' => char::from(b'0' + (letter as u8 - b'0' + by) % 10),
        // Within the letters of a hexadecimal digit, so that what was a UUID stays one.
        'a'..='f' => char::from(b'a' + (letter as u8 - b'a' + by) % 6),
        'g'..='z' => char::from(b'g' + (letter as u8 - b'g' + by) % 20),
        'A'..='F' => char::from(b'A' + (letter as u8 - b'A' + by) % 6),
        'G'..='Z' => char::from(b'G' + (letter as u8 - b'G' + by) % 20),
        letter => letter,
    };
    // A long id may end in a check over the case of its letters, which stays right.
    let count = like.chars().count();
    let end = if count >= CHECKED_ID_CHARS { count - CHECK_CHARS } else { count };
    let turn = end.saturating_sub(TURNED_CHARS)..end;
    let mut turned = (1..10).map(|by| {
        let letters =
            like.chars().enumerate().map(|(at, letter)| if turn.contains(&at) { other(letter, by) } else { letter });
        letters.collect::<String>()
    });
    NativeId::new(turned.find(|id| !all.contains(id.as_str())).unwrap_or_else(|| format!("{like}0")))
}

async fn find(bench: &Bench, holdings: &Holdings, by: MatchBy) -> Seen {
    let mut with_key = holdings.accounts.iter().filter_map(|account| Some((account, account.key(by)?)));
    let Some((account, key)) = with_key.find(|(_, key)| !key.trim().is_empty()) else {
        return Seen::Skipped("no account has such a key".to_owned());
    };
    match bench.connector().find_account(by, key).await {
        Ok(found) if found.iter().any(|one| one.id == account.id) => {}
        Ok(found) => return Seen::Wrong(format!("{key:?} of {} finds {} accounts, not it", account.id, found.len())),
        Err(failure) => return Seen::Wrong(failure.to_string()),
    }
    match bench.connector().find_account(by, "nobody-of-the-conformance-kit@example.invalid").await {
        Ok(found) if found.is_empty() => Seen::Fine("finds it, and nobody under a made-up key".to_owned()),
        Ok(found) => Seen::Wrong(format!("a made-up key finds {} accounts", found.len())),
        Err(failure) => Seen::Wrong(format!("a made-up key: {failure}")),
    }
}

pub async fn credentials(bench: &Bench, holdings: &Holdings, description: &Description, report: &mut Report) {
    let mut count = 0_usize;
    for account in sample(&holdings.accounts) {
        match bench.connector().list_credentials(&account.id).await {
            Ok(listed) => {
                count = count.saturating_add(listed.len());
                if let Some(other) = listed.iter().find(|one| !description.credential_kinds.contains(&one.kind)) {
                    let text = format!("{} is a {:?}, which the description does not list", other.id, other.kind);
                    report.add(CREDENTIALS, "list-credentials", Seen::Wrong(text));
                    return;
                }
            }
            Err(failure) => {
                report.add(CREDENTIALS, "list-credentials", Seen::Wrong(format!("{}: {failure}", account.id)));
                return;
            }
        }
    }
    report.add(CREDENTIALS, "list-credentials", Seen::Fine(format!("{count} credentials of the accounts looked at")));
}
