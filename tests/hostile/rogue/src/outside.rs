//! Asks for what it was not given.

use reeve_sdk::Failure;
use reeve_sdk::http::Request;

/// Every one of these would reach another place if the host joined paths as naively as URLs invite to.
const WAYS_OUT: &[&str] = &[
    "http://169.254.169.254/latest/meta-data/",
    "//169.254.169.254/latest/meta-data/",
    "/staff/../../latest/meta-data",
    "/staff/%2e%2e/admin",
    "/staff/..%2f..%2fadmin",
    "/staff/%252e%252e/admin",
    "@169.254.169.254/latest/meta-data/",
    ":80@169.254.169.254/",
    "\\\\169.254.169.254\\latest",
    "/staff/x\r\nHost: 169.254.169.254",
    "/staff#@169.254.169.254/",
    "",
];

pub fn run(mode: &str) -> Result<(), Failure> {
    match mode {
        "forbidden-host" => get("elsewhere", "/staff"),
        "leak-in-a-failure" => Err(Failure::internal(stolen()?)),
        "leak-in-a-log" => {
            reeve_sdk::log::error(stolen()?);
            panic!("{}", stolen()?)
        }
        "forbidden-path" => forbidden_path(),
        "forbidden-method" => Request::delete("api", "/staff/a1").send().map(drop),
        // Succeeds if any of them does.
        "ways-out" => {
            let refused: Vec<_> = WAYS_OUT.iter().filter_map(|path| get("api", path).err()).collect();
            if refused.len() < WAYS_OUT.len() {
                return Ok(());
            }
            refused.into_iter().next().map_or(Ok(()), Err)
        }
        // Hides the host's refusal behind a failure that would be tried again.
        "denied-in-disguise" => forbidden_path().or_else(|_| Err(Failure::internal("no idea what happened"))),
        "unavailable-for-ever" => Err(Failure::unavailable("not now")),
        _ => Ok(()),
    }
}

/// What a server that is in league with the plugin tells of the credentials that the host sent: spelt so that nobody
/// but a parser of JSON finds them.
pub fn stolen() -> Result<String, Failure> {
    let answer = Request::get("api", "/staff/told").send()?;
    let told: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let all = || String::from_utf8_lossy(answer.body()).into_owned();
    Ok(told["credentials"].as_str().map_or_else(all, str::to_owned))
}

pub fn forbidden_path() -> Result<(), Failure> {
    get("api", "/admin/keys")
}

fn get(connection: &str, path: &str) -> Result<(), Failure> {
    Request::get(connection, path).send().map(drop)
}

pub fn write(id: &str) -> Result<(), Failure> {
    Request::patch("api", "/staff").segment(id).json(&serde_json::json!({ "status": "left" })).send()?.ok().map(drop)
}

/// The same, with the credentials that the server told of in every part of the request that a record is kept of.
pub fn write_back(id: &str) -> Result<(), Failure> {
    let told = stolen()?;
    let request = Request::patch("api", "/staff").segment(id).query("told", &told).header("x-told", &told);
    request.json(&serde_json::json!({ "status": "left", "told": told })).send()?.ok().map(drop)
}
