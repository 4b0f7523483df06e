//! Which headers pass between a plugin and a target, in either direction.
//!
//! Credentials, cookies and everything that concerns the connection itself are the host's. So are headers by which some
//! servers take another method, path or origin than the request line says: they would walk around the manifest.

use super::wire::HttpFault;
use crate::limits::*;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// Never passed on, in neither direction.
const HELD_BACK: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "proxy-authenticate",
    "proxy-authentication-info",
    "authentication-info",
    "cookie",
    "cookie2",
    "set-cookie",
    "set-cookie2",
    // RFC 9110 section 7.6.1: these end at the next hop.
    "connection",
    "proxy-connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "content-encoding",
];

/// Not taken from a plugin.
const NOT_FROM_A_PLUGIN: &[&str] = &[
    "host",
    "expect",
    "via",
    "forwarded",
    "accept-encoding",
    "user-agent",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "x-original-host",
    "x-real-ip",
    "x-host",
];
const NOT_FROM_A_PLUGIN_PREFIXES: &[&str] = &["x-forwarded-", "proxy-", "sec-"];

/// Whether headers of these sizes, either way, are neither too many nor too large.
pub(super) fn within_limits(sizes: impl Iterator<Item = usize>) -> Result<(), HttpFault> {
    let (number, bytes) = sizes.fold((0_usize, 0_usize), |(number, bytes), size| (number + 1, bytes + size));
    if number > HTTP_HEADERS_MAX || bytes > HTTP_HEADER_BYTES_MAX {
        return Err(HttpFault::TooLarge(HTTP_HEADER_BYTES_MAX as u64));
    }
    Ok(())
}

/// The headers of a plugin's request without those that are the host's. `own` is the one that the connection's
/// credentials travel in.
pub(super) fn from_plugin(headers: &[(String, String)], own: Option<&HeaderName>) -> Result<HeaderMap, HttpFault> {
    within_limits(headers.iter().map(|(name, value)| name.len() + value.len()))?;
    let mut out = HeaderMap::new();
    for (name, value) in headers {
        let wrong =
            |why| HttpFault::Denied(format!("the header {:?} {why}", name.chars().take(64).collect::<String>()));
        let parsed =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("has a name that no header can have"))?;
        // Servers behind a CGI-like interface take `_` and `-` for the same.
        let plain = parsed.as_str().replace('_', "-");
        let is_own = own.is_some_and(|own| own.as_str().replace('_', "-") == plain);
        let held = HELD_BACK.contains(&plain.as_str())
            || NOT_FROM_A_PLUGIN.contains(&plain.as_str())
            || NOT_FROM_A_PLUGIN_PREFIXES.iter().any(|prefix| plain.starts_with(prefix));
        if is_own || held {
            continue;
        }
        let value =
            HeaderValue::from_str(value).map_err(|_| wrong("has a value with control or non-ASCII characters"))?;
        out.append(parsed, value);
    }
    Ok(out)
}

/// The headers of an answer that a plugin may see.
pub(super) fn to_plugin(headers: &HeaderMap, own: Option<&HeaderName>) -> Vec<(String, String)> {
    let passes = |name: &HeaderName| !HELD_BACK.contains(&name.as_str()) && Some(name) != own;
    headers
        .iter()
        .filter(|(name, _)| passes(name))
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

/// Whether an administrator may choose this header for the connection's credentials.
pub(super) fn fits_credentials(name: &HeaderName) -> bool {
    name == "authorization"
        || name == "cookie"
        || (!HELD_BACK.contains(&name.as_str()) && !NOT_FROM_A_PLUGIN.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(names: &[&str], own: Option<&str>) -> Vec<String> {
        let headers: Vec<_> = names.iter().map(|name| ((*name).to_owned(), "v".to_owned())).collect();
        let own = own.map(|own| HeaderName::from_bytes(own.as_bytes()).unwrap());
        let map = from_plugin(&headers, own.as_ref()).unwrap();
        map.keys().map(|name| name.as_str().to_owned()).collect()
    }

    #[test]
    fn a_plugin_sets_no_credentials_and_nothing_that_changes_the_request_line() {
        for name in [
            "Authorization",
            "COOKIE",
            "Proxy-Authorization",
            "Host",
            "Transfer-Encoding",
            "Content-Length",
            "Connection",
            "X-HTTP-Method-Override",
            "X_HTTP_Method_Override",
            "X-Forwarded-For",
            "x-forwarded-host",
            "X-Original-URL",
            "Accept-Encoding",
            "Expect",
            "Set-Cookie",
        ] {
            assert_eq!(passed(&[name, "accept"], None), ["accept"], "{name}");
        }
    }

    #[test]
    fn the_header_of_the_connections_credentials_is_the_hosts_in_every_spelling() {
        for name in ["x-api-key", "X-API-Key", "X_Api_Key"] {
            assert!(passed(&[name], Some("x-api-key")).is_empty(), "{name}");
        }
        assert_eq!(passed(&["x-api-key-id", "if-match"], Some("x-api-key")), ["x-api-key-id", "if-match"]);
    }

    #[test]
    fn a_header_that_would_start_another_line_is_refused() {
        for (name, value) in [("x", "a\r\nhost: other"), ("x\r\nhost", "a"), ("", "a"), ("x", "a\0"), ("x y", "a")] {
            let headers = [(name.to_owned(), value.to_owned())];
            assert!(matches!(from_plugin(&headers, None), Err(HttpFault::Denied(_))), "{name:?}: {value:?}");
        }
        let many = vec![("x".to_owned(), "y".to_owned()); HTTP_HEADERS_MAX + 1];
        assert!(matches!(from_plugin(&many, None), Err(HttpFault::TooLarge(_))));
        let long = [("x".to_owned(), "y".repeat(HTTP_HEADER_BYTES_MAX))];
        assert!(matches!(from_plugin(&long, None), Err(HttpFault::TooLarge(_))));
    }
}
