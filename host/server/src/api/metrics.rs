//! `/metrics` in the OpenMetrics text format: what this process answered, and how things stand in the database.

use super::caller::{Api, Caller};
use super::problem::{Kind, Problem};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;
use std::time::Duration;

/// Upper bounds of the buckets, in seconds.
const BUCKETS_S: [f64; 8] = [0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 30.0, 90.0];
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Open findings that are counted by kind; of more, the count stops here.
const FINDINGS_COUNTED_MAX: u32 = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: String,
    route: String,
    status: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    kind: String,
}

/// What this process has done since it started.
pub struct Metrics {
    answers: Family<Answered, Counter>,
    took: Family<Of, Histogram, fn() -> Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { answers: Family::default(), took: Family::new_with_constructor(|| Histogram::new(BUCKETS_S)) }
    }
}

impl Metrics {
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let labels = Answered { method: method.to_owned(), route: route.to_owned(), status: u32::from(status) };
        self.answers.get_or_create(&labels).inc();
        self.took.get_or_create(&Of { kind: route.to_owned() }).observe(took.as_secs_f64());
    }
}

/// Figures for a monitor, as Prometheus reads them.
#[utoipa::path(
    get, path = "/metrics", tag = "about",
    responses((status = 200, description = "OpenMetrics text.", body = String, content_type = "application/openmetrics-text"))
)]
pub async fn metrics(State(api): State<Api>, caller: Caller) -> Result<Response, Problem> {
    let mut registry = Registry::with_prefix("reeve");
    registry.register("requests", "Requests answered by this process", api.metrics.answers.clone());
    registry.register_with_unit(
        "request_duration",
        "Time to answer, by route",
        Unit::Seconds,
        api.metrics.took.clone(),
    );
    state(&caller, &mut registry).await?;
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| Problem::new(Kind::Fault, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}

/// How things stand, read now.
async fn state(caller: &Caller, registry: &mut Registry) -> Result<(), Problem> {
    let app = &caller.app;
    let now = app.now();
    let mut tx = app.store.read().await?;
    let underway = tx.underway().await?;
    let cases = tx.open_cases().await?;
    let findings = tx.findings(true, None, FINDINGS_COUNTED_MAX).await?;
    let (size, signed) = (tx.log_size().await?, tx.checkpoint().await?.map_or(0, |head| head.size));
    let mut read_ages = BTreeMap::new();
    for system in tx.systems().await? {
        if let Some(read) = tx.last_snapshot(&system.name, true).await? {
            read_ages.insert(system.name.to_string(), now.duration_since(read.read_at).as_secs().max(0));
        }
    }
    drop(tx);

    let mut phases = BTreeMap::new();
    for operation in &underway {
        *phases.entry(operation.phase.as_str().to_owned()).or_insert(0) += 1;
    }
    let mut kinds = BTreeMap::new();
    for row in &findings {
        let kind = serde_json::to_value(row.finding.kind)?;
        *kinds.entry(kind.as_str().unwrap_or_default().to_owned()).or_insert(0) += 1;
    }
    let oldest = cases.iter().map(|case| now.duration_since(case.effective_at).as_secs().max(0)).max().unwrap_or(0);
    by_kind(registry, "operations_underway", "Operations that are not settled, by phase", phases);
    by_kind(registry, "findings_open", "Open findings, by kind", kinds);
    by_kind(registry, "last_whole_read_age_seconds", "Seconds since a system was last read whole", read_ages);
    one(registry, "leaver_cases_open", "Leaver cases that are not proved", wide(cases.len() as u64));
    one(registry, "leaver_case_age_seconds", "Seconds since the exit of the oldest open leaver case", oldest);
    one(registry, "log_entries", "Entries of the audit log", wide(size));
    one(registry, "log_entries_signed", "Entries under the latest checkpoint", wide(signed));
    one(registry, "log_damaged", "1 if the audit log does not match its checkpoint", i64::from(app.damage().is_some()));
    Ok(())
}

fn wide(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn one(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn by_kind(registry: &mut Registry, name: &str, help: &str, values: BTreeMap<String, i64>) {
    let family = Family::<Of, Gauge>::default();
    for (kind, value) in values {
        family.get_or_create(&Of { kind }).set(value);
    }
    registry.register(name, help, family);
}
