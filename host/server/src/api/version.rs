//! Versions of things that two people may write: an `ETag` with each, and a change only of the version that was read.

use super::problem::{Kind, Problem};
use axum::http::{HeaderMap, HeaderValue, header};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The version of a value, as an `ETag`.
pub fn tag<T: Serialize>(value: &T) -> Result<HeaderValue, Problem> {
    let digest = hex::encode(Sha256::digest(serde_json::to_vec(value)?));
    let tag = format!("\"{}\"", digest.get(..32).unwrap_or(&digest));
    HeaderValue::from_str(&tag).map_err(|error| Problem::new(Kind::Fault, error.to_string()))
}

/// Whether the request may change what is there now. Making something new needs `If-None-Match: *`, changing what is there
/// needs its version in `If-Match`.
pub fn check<T: Serialize>(headers: &HeaderMap, present: Option<&T>, what: &str) -> Result<(), Problem> {
    let sent = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let changed = |why: String| Err(Problem::new(Kind::Changed, why));
    match (sent(header::IF_MATCH), sent(header::IF_NONE_MATCH), present) {
        (None, None, _) => Err(Problem::new(
            Kind::VersionNeeded,
            format!("send `If-Match` with the ETag of {what}, or `If-None-Match: *` to make it new"),
        )),
        (_, Some("*"), Some(_)) => changed(format!("{what} is there already")),
        (None, Some("*"), None) => Ok(()),
        (None, Some(_), _) => Err(Problem::bad("`If-None-Match` can only be `*` in a change")),
        (Some(_), _, None) => changed(format!("{what} is not there, or not any more")),
        (Some(version), _, Some(present)) => {
            let now = tag(present)?;
            let same = version.split(',').any(|one| one.trim().as_bytes() == now.as_bytes());
            if same { Ok(()) } else { changed(format!("{what} was changed since it was read")) }
        }
    }
}
