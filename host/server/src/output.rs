//! How commands speak: text for people, `--json` for scripts, progress bars on standard error where there is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reeve_core::glyph::misleads;
use serde_json::Value;
use std::io::{IsTerminal, Write};
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub json: bool,
}

impl Output {
    /// Prints a result once: as JSON, or as the text that `text` makes.
    pub fn print(self, json: &Value, text: impl FnOnce() -> String) {
        let text = if self.json { format!("{json:#}") } else { lines(&text()) };
        // A reader that went away (`| head`) is no fault of the command.
        writeln!(std::io::stdout().lock(), "{}", text.trim_end()).unwrap_or_default();
    }

    /// A remark that is not the result.
    pub fn note(self, text: &str) {
        if !self.json {
            writeln!(std::io::stderr().lock(), "{}", lines(text)).unwrap_or_default();
        }
    }

    /// A bar for work that may take longer than a second. Drawn only on a terminal.
    pub fn bar(self, what: &str, total: Option<u64>) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = match total {
            Some(total) => ProgressBar::new(total).with_style(style("{msg:28} {bar:30} {pos}/{len} {elapsed}")),
            None => ProgressBar::new_spinner().with_style(style("{msg:28} {spinner} {elapsed}")),
        };
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// A list laid out in columns. Control characters and marks that turn the text around, which names from targets may
/// hold, are shown as `?`.
pub fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A text of several lines, each made safe to show.
pub fn lines(text: &str) -> String {
    text.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

/// A text of a target or of HR, made safe to show on a terminal.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if misleads(c) { '?' } else { c }).collect()
}

/// A moment to the second, as people read it in a terminal.
pub fn moment(at: reeve_core::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
