use super::openssl::Key;
use super::peer::{Got, Peer, Reply, reply};
use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use reeve_core::inventory::JwtAlgorithm;
use reqwest::Url;

const ISSUER: &str = "3MVG9.client";
const SUBJECT: &str = "reeve@example.com";
const AUDIENCE: &str = "https://login.example.com";
/// What Salesforce lets an assertion live at most, in seconds.
const LIFE_MAX: i64 = 180;

fn is_token_request(got: &Got) -> bool {
    got.line == "POST /oauth/token HTTP/1.1"
}

fn auth(peer: &Peer, algorithm: JwtAlgorithm) -> HttpAuth {
    HttpAuth::OAuth2JwtBearer {
        token_url: format!("{}/oauth/token", peer.url()),
        issuer: ISSUER.to_owned(),
        subject: SUBJECT.to_owned(),
        audience: AUDIENCE.to_owned(),
        scope: Some("api web".to_owned()),
        algorithm,
    }
}

fn bound(peer: &Peer, key: &str, algorithm: JwtAlgorithm) -> (World, Outside) {
    let world = World::new();
    world.sealed.set("api", "private-key", key);
    let outside = world.bind_auth(&loopback(peer.port), auth(peer, algorithm)).unwrap();
    (world, outside)
}

fn form(got: &Got) -> BTreeMap<String, String> {
    let body = String::from_utf8(got.body.clone()).unwrap();
    let url = Url::parse(&format!("http://form/?{body}")).unwrap();
    url.query_pairs().into_owned().collect()
}

fn part(jwt: &str, number: usize) -> serde_json::Value {
    let bytes = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(number).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Takes an assertion as RFC 7523 section 3 says it must be taken, or says what is wrong with it.
fn judge(key: &Key, algorithm: &str, got: &Got) -> Result<(), String> {
    let form = form(got);
    let assertion = form.get("assertion").ok_or("no assertion")?;
    let (head, claims) = (part(assertion, 0), part(assertion, 1));
    let now = Timestamp::now().as_second();
    let time = |name: &str| claims[name].as_i64().ok_or(format!("{claims}: no {name}"));
    let checks = [
        (form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer", "grant_type"),
        (form["scope"] == "api web" && claims["scope"] == "api web", "scope"),
        (head["alg"] == algorithm && head["typ"] == "JWT", "header"),
        (claims["iss"] == ISSUER && claims["sub"] == SUBJECT && claims["aud"] == AUDIENCE, "names"),
        (time("exp")? > now + 60 && time("exp")? <= now + LIFE_MAX, "exp"),
        (time("exp")? - time("iat")? <= LIFE_MAX, "life"),
        (time("iat")? <= now - 30, "iat: a clock that is behind would take it for one from the future"),
        (claims["jti"].as_str().is_some_and(|id| id.len() >= 16), "jti"),
        (key.signed(assertion, algorithm), "signature"),
        (got.header("authorization").is_none(), "a header that is not asked for"),
    ];
    checks.into_iter().find(|(good, _)| !good).map_or(Ok(()), |(_, what)| Err(format!("{what}: {claims}")))
}

/// Answers token requests by their number, and takes a token as long as `accepts` says so.
async fn target(
    tokens: impl Fn(&Got, usize) -> Reply + Send + Sync + 'static,
    accepts: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> Peer {
    let asked = Mutex::new(0);
    Peer::start(move |got, _| {
        if is_token_request(got) {
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            return tokens(got, *asked);
        }
        let good = got.header("authorization").is_some_and(&accepts);
        reply(if good { 200 } else { 401 }, "", "{}")
    })
    .await
}

/// As Salesforce answers: no `expires_in`, and where the data is.
fn issued(got: &Got, number: usize) -> Reply {
    let host = got.header("host").unwrap();
    let body = format!(
        "{{\"access_token\":\"token-of-sixteen-bytes-{number}\",\"scope\":\"api web\",\"instance_url\":\"http://{host}\",\
         \"id\":\"http://{host}/id/00D/005\",\"token_type\":\"Bearer\"}}"
    );
    reply(200, "", body)
}

#[tokio::test]
async fn an_assertion_is_signed_as_another_library_checks_it() {
    let kinds = [
        (JwtAlgorithm::RS256, "RS256", Key::rsa(2048)),
        (JwtAlgorithm::RS256, "RS256", Key::new(&["-algorithm", "RSA"], &["-traditional"])),
        (JwtAlgorithm::PS256, "PS256", Key::rsa(3072)),
        (JwtAlgorithm::ES256, "ES256", Key::ec("P-256", &[])),
    ];
    for (algorithm, name, key) in kinds {
        let pem = key.pem.clone();
        let endpoint = move |got: &Got, number| match judge(&key, name, got) {
            Ok(()) => issued(got, number),
            Err(why) => reply(400, "", format!("{{\"error\":\"{why}\"}}")),
        };
        let peer = target(endpoint, |sent| sent == "Bearer token-of-sixteen-bytes-1").await;
        let (_world, outside) = bound(&peer, &pem, algorithm);
        let (mut one, mut two) = (Spent::new(), Spent::new());
        let (one, two) = tokio::join!(outside.http(&mut one, get("/Users")), outside.http(&mut two, get("/Users")));
        assert_eq!((one.unwrap().status, two.unwrap().status), (200, 200), "{name}");
        assert_eq!(peer.got().into_iter().filter(is_token_request).count(), 1, "two calls at once share a token");
    }
}

#[tokio::test]
async fn every_token_is_asked_for_with_another_assertion_and_once_a_request() {
    let peer = target(issued, |sent| !sent.ends_with("-1")).await;
    let key = Key::rsa(2048);
    let (_world, outside) = bound(&peer, &key.pem, JwtAlgorithm::RS256);
    assert_eq!(outside.http(&mut Spent::new(), get("/Users")).await.unwrap().status, 401, "a token just fetched");
    assert_eq!(outside.http(&mut Spent::new(), get("/Users")).await.unwrap().status, 200, "one that may have ended");
    let lines: Vec<bool> = peer.got().iter().map(is_token_request).collect();
    assert_eq!(lines, [true, false, false, true, false]);
    let assertions = peer.got().into_iter().filter(is_token_request).map(|got| form(&got)["assertion"].clone());
    let ids: std::collections::BTreeSet<_> = assertions.map(|jwt| part(&jwt, 1)["jti"].to_string()).collect();
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn a_refused_assertion_is_explained_without_key_and_assertion() {
    let key = Key::rsa(2048);
    let line = key.pem.lines().nth(3).unwrap().to_owned();
    let refuse = |code: &'static str, headers: &'static str| {
        move |got: &Got, _| {
            let echo = form(got)["assertion"].clone();
            reply(400, headers, format!("{{\"error\":\"{code}\",\"error_description\":\"{echo}\"}}"))
        }
    };
    let ahead = "date: Tue, 01 Jan 2019 00:00:00 GMT\r\n";
    let behind = "date: Fri, 01 Jan 2100 00:00:00 GMT\r\n";
    for (code, headers, texts) in [
        ("invalid_grant", "", ["`audience`", "crm/api/private-key"]),
        ("invalid_client", "", ["`issuer`", "crm/api/private-key"]),
        ("unsupported_grant_type", "", ["`token-url`", "unsupported_grant_type"]),
        ("invalid_grant", ahead, ["s ahead of the endpoint's", "NTP"]),
        ("invalid_grant", behind, ["s behind the endpoint's", "NTP"]),
    ] {
        let peer = target(refuse(code, headers), |_| true).await;
        let (_world, outside) = bound(&peer, &key.pem, JwtAlgorithm::RS256);
        let mut spent = Spent::new();
        let fault = format!("{:?}", outside.http(&mut spent, get("/Users")).await.unwrap_err());
        assert!(fault.starts_with("AuthFailed") && texts.iter().all(|text| fault.contains(text)), "{fault}");
        assert_eq!(fault.contains("clock"), !headers.is_empty(), "{fault}");
        let journal = String::from_utf8(spent.journal().bytes()).unwrap();
        let assertion = form(&peer.got()[0])["assertion"].clone();
        let signature = assertion.rsplit('.').next().unwrap().to_owned();
        for secret in [&line, &assertion, &signature] {
            assert!(!fault.contains(secret.as_str()) && !journal.contains(secret.as_str()), "{fault}: {journal}");
        }
    }
}

#[tokio::test]
async fn what_a_target_echoes_of_a_sign_in_does_not_reach_the_plugin() {
    let sent = Arc::new(Mutex::new(String::new()));
    let echo = sent.clone();
    let peer = Peer::start(move |got, _| {
        if is_token_request(got) {
            *echo.lock().unwrap() = form(got)["assertion"].clone();
            return issued(got, 1);
        }
        let body = format!("{} {}", got.header("authorization").unwrap(), echo.lock().unwrap());
        reply(200, "", body)
    })
    .await;
    let (_world, outside) = bound(&peer, &Key::rsa(2048).pem, JwtAlgorithm::RS256);
    let mut spent = Spent::new();
    let answer = outside.http(&mut spent, get("/Users")).await.unwrap();
    assert_eq!(String::from_utf8(answer.body).unwrap(), "Bearer [secret] [secret]");
    let journal = String::from_utf8(spent.journal().bytes()).unwrap();
    assert!(!journal.contains("token-of-sixteen-bytes") && !journal.contains(sent.lock().unwrap().as_str()));
}

#[tokio::test]
async fn a_token_for_another_place_is_not_used() {
    for (url, texts) in [
        ("https://acme.my.example.com", ["set `base-url = \"https://acme.my.example.com\"`", "the token was not used"]),
        ("not a url", ["`instance_url`", "not the URL of a server"]),
    ] {
        let body = format!("{{\"access_token\":\"token-of-sixteen-bytes\",\"instance_url\":\"{url}\"}}");
        let peer = target(move |_, _| reply(200, "", &body), |_| true).await;
        let (_world, outside) = bound(&peer, &Key::rsa(2048).pem, JwtAlgorithm::RS256);
        let fault = format!("{:?}", outside.http(&mut Spent::new(), get("/Users")).await.unwrap_err());
        let fault = fault.replace("\\\"", "\"");
        assert!(fault.starts_with("AuthFailed") && texts.iter().all(|text| fault.contains(text)), "{fault}");
        assert!(peer.got().iter().all(is_token_request), "the target was sent the token");
    }
}

#[tokio::test]
async fn what_is_no_key_is_refused_before_it_is_used_and_when_it_is() {
    let rsa = Key::rsa(2048);
    let encrypted = Key::new(&["-algorithm", "RSA"], &["-aes256", "-passout", "pass:x"]);
    let cut = rsa.pem[..rsa.pem.len() / 2].to_owned();
    for (text, algorithm, why) in [
        (CANARY.to_owned(), JwtAlgorithm::RS256, "no private key in PEM"),
        (cut, JwtAlgorithm::RS256, "damaged"),
        (rsa.public_pem(), JwtAlgorithm::RS256, "a public key"),
        (encrypted.pem, JwtAlgorithm::RS256, "under a passphrase"),
        (Key::rsa(1024).pem, JwtAlgorithm::RS256, "2048 to 4096 bits"),
        (Key::ec("P-256", &[]).pem, JwtAlgorithm::RS256, "needs an RSA key"),
        (rsa.pem.clone(), JwtAlgorithm::ES256, "on the curve P-256"),
        (Key::ec("P-384", &[]).pem, JwtAlgorithm::ES256, "on the curve P-256"),
        (Key::ec("P-256", &["-traditional"]).pem, JwtAlgorithm::ES256, "SEC 1"),
    ] {
        let peer = target(issued, |_| true).await;
        let (_world, outside) = bound(&peer, &text, algorithm);
        let connection = system(&format!("[connections.api]\nkind = \"http\"\n{}", loopback(peer.port)));
        let Some(Connection::Http(http)) = connection.connections.get("api") else { panic!() };
        let http = reeve_core::inventory::HttpConnection { auth: auth(&peer, algorithm), ..http.clone() };
        let said = check_secret(&Connection::Http(http), &text.as_str().into()).expect_err(why);
        let fault = format!("{:?}", outside.http(&mut Spent::new(), get("/Users")).await.unwrap_err());
        for text_of in [&said, &fault] {
            assert!(text_of.contains(why) && !text_of.contains(CANARY), "{why}: {text_of}");
        }
        assert!(fault.starts_with("AuthFailed") && peer.got().is_empty(), "{fault}");
    }
}

#[tokio::test]
async fn every_claim_says_something() {
    let peer = target(issued, |_| true).await;
    let HttpAuth::OAuth2JwtBearer { token_url, issuer, audience, scope, algorithm, .. } =
        auth(&peer, JwtAlgorithm::RS256)
    else {
        panic!()
    };
    let empty = HttpAuth::OAuth2JwtBearer { token_url, issuer, subject: " ".to_owned(), audience, scope, algorithm };
    let faults = World::new().bind_auth(&loopback(peer.port), empty).unwrap_err();
    assert!(faults[0].contains("`subject`"), "{faults:?}");
}
