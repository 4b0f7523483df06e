//! Where Reeve stops and asks: the limits of `guardrails.toml`.

use serde::{Deserialize, Serialize};

/// What becomes of a worker who is no longer in a complete feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingWorker {
    /// A person looks at it; access stays.
    #[default]
    Finding,
    /// It counts as leaving now.
    Leaver,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FeedRules {
    /// A feed that would end the access of this share of its people, or more, is not applied.
    pub lost_percent_max: u8,
    pub missing: MissingWorker,
}

impl Default for FeedRules {
    fn default() -> Self {
        Self { lost_percent_max: 30, missing: MissingWorker::default() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PlanRules {
    /// A plan that takes access from this share of a system's accounts, or more, needs its guardrail accepted by name.
    pub removed_percent_max: u8,
    /// A read of a system that has lost this share of its accounts since the last one, or more, feeds nothing that removes.
    pub shrunk_percent_max: u8,
}

impl Default for PlanRules {
    fn default() -> Self {
        Self { removed_percent_max: 30, shrunk_percent_max: 50 }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Guardrails {
    pub feed: FeedRules,
    pub plan: PlanRules,
}
