//! Memberships of groups. A group that may not be without members is held open by a placeholder, if the settings name one.

use crate::Ldap;
use crate::directory::refusal;
use crate::group::Group;
use reeve_sdk::LdapError;
use reeve_sdk::ldap::{Change, code, escape_filter};
use reeve_sdk::prelude::*;

impl Ldap {
    pub fn add_member(&self, grant: &NewGrant) -> Result<Outcome, Failure> {
        if grant.expires_at.is_some() {
            return Err(Failure::unsupported("a membership of a directory's group has no end date"));
        }
        let account = self.existing(&grant.account)?;
        let groups = &self.profile.groups.dn;
        let missing = || Failure::not_found(format!("no group under {groups} has the id {}", grant.entitlement));
        let group = self.group_by_id(&grant.entitlement)?.ok_or_else(missing)?;
        let attribute = self.profile.group_class.member_attribute();
        let mut changes = vec![Change::add(attribute, &account.dn)];
        if let Some(placeholder) = self.placeholder_in(&group)? {
            changes.push(Change::delete(attribute, placeholder));
        }
        match self.directory.modify(&group.dn, &changes) {
            Ok(()) => Ok(Outcome::done().account(&grant.account)),
            Err(error) if refusal(&error) == Some(code::ATTRIBUTE_OR_VALUE_EXISTS) => {
                Ok(Outcome::already_so().account(&grant.account))
            }
            Err(error) => Err(error.into()),
        }
    }

    pub fn remove_member(&self, membership: &Membership) -> Result<Outcome, Failure> {
        let already = || Ok(Outcome::already_so().account(&membership.account));
        let Some(account) = self.find(&membership.account)? else { return already() };
        let Some(group) = self.group_by_id(&membership.entitlement)? else { return already() };
        let attribute = self.profile.group_class.member_attribute();
        let delete = Change::delete(attribute, &account.dn);
        let done = Outcome::done().account(&membership.account);
        let error = match self.directory.modify(&group.dn, std::slice::from_ref(&delete)) {
            Ok(()) => return Ok(done),
            Err(error) => error,
        };
        match (refusal(&error), &self.profile.placeholder) {
            (Some(code::NO_SUCH_ATTRIBUTE), _) => already(),
            (Some(code::NO_SUCH_OBJECT), _) => already(),
            (Some(code::OBJECT_CLASS_VIOLATION), None) => Err(Failure::refused("last member of the group")),
            (Some(code::OBJECT_CLASS_VIOLATION), Some(placeholder)) => {
                let changes = [Change::add(attribute, &placeholder.dn), delete];
                let swapped = self.directory.modify(&group.dn, &changes);
                match swapped {
                    Ok(()) => Ok(done.side_effect(format!("{} now holds {} open", placeholder.dn, group.name))),
                    Err(error) => self.not_swapped(error, already()),
                }
            }
            _ => Err(error.into()),
        }
    }

    fn not_swapped(&self, error: LdapError, already: Result<Outcome, Failure>) -> Result<Outcome, Failure> {
        match refusal(&error) {
            Some(code::NO_SUCH_ATTRIBUTE) => already,
            // Somebody else put it there in between.
            Some(code::ATTRIBUTE_OR_VALUE_EXISTS) => {
                Err(Failure::conflict("the group was changed by somebody else at the same time"))
            }
            _ => Err(error.into()),
        }
    }

    /// The placeholder, if the group holds it.
    fn placeholder_in(&self, group: &Group) -> Result<Option<&str>, Failure> {
        let Some(placeholder) = &self.profile.placeholder else { return Ok(None) };
        let attribute = self.profile.group_class.member_attribute();
        let filter = format!("({attribute}={})", escape_filter(&placeholder.dn));
        let held = self.directory.read(&group.dn, &filter, &["cn"])?;
        Ok(held.map(|_| placeholder.dn.as_str()))
    }
}
