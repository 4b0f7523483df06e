//! Rules by which a stand-in misbehaves: which requests, how often, and what happens to them. Nothing here knows what
//! kind of system the stand-in plays.
//!
//! A rule in JSON, as `--misbehave` and `POST /rules` take it:
//!
//! ```
//! # let rule = r#"
//! {
//!   "match": {"method": "PATCH", "path": "/Users/*", "body_contains": "active"},
//!   "when": {"first": 2},
//!   "act": {"do": "answer", "status": 429, "retry_after": {"seconds": 30}}
//! }
//! # "#;
//! # serde_json::from_str::<reeve_sim::misbehaviour::Rule>(rule).unwrap();
//! ```

use crate::Request;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(rename = "match", default)]
    pub matching: Match,
    #[serde(default)]
    pub when: When,
    pub act: Act,
}

/// Which requests; what is left out matches all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    pub method: Option<String>,
    /// The path below the target's base. `*` stands for anything within one part, `**` for anything.
    pub path: Option<String>,
    /// A text in the query as sent, still encoded.
    pub query_contains: Option<String>,
    pub body_contains: Option<String>,
}

/// Which of the requests that match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// All of them, until the rules are cleared.
    #[default]
    UntilCleared,
    First(u64),
    /// One alone, counted from 1.
    Nth(u64),
}

/// Whether the target does what it was asked to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    #[default]
    Skipped,
    Done,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Act {
    /// Answers this status; with `"work": "done"` only after the work, so that a 500 is a lie. Without a body, the
    /// body is an error in the target's own manner.
    Answer {
        status: u16,
        #[serde(default)]
        work: Work,
        retry_after: Option<RetryAfter>,
        body: Option<String>,
        content_type: Option<String>,
    },
    /// Refuses in the target's own manner, for a reason of its own: "the user owns 2 open envelopes".
    Refuse { status: u16, code: Option<String>, detail: String },
    /// Answers as if it had done the work, and does nothing.
    Pretend,
    /// Says that the credential is no longer good.
    DropAuth,
    /// Ends the token that the request carries: from now on it is refused. One that is issued afterwards is good.
    EndToken,
    /// Closes the connection without an answer.
    Close {
        #[serde(default)]
        work: Work,
    },
    /// Keeps the connection open and never answers.
    Hang {
        #[serde(default)]
        work: Work,
    },
    /// Announces the whole body, sends this much of it (half, if not said), and closes the connection.
    Truncate { keep_bytes: Option<usize> },
    /// Sends the body in pieces, with a pause before each.
    Slow { chunk_bytes: usize, delay_ms: u64 },
    /// Sends a body that never ends.
    Endless,
    /// Sends a small body that is sound JSON of this size once it is unpacked.
    GzipBomb { bytes: u64 },
    /// Sends a web page.
    Html {
        status: u16,
        #[serde(default)]
        work: Work,
    },
    /// Sends JSON that breaks off, without announcing more.
    InvalidJson,
    /// Sends JSON whose text is not UTF-8.
    InvalidUtf8,
    /// Sends JSON of brackets within brackets.
    DeepJson { depth: usize },
    /// Sends the right body under another content type.
    ContentType { value: String },
    /// In place of a list's page, sends the page before it again.
    RepeatPage,
    /// The list has no end: after its last page comes its first.
    LoopPages,
    /// Sends a page without items, though the list goes on.
    EmptyPage,
    /// States a total that is too large, or too small, by this much.
    LieAboutTotal { by: i64 },
    /// Lists everything, whatever was asked for.
    IgnoreFilters,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryAfter {
    Seconds(u64),
    /// An HTTP date this many seconds from now.
    DateInSeconds(i64),
    /// Anything.
    Text(String),
}

/// What a target itself must do wrong, because no change of its answer could bring it about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Work out the answer, and change nothing.
    pub pretend: bool,
    pub ignore_filters: bool,
    pub total_off_by: i64,
    pub page: PageQuirk,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageQuirk {
    #[default]
    None,
    Repeat,
    Loop,
    Empty,
}

impl Act {
    pub(crate) fn quirks(&self) -> Quirks {
        let none = Quirks::default();
        match self {
            Self::Pretend => Quirks { pretend: true, ..none },
            Self::RepeatPage => Quirks { page: PageQuirk::Repeat, ..none },
            Self::LoopPages => Quirks { page: PageQuirk::Loop, ..none },
            Self::EmptyPage => Quirks { page: PageQuirk::Empty, ..none },
            Self::LieAboutTotal { by } => Quirks { total_off_by: *by, ..none },
            Self::IgnoreFilters => Quirks { ignore_filters: true, ..none },
            _ => none,
        }
    }

    /// Whether the request reaches the target.
    pub(crate) fn work(&self) -> Work {
        match self {
            Self::Answer { work, .. } | Self::Close { work } | Self::Hang { work } | Self::Html { work, .. } => *work,
            Self::Refuse { .. } | Self::DropAuth | Self::EndToken => Work::Skipped,
            _ => Work::Done,
        }
    }
}

impl Rule {
    /// A rule for all requests; narrow it with the methods below.
    pub fn new(act: Act) -> Self {
        Self { matching: Match::default(), when: When::default(), act }
    }

    #[must_use]
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.matching.method = Some(method.to_owned());
        self.matching.path = Some(path.to_owned());
        self
    }

    #[must_use]
    pub fn with_body(mut self, part: &str) -> Self {
        self.matching.body_contains = Some(part.to_owned());
        self
    }

    #[must_use]
    pub fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }
}

impl Match {
    fn fits(&self, request: &Request) -> bool {
        let method = self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&request.method));
        let path = self.path.as_ref().is_none_or(|glob| glob_fits(glob.as_bytes(), request.path.as_bytes()));
        let query = self.query_contains.as_ref().is_none_or(|part| request.query.contains(part));
        let body = self.body_contains.as_ref().is_none_or(|part| holds(&request.body, part.as_bytes()));
        method && path && query && body
    }
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

fn glob_fits(glob: &[u8], path: &[u8]) -> bool {
    match (glob, path) {
        ([], []) => true,
        ([b'*', b'*', after @ ..], _) => {
            (0..=path.len()).any(|cut| path.get(cut..).is_some_and(|r| glob_fits(after, r)))
        }
        ([b'*', after @ ..], _) => {
            let within = path.iter().take_while(|byte| **byte != b'/').count();
            (0..=within).any(|cut| path.get(cut..).is_some_and(|rest| glob_fits(after, rest)))
        }
        ([wanted, after @ ..], [byte, rest @ ..]) if wanted == byte => glob_fits(after, rest),
        _ => false,
    }
}

/// A rule with its count of the requests that fitted, and of those that it was applied to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleInForce {
    #[serde(flatten)]
    pub rule: Rule,
    pub fitted: u64,
    pub applied: u64,
}

/// The rules in force, in order. Of those that fit a request and are not used up, the first is applied.
#[derive(Debug, Default)]
pub struct Rules(Mutex<Vec<RuleInForce>>);

impl Rules {
    pub fn add(&self, rules: impl IntoIterator<Item = Rule>) {
        self.lock().extend(rules.into_iter().map(|rule| RuleInForce { rule, fitted: 0, applied: 0 }));
    }

    pub fn clear(&self) {
        self.lock().clear();
    }

    pub fn all(&self) -> Vec<RuleInForce> {
        self.lock().clone()
    }

    /// What is to happen to this request. It counts for every rule that it fits.
    pub(crate) fn choose(&self, request: &Request) -> Option<Act> {
        let mut chosen = None;
        for rule in self.lock().iter_mut().filter(|rule| rule.rule.matching.fits(request)) {
            rule.fitted = rule.fitted.saturating_add(1);
            let due = match rule.rule.when {
                When::UntilCleared => true,
                When::First(count) => rule.fitted <= count,
                When::Nth(number) => rule.fitted == number,
            };
            if due && chosen.is_none() {
                rule.applied = rule.applied.saturating_add(1);
                chosen = Some(rule.rule.act.clone());
            }
        }
        chosen
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RuleInForce>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads one rule or a list of them.
pub fn rules_from_json(text: &[u8]) -> Result<Vec<Rule>, serde_json::Error> {
    // Not an untagged enum: its errors would not say what is wrong.
    if text.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(text)
    } else {
        serde_json::from_slice(text).map(|rule| vec![rule])
    }
}
