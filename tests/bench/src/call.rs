//! One sandboxed call with a fresh store and one HTTP request, against the same connector compiled for this machine,
//! which sends the same request with the same client.

use crate::figure::{Figure, median, micros, percentile};
use crate::staff;
use anyhow::{Context, Result, anyhow};
use reeve_e2e::guests::{self, Host};
use reeve_runtime::Connector;
use reeve_sdk::testing::{self, Header, Host as _, HttpError, Response};
use reeve_sdk::{Connector as _, Reader};
use serde_json::json;
use std::time::{Duration, Instant};

// The very source that the guest is compiled from.
#[path = "../../hostile/toy/src/lib.rs"]
mod toy;

const MEMBERS: usize = 100;
const WARM_UP: usize = 200;
const CALLS: usize = 2_000;
const ROUNDS: usize = 5;
const MORE_MAX: Duration = Duration::from_micros(150);

pub fn measure() -> Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let url = staff::start(MEMBERS)?;
    let host = Host::new(staff::TOKEN)?;
    let sandboxed = runtime.block_on(host.connect(&guests::toy()?, &url, json!({ "roles": ["clerk"] })))?;
    let native = Native { client: client()?, url, runtime: &runtime };
    for number in 0..WARM_UP {
        in_sandbox(&runtime, &sandboxed, number)?;
        native.call(number)?;
    }
    let (mut inside, mut outside, mut more) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (mut sandbox_times, mut native_times) = (Vec::new(), Vec::new());
        // In turns, so that whatever else the machine does falls on both.
        for number in 0..CALLS {
            native_times.push(native.call(number)?);
            sandbox_times.push(in_sandbox(&runtime, &sandboxed, number)?);
        }
        more.push(median(&sandbox_times).saturating_sub(median(&native_times)));
        inside.extend(sandbox_times);
        outside.extend(native_times);
    }
    let more = median(&more);
    let text = format!(
        "{} more: {} in the sandbox, {} natively (p99 {} and {})",
        micros(more),
        micros(median(&inside)),
        micros(median(&outside)),
        micros(percentile(&inside, 99)),
        micros(percentile(&outside, 99))
    );
    Ok(vec![
        Figure::new("a sandboxed call with a fresh store and one HTTP request, at the median", text)
            .target(format!("at most {} more", micros(MORE_MAX)), more <= MORE_MAX)
            .limit("making the instance, and the guest's own JSON"),
    ])
}

fn in_sandbox(runtime: &tokio::runtime::Runtime, connector: &Connector, number: usize) -> Result<Duration> {
    let id = staff::id(number % MEMBERS + 1).as_str().into();
    let began = Instant::now();
    let view = runtime.block_on(connector.get_account(&id)).map_err(|failure| anyhow!("{failure}"))?;
    let took = began.elapsed();
    view.context("there is no such member")?;
    Ok(took)
}

/// The client of the runtime, as far as it matters for speed.
fn client() -> Result<reqwest::Client> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .http1_only()
        .gzip(true)
        .build()?;
    Ok(client)
}

struct Native<'a> {
    client: reqwest::Client,
    url: String,
    runtime: &'a tokio::runtime::Runtime,
}

impl Native<'_> {
    fn call(&self, number: usize) -> Result<Duration> {
        let id = staff::id(number % MEMBERS + 1);
        let (client, url, handle) = (self.client.clone(), self.url.clone(), self.runtime.handle().clone());
        let began = Instant::now();
        let host = testing::http(r#"{"roles":["clerk"]}"#, move |request| {
            let send = async {
                let request = client.get(format!("{url}{}", request.path)).bearer_auth(staff::TOKEN);
                let response = request.send().await?;
                let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| Header {
                    name: name.to_string(),
                    value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
                };
                let headers = response.headers().iter().map(header).collect();
                let (status, body) = (response.status().as_u16(), response.bytes().await?.to_vec());
                Ok::<_, reqwest::Error>(Response { status, headers, body, rate: None })
            };
            handle.block_on(send).map_err(|error| HttpError::Unreachable(error.to_string()))
        });
        let view = host.run(|| toy::Toy::open()?.get_account(&id)).map_err(|failure| anyhow!("{failure:?}"))?;
        let took = began.elapsed();
        view.context("there is no such member")?;
        Ok(took)
    }
}
