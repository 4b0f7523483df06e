//! What the kit says: one row for each check and what it looked at, and what to do where it failed.

use crate::output::table;
use serde::Serialize;
use serde_json::{Value, json};

/// A check by its stable name, and what mends it. `sdk/README.md` documents each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    pub name: &'static str,
    pub remedy: &'static str,
}

/// What a check came to. The text says what was seen, or why it does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Fine(String),
    Wrong(String),
    Skipped(String),
}

impl Seen {
    /// Fine, unless there is a fault.
    pub fn unless(fault: Option<String>, fine: impl Into<String>) -> Self {
        fault.map_or_else(|| Self::Fine(fine.into()), Self::Wrong)
    }

    /// Fine, or what is wrong.
    pub fn of(result: Result<impl Into<String>, String>) -> Self {
        result.map_or_else(Self::Wrong, |fine| Self::Fine(fine.into()))
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Fine(_) => "ok",
            Self::Wrong(_) => "FAILED",
            Self::Skipped(_) => "not applicable",
        }
    }
}

#[derive(Clone, Debug)]
struct Row {
    check: Check,
    subject: String,
    seen: Seen,
}

/// The longest detail in the table, in characters; JSON has it whole.
const DETAIL_CHARS_MAX: usize = 160;

/// All that was checked, in the order in which it was.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Told<'a> {
    check: &'static str,
    subject: &'a str,
    result: &'static str,
    detail: &'a str,
    #[serde(rename = "what-to-do", skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
}

impl Row {
    fn told(&self) -> Told<'_> {
        let (Seen::Fine(detail) | Seen::Wrong(detail) | Seen::Skipped(detail)) = &self.seen;
        let remedy = matches!(self.seen, Seen::Wrong(_)).then_some(self.check.remedy);
        Told { check: self.check.name, subject: &self.subject, result: self.seen.word(), detail, remedy }
    }
}

impl Report {
    /// Takes a result, and answers whether nothing is wrong.
    pub fn add(&mut self, check: Check, subject: impl Into<String>, seen: Seen) -> bool {
        let fine = !matches!(seen, Seen::Wrong(_));
        self.rows.push(Row { check, subject: subject.into(), seen });
        fine
    }

    pub fn failed(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.seen, Seen::Wrong(_))).count()
    }

    pub fn checks(&self) -> usize {
        self.rows.len()
    }

    pub fn json(&self) -> Value {
        json!(self.rows.iter().map(Row::told).collect::<Vec<_>>())
    }

    /// The table, with a sentence under each row that failed.
    pub fn text(&self) -> String {
        let mut rows = vec![["CHECK", "OF", "RESULT", ""].map(str::to_owned).to_vec()];
        for row in self.rows.iter().map(Row::told) {
            let mut detail: String = row.detail.chars().take(DETAIL_CHARS_MAX).collect();
            if detail.len() < row.detail.len() {
                detail.push_str(" ...");
            }
            rows.push([row.check, row.subject, row.result, &detail].map(str::to_owned).to_vec());
            if let Some(remedy) = row.remedy {
                rows.push(["", "", "", &format!("-> {remedy}")].map(str::to_owned).to_vec());
            }
        }
        table(&rows)
    }
}
