//! The stand-in before a client that is not ours: simple-salesforce, over TLS, in the Python that
//! `eval "$(tests/setup/peers.sh)"` names (REEVE_SALESFORCE_PYTHON).

use crate::org::Org;
use reeve_sim::salesforce::{Crowd, Options};
use reeve_sim::{Setup, Tls};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const INSTANCE: &str = "acme.my.salesforce.com";

/// None where a developer's machine has no such Python.
fn python() -> Option<std::ffi::OsString> {
    let python = std::env::var_os("REEVE_SALESFORCE_PYTHON").filter(|python| !python.is_empty());
    if python.is_none() {
        let remedy = "simple-salesforce is missing (REEVE_SALESFORCE_PYTHON); run tests/setup/peers.sh";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{remedy}");
        eprintln!("skipped: {remedy}");
    }
    python
}

#[tokio::test(flavor = "multi_thread")]
async fn simple_salesforce_finds_in_it_what_it_knows_of_salesforce() {
    let Some(python) = python() else { return };
    let temporary = tempfile::tempdir().unwrap();
    let roots = temporary.path().join("roots.pem");
    let names = vec!["login.salesforce.com".to_owned(), INSTANCE.to_owned()];
    let setup = Setup { tls: Some(Tls { roots_out: Some(roots.clone()), names }), ..Setup::default() };
    let options = Options {
        instance_url: Some(format!("https://{INSTANCE}")),
        crowd: Crowd { users: 491, assignments: 0 },
        page_rows_max: 200,
        ..Options::default()
    };
    let stand_in = Org::stand_in(options, setup).await;
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/salesforce"));
    let output = Command::new(python)
        .arg(folder.join("client.py"))
        .arg(stand_in.address().port().to_string())
        .arg(&roots)
        .arg(folder.join("keys/app.key"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let malformed = |code: &str| json!(["SalesforceMalformedRequest", 400, code]);
    let expected = json!({
        "stranger": ["SalesforceAuthenticationFailed", "invalid_grant"],
        "other app": ["SalesforceAuthenticationFailed", "invalid_client_id"],
        "instance": INSTANCE,
        "everybody": [500, true, 500],
        "one by one": 500,
        "usage": 100_000,
        "incomplete": malformed("REQUIRED_FIELD_MISSING"),
        "created": [true, []],
        "again": malformed("DUPLICATE_USERNAME"),
        "read": "Zoë Zimmer",
        "updated": 204,
        "granted twice": malformed("DUPLICATE_VALUE"),
        "revoked": 204,
        "revoked twice": ["SalesforceResourceNotFound", 404, "ENTITY_IS_DELETED"],
        "the same member": true,
        "in the group": true,
        "left": 204,
        "left twice": ["SalesforceResourceNotFound", 404, "ENTITY_IS_DELETED"],
        "frozen": 204,
        "frozen login": ["SalesforceAuthenticationFailed", "invalid_grant"],
        "thawed": 204,
        "ended session": 204,
        "new token": true,
        "deactivated": 204,
        "inactive login": ["SalesforceAuthenticationFailed", "inactive_user"],
        "active": false,
        "deleted": malformed("INVALID_TYPE_FOR_OPERATION"),
        "blocked": malformed("FIELD_INTEGRITY_EXCEPTION"),
        "revoke": null,
        "tokens": ["Report Exporter"],
        "revoke twice": malformed("invalid_token"),
        "malformed": malformed("MALFORMED_QUERY"),
        "described": [false, false, false],
        "gone": ["SalesforceResourceNotFound", 404, "NOT_FOUND"],
    });
    assert_eq!(found, expected);
    let done: Vec<_> =
        stand_in.ledger().entries().iter().map(|entry| format!("{} {}", entry.change, entry.name)).collect();
    assert_eq!(
        done,
        [
            "created zoe@acme.example",
            "changed zoe@acme.example",
            "created zoe@acme.example has Approve_Invoices",
            "deleted zoe@acme.example has Approve_Invoices",
            "created zoe@acme.example in Approvers",
            "deleted zoe@acme.example in Approvers",
            "changed zoe@acme.example",
            "changed zoe@acme.example",
            "deleted session of zoe@acme.example",
            "changed zoe@acme.example",
            "deleted Phone App for ben@acme.example",
        ]
    );
}
