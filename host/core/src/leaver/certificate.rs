//! The certificate of a leaver case: what an auditor reads, in plain text that prints on one page.

use super::{AccountSeen, Case, CaseState, SystemProof};
use crate::glyph::misleads;
use jiff::{SignedDuration, Timestamp};

/// Lays a case out as text of at most 100 columns. `now` is when it is printed.
pub fn certificate(case: &Case, now: Timestamp) -> String {
    let mut text = String::new();
    let clocks = case.clocks(now);
    let verdict = match case.state {
        CaseState::Closed => "NO ACCESS LEFT",
        CaseState::Open => "OPEN: access is left, or not yet disproved",
        CaseState::Withdrawn => "WITHDRAWN: the person did not leave, or came back",
    };
    let mut line = |line: String| print(&mut text, &line);
    line(format!("LEAVER CERTIFICATE  {}", case.id));
    line(format!("{}  ({})", case.person, case.identity));
    line(verdict.to_owned());
    line(String::new());
    let until = if case.ended_at.is_some() { "done after" } else { "running for" };
    for (clock, at, length) in [
        ("Exit effective", case.effective_at, clocks.since_effective),
        ("Reeve was told", case.told_at, clocks.since_told),
        ("Exit detected", case.detected_at, clocks.since_detected),
    ] {
        line(format!("{clock:<16}{}   {until} {}", moment(at), span(length)));
    }
    if let Some(at) = case.ended_at {
        line(format!("{:<16}{}", "Case ended", moment(at)));
    }
    for (system, proof) in &case.systems {
        line(String::new());
        match proof {
            SystemProof::Unread { why } => {
                line(format!("{system:<15} NOT PROVED"));
                line(format!("{:<16}{}", "", why.as_deref().unwrap_or("not read since the exit was noticed")));
            }
            SystemProof::Residual { read_at, snapshot, accounts, left, refused } => {
                line(format!("{system:<15} ACCESS LEFT   read {} in {snapshot}", moment(*read_at)));
                accounts.iter().for_each(|account| line(seen(account)));
                left.iter().for_each(|left| line(format!("{:<16}left: {}", "", left.what)));
                refused.iter().for_each(|why| line(format!("{:<16}because: {why}", "")));
            }
            SystemProof::Clean { read_at, snapshot, accounts, remarks } => {
                line(format!("{system:<15} CLEAN         read {} in {snapshot}", moment(*read_at)));
                if accounts.is_empty() {
                    line(format!("{:<16}no account of this person in a whole read", ""));
                }
                accounts.iter().for_each(|account| line(seen(account)));
                remarks.iter().for_each(|remark| line(format!("{:<16}note: {remark}", "")));
            }
        }
    }
    text
}

/// Columns of a line, and where the rest of a longer one goes on.
const COLUMNS: usize = 100;
const INDENT: usize = 18;

/// One line of ours, whatever a target calls its things: what breaks lines or turns their direction is shown as a mark.
fn print(text: &mut String, line: &str) {
    let plain = |c: char| if misleads(c) { char::REPLACEMENT_CHARACTER } else { c };
    let line: Vec<char> = line.trim_end().chars().map(plain).collect();
    let mut rest = line.as_slice();
    let mut indent = 0;
    loop {
        let room = COLUMNS.saturating_sub(indent);
        let fits = rest.get(..room).filter(|_| rest.len() > room);
        let cut = fits.map(|fits| fits.iter().rposition(|c| *c == ' ').filter(|at| *at > INDENT).unwrap_or(room));
        let (now, later) = rest.split_at(cut.unwrap_or(rest.len()));
        text.extend(std::iter::repeat_n(' ', indent));
        text.extend(now);
        text.push('\n');
        if later.is_empty() {
            return;
        }
        rest = later.strip_prefix(&[' ']).unwrap_or(later);
        indent = INDENT;
    }
}

fn seen(account: &AccountSeen) -> String {
    let login = account.login.as_deref().unwrap_or("no login");
    let state = format!("{:?}", account.state).to_lowercase();
    let disputed = if account.disputed { ", ownership disputed" } else { "" };
    format!("{:<16}account {login} ({}): {state}, the target says {:?}{disputed}", "", account.id, account.native_state)
}

fn moment(at: Timestamp) -> String {
    let whole = at.round(jiff::Unit::Second).unwrap_or(at);
    whole.to_string()
}

/// `3 d 4 h 05 min` or `2 min 07 s`.
fn span(length: SignedDuration) -> String {
    let seconds = length.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min {:02} s", seconds % 60),
        (0, _) => format!("{hours} h {minutes:02} min"),
        _ => format!("{days} d {hours} h {minutes:02} min"),
    }
}
