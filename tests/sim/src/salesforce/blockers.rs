//! What keeps a user from being deactivated. Salesforce documents these cases and some of the sentences; the error
//! codes are not documented per case, and the one for hierarchies and defaults is assumed.

use super::Options;
use super::fault::Fault;
use super::schema::Object;
use super::store::{Record, Store};
use serde::{Deserialize, Serialize};

/// A place in an org's setup that names a user. It can be freed in the setup alone, not by the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blocker {
    WebToLeadDefaultCreator,
    DefaultLeadOwner,
    DefaultCaseOwner,
    DefaultWorkflowUser,
    OnlyRecipientOfEmailAlert,
}

impl Blocker {
    fn sentence(self) -> &'static str {
        match self {
            // As the help has it.
            Self::WebToLeadDefaultCreator => "You cannot disable the Web to Lead Default Creator.",
            Self::DefaultLeadOwner => "You cannot disable the Default Lead Owner.",
            Self::DefaultCaseOwner => "You cannot disable the Default Case Owner.",
            Self::DefaultWorkflowUser => "You cannot disable the Default Workflow User.",
            Self::OnlyRecipientOfEmailAlert => "You cannot disable the only recipient of a workflow email alert.",
        }
    }
}

pub(super) fn check_deactivation(store: &Store, options: &Options, user: &Record) -> Result<(), Fault> {
    let refuse = |what: String| Err(Fault::bad("FIELD_INTEGRITY_EXCEPTION", what).on(&["IsActive"]));
    let name = user.text(Object::User, "Username");
    if let Some((_, blocker)) = options.blockers.iter().find(|(blocked, _)| blocked.eq_ignore_ascii_case(name)) {
        return refuse(blocker.sentence().to_owned());
    }
    let mentors = |other: &Record| other.text(Object::User, "Mentor__c") == user.id() && other.id() != user.id();
    if store.rows(Object::User).any(|(_, other)| mentors(other)) {
        return refuse("Cannot inactivate user that is the value of a hierarchy field: Mentor".to_owned());
    }
    let is_admin = |user: &Record| {
        let profile = store.find(Object::Profile, user.text(Object::User, "ProfileId"));
        profile.is_some_and(|(_, profile)| profile.is(Object::Profile, "PermissionsModifyAllData"))
    };
    let mut others = store.rows(Object::User).filter(|(_, other)| other.id() != user.id());
    if is_admin(user) && !others.any(|(_, other)| other.is(Object::User, "IsActive") && is_admin(other)) {
        let what = "Your organization must have at least one active System Administrator user.";
        return Err(Fault::bad("CANNOT_DISABLE_LAST_ADMIN", what));
    }
    Ok(())
}
