//! One line of the table, and what many measurements come to.

use std::time::Duration;

/// A figure as it is printed.
pub struct Figure {
    what: String,
    measured: String,
    target: String,
    /// None where there is no target.
    met: Option<bool>,
    limit: String,
}

impl Figure {
    pub fn new(what: impl Into<String>, measured: impl Into<String>) -> Self {
        Self { what: what.into(), measured: measured.into(), target: String::new(), met: None, limit: String::new() }
    }

    pub fn target(mut self, target: impl Into<String>, met: bool) -> Self {
        self.target = target.into();
        self.met = Some(met);
        self
    }

    /// What it would take to get further.
    pub fn limit(mut self, limit: impl Into<String>) -> Self {
        self.limit = limit.into();
        self
    }

    pub fn broken(what: &str, error: &anyhow::Error) -> Self {
        Self::new(what, "not measured").target("", false).limit(format!("{error:#}").replace('\n', " "))
    }
}

/// As Markdown, which is read well enough in a terminal too.
pub fn table(figures: &[Figure]) -> String {
    let mut lines = vec![
        "| Figure | Measured | Target | Met | What limits it |".to_owned(),
        "| --- | --- | --- | --- | --- |".to_owned(),
    ];
    for figure in figures {
        let met = figure.met.map_or("", |met| if met { "yes" } else { "NO" });
        let Figure { what, measured, target, limit, .. } = figure;
        lines.push(format!("| {what} | {measured} | {target} | {met} | {limit} |"));
    }
    lines.join("\n")
}

/// The value below which this share (in percent) of the measurements lies; zero of none.
pub fn percentile<T: Copy + PartialOrd + Default>(values: &[T], percent: usize) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

pub fn median<T: Copy + PartialOrd + Default>(values: &[T]) -> T {
    percentile(values, 50)
}

pub fn micros(time: Duration) -> String {
    format!("{} us", time.as_micros())
}

pub fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

pub fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

pub fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes / 1024 / 1024)
}

/// How many a second.
pub fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(f64::EPSILON)
}
