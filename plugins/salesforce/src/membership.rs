//! What is held by a row of its own: the row is made, or found and deleted.

use crate::entitlement::Kind;
use crate::exchange::{self, Object, flag};
use crate::settings::Settings;
use crate::soql;
use crate::writer::done;
use reeve_sdk::prelude::*;
use serde_json::{Value as Json, json};

/// How an entitlement is held.
pub enum Holding {
    Row(Row),
    /// A field of the user.
    Role,
    Profile,
}

/// A row that ties a user to an entitlement.
#[derive(Clone, Copy)]
pub struct Row {
    object: Object,
    user: &'static str,
    entitlement: &'static str,
}

impl Holding {
    pub fn of(entitlement: &str) -> Result<Self, Failure> {
        let row = |object, user, entitlement| Ok(Self::Row(Row { object, user, entitlement }));
        match Kind::of(entitlement) {
            Some(Kind::PermissionSet) => row(Object::PermissionSetAssignment, "AssigneeId", "PermissionSetId"),
            Some(Kind::PermissionSetGroup) => {
                row(Object::PermissionSetAssignment, "AssigneeId", "PermissionSetGroupId")
            }
            Some(Kind::PermissionSetLicense) => {
                row(Object::PermissionSetLicenseAssign, "AssigneeId", "PermissionSetLicenseId")
            }
            Some(Kind::Group) => row(Object::GroupMember, "UserOrGroupId", "GroupId"),
            Some(Kind::Role) => Ok(Self::Role),
            Some(Kind::Profile) => Ok(Self::Profile),
            Some(Kind::UserLicense) => {
                Err(Failure::unsupported("a user licence comes and goes with the profile; replace that one"))
            }
            None => {
                Err(Failure::invalid("entitlement", format!("{entitlement:?} is no id of anything that is held here")))
            }
        }
    }
}

/// A row that is there.
struct Found {
    id: String,
    active: bool,
}

impl Row {
    fn expires(self) -> bool {
        self.object == Object::PermissionSetAssignment
    }

    fn find(self, user: &str, entitlement: &str, settings: &Settings) -> Result<Vec<Found>, Failure> {
        let active = if self.expires() { ", IsActive" } else { "" };
        let soql = format!(
            "SELECT Id{active} FROM {} WHERE {} = {} AND {} = {}",
            self.object.name(),
            self.user,
            soql::quoted(user),
            self.entitlement,
            soql::quoted(entitlement)
        );
        let mut found = Vec::new();
        exchange::each(&soql, settings.page_size, |row| {
            found.push(Found { id: row.get("Id")?.string()?, active: flag(row, "IsActive")?.unwrap_or(true) });
            Ok(())
        })?;
        Ok(found)
    }
}

pub fn no_end_date() -> Failure {
    Failure::unsupported(
        "only permission sets and their groups can be given until a date; it must be revoked when it ends",
    )
}

pub fn give(row: Row, grant: &NewGrant, settings: &Settings) -> Result<Outcome, Failure> {
    if grant.expires_at.is_some() && !row.expires() {
        return Err(no_end_date());
    }
    match row.find(&grant.account, &grant.entitlement, settings)?.first() {
        Some(found) if found.active => return Ok(Outcome::already_so()),
        Some(_) => {
            return Err(Failure::refused(
                "an assignment that has run out is still there; delete it in Salesforce first",
            ));
        }
        None => {}
    }
    let mut fields = json!({ (row.user): grant.account, (row.entitlement): grant.entitlement });
    if let (Some(until), Some(fields)) = (&grant.expires_at, fields.as_object_mut()) {
        fields.insert("ExpirationDate".to_owned(), Json::from(until.as_str()));
    }
    match exchange::create(row.object, &fields) {
        Ok(answer) => Ok(done(&answer)),
        // Somebody was faster.
        Err(Failure::Conflict(_)) => Ok(Outcome::already_so()),
        Err(failure) => Err(failure),
    }
}

pub fn take(row: Row, membership: &Membership, settings: &Settings) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::already_so();
    for found in row.find(&membership.account, &membership.entitlement, settings)? {
        if exchange::delete(row.object, &found.id)? {
            outcome = Outcome::done();
        }
    }
    Ok(outcome)
}
