//! Connected apps and agents: what acts in an org without being a user of its own. They are listed, so that somebody
//! owns them; nothing is changed about them here.

use reeve_sdk::json::Node;
use reeve_sdk::prelude::*;
use reeve_sdk::time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    ConnectedApp,
    Agent,
}

impl Program {
    pub const ALL: [Self; 2] = [Self::ConnectedApp, Self::Agent];

    /// `SELECT ... FROM ...`, to which a condition or an order is added.
    pub fn select(self) -> &'static str {
        match self {
            Self::ConnectedApp => "SELECT Id, Name, CreatedById, CreatedDate FROM ConnectedApplication",
            Self::Agent => {
                "SELECT Id, DeveloperName, MasterLabel, BotUserId, CreatedById, CreatedDate FROM BotDefinition"
            }
        }
    }

    pub fn without(self) -> &'static str {
        match self {
            Self::ConnectedApp => "connected apps are not listed",
            Self::Agent => "agents and bots are not listed",
        }
    }

    /// Salesforce says who made it, which is the best it says about who answers for it.
    pub fn account(self, row: &Node) -> Result<Account, Failure> {
        let (kind, name) = match self {
            Self::ConnectedApp => (AccountKind::Integration, row.text_of("Name")?),
            Self::Agent => (AccountKind::Bot, row.text_of("MasterLabel")?),
        };
        let mut attributes = Vec::new();
        for field in ["DeveloperName", "BotUserId"] {
            attributes.extend(row.text_of(field)?.map(|text| Attribute::text(field, text)));
        }
        Ok(Account {
            display_name: name,
            kind,
            native_state: match self {
                Self::ConnectedApp => "connected app".to_owned(),
                Self::Agent => "bot definition".to_owned(),
            },
            owner_hint: row.text_of("CreatedById")?,
            created_at: row.text_of("CreatedDate")?.as_deref().and_then(time::instant),
            attributes,
            ..Account::new(row.get("Id")?.text()?)
        })
    }
}
