//! One request to the server, and what its refusal means. SCIM's own error codes (RFC 7644 section 3.12) say more than
//! the status of HTTP; where they don't, the SDK's reading of the status holds.

use reeve_sdk::http::{Request, Response};
use reeve_sdk::json::Doc;
use reeve_sdk::prelude::*;
use serde_json::Value as Json;

pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const SCIM_JSON: &str = "application/scim+json";
/// The longest piece of the server's own words that goes into a failure, in characters.
const DETAIL_CHARS_MAX: usize = 300;

/// An answer of any status.
pub fn send(request: Request) -> Result<Response, Failure> {
    request.header("accept", "application/scim+json, application/json").send()
}

/// The JSON of a successful answer to a read.
pub fn document(answer: Response) -> Result<Doc, Failure> {
    if answer.is_success() { answer.json() } else { Err(refusal(&answer)) }
}

pub fn read(request: Request) -> Result<Doc, Failure> {
    document(send(request)?)
}

/// A resource by its id; none if the server says that there is none. An HTML page that says so is somebody else's: a
/// proxy, or a wrong base URL.
pub fn find(path: &str, id: &str) -> Result<Option<Doc>, Failure> {
    let answer = send(Request::get(crate::API, path).segment(id))?;
    if !matches!(answer.status(), 404 | 410) {
        let doc = document(answer)?;
        let found = doc.root().get("id")?.string()?;
        if found != id {
            return Err(Failure::protocol(format!("asked for {path}/{id}, the target answered with {found:?}")));
        }
        return Ok(Some(doc));
    }
    if answer.body().trim_ascii().is_empty() || answer.error_json().is_some() {
        return Ok(None);
    }
    Err(Failure::protocol(format!(
        "{path}/{id} answered {} with something other than JSON, so it was not SCIM that answered; is the base URL right?",
        answer.status()
    )))
}

/// Sends a change, and gives the answer if it is a success.
pub fn write(request: Request, body: &Json) -> Result<Response, Failure> {
    accepted(send_body(request, body)?)
}

/// Sends a change, and gives an answer of any status.
pub fn send_body(request: Request, body: &Json) -> Result<Response, Failure> {
    send(request.header("content-type", SCIM_JSON).json(body))
}

pub fn accepted(answer: Response) -> Result<Response, Failure> {
    if answer.is_success() { Ok(answer) } else { Err(refusal(&answer)) }
}

/// The version of a resource as the server wants it back in `If-Match`.
pub fn version(resource: &Json) -> Option<&str> {
    resource.pointer("/meta/version")?.as_str().filter(|version| !version.is_empty())
}

/// A success whose request id the target's support desk will ask for.
pub fn done(answer: &Response) -> Outcome {
    let id = ["x-request-id", "request-id", "x-correlation-id"].iter().find_map(|name| answer.header(name));
    Outcome::done().request_id(id)
}

/// SCIM's word for what is wrong, such as `uniqueness`.
pub fn scim_type(answer: &Response) -> Option<String> {
    Some(answer.error_json()?.get("scimType")?.as_str()?.to_owned())
}

fn refusal(answer: &Response) -> Failure {
    let said = || {
        let detail = answer.error_json().and_then(|body| Some(body.get("detail")?.as_str()?.to_owned()));
        let detail: String =
            detail.unwrap_or_default().chars().filter(|c| !c.is_control()).take(DETAIL_CHARS_MAX).collect();
        format!("the target answered {}: {detail}", answer.status())
    };
    // Codes belong to refusals of the request; a server's own fault may come after the work was done.
    if !(400..500).contains(&answer.status()) {
        return answer.failure();
    }
    match scim_type(answer).as_deref() {
        Some("uniqueness") => Failure::conflict(said()),
        Some("expiredCursor" | "invalidCursor") => Failure::CursorExpired,
        Some("invalidFilter") => Failure::unsupported(format!("this search; {}", said())),
        Some("tooMany") => Failure::refused(format!("{}; a smaller `page-size` may help", said())),
        Some("invalidVers") => Failure::protocol(said()),
        _ => answer.failure(),
    }
}
