//! One HTTP request of a plugin: allowed by its manifest, sent with the host's credentials, answered within limits.

use super::auth::{Credentials, Proof};
use super::egress::{Arrived, Way};
use super::rate::{Pace, hint};
use super::redact::Redactor;
use super::secrets::{Secret, Shared};
use super::spent::Spent;
use super::token::Tokens;
use super::wire::{HttpAnswer, HttpFault, HttpRequest};
use super::{Patience, headers};
use crate::limits::*;
use crate::package::parse::path_fault;
use crate::package::{Method, PathPattern};
use reeve_core::id::SystemName;
use reeve_core::inventory::HttpConnection;
use reqwest::Url;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A bound HTTP connection.
pub(super) struct HttpDoor {
    name: String,
    methods: BTreeSet<Method>,
    paths: BTreeSet<PathPattern>,
    way: Way,
    credentials: Credentials,
    pace: Option<Pace>,
    patience: Patience,
    redactor: Arc<Redactor>,
}

/// A request that passed every check.
struct Checked<'a> {
    method: Method,
    url: Url,
    headers: reqwest::header::HeaderMap,
    body: Option<&'a [u8]>,
}

impl HttpDoor {
    pub(super) fn bind(
        system: &SystemName,
        name: &str,
        reach: (&BTreeSet<Method>, &BTreeSet<PathPattern>),
        connection: &HttpConnection,
        shared: &Arc<Shared>,
        redactor: &Arc<Redactor>,
        patience: Patience,
    ) -> Result<Self, String> {
        let HttpConnection { base_url, auth, tls_roots, private_addresses, requests_per_second } = connection;
        let way = |field: &str, url: &str| Way::new(field, url, tls_roots.as_deref(), *private_addresses, patience);
        let secret = |field: &str| Secret::new(shared, redactor, system, name, field);
        let target = way("base-url", base_url)?;
        let tokens = |grant, url: &str, secret| Ok(Tokens::new(grant, way("token-url", url)?, target.base(), secret));
        let pace = match requests_per_second {
            Some(0) => return Err("`requests-per-second = 0` lets nothing through; remove the line".to_owned()),
            per_second => per_second.map(Pace::new),
        };
        Ok(Self {
            name: name.to_owned(),
            methods: reach.0.clone(),
            paths: reach.1.clone(),
            credentials: Credentials::new(auth, secret, tokens)?,
            way: target,
            pace,
            patience,
            redactor: redactor.clone(),
        })
    }

    pub(super) async fn send(&self, spent: &mut Spent, request: &HttpRequest) -> Result<HttpAnswer, HttpFault> {
        let checked = self.check(request)?;
        let mut proof = self.credentials.proof(&self.redactor).await?;
        let mut arrived = self.send_once(spent, &checked, &proof).await?;
        // A 401 says that nothing was done, so the request may be sent again with a new token: once.
        if arrived.status == 401 && self.credentials.refused(&proof).await {
            proof = self.credentials.proof(&self.redactor).await?;
            arrived = self.send_once(spent, &checked, &proof).await?;
        }
        let rate = hint(&arrived.headers, jiff::Timestamp::now());
        let mut headers = headers::to_plugin(&arrived.headers, self.credentials.header());
        for (_, value) in &mut headers {
            if let std::borrow::Cow::Owned(clean) = self.redactor.answer(value.as_bytes()) {
                *value = String::from_utf8_lossy(&clean).into_owned();
            }
        }
        let body = match self.redactor.answer(&arrived.body) {
            std::borrow::Cow::Owned(clean) => clean,
            std::borrow::Cow::Borrowed(_) => arrived.body,
        };
        Ok(HttpAnswer { status: arrived.status, headers, body, rate })
    }

    fn check<'a>(&self, request: &'a HttpRequest) -> Result<Checked<'a>, HttpFault> {
        let HttpRequest { method, path, headers, body, .. } = request;
        let denied = |why: String| HttpFault::Denied(format!("connection `{}`: {why}", self.name));
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path.as_str(), None),
        };
        if let Some(fault) = path_fault(path) {
            return Err(denied(format!("the path {path:?} can't be used: {fault}")));
        }
        if query.is_some_and(|query| query.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'#')) {
            return Err(denied("the query must be plain ASCII without spaces and `#`; percent-encode them".to_owned()));
        }
        if !self.methods.contains(method) {
            return Err(denied(format!(
                "the plugin does not ask for {method}; it would need \"{method}\" in `methods` of this connection in \
                 plugin.toml"
            )));
        }
        if !self.paths.iter().any(|pattern| pattern.allows(path)) {
            return Err(denied(format!(
                "the plugin does not ask for the path {path:?}; it would need it, or a pattern for it, in `paths` of \
                 this connection in plugin.toml"
            )));
        }
        let headers = headers::from_plugin(headers, self.credentials.header())?;
        let url = self.way.url(path, query).map_err(denied)?;
        Ok(Checked { method: *method, url, headers, body: body.as_deref() })
    }

    async fn send_once(&self, spent: &mut Spent, checked: &Checked<'_>, proof: &Proof) -> Result<Arrived, HttpFault> {
        spent.http_request().map_err(HttpFault::Budget)?;
        spent.http_bytes(checked.body.map_or(0, <[u8]>::len)).map_err(HttpFault::Budget)?;
        if let Some(pace) = &self.pace {
            pace.turn(self.patience.request).await.map_err(|wait| {
                HttpFault::Budget(format!(
                    "`requests-per-second` of connection `{}` would let this request go in {} s only",
                    self.name,
                    wait.as_secs()
                ))
            })?;
        }
        let mut headers = checked.headers.clone();
        if let Some((name, value)) = &proof.header {
            headers.insert(name, value.clone());
        }
        let method = method(checked.method);
        let left = spent.http_bytes_left();
        let max = left.min(HTTP_BODY_BYTES_MAX as u64);
        let reached_before = spent.reached();
        spent.set_reached(reached_before || checked.method.may_change());
        let arrived = self.way.send(method, checked.url.clone(), headers, checked.body.map(<[u8]>::to_vec), max).await;
        match arrived {
            Ok(arrived) => {
                // These two answers say that the request itself was not taken up.
                if matches!(arrived.status, UNAUTHORIZED | TOO_MANY_REQUESTS) {
                    spent.set_reached(reached_before);
                }
                spent.http_bytes(arrived.body.len()).map_err(HttpFault::Budget)?;
                Ok(arrived)
            }
            Err(fault @ (HttpFault::Unreachable(_) | HttpFault::Denied(_))) => {
                spent.set_reached(reached_before);
                Err(fault)
            }
            Err(HttpFault::TooLarge(_)) if left < HTTP_BODY_BYTES_MAX as u64 => Err(HttpFault::Budget(format!(
                "this call has used up its {HTTP_BYTES_MAX} bytes of HTTP bodies; ask for smaller pages"
            ))),
            Err(fault) => Err(fault),
        }
    }
}

const UNAUTHORIZED: u16 = 401;
const TOO_MANY_REQUESTS: u16 = 429;

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}
