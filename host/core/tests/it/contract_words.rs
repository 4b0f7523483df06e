//! What the rarer words of the contract mean to a plan, to a judgement and to a leaver's proof.

use crate::given::{account, capability, leaver, now, rung, worker};
use crate::plan_world::{Held, World};
use reeve_core::access::{AccountState, Cardinality, Credential, CredentialKind, LastUse, OperationKind, Quality};
use reeve_core::id::PlanHash;
use reeve_core::identity::Identity;
use reeve_core::inventory::HttpAuth;
use reeve_core::plan::{AccountRef, Action, Cause, Lane, PlannedOperation};
use reeve_core::run::{Happened, Operation, Outcome, Phase, Sight, Status};

fn gone() -> Identity {
    leaver(worker("1", "Mia Okafor"))
}

/// The sessions of an account as Okta has them: all end together, and none is ever listed.
fn sessions() -> Credential {
    Credential {
        id: "sessions".into(),
        account: Some("a1".into()),
        kind: CredentialKind::Session,
        name: Some("all sessions".to_owned()),
        created_at: None,
        expires_at: None,
        last_used: LastUse { at: None, quality: Quality::NotAvailable },
        endable: true,
        observable: false,
    }
}

#[test]
fn the_last_of_a_set_that_is_never_empty_goes_in_exchange_for_its_floor() {
    let never_empty = |id: &str, name: &str, rank| {
        let mut role = rung(id, name, rank);
        role.cardinality = Cardinality::AtLeastOne;
        role
    };
    let mut held = Held::new("crm", "").account(account("a1", "mia"), "p-1", &["clerk", "teller"]);
    held.entitlements = vec![
        never_empty("none", "role:None", 0),
        never_empty("clerk", "role:Clerk", 1),
        never_empty("teller", "role:Teller", 2),
    ];
    let world = World::new(vec![gone()], held);
    assert_eq!(world.told(), ["freeze mia", "disable mia", "revoke role:Clerk", "replace role:Teller, down to None"]);
}

#[test]
fn sessions_that_no_listing_shows_are_ended_with_the_account_and_not_for_ever() {
    let mut held = Held::new("crm", "").account(account("a1", "mia"), "p-1", &[]);
    held.credentials = vec![sessions()];
    let mut world = World::new(vec![gone()], held);
    assert_eq!(world.told(), ["freeze mia", "disable mia", "endcredential all sessions"]);
    world.systems[0].accounts[0].state = AccountState::Disabled;
    assert_eq!(world.told(), [""; 0]);
}

fn ending() -> Operation {
    let planned = PlannedOperation {
        system: "crm".into(),
        lane: Lane::Standard,
        identity: "p-1".into(),
        person: "Mia Okafor".to_owned(),
        what: "all sessions".to_owned(),
        action: Action::EndCredential { account: AccountRef::Existing("a1".into()), credential: "sessions".into() },
        cause: Cause::Facts { fields: vec![] },
        after: None,
        mechanism: "by its API".to_owned(),
    };
    Operation::new(&PlanHash::new("0123456789abcdef"), 0, planned, now())
}

fn step(operation: &mut Operation, happened: Happened, idempotent: bool) -> Phase {
    let declared = reeve_core::access::Capability { idempotent, ..capability(OperationKind::EndCredential) };
    operation.step(happened, &declared, now(), 0.5);
    operation.phase
}

#[test]
fn an_end_that_no_read_can_show_counts_by_the_answer_alone() {
    let done = Outcome { status: Status::Done, account: None, request_id: None, side_effects: vec![] };
    let listed = || crate::run_world::read(Ok(Sight::Credentials(vec![sessions()])));
    let mut operation = ending();
    step(&mut operation, Happened::Intended { account: None }, true);
    assert_eq!(step(&mut operation, Happened::Answered { result: Ok(done), reached: true }, true), Phase::Done);
    assert_eq!(step(&mut operation, listed(), true), Phase::Verified);

    for (idempotent, phase) in [(true, Phase::Waiting), (false, Phase::Held)] {
        let mut lost = ending();
        step(&mut lost, Happened::Intended { account: None }, idempotent);
        step(&mut lost, Happened::Interrupted, idempotent);
        assert_eq!(step(&mut lost, listed(), idempotent), phase, "without an answer it is not believed");
    }
}

/// Every key of a system file is spelt with hyphens.
#[test]
fn a_system_file_spells_its_keys_one_way() {
    let text = "scheme = \"oauth2-client-credentials\"\ntoken-url = \"https://id.example.com/token\"\nclient-id = \"reeve\"\nin-body = true\n";
    let auth: HttpAuth = toml::from_str(text).unwrap();
    assert_eq!((auth.scheme(), auth.secret_field()), ("oauth2-client-credentials", Some("client-secret")));
    let text = "scheme = \"oauth2-jwt-bearer\"\ntoken-url = \"https://id.example.com/token\"\nissuer = \"reeve\"\nsubject = \"admin\"\naudience = \"https://id.example.com\"\nalgorithm = \"ES256\"\n";
    let auth: HttpAuth = toml::from_str(text).unwrap();
    assert_eq!((auth.scheme(), auth.secret_field()), ("oauth2-jwt-bearer", Some("private-key")));
    assert!(toml::from_str::<HttpAuth>(&text.replace("ES256", "HS256")).is_err(), "a shared secret signs nothing");
}
