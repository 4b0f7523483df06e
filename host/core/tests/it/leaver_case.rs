//! The leaver case: only fresh and whole reads close it, and whatever is left keeps it open.

use crate::given::{account, at, entitlement, grant, leaver, now, person, worker};
use jiff::{SignedDuration, Timestamp};
use reeve_core::access::{
    Account, AccountState, Credential, CredentialKind, Entitlement, Grant, GrantSource, LastUse, Link, LinkedBy,
    Quality,
};
use reeve_core::id::{IdentityId, NativeId, SnapshotId, SystemName};
use reeve_core::identity::{ExitCause, Standing};
use reeve_core::leaver::{Case, CaseState, SeenByPerson, SystemProof, SystemSeen};
use std::collections::BTreeMap;

fn open(systems: &[&str]) -> Case {
    let systems: Vec<_> = systems.iter().map(|name| SystemName::new(*name)).collect();
    Case::open("case-1".into(), &leaver(worker("1", "Mia Okafor")), &systems, now()).unwrap()
}

/// What a read of the CRM shows.
struct Read {
    read_at: Timestamp,
    incomplete: Option<&'static str>,
    accounts: Vec<Account>,
    grants: Vec<Grant>,
    entitlements: Vec<Entitlement>,
    links: BTreeMap<NativeId, Link>,
    credentials: Option<Vec<Credential>>,
}

/// Mia's one account, in this state, read a minute after the exit was noticed.
fn read(state: AccountState) -> Read {
    Read {
        read_at: minutes(1),
        incomplete: None,
        accounts: vec![Account { state, native_state: "by API".to_owned(), ..account("a1", "mia") }],
        grants: vec![],
        entitlements: vec![entitlement("g1", "group:staff")],
        links: [(NativeId::new("a1"), hers())].into(),
        credentials: None,
    }
}

fn hers() -> Link {
    Link::Linked { identity: IdentityId::new("p-1"), by: LinkedBy::Creation }
}

fn minutes(minutes: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

fn judge(case: &mut Case, read: &Read, not_before: Timestamp) -> bool {
    let (system, snapshot) = (SystemName::new("crm"), SnapshotId::new("read-1"));
    let seen = SystemSeen {
        system: &system,
        snapshot: &snapshot,
        read_at: read.read_at,
        accounts: &read.accounts,
        grants: &read.grants,
        entitlements: &read.entitlements,
        links: &read.links,
        credentials: read.credentials.as_deref(),
    };
    case.judge(&SeenByPerson::of(seen), read.incomplete, not_before)
}

fn crm(case: &Case) -> &SystemProof {
    &case.systems[&SystemName::new("crm")]
}

/// `clean`, `unread`, or what is left.
fn verdict(read: &Read) -> String {
    let mut case = open(&["crm"]);
    judge(&mut case, read, now());
    told(&case)
}

fn told(case: &Case) -> String {
    match crm(case) {
        SystemProof::Clean { .. } => "clean".to_owned(),
        SystemProof::Unread { .. } => "unread".to_owned(),
        SystemProof::Residual { left, .. } => left.iter().map(|left| left.what.as_str()).collect::<Vec<_>>().join("; "),
    }
}

#[test]
fn what_stands_in_the_way_is_told_beside_what_is_left_and_nowhere_else() {
    let why = || vec!["disable mia: the target refuses: is the default owner".to_owned()];
    let told = |case: &Case| serde_json::to_value(crm(case)).unwrap()["refused"].clone();
    let mut case = open(&["crm"]);
    judge(&mut case, &read(AccountState::Frozen), now());
    case.refused(&SystemName::new("crm"), why());
    assert_eq!(told(&case), serde_json::json!(why()));
    judge(&mut case, &Read { read_at: minutes(2), ..read(AccountState::Disabled) }, now());
    case.refused(&SystemName::new("crm"), why());
    assert_eq!(told(&case), serde_json::Value::Null);
}

#[test]
fn a_case_opens_only_for_who_left() {
    let systems = ["crm".into()];
    assert_eq!(Case::open("case-1".into(), &person(worker("1", "Mia Okafor")), &systems, now()), None);
    let mut scheduled = leaver(worker("1", "Mia Okafor"));
    scheduled.standing = Standing::Active;
    assert_eq!(Case::open("case-1".into(), &scheduled, &systems, now()), None);
    let case = open(&["crm", "directory"]);
    assert_eq!((case.state, case.cause, case.detected_at), (CaseState::Open, ExitCause::Terminated, now()));
    assert_eq!(case.open_systems().count(), 2);
}

#[test]
fn only_an_account_that_nobody_can_sign_in_with_is_clean() {
    use AccountState::{Active, Deleted, Disabled, Frozen, Locked, Pending, Unknown};
    for state in [Disabled, Deleted] {
        assert_eq!(verdict(&read(state)), "clean");
    }
    for (state, word) in
        [(Active, "active"), (Frozen, "frozen"), (Locked, "locked"), (Pending, "pending"), (Unknown, "unknown")]
    {
        assert_eq!(verdict(&read(state)), format!("account mia is {word} (by API)"));
    }
    let none = Read { accounts: vec![], ..read(Active) };
    assert_eq!(verdict(&none), "clean", "a whole read that shows no account of hers");
    let others = Read { links: BTreeMap::new(), ..read(Active) };
    assert_eq!(verdict(&others), "clean", "an account of nobody is not hers");
}

#[test]
fn grants_and_credentials_that_remain_are_left() {
    let holding = |grant: Grant| Read { grants: vec![grant], ..read(AccountState::Disabled) };
    assert_eq!(verdict(&holding(grant("a1", "g1"))), "account mia holds group:staff");
    assert_eq!(verdict(&holding(grant("a2", "g1"))), "clean", "somebody else's");
    let parent = GrantSource::InheritedFrom(NativeId::new("g0"));
    assert_eq!(verdict(&holding(Grant { source: parent, ..grant("a1", "g1") })), "clean");
    let fixed = Grant { revocable: false, ..grant("a1", "g1") };
    let mut case = open(&["crm"]);
    judge(&mut case, &holding(fixed.clone()), now());
    let SystemProof::Clean { remarks, .. } = crm(&case) else { panic!("{case:?}") };
    assert_eq!(remarks, &["account mia is listed with group:staff, which the target can't take from it"]);
    let open_account = Read { grants: vec![fixed], ..read(AccountState::Active) };
    assert_eq!(verdict(&open_account), "account mia is active (by API); account mia holds group:staff");

    let key = Credential {
        id: NativeId::new("k1"),
        account: Some(NativeId::new("a1")),
        kind: CredentialKind::ApiKey,
        name: Some("nightly export".to_owned()),
        created_at: None,
        expires_at: None,
        last_used: LastUse { at: None, quality: Quality::NotAvailable },
        endable: false,
        observable: true,
    };
    let keyed = |key: &Credential, state| Read { credentials: Some(vec![key.clone()]), ..read(state) };
    assert_eq!(verdict(&keyed(&key, AccountState::Disabled)), "apikey nightly export of account mia is still there");
    // A target that lists it for ever can't keep the case open for ever.
    let forever = Credential { observable: false, ..key };
    assert_eq!(verdict(&keyed(&forever, AccountState::Disabled)), "clean");
}

/// Case 30: each account of the person counts.
#[test]
fn one_clean_account_does_not_hide_another() {
    let mut two = read(AccountState::Disabled);
    two.accounts.push(Account { native_state: "open".to_owned(), ..account("a2", "mia.admin") });
    two.links.insert(NativeId::new("a2"), hers());
    assert_eq!(verdict(&two), "account mia.admin is active (open)");
}

/// Case 17.
#[test]
fn a_disputed_account_keeps_the_case_open() {
    let mut disputed = read(AccountState::Active);
    let candidates = vec![IdentityId::new("p-1"), IdentityId::new("p-3")];
    disputed.links.insert(NativeId::new("a1"), Link::Disputed { candidates });
    let mut case = open(&["crm"]);
    judge(&mut case, &disputed, now());
    let SystemProof::Residual { accounts, .. } = crm(&case) else { panic!("{case:?}") };
    assert!(accounts[0].disputed);
    assert!(!case.conclude(Standing::Left, minutes(2)));
}

#[test]
fn a_read_that_began_before_the_exit_was_noticed_or_the_last_request_was_sent_proves_nothing() {
    let mut case = open(&["crm"]);
    let early = Read { read_at: minutes(-1), ..read(AccountState::Disabled) };
    assert!(!judge(&mut case, &early, minutes(-5)));
    assert!(!judge(&mut case, &read(AccountState::Disabled), minutes(3)));
    assert_eq!(told(&case), "unread");
    assert!(!case.conclude(Standing::Left, minutes(4)));
    let later = Read { read_at: minutes(3), ..read(AccountState::Disabled) };
    assert!(judge(&mut case, &later, minutes(3)));
    assert!(case.conclude(Standing::Left, minutes(4)));
}

/// Case 21.
#[test]
fn a_read_that_is_not_whole_proves_nothing_and_still_shows_what_it_shows() {
    let broken = |state| Read { incomplete: Some("page 2 could not be read"), ..read(state) };
    let mut case = open(&["crm"]);
    judge(&mut case, &broken(AccountState::Disabled), now());
    let why = Some("the read is not whole: page 2 could not be read".to_owned());
    assert_eq!(crm(&case), &SystemProof::Unread { why });
    judge(&mut case, &broken(AccountState::Active), now());
    assert_eq!(told(&case), "account mia is active (by API)");
    judge(&mut case, &Read { accounts: vec![], ..broken(AccountState::Active) }, now());
    assert_eq!(told(&case), "account mia is active (by API)", "what an earlier read showed stays");
    judge(&mut case, &read(AccountState::Disabled), now());
    assert_eq!(told(&case), "clean");
}

#[test]
fn a_system_that_can_not_be_read_says_why_and_takes_nothing_back() {
    let mut case = open(&["crm"]);
    assert!(case.unread(&"crm".into(), "the target is unavailable"));
    assert_eq!(crm(&case), &SystemProof::Unread { why: Some("the target is unavailable".to_owned()) });
    assert!(!case.unread(&"crm".into(), "the target is unavailable"), "that is known");
    assert!(case.unread(&"crm".into(), "the credentials have expired"));
    judge(&mut case, &read(AccountState::Active), now());
    assert!(!case.unread(&"crm".into(), "the target is unavailable"));
    assert_eq!(told(&case), "account mia is active (by API)");
}

#[test]
fn a_case_closes_when_every_system_reads_clean_and_not_before() {
    let mut case = open(&["crm", "directory"]);
    assert!(judge(&mut case, &read(AccountState::Disabled), now()));
    assert!(!case.conclude(Standing::Left, minutes(2)));
    let names: Vec<_> = case.open_systems().map(SystemName::as_str).collect();
    assert_eq!(names, ["directory"]);
    case.systems.remove(&SystemName::new("directory"));
    assert!(case.conclude(Standing::Left, minutes(2)));
    assert_eq!((case.state, case.ended_at), (CaseState::Closed, Some(minutes(2))));
    assert!(!judge(&mut case, &read(AccountState::Active), now()), "a closed case is evidence");
    assert!(!case.conclude(Standing::Active, minutes(3)));
}

/// Case 29: what comes back before the case closes is seen.
#[test]
fn a_system_that_was_clean_and_is_no_more_opens_again() {
    let mut case = open(&["crm", "directory"]);
    judge(&mut case, &read(AccountState::Disabled), now());
    assert!(judge(&mut case, &Read { read_at: minutes(9), ..read(AccountState::Active) }, now()));
    assert_eq!(case.open_systems().count(), 2);
}

/// Case 18.
#[test]
fn a_case_is_withdrawn_when_the_person_is_back() {
    for state in [AccountState::Disabled, AccountState::Active] {
        let mut case = open(&["crm"]);
        judge(&mut case, &read(state), now());
        assert!(case.conclude(Standing::Active, minutes(2)));
        assert_eq!(case.state, CaseState::Withdrawn, "never closed: there was no exit to prove");
        assert_eq!(case.ended_at, Some(minutes(2)));
    }
}

/// Who will come back has still left: until then the case neither ends nor stops looking.
#[test]
fn a_case_of_somebody_who_will_come_back_stays_open() {
    for state in [AccountState::Disabled, AccountState::Active] {
        let mut case = open(&["crm"]);
        judge(&mut case, &read(state), now());
        assert!(!case.conclude(Standing::Pending, minutes(2)));
        assert_eq!((case.state, case.ended_at), (CaseState::Open, None));
        let again = Read { read_at: minutes(3), ..read(AccountState::Locked) };
        assert!(judge(&mut case, &again, now()), "it still looks");
        assert!(case.conclude(Standing::Active, minutes(4)));
        assert_eq!(case.state, CaseState::Withdrawn);
    }
}

/// Case 9.
#[test]
fn no_clock_runs_backwards() {
    let case = open(&["crm"]);
    let clocks = case.clocks(at("2020-01-01T00:00:00Z"));
    assert_eq!([clocks.since_effective, clocks.since_told, clocks.since_detected], [SignedDuration::ZERO; 3]);
    let clocks = case.clocks(minutes(1));
    assert_eq!(clocks.since_effective, SignedDuration::from_hours(24) + SignedDuration::from_mins(1));
    assert_eq!(clocks.since_detected, SignedDuration::from_mins(1));
}
