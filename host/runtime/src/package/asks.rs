//! What a plugin asks for, in lines that an administrator reads before saying yes, and what an upgrade asks for on top.

use super::manifest::{Manifest, Reach};
use std::collections::BTreeSet;
use std::fmt;

/// Everything that a plugin may ever reach, one line each. Compared as a set when a plugin is upgraded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asks {
    lines: BTreeSet<String>,
    /// In the order of the manifest, for reading.
    text: String,
}

/// What a newer version of a plugin asks for and the installed one did not.
pub type MoreAsked = Vec<String>;

impl Asks {
    /// What this manifest asks for.
    pub fn of_manifest(manifest: &Manifest) -> Self {
        let mut lines = BTreeSet::new();
        let mut text = String::new();
        let list = |items: Vec<String>| items.join(", ");
        for export in &manifest.exports {
            lines.insert(format!("to be used as {export}"));
        }
        text.push_str(&format!("used as: {}\n", list(manifest.exports.iter().map(ToString::to_string).collect())));
        if manifest.connections.is_empty() {
            text.push_str("connections: none\n");
        }
        for ask in &manifest.connections {
            let (name, kind) = (&ask.name, ask.reach.kind());
            text.push_str(&format!("connection {name} ({kind}): {}\n", ask.purpose));
            lines.insert(format!("the {kind} connection {name}"));
            let mut rights = |label: &str, items: Vec<String>| {
                text.push_str(&format!("  {label}: {}\n", list(items.clone())));
                lines.extend(items.into_iter().map(|item| format!("{label} {item} on the {kind} connection {name}")));
            };
            match &ask.reach {
                Reach::Http { methods, paths, auth } => {
                    rights("method", methods.iter().map(ToString::to_string).collect());
                    rights("path", paths.iter().map(ToString::to_string).collect());
                    rights("auth", auth.iter().map(ToString::to_string).collect());
                }
                Reach::Ldap { operations, auth } => {
                    rights("operation", operations.iter().map(ToString::to_string).collect());
                    rights("auth", auth.iter().map(ToString::to_string).collect());
                }
                Reach::Files => rights("right", vec!["list files".to_owned(), "read files".to_owned()]),
            }
        }
        Self { lines, text }
    }

    /// What `newer` asks for that these do not. Empty means that consent need not be given again.
    pub fn more_in(&self, newer: &Self) -> MoreAsked {
        newer.lines.difference(&self.lines).cloned().collect()
    }
}

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())
    }
}
