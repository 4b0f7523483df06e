//! The way of an HTTP request out of the host: one base URL, one client, addresses that were checked, bounded time and
//! size. It knows neither plugins nor credentials.

use super::address::{AddressRefused, AddressRule, ResolveError};
use super::headers::within_limits;
use super::wire::HttpFault;
use super::{Patience, tls};
use crate::package::parse::path_fault;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Client, Method, Url};
use std::error::Error;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

/// How long a connection waits for its next request; most targets keep one open longer.
const IDLE_MAX: Duration = Duration::from_secs(4);
/// An error text from below, in bytes.
const REASON_BYTES_MAX: usize = 500;

/// A base URL and the client that goes there and nowhere else.
pub(super) struct Way {
    base: Url,
    /// The path of the base URL without its last `/`.
    prefix: String,
    client: Client,
    patience: Patience,
}

/// An answer as it came, within the limits.
#[derive(Debug)]
pub(super) struct Arrived {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Way {
    /// `field` is the name of the URL in the system file.
    pub(super) fn new(
        field: &str,
        url: &str,
        tls_roots: Option<&Path>,
        private: bool,
        patience: Patience,
    ) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{field} = {url:?}` {why}");
        let base = Url::parse(url).map_err(|error| wrong(&format!("is not a URL: {error}")))?;
        let plain = match base.scheme() {
            "https" => false,
            "http" if private => true,
            "http" => {
                return Err(wrong(
                    "goes without TLS. Use https; http is for this machine only, with `private-addresses = true`",
                ));
            }
            _ => return Err(wrong("must start with https://")),
        };
        if !base.username().is_empty() || base.password().is_some() {
            return Err(format!(
                "`{field}` carries a user or password; set them under [auth] and with `reeve secret set`"
            ));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(wrong("may have no query and no fragment"));
        }
        if base.path() != "/"
            && let Some(fault) = path_fault(base.path())
        {
            return Err(wrong(&format!("has a path that can't be used: {fault}")));
        }
        let rule = AddressRule { private, loopback_only: plain };
        let host = base.host_str().unwrap_or_default();
        // An address in whatever spelling is plain by now, and never gets to the resolver.
        if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            rule.check(host, address).map_err(|refused| wrong(&format!("is not allowed: {refused}")))?;
        }
        let tls = if plain { tls::none() } else { tls::config(tls_roots) }?;
        let client = client(rule, tls, patience)?;
        let prefix = base.path().trim_end_matches('/').to_owned();
        Ok(Self { base, prefix, client, patience })
    }

    /// The URL of a path and query below the base. The path was checked; the URL must say the same.
    pub(super) fn url(&self, path: &str, query: Option<&str>) -> Result<Url, String> {
        let whole = format!("{}{path}", self.prefix);
        let mut url = self.base.clone();
        url.set_path(&whole);
        url.set_query(query);
        if url.path() != whole || url.origin() != self.base.origin() {
            return Err(format!("the path {path:?} does not stay as it is in a URL; percent-encode it"));
        }
        Ok(url)
    }

    /// The base URL itself.
    pub(super) fn base(&self) -> Url {
        self.base.clone()
    }

    /// Sends a request and reads the answer, of which at most `body_max` bytes of body are taken.
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Option<Vec<u8>>,
        body_max: u64,
    ) -> Result<Arrived, HttpFault> {
        let mut request = reqwest::Request::new(method, url);
        *request.headers_mut() = headers;
        *request.body_mut() = body.map(Into::into);
        let answer = async {
            let response = self.client.execute(request).await.map_err(fault)?;
            read(response, body_max).await
        };
        tokio::time::timeout(self.patience.request, answer).await.unwrap_or_else(|_| {
            Err(HttpFault::AnswerLost(format!(
                "there was no complete answer within {} s",
                self.patience.request.as_secs_f32()
            )))
        })
    }
}

fn client(rule: AddressRule, mut tls: rustls::ClientConfig, patience: Patience) -> Result<Client, String> {
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let agent = HeaderValue::from_static(concat!("reeve/", env!("CARGO_PKG_VERSION")));
    Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(CheckedResolver(rule))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .gzip(true)
        .connect_timeout(patience.connect)
        .pool_idle_timeout(IDLE_MAX)
        .default_headers(HeaderMap::from_iter([(USER_AGENT, agent)]))
        .build()
        .map_err(|error| format!("the HTTP client can't be made: {}", reason(&error)))
}

/// Resolves and checks in one step, so that the client connects to what was checked.
struct CheckedResolver(AddressRule);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rule = self.0;
        Box::pin(async move {
            // Port 0 is replaced by the URL's.
            match rule.resolve(name.as_str(), 0).await {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                Err(ResolveError::Refused(refused)) => Err(refused.into()),
                Err(ResolveError::NotFound(why)) => Err(why.into()),
            }
        })
    }
}

async fn read(mut response: reqwest::Response, body_max: u64) -> Result<Arrived, HttpFault> {
    let headers = std::mem::take(response.headers_mut());
    within_limits(headers.iter().map(|(name, value)| name.as_str().len() + value.len()))?;
    // What the client unpacked no longer says so.
    if let Some(coding) = headers.get(CONTENT_ENCODING).filter(|coding| *coding != "identity") {
        let coding = String::from_utf8_lossy(coding.as_bytes()).chars().take(64).collect::<String>();
        return Err(HttpFault::Protocol(format!("the answer is packed as {coding:?}, and only gzip was asked for")));
    }
    let mut body = Vec::new();
    // Decompressed piece by piece, so that a small answer can't become a large one in memory.
    while let Some(chunk) = response.chunk().await.map_err(fault)? {
        if body.len() as u64 + chunk.len() as u64 > body_max {
            return Err(HttpFault::TooLarge(body_max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Arrived { status: response.status().as_u16(), headers, body })
}

/// Nothing sent is one thing; everything after that is another.
fn fault(error: reqwest::Error) -> HttpFault {
    let reason = reason(&error);
    if sources(&error).any(|source| source.is::<AddressRefused>()) {
        return HttpFault::Denied(reason);
    }
    if error.is_connect() || error.is_builder() {
        return HttpFault::Unreachable(reason);
    }
    // The type is private to the client; only its name tells what it is.
    if !error.is_decode() && sources(&error).any(|source| format!("{source:?}").starts_with("hyper::Error(Parse(")) {
        return HttpFault::Protocol(format!("the answer is not HTTP: {reason}"));
    }
    HttpFault::AnswerLost(reason)
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// The innermost two causes, which say what happened; the outer ones name the URL and the library's layers.
fn reason(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = sources(error).skip(1).map(ToString::to_string).collect();
    texts.dedup();
    let start = texts.len().saturating_sub(2);
    let mut reason = texts.get(start..).unwrap_or_default().join(": ");
    if reason.is_empty() {
        reason = "the request failed".to_owned();
    }
    reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
    reason
}
