//! The certificate, as an auditor reads it.

use crate::given::{at, leaver, now, worker};
use reeve_core::access::AccountState;
use reeve_core::identity::Standing;
use reeve_core::leaver::{AccountSeen, Case, Left, SystemProof, certificate};

fn seen(id: &str, login: Option<&str>, state: AccountState, native: &str, disputed: bool) -> AccountSeen {
    AccountSeen { id: id.into(), login: login.map(str::to_owned), state, native_state: native.to_owned(), disputed }
}

fn case() -> Case {
    let systems = ["crm".into(), "directory".into(), "ledger".into(), "mail".into(), "wiki".into()];
    let mut case = Case::open("case-1".into(), &leaver(worker("1", "Mia Okafor")), &systems, now()).unwrap();
    let (read_at, snapshot) = (at("2026-06-01T09:05:00.4Z"), || "read-7".into());
    let mut set = |name: &str, proof| drop(case.systems.insert(name.into(), proof));
    let accounts = vec![
        seen("a1", Some("mia"), AccountState::Active, "A", true),
        seen("a2", None, AccountState::Frozen, "", false),
    ];
    let left = vec![Left { account: "a1".into(), what: "account mia is active (A)".to_owned() }];
    let refused = vec!["disable mia: the target refuses: is the default owner".to_owned()];
    set("crm", SystemProof::Residual { read_at, snapshot: snapshot(), accounts, left, refused });
    let accounts = vec![seen("uid=mia", Some("mia"), AccountState::Disabled, "pwdAccountLockedTime", false)];
    let remarks = vec!["account mia is listed with role:base, which the target can't take from it".to_owned()];
    set("directory", SystemProof::Clean { read_at, snapshot: snapshot(), accounts, remarks });
    set("ledger", SystemProof::Clean { read_at, snapshot: snapshot(), accounts: vec![], remarks: vec![] });
    set("mail", SystemProof::Unread { why: Some("the read is not whole: page 2 loops".to_owned()) });
    case
}

#[test]
fn an_open_case_lists_system_by_system_what_was_read_and_what_is_left() {
    let expected = "\
LEAVER CERTIFICATE  case-1
Mia Okafor  (p-1)
OPEN: access is left, or not yet disproved

Exit effective  2026-05-31T09:00:00Z   running for 3 d 4 h 05 min
Reeve was told  2026-05-20T12:00:00Z   running for 14 d 1 h 05 min
Exit detected   2026-06-01T09:00:00Z   running for 2 d 4 h 05 min

crm             ACCESS LEFT   read 2026-06-01T09:05:00Z in read-7
                account mia (a1): active, the target says \"A\", ownership disputed
                account no login (a2): frozen, the target says \"\"
                left: account mia is active (A)
                because: disable mia: the target refuses: is the default owner

directory       CLEAN         read 2026-06-01T09:05:00Z in read-7
                account mia (uid=mia): disabled, the target says \"pwdAccountLockedTime\"
                note: account mia is listed with role:base, which the target can't take from it

ledger          CLEAN         read 2026-06-01T09:05:00Z in read-7
                no account of this person in a whole read

mail            NOT PROVED
                the read is not whole: page 2 loops

wiki            NOT PROVED
                not read since the exit was noticed
";
    assert_eq!(certificate(&case(), at("2026-06-03T13:05:00Z")), expected);
}

#[test]
fn a_closed_case_says_that_nothing_is_left_and_its_clocks_stand() {
    let mut case = case();
    case.systems.retain(|_, proof| proof.is_clean());
    assert!(case.conclude(Standing::Left, at("2026-06-01T09:02:07Z")));
    let text = certificate(&case, at("2027-01-01T00:00:00Z"));
    let expected = "\
LEAVER CERTIFICATE  case-1
Mia Okafor  (p-1)
NO ACCESS LEFT

Exit effective  2026-05-31T09:00:00Z   done after 1 d 0 h 02 min
Reeve was told  2026-05-20T12:00:00Z   done after 11 d 21 h 02 min
Exit detected   2026-06-01T09:00:00Z   done after 2 min 07 s
Case ended      2026-06-01T09:02:07Z

directory ";
    assert_eq!(text.get(..expected.len()), Some(expected), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn a_withdrawn_case_does_not_say_that_it_was_proved() {
    let mut case = case();
    case.conclude(Standing::Active, at("2026-06-01T12:00:00Z"));
    let text = certificate(&case, at("2026-06-02T00:00:00Z"));
    assert!(text.contains("\nWITHDRAWN: the person did not leave, or came back\n"));
    assert!(text.contains("Exit detected   2026-06-01T09:00:00Z   done after 3 h 00 min"), "{text}");
    assert!(!text.contains("NO ACCESS LEFT"));
}

/// Case 66: what a target calls its things stands on one line and moves nothing on the paper.
#[test]
fn a_target_can_not_write_lines_of_its_own_into_the_certificate() {
    let mut case = case();
    let accounts = vec![seen("a1\nledger          CLEAN", Some("mia\u{202e}x\n\n"), AccountState::Active, "\n", false)];
    let left = vec![Left { account: "a1".into(), what: "account mia\nNO ACCESS LEFT".to_owned() }];
    let (read_at, snapshot) = (now(), "read-7".into());
    let refused = vec!["disable mia:\nwiki            CLEAN".to_owned()];
    case.systems = [("crm".into(), SystemProof::Residual { read_at, snapshot, accounts, left, refused })].into();
    let text = certificate(&case, now());
    assert!(!text.lines().any(|line| line.starts_with("NO ACCESS LEFT") || line.starts_with("ledger")), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("wiki")), "{text}");
    assert_eq!(text.lines().count(), 12, "{text}");
    assert!(!text.contains('\u{202e}'));
}

#[test]
fn long_names_go_on_below_and_are_not_cut() {
    let mut case = case();
    let name = "x".repeat(150);
    let accounts =
        vec![seen(&name, Some("mia"), AccountState::Disabled, "closed by the yearly clean-up of accounts", false)];
    let (read_at, snapshot) = (now(), "read-7".into());
    let system = "a-system-with-a-long-name";
    case.systems = [(system.into(), SystemProof::Clean { read_at, snapshot, accounts, remarks: vec![] })].into();
    let text = certificate(&case, now());
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.contains("a-system-with-a-long-name CLEAN         read"), "{text}");
    let joined: String = text.lines().map(str::trim_start).collect();
    assert!(joined.contains(&name), "{text}");
}
