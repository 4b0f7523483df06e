//! Whose account is it? Rules must agree, and no address moves an account to somebody new.

use crate::given::{account, leaver, person, target, worker};
use reeve_core::access::{Account, AccountState, Link, LinkedBy, correlate};
use reeve_core::finding::FindingKind;
use reeve_core::id::{IdentityId, NativeId};
use reeve_core::identity::Identity;
use std::collections::BTreeMap;

type Links = BTreeMap<NativeId, Link>;

/// One account through the rules that a system has by default: correlation key, then e-mail address.
fn link(account: &Account, people: &[Identity], before: Option<&Link>) -> (Link, Vec<FindingKind>) {
    let before: Links = before.map(|link| (account.id.clone(), link.clone())).into_iter().collect();
    let (mut links, findings) = correlate(&target("crm", ""), std::slice::from_ref(account), people, &before);
    (links.remove(&account.id).unwrap(), findings.into_iter().map(|finding| finding.kind).collect())
}

fn by_rule(identity: &str, rule: &str) -> Link {
    Link::Linked { identity: IdentityId::new(identity), by: LinkedBy::Rule(rule.to_owned()) }
}

fn disputed(candidates: &[&str]) -> Link {
    Link::Disputed { candidates: candidates.iter().map(|id| IdentityId::new(*id)).collect() }
}

const BY_NUMBER: &str = "account correlation-key = person worker-id";
const BY_EMAIL: &str = "account email = person email";

fn keyed(number: &str) -> Account {
    Account { correlation_key: Some(number.to_owned()), ..account("a1", "mia") }
}

fn addressed(email: &str) -> Account {
    Account { email: Some(email.to_owned()), ..account("a1", "mia") }
}

fn staff() -> Vec<Identity> {
    vec![person(worker("1", "Mia Okafor")), person(worker("2", "Ben Aydin"))]
}

#[test]
fn an_account_is_linked_by_the_first_rule_that_knows_its_person() {
    assert_eq!(link(&keyed("1"), &staff(), None), (by_rule("p-1", BY_NUMBER), vec![]));
    assert_eq!(link(&addressed(" Mia.Okafor@EXAMPLE.com"), &staff(), None), (by_rule("p-1", BY_EMAIL), vec![]));
    let both = Account { email: Some("mia.okafor@example.com".to_owned()), ..keyed("1") };
    assert_eq!(link(&both, &staff(), None), (by_rule("p-1", BY_NUMBER), vec![]));
    let mut renumbered = staff();
    renumbered[0].former_ids = vec!["0".into()];
    assert_eq!(link(&keyed("0"), &renumbered, None), (by_rule("p-1", BY_NUMBER), vec![]));
}

#[test]
fn rules_that_disagree_link_nothing() {
    let torn = Account { email: Some("ben.aydin@example.com".to_owned()), ..keyed("1") };
    assert_eq!(link(&torn, &staff(), None), (disputed(&["p-1", "p-2"]), vec![FindingKind::DisputedAccount]));
    let mut twins = staff();
    twins[1].worker.email = twins[0].worker.email.clone();
    let shared = addressed("mia.okafor@example.com");
    assert_eq!(link(&shared, &twins, None).0, disputed(&["p-1", "p-2"]));
}

#[test]
fn an_account_of_nobody_is_a_finding_while_it_has_power() {
    assert_eq!(link(&keyed("77"), &staff(), None), (Link::Unmatched, vec![FindingKind::UnmatchedAccount]));
    let off = Account { state: AccountState::Disabled, ..keyed("77") };
    assert_eq!(link(&off, &staff(), None), (Link::Unmatched, vec![]));
    let empty = Account { correlation_key: None, ..keyed("") };
    let mut nameless = staff();
    nameless[0].worker.email = None;
    assert_eq!(link(&empty, &nameless, None).0, Link::Unmatched, "two missing values are not a match");
}

/// Case 17: Mia left, and HR gives her address to Miriam.
#[test]
fn an_address_that_hr_gives_to_somebody_new_does_not_move_the_account() {
    let account = addressed("m.okafor@example.com");
    let mut mia = leaver(worker("1", "Mia Okafor"));
    mia.worker.email = None;
    let mut miriam = person(worker("3", "Miriam Okafor"));
    miriam.worker.email = Some("m.okafor@example.com".to_owned());
    let people = [mia, miriam];
    let mut before = by_rule("p-1", BY_EMAIL);
    for read in 1..=3 {
        let (now, findings) = link(&account, &people, Some(&before));
        assert_eq!(now, disputed(&["p-1", "p-3"]), "read {read}");
        assert_eq!(findings, [FindingKind::DisputedAccount]);
        assert!(now.concerns(&IdentityId::new("p-1")) && now.identity().is_none());
        before = now;
    }
}

#[test]
fn a_link_of_before_holds_when_no_rule_matches_any_more() {
    let before = by_rule("p-1", BY_EMAIL);
    assert_eq!(link(&addressed("old.name@example.com"), &staff(), Some(&before)), (before, vec![]));
}

#[test]
fn a_link_by_creation_or_by_an_operator_holds_against_every_rule() {
    for by in [LinkedBy::Creation, LinkedBy::Operator("ada".to_owned())] {
        let before = Link::Linked { identity: IdentityId::new("p-1"), by };
        assert_eq!(link(&keyed("2"), &staff(), Some(&before)), (before, vec![]));
    }
}

/// Case 23: ids of targets are opaque text.
#[test]
fn ids_that_look_alike_stay_apart() {
    let accounts: Vec<_> = ["1", "01", "admin", "ADMIN", "../x", "p-1"].map(|id| account(id, id)).to_vec();
    let (links, _) = correlate(&target("crm", ""), &accounts, &staff(), &Links::new());
    assert_eq!(links.len(), accounts.len());
    assert!(links.values().all(|link| *link == Link::Unmatched));
}

#[test]
fn a_login_rule_matches_what_policy_would_give() {
    let system = target("crm", "login = \"{g}.{family}\"\ncorrelate = [{ account = \"login\", person = \"login\" }]");
    let mut renee = worker("1", "Renée Ångström");
    renee.email = None;
    assert_eq!(system.login_for(&renee).as_deref(), Some("r.angstrom"));
    assert_eq!(target("crm", "").login_for(&renee), None, "the template needs an address");
    let (links, _) = correlate(&system, &[account("a1", "R.Angstrom")], &[person(renee)], &Links::new());
    assert_eq!(links[&NativeId::new("a1")], by_rule("p-1", "account login = person login"));
}
