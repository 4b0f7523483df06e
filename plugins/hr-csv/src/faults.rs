//! What is wrong with a file, gathered so that whoever mends it mends it once. One fault is enough to refuse the file:
//! to leave out a row would say that a person does not work here.

use crate::csv::Position;
use reeve_sdk::{Failure, FieldFault};

/// After so many, reading stops.
pub const FAULTS_MAX: usize = 20;

#[derive(Debug, Default)]
pub struct Faults(Vec<FieldFault>);

impl Faults {
    pub fn add(&mut self, place: String, message: impl Into<String>) {
        self.0.push(FieldFault { field: place, message: message.into() });
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.0.len() >= FAULTS_MAX
    }

    /// The refusal, which ends with a line about the file.
    pub fn refusal(mut self, file: &str) -> Failure {
        let summary = if self.is_full() {
            self.0.truncate(FAULTS_MAX);
            format!("these are the first {FAULTS_MAX} faults, and there may be more; nothing of the file is used")
        } else {
            "because of this, nothing of the file is used".to_owned()
        };
        self.add(format!("file {file}"), summary);
        Failure::Invalid(self.0)
    }
}

/// `row 17, column end date`: as a spreadsheet shows it, with the line as well where line breaks in cells make them
/// differ.
pub fn place(at: Position, column: Option<&str>) -> String {
    let line = if at.line == at.row { String::new() } else { format!(" (line {})", at.line) };
    let column = column.map(|title| format!(", column {title}")).unwrap_or_default();
    format!("row {}{line}{column}", at.row)
}
