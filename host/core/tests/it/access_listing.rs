//! Whether a listing is whole, page by page, and whether a whole read is to be believed.

use crate::given::{able, account, now};
use proptest::prelude::*;
use reeve_core::access::{
    CURSOR_BYTES_MAX, Incomplete, Listed, Listing, ListingRecord, Next, PageState, ReadCounts, SystemRead,
};
use reeve_core::policy::PlanRules;

fn more(cursor: &str) -> PageState {
    PageState { next: Some(cursor.to_owned()), ..PageState::default() }
}

fn last() -> PageState {
    PageState { complete: true, ..PageState::default() }
}

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

/// Walks until the listing ends or breaks.
fn walk(pages: &[(&[&str], PageState)]) -> Result<Next, Incomplete> {
    let mut listing = Listing::new();
    let mut next = Ok(Next::Done);
    for (items, state) in pages {
        next = listing.accept(keys(items), state);
        next.clone()?;
    }
    next
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Pages of any size, empty ones among them, and a total that may be stated on any page.
    #[test]
    fn any_walk_of_honest_pages_completes_with_the_same_items(
        sizes in prop::collection::vec(0..5_usize, 1..20),
        stated in prop::collection::vec(any::<bool>(), 20),
    ) {
        let total: usize = sizes.iter().sum();
        let mut items = (0..total).map(|n| format!("item {n}"));
        let mut listing = Listing::new();
        for (page, size) in sizes.iter().enumerate() {
            let is_last = page + 1 == sizes.len();
            let state = PageState {
                next: (!is_last).then(|| format!("after page {page}")),
                complete: is_last,
                stated_total: stated[page].then_some(total as u64),
                warnings: vec![],
            };
            let next = listing.accept(items.by_ref().take(*size).collect::<Vec<_>>(), &state);
            prop_assert_eq!(next, Ok(state.next.map_or(Next::Done, Next::Page)));
        }
        prop_assert_eq!(listing.received(), total as u64);
        prop_assert_eq!(listing.pages() as usize, sizes.len());
    }

    /// Cases 21 and 22: an honest walk in which one item of one page is lost or repeated.
    #[test]
    fn a_walk_that_loses_or_repeats_an_item_never_completes(
        sizes in prop::collection::vec(1..5_usize, 2..10),
        place in any::<prop::sample::Index>(),
        repeats in any::<bool>(),
    ) {
        let total: usize = sizes.iter().sum();
        let bad = place.index(total - 1) + 1;
        let mut numbers = 0..total;
        let mut listing = Listing::new();
        let mut ended = None;
        for (page, size) in sizes.iter().enumerate() {
            let items = numbers.by_ref().take(*size).filter(|n| *n != bad || repeats);
            let items: Vec<_> = items.map(|n| format!("item {}", if n == bad { bad - 1 } else { n })).collect();
            let is_last = page + 1 == sizes.len();
            let next = (!is_last).then(|| page.to_string());
            let state = PageState { next, complete: is_last, stated_total: Some(total as u64), warnings: vec![] };
            match listing.accept(items, &state) {
                Ok(Next::Page(_)) => {}
                end => {
                    ended = Some(end);
                    break;
                }
            }
        }
        let found = ended.unwrap().unwrap_err();
        let as_due = if repeats { matches!(found, Incomplete::Repeated { .. }) } else { matches!(found, Incomplete::Short { .. }) };
        prop_assert!(as_due, "{found}");
    }
}

#[test]
fn a_page_must_say_whether_the_listing_goes_on() {
    assert_eq!(walk(&[(&["a"], PageState::default())]), Err(Incomplete::NoEnd { page: 1 }));
    let both = PageState { complete: true, ..more("c") };
    assert_eq!(walk(&[(&["a"], more("b")), (&["b"], both)]), Err(Incomplete::Contradiction { page: 2 }));
    assert_eq!(walk(&[(&[], last())]), Ok(Next::Done), "an empty listing that says it is whole is whole");
}

/// Case 22.
#[test]
fn a_listing_that_loops_is_broken_off() {
    let looping = [(&["a"][..], more("1")), (&["b"], more("2")), (&["c"], more("1"))];
    assert_eq!(walk(&looping), Err(Incomplete::Loop { page: 3 }));
    // A server that ignores its cursor sends the first page for ever.
    assert_eq!(
        walk(&[(&["a", "b"], more("1")), (&["a", "b"], more("2"))]),
        Err(Incomplete::Repeated { page: 2, id: "a".to_owned() })
    );
    assert_eq!(walk(&[(&["a", "a"], last())]), Err(Incomplete::Repeated { page: 1, id: "a".to_owned() }));
}

/// Case 21.
#[test]
fn a_listing_that_gives_fewer_or_more_than_it_states_is_not_whole() {
    let stating = |total, state: PageState| PageState { stated_total: Some(total), ..state };
    let short = [(&["a"][..], stating(1000, more("1"))), (&["b"], last())];
    assert_eq!(walk(&short), Err(Incomplete::Short { stated: 1000, received: 2 }));
    assert_eq!(walk(&[(&["a", "b"], stating(1, last()))]), Err(Incomplete::Short { stated: 1, received: 2 }));
    let moved = [(&["a"][..], stating(2, more("1"))), (&["b"], stating(3, last()))];
    assert_eq!(walk(&moved), Err(Incomplete::TotalMoved { before: 2, now: 3 }));
}

#[test]
fn a_cursor_is_bounded() {
    let cursor = "x".repeat(CURSOR_BYTES_MAX);
    assert_eq!(walk(&[(&["a"], more(&cursor))]), Ok(Next::Page(cursor.clone())));
    let found = walk(&[(&["a"], more(&(cursor + "x")))]).unwrap_err();
    assert_eq!(found.to_string(), "page 1 gives a cursor of 65537 bytes; the limit is 65536");
}

fn read(accounts: usize, incomplete: Option<Incomplete>) -> SystemRead {
    let listing = ListingRecord {
        what: Listed::Accounts,
        pages: 1,
        received: accounts as u64,
        stated_total: None,
        page_sha256s: vec![],
        started_at: now(),
        finished_at: now(),
        warnings: vec![],
        incomplete: None,
    };
    let broken = ListingRecord { what: Listed::Grants, incomplete, ..listing.clone() };
    SystemRead {
        description: able(&[]),
        accounts: (0..accounts).map(|n| account(&n.to_string(), &n.to_string())).collect(),
        entitlements: vec![],
        grants: vec![],
        listings: vec![listing, broken],
    }
}

#[test]
fn a_read_is_doubted_when_a_listing_broke_or_half_of_the_accounts_are_gone() {
    let of = |accounts| ReadCounts { accounts, ..ReadCounts::default() };
    let doubt = |accounts, known: Option<u64>| read(accounts, None).doubt(known.map(of), &PlanRules::default(), false);
    assert_eq!(read(50, None).doubt(Some(of(100)), &PlanRules::default(), true), None, "an operator's word");
    let groups = ReadCounts { grants: 10, ..of(50) };
    assert_eq!(
        read(50, None).doubt(Some(groups), &PlanRules::default(), false).unwrap(),
        "it shows 0 grants, and 10 were known before it; policy doubts a loss of 50 %"
    );
    let named = ReadCounts { entitlements: 3, ..of(50) };
    assert_eq!(
        read(50, None).doubt(Some(named), &PlanRules::default(), false).unwrap(),
        "it shows 0 entitlements, and 3 were known before it; policy doubts a loss of 50 %"
    );
    let few = ReadCounts { entitlements: 2, grants: 2, ..of(50) };
    assert_eq!(read(50, None).doubt(Some(few), &PlanRules::default(), false), None, "too few to tell");
    assert_eq!(doubt(51, Some(100)), None);
    assert_eq!(
        doubt(50, Some(100)).unwrap(),
        "it shows 50 accounts, and 100 were known before it; policy doubts a loss of 50 %"
    );
    assert_eq!(doubt(0, None), None, "the first read has nothing to be compared with");
    assert_eq!(doubt(2, Some(4)), None, "two accounts are too few to be a pattern");
    assert!(doubt(1, Some(4)).is_some());
    assert!(doubt(0, Some(3)).is_some());
    let broken = read(100, Some(Incomplete::Failed { page: 2, reason: "HTTP 500".to_owned() }));
    assert_eq!(broken.doubt(Some(of(100)), &PlanRules::default(), true).unwrap(), "page 2 could not be read: HTTP 500");
}
