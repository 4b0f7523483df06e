//! Messages of an HR system, signed by a library that is not ours (`standardwebhooks` of PyPI).

use crate::requests::problem;
use crate::{furnished, read_all, served};
use reeve_e2e::api::Caller;
use reeve_e2e::database::Database;
use reeve_e2e::http::Answer;
use reeve_e2e::people::crowd;
use reeve_e2e::{peer, people::Person};
use serde_json::json;
use std::io::Write;
use std::process::{Command, Stdio};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_KEY: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// Signs the text on its standard input, as if it were sent so many seconds from now.
const SIGN: &str = "
import sys
from datetime import datetime, timedelta, timezone
from standardwebhooks import Webhook
key, message, late = sys.argv[1:]
at = datetime.now(timezone.utc) + timedelta(seconds=int(late))
print(int(at.timestamp()), Webhook(key).sign(message, at, sys.stdin.read()))
";

struct Signer(String);

impl Signer {
    fn find() -> Option<Self> {
        Some(Self(peer("a Python with standardwebhooks", &["REEVE_API_PYTHON"])?.remove(0)))
    }

    /// The headers of a message.
    fn sign(&self, key: &str, id: &str, late_s: i64, body: &str) -> String {
        let mut command = Command::new(&self.0);
        command.args(["-c", SIGN, key, id, &late_s.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let (timestamp, signature) = said.trim().split_once(' ').unwrap();
        format!("webhook-id: {id}\r\nwebhook-timestamp: {timestamp}\r\nwebhook-signature: {signature}\r\n")
    }
}

fn send(sender: &Caller, system: &str, headers: &str, body: &str) -> Answer {
    sender.send("POST", &format!("/v1/hooks/{system}"), headers, body)
}

const NEWS: &str = r#"{"type":"worker.changed"}"#;

#[test]
fn a_signed_message_makes_reeve_read_the_source_and_no_other_does() {
    let Some(signer) = Signer::find() else { return };
    let (_workspace, reeve) = furnished(Database::Sqlite);
    let (server, admin) = served(&reeve);
    read_all(&admin);
    let hr = server.nobody();
    let good = signer.sign(KEY, "msg_1", 0, NEWS);
    let no_key_yet = send(&hr, "hr", &good, NEWS);
    let set = admin.send("PUT", "/v1/systems/hr/secrets/webhook/signing-key", "", json!({ "value": KEY }).to_string());
    assert_eq!(set.status, 200, "{set:?}");

    let unsigned = good.lines().filter(|line| !line.starts_with("webhook-signature")).collect::<Vec<_>>().join("\r\n");
    let refused = [
        ("before there was a key", no_key_yet),
        ("no headers", send(&hr, "hr", "", NEWS)),
        ("no signature", send(&hr, "hr", &format!("{unsigned}\r\n"), NEWS)),
        ("another body", send(&hr, "hr", &good, r#"{"type":"worker.removed"}"#)),
        ("another id", send(&hr, "hr", &good.replace("msg_1", "msg_2"), NEWS)),
        ("another key", send(&hr, "hr", &signer.sign(OTHER_KEY, "msg_1", 0, NEWS), NEWS)),
        ("too old", send(&hr, "hr", &signer.sign(KEY, "msg_1", -310, NEWS), NEWS)),
        ("of the future", send(&hr, "hr", &signer.sign(KEY, "msg_1", 310, NEWS), NEWS)),
        ("a long id", send(&hr, "hr", &signer.sign(KEY, &"m".repeat(129), 0, NEWS), NEWS)),
        ("no such system", send(&hr, "no-such-system", &good, NEWS)),
        ("a system without a key", send(&hr, "workspace", &good, NEWS)),
    ];
    for (what, answer) in &refused {
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        problem(answer, 401, "unauthenticated");
        let same = "the same answer to all, so that nobody learns which systems there are";
        assert_eq!(answer.body, refused[0].1.body, "{what}: {same}");
    }
    let large = format!("\"{}\"", "x".repeat(256 * 1024));
    assert_eq!(send(&hr, "hr", &signer.sign(KEY, "msg_3", 0, &large), &large).status, 413);
    assert_eq!(admin.walk("/v1/sync-runs", 50).len(), 1, "nothing was read for any of them");

    let newcomer = Person::new(6001, "Nia", "Okafor", "Sales");
    let people: Vec<_> = crowd(crate::PEOPLE, "Finance").into_iter().chain([newcomer.clone()]).collect();
    reeve.hr(&people);
    let taken = send(&hr, "hr", &signer.sign(KEY, "msg_1", 0, NEWS), NEWS);
    assert_eq!(taken.status, 202, "{taken:?}");
    let run = taken.json()["sync-run"].as_str().unwrap().to_owned();
    let read = admin.ended(&format!("/v1/sync-runs/{run}/events"));
    assert_eq!((read["state"].as_str(), &read["systems"]), (Some("done"), &json!(["hr"])), "{read:#}");
    let found = admin.get(&format!("/v1/identities?find={}", newcomer.email()));
    assert_eq!(found["items"].as_array().unwrap().len(), 1);

    // Sent again by HR, as it was and with a new time: taken once.
    let again = [send(&hr, "hr", &good, NEWS), send(&hr, "hr", &signer.sign(KEY, "msg_1", 5, NEWS), NEWS)];
    assert!(again.iter().all(|answer| answer.status == 202 && answer.json()["sync-run"] == run), "{again:?}");
    assert_eq!(admin.walk("/v1/sync-runs", 50).len(), 2);
    // An old key may sign beside a new one while they are exchanged.
    let both = signer.sign(KEY, "msg_4", 0, NEWS).replace("-signature: ", "-signature: v1,Zm9yIGFub3RoZXIga2V5 ");
    assert_eq!(send(&hr, "hr", &both, NEWS).status, 202);
    server.end();
}
