//! Groups: their entries, their members, and the groups that they are inside of.

use crate::Ldap;
use crate::directory::Search;
use crate::dn::Dn;
use crate::flavour::Flavour;
use reeve_sdk::ldap::{Entry, escape_filter};
use reeve_sdk::prelude::*;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Bytes of a security identifier before its last part, which is the group's number inside its domain.
const RID_BYTES: usize = 4;
/// `groupType` of a group that Windows looks at for access.
const AD_SECURITY_GROUP: i64 = 0x8000_0000;

#[derive(Debug)]
pub struct Group {
    pub id: String,
    pub dn: String,
    pub key: Dn,
    pub name: String,
    /// Active Directory: what `primaryGroupID` of its members says.
    pub rid: Option<u32>,
}

/// The groups around each group that one call has asked for.
#[derive(Default)]
pub struct Nest(RefCell<BTreeMap<String, Rc<Vec<Group>>>>);

impl Ldap {
    pub fn group_filter(&self) -> String {
        format!("(objectClass={})", self.profile.group_class.object_class())
    }

    /// A filter for the groups that list this entry as a member.
    pub fn holding_filter(&self, dn: &str) -> String {
        format!("(&{}({}={}))", self.group_filter(), self.profile.group_class.member_attribute(), escape_filter(dn))
    }

    pub fn group_attributes(&self) -> Vec<&'static str> {
        let mut names = vec!["cn", "description", self.profile.flavour.id_attribute()];
        if self.profile.flavour == Flavour::ActiveDirectory {
            names.extend(["objectSid", "groupType", "adminCount"]);
        }
        names
    }

    pub fn group(&self, entry: &Entry) -> Result<Group, Failure> {
        let no_dn = || Failure::protocol(format!("{:?} is no distinguished name", entry.dn));
        Ok(Group {
            id: self.profile.flavour.id(entry)?,
            dn: entry.dn.clone(),
            key: Dn::parse(&entry.dn).ok_or_else(no_dn)?,
            name: entry.text("cn")?.unwrap_or_else(|| entry.dn.clone()),
            rid: entry.values("objectSid").next().and_then(rid),
        })
    }

    fn groups_where(&self, filter: &str) -> Result<Vec<Group>, Failure> {
        let attributes = self.group_attributes();
        let page_size = self.profile.page_size;
        let search = Search { base: &self.profile.groups.dn, filter, attributes: &attributes, page_size };
        self.directory.all(&search)?.iter().map(|entry| self.group(entry)).collect()
    }

    /// Every group, in the order of ids.
    pub fn groups(&self) -> Result<Vec<Group>, Failure> {
        let mut groups = self.groups_where(&self.group_filter())?;
        groups.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(groups)
    }

    pub fn group_by_id(&self, id: &str) -> Result<Option<Group>, Failure> {
        let filter = format!("(&{}{})", self.group_filter(), self.profile.flavour.id_filter(id)?);
        let attributes = self.group_attributes();
        let page_size = self.profile.page_size;
        let search = Search { base: &self.profile.groups.dn, filter: &filter, attributes: &attributes, page_size };
        self.only(&search, id)?.as_ref().map(|entry| self.group(entry)).transpose()
    }

    /// The groups that list this group as a member.
    pub fn parents(&self, group: &Group, nest: &Nest) -> Result<Rc<Vec<Group>>, Failure> {
        if !self.profile.nested_groups {
            return Ok(Rc::default());
        }
        if let Some(known) = nest.0.borrow().get(&group.id) {
            return Ok(known.clone());
        }
        let parents = Rc::new(self.groups_where(&self.holding_filter(&group.dn))?);
        nest.0.borrow_mut().insert(group.id.clone(), parents.clone());
        Ok(parents)
    }

    /// The ids of all groups that whoever holds this one holds too: each once and never itself, also in a circle.
    pub fn ancestors(&self, group: &Group, nest: &Nest) -> Result<Vec<String>, Failure> {
        let mut seen = BTreeSet::from([group.id.clone()]);
        let mut open = vec![self.parents(group, nest)?];
        let mut found = Vec::new();
        while let Some(parents) = open.pop() {
            for parent in parents.iter() {
                if seen.insert(parent.id.clone()) {
                    found.push(parent.id.clone());
                    open.push(self.parents(parent, nest)?);
                }
            }
        }
        Ok(found)
    }

    /// The names that the group lists. Active Directory gives them 1,500 at a time, as `member;range=0-1499`.
    pub fn members(&self, group_dn: &str) -> Result<Vec<String>, Failure> {
        let attribute = self.profile.group_class.member_attribute();
        let mut members = Vec::new();
        let mut wanted = attribute.to_owned();
        loop {
            let Some(entry) = self.directory.read(group_dn, "(objectClass=*)", &[&wanted])? else {
                // Gone since the groups were listed.
                return Ok(members);
            };
            members.extend(entry.texts(attribute)?);
            let Some((name, last)) = range(&entry, attribute) else { return Ok(members) };
            members.extend(entry.texts(name)?);
            match last {
                None => return Ok(members),
                Some(last) if last + 1 == members.len() => wanted = format!("{attribute};range={}-*", last + 1),
                Some(last) => {
                    let got = members.len();
                    return Err(Failure::protocol(format!(
                        "{group_dn}: {name} ends at value {last}, and {got} values came"
                    )));
                }
            }
        }
    }

    pub fn entitlement(&self, entry: &Entry, nest: &Nest) -> Result<Entitlement, Failure> {
        let group = self.group(entry)?;
        let parents = self.parents(&group, nest)?;
        let mut attributes = vec![Attribute::text("dn", &group.dn)];
        let mut privileged = None;
        if self.profile.flavour == Flavour::ActiveDirectory {
            let number = entry.text("groupType")?.and_then(|text| text.parse::<i64>().ok());
            let security = number.is_some_and(|bits| bits & AD_SECURITY_GROUP != 0);
            attributes.push(Attribute { name: "security-group".to_owned(), value: Value::Flag(security) });
            privileged = (entry.text("adminCount")?.as_deref() == Some("1")).then_some(true);
        }
        Ok(Entitlement {
            description: entry.text("description")?,
            contains: parents.iter().map(|parent| parent.id.clone()).collect(),
            privileged,
            attributes,
            ..Entitlement::new(group.id, "group", group.name)
        })
    }
}

/// The attribute with a range option that the server chose, and its last value's number; none of that at the end.
fn range<'a>(entry: &'a Entry, attribute: &str) -> Option<(&'a str, Option<usize>)> {
    entry.attributes.iter().find_map(|found| {
        let (name, option) = found.name.split_once(';')?;
        let (_, last) = option.strip_prefix("range=")?.split_once('-')?;
        let last = if last == "*" { None } else { Some(last.parse().ok()?) };
        name.eq_ignore_ascii_case(attribute).then_some((found.name.as_str(), last))
    })
}

fn rid(sid: &[u8]) -> Option<u32> {
    let start = sid.len().checked_sub(RID_BYTES)?;
    Some(u32::from_le_bytes(sid.get(start..)?.try_into().ok()?))
}

/// The identifier of the group that an account has as its primary one: its own, with another last part.
pub fn primary_group_sid(account_sid: &[u8], rid: u32) -> Option<Vec<u8>> {
    let domain = account_sid.get(..account_sid.len().checked_sub(RID_BYTES)?)?;
    Some([domain, rid.to_le_bytes().as_slice()].concat())
}
