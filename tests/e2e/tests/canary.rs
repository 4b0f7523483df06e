//! Canary secrets in every field of every way to sign in, plugins that misbehave, and servers that give back what they get:
//! afterwards none of the secrets lies anywhere but sealed, in whatever spelling, and the interface answers none of them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reeve_e2e::canary::Places;
use reeve_e2e::database::{Database, query};
use reeve_e2e::echo::Echo;
use reeve_e2e::interface::Interface;
use reeve_e2e::people::crowd;
use reeve_e2e::plugins::install_rogue;
use reeve_e2e::reeve::Reeve;
use reeve_e2e::repo;
use reeve_e2e::wait::until;
use serde_json::{Value, json};
use sqlx::Row;

const TOKEN_OF_THE_ENDPOINT: &str = "cAnary.access/token+9d51=from~the~endpoint";
const SIGNING_KEY: &str = "whsec_Y0FuYXJ5LXNpZ25pbmcta2V5LW9mLWEtd2ViaG9vaw==";

/// A system: its definition, the connection and the field of its secret, and the secret.
struct Canary {
    system: Value,
    connection: &'static str,
    field: &'static str,
    secret: String,
}

impl Canary {
    fn name(&self) -> &str {
        self.system["name"].as_str().unwrap()
    }

    fn plugin(&self) -> &str {
        self.system["plugin"].as_str().unwrap()
    }
}

/// The private key that signs what stands for us at a token endpoint.
fn private_key() -> String {
    std::fs::read_to_string(repo().join("tests/sim/tests/salesforce/keys/app.key")).unwrap()
}

fn canaries(echo: &Echo) -> Vec<Canary> {
    let base = format!("http://{}", echo.address);
    let token = format!("{base}/token");
    let http = |plugin: &str, settings: Value, auth: Value, field: &'static str, secret: &str| {
        let scheme = auth["scheme"].as_str().unwrap();
        let in_body = if auth["in-body"] == true { "-in-body" } else { "" };
        let api = json!({ "kind": "http", "base-url": base, "private-addresses": true, "auth": auth });
        let system = json!({
            "name": format!("{plugin}-{scheme}{in_body}"), "plugin": plugin, "role": "target", "login": "{email}",
            "settings": settings, "connections": { "api": api },
        });
        Canary { system, connection: "api", field, secret: secret.to_owned() }
    };
    let rogue = |auth: Value, field, secret: &str| http("rogue", json!({}), auth, field, secret);
    let client = |in_body: bool| {
        json!({
            "scheme": "oauth2-client-credentials", "token-url": token, "client-id": "reeve", "in-body": in_body,
        })
    };
    let assertion = json!({
        "scheme": "oauth2-jwt-bearer", "token-url": token, "issuer": "a", "subject": "b", "audience": "c",
    });
    let bind = json!({ "scheme": "simple-bind", "bind-dn": "cn=reeve,dc=example,dc=com" });
    let directory = json!({
        "kind": "ldap", "url": format!("ldap://{}", echo.address), "base": "dc=example,dc=com",
        "private-addresses": true, "auth": bind,
    });
    let ldap = json!({
        "name": "ldap-simple-bind", "plugin": "ldap", "role": "target", "login": "{email}",
        "settings": { "people": "ou=people,dc=example,dc=com", "groups": "ou=groups,dc=example,dc=com" },
        "connections": { "directory": directory },
    });
    let header = json!({ "scheme": "header", "name": "x-api-key", "prefix": "k " });
    let bearer = json!({ "scheme": "bearer" });
    vec![
        rogue(json!({ "scheme": "basic", "user": "svc" }), "password", "cAnary basic/pass+word=1\"2 x"),
        rogue(bearer.clone(), "token", "cAnary.bearer/token+7f3a=9c51"),
        rogue(header, "value", "cAnary:header/value+51c9"),
        rogue(client(false), "client-secret", "cAnary!client/secret+of&oauth=1"),
        rogue(client(true), "client-secret", "cAnary!client/secret+in&body=2"),
        rogue(assertion, "private-key", &private_key()),
        http("scim", json!({ "visible-after-s": 0 }), bearer, "token", "cAnary~scim/token+51c9=7f3a"),
        Canary { system: ldap, connection: "directory", field: "password", secret: "cAnary bind/pass+word=3".into() },
    ]
}

/// RFC 6749 section 2.3.1 has a client's secret encoded as in a form.
fn in_a_form(secret: &str) -> String {
    let mut text = secret.to_owned();
    for (char, code) in [('/', "%2F"), ('!', "%21"), ('+', "%2B"), ('&', "%26"), ('=', "%3D")] {
        text = text.replace(char, code);
    }
    text
}

/// All that nobody may find: also the form in which it travels, and a key's lines one by one.
fn secrets(canaries: &[Canary], token: &str) -> Vec<String> {
    let mut secrets = vec![TOKEN_OF_THE_ENDPOINT.to_owned(), SIGNING_KEY.to_owned(), token.to_owned()];
    for Canary { field, secret, .. } in canaries {
        match *field {
            "private-key" => secrets.extend(secret.lines().filter(|line| line.len() > 20).map(str::to_owned)),
            "client-secret" => secrets.extend([secret.clone(), in_a_form(secret)]),
            "password" => secrets.extend([secret.clone(), STANDARD.encode(format!("svc:{secret}"))]),
            _ => secrets.push(secret.clone()),
        }
    }
    secrets.retain(|secret| !secret.contains("-----"));
    secrets
}

/// Puts everything under governance, the rogue in one of its modes.
fn govern(interface: &Interface, canaries: &mut [Canary], mode: &str) {
    for canary in canaries.iter_mut().filter(|canary| canary.plugin() == "rogue") {
        canary.system["settings"] = json!({ "mode": mode });
        interface.put_system(&canary.system);
    }
}

#[test]
fn no_secret_lies_anywhere_on_sqlite() {
    no_secret_lies_anywhere(Database::Sqlite);
}

#[test]
fn no_secret_lies_anywhere_on_postgres() {
    let Some(database) = Database::postgres() else { return };
    no_secret_lies_anywhere(database);
}

fn no_secret_lies_anywhere(database: Database) {
    let echo = Echo::start(TOKEN_OF_THE_ENDPOINT);
    let heard = || {
        let mut heard = Places::default();
        heard.add("the server", echo.heard());
        heard
    };
    let reeve = Reeve::new(database);
    install_rogue(&reeve);
    let interface = Interface::start(&reeve);
    let mut canaries = canaries(&echo);
    let secrets = secrets(&canaries, &interface.token);
    let secrets = || secrets.iter().map(String::as_str);
    let mut places = Places::default();

    for canary in &canaries {
        let Canary { connection, field, secret, .. } = canary;
        interface.put_system(&canary.system);
        let path = format!("/v1/systems/{}/secrets/{connection}/{field}", canary.name());
        // Also what comes of it when it is repeated, and when it is wrong.
        for body in [json!({ "value": secret }), json!({ "value": secret }), json!({ "value": [secret] })] {
            let answer = interface.ask("PUT", &path, &format!("idempotency-key: {}\r\n", canary.name()), &body);
            places.add(format!("{path} -> {}", answer.status), answer.head + &answer.body);
        }
    }
    let key = json!({ "value": SIGNING_KEY });
    interface.accepted("PUT", "/v1/systems/hr/secrets/webhook/signing-key", "", &key);

    // Everybody has an account at every rogue, and leaves: each is asked to change something, and sends along what the
    // server told it of the credentials.
    let people = crowd(3, "Finance");
    reeve.hr(&people);
    govern(&interface, &mut canaries, &format!("as a1 {}", people[0].email()));
    interface.sync();
    reeve.hr(&[people[0].clone().left(), people[1].clone(), people[2].clone()]);
    interface.sync();
    let planned = interface.accepted("POST", "/v1/plans", "", &json!({})).json();
    assert_eq!(planned["operations"], 6, "{planned:#}");
    interface.accepted("POST", &format!("/v1/plans/{}/approval", planned["hash"].as_str().unwrap()), "", &json!({}));
    let rogues = canaries.iter().filter(|canary| canary.plugin() == "rogue" && canary.field != "private-key");
    let used: Vec<_> = rogues
        .map(|canary| match canary.field {
            "client-secret" => in_a_form(&canary.secret),
            _ => canary.secret.clone(),
        })
        .collect();
    until("every rogue signs in, and the endpoint's token is used", || {
        let heard = heard();
        let sent = |secret: &str| !heard.find([secret]).is_empty();
        (used.iter().all(|secret| sent(secret)) && sent(&format!("Bearer {TOKEN_OF_THE_ENDPOINT}"))).then_some(())
    });

    // What they were told, they try to leave behind.
    for mode in ["leak-in-a-name", "leak-in-a-failure", "leak-in-a-log", "leak-in-a-warning"] {
        govern(&interface, &mut canaries, mode);
        let run = interface.sync();
        let doubted = run["read"].as_array().unwrap().iter().any(|read| read["doubt"].is_string());
        assert!(doubted || mode == "leak-in-a-warning", "{mode}: {run:#}");
        assert_eq!(run["state"], if doubted { "failed" } else { "done" }, "{mode}: {run:#}");
    }
    for canary in &canaries {
        let path = format!("/v1/systems/{}/check", canary.name());
        let answer = interface.ask("POST", &path, "", &Value::Null);
        places.add(format!("{path} -> {}", answer.status), answer.head + &answer.body);
    }
    for command in [&["system", "check", "scim-bearer"][..], &["log", "show", "--limit", "1000"], &["secret", "list"]] {
        reeve.run(command.iter().copied());
    }
    let log = reeve.export_and_verify(&[]);
    let answers = interface.read_everything();
    let read = answers.iter().filter(|(_, answer)| answer.status == 200).count();
    assert!(read > answers.len() / 2 && read > 40, "{read} of {}", answers.len());
    for (path, answer) in answers {
        places.add(format!("{path} -> {}", answer.status), answer.head + &answer.body);
    }
    places.add("what the server said", interface.end());
    places.add("what commands said", reeve.transcript());
    places.add_folder(&reeve.home());
    places.add_folder(&log);
    places.add_database(&reeve);

    // The search finds what lies there, and the secrets were in use.
    let known = places.naming("crowd01");
    for place in ["identity.body", "log_entry.entry", "/v1/identities"] {
        assert!(known.iter().any(|name| name.contains(place)), "{place}: {known:?}");
    }
    assert!(places.naming("/staff/a1").contains("journal.bytes"));
    let heard = heard();
    for Canary { system, secret, .. } in canaries.iter().filter(|canary| canary.field != "private-key") {
        assert!(!heard.find([secret.as_str(), &in_a_form(secret)]).is_empty(), "{} was never used", system["name"]);
    }
    assert!(heard.naming("assertion=").len() == 1, "the private key was never used");

    assert_eq!(places.find(secrets()), [].into());
    let count = query(&reeve.database_url(), "SELECT count(*) FROM secret").first().map(|row| row.get::<i64, _>(0));
    assert_eq!(count, Some(i64::try_from(canaries.len() + 1).unwrap()), "and they are kept, sealed");
}
