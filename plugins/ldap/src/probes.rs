//! What `check` tries, on one page of people and groups. Rights to write can't be tried without writing.

use crate::Ldap;
use crate::directory::Search;
use crate::dn::Dn;
use crate::flavour::Flavour;
use crate::moments;
use crate::state::Force;
use reeve_sdk::ldap::Entry;
use reeve_sdk::prelude::*;

const IMPLIED_CLASSES: &[&str] = &["top", "person", "organizationalPerson"];

impl Ldap {
    pub fn probe(&self) -> Result<Vec<Probe>, Failure> {
        let mut probes = Vec::new();
        let people = self.sample(&self.profile.people.dn, &self.profile.people_filter, &self.sample_attributes())?;
        let groups =
            self.sample(&self.profile.groups.dn, &self.group_filter(), &[self.profile.flavour.id_attribute()])?;
        probes.push(self.readable("people", &people, "account", "`people` and `people-filter`"));
        probes.push(self.readable("groups", &groups, "group", "`groups` and `group-class`"));
        if let Ok(people) = &people
            && !people.is_empty()
        {
            probes.push(self.operational(people)?);
            probes.push(self.classes(people)?);
            probes.push(self.correlation(people));
            probes.push(self.coverage(people)?);
        }
        probes.extend(self.lock()?);
        probes.extend(self.last_member());
        Ok(probes)
    }

    fn sample_attributes(&self) -> Vec<&str> {
        let mut names = self.account_attributes();
        names.push("memberOf");
        names
    }

    /// One page. What the administrator can put right in the settings is a probe that failed; the rest fails the check.
    fn sample(&self, base: &str, filter: &str, attributes: &[&str]) -> Result<Result<Vec<Entry>, String>, Failure> {
        if self.directory.read(base, "(objectClass=*)", &["objectClass"])?.is_none() {
            return Ok(Err(format!("{base} does not exist or may not be read")));
        }
        let search = Search { base, filter, attributes, page_size: self.profile.page_size };
        match self.directory.page(&search, None) {
            Ok(page) => Ok(Ok(page.entries)),
            Err(Failure::Forbidden(why) | Failure::Protocol(why)) => Ok(Err(why)),
            Err(other) => Err(other),
        }
    }

    fn readable(&self, name: &str, found: &Result<Vec<Entry>, String>, what: &str, settings: &str) -> Probe {
        match found {
            Err(why) => Probe::failed(name, why),
            Ok(entries) => match entries.first().map(|entry| self.profile.flavour.id(entry)) {
                None => Probe::failed(name, format!("no {what} was found; check the settings {settings}")),
                Some(Err(failure)) => Probe::failed(name, format!("{failure:?}")),
                Some(Ok(_)) => Probe::passed(name, format!("{} read in one page", count(entries.len(), what))),
            },
        }
    }

    fn operational(&self, people: &[Entry]) -> Result<Probe, Failure> {
        let flavour = self.profile.flavour;
        let (created, login) = (flavour.created_attribute(), flavour.last_login_attribute());
        let some = |name: &str| people.iter().any(|entry| entry.values(name).next().is_some());
        let mut faults = Vec::new();
        if !some(created) {
            faults.push(format!(
                "{created} cannot be read; allow the connector's account to read operational attributes"
            ));
        }
        if flavour == Flavour::ActiveDirectory && !some("userAccountControl") {
            faults.push("userAccountControl cannot be read, so nobody's state is known".to_owned());
        }
        if !some(login) {
            let remedy = match flavour {
                Flavour::OpenLdap => "; set `lastbind on` in the directory's configuration",
                Flavour::Ds389 => "; switch the account policy plugin on",
                Flavour::ActiveDirectory => "",
            };
            faults.push(format!("no account has {login}, so the last login is not known{remedy}"));
        }
        let unread = people.iter().filter_map(|entry| entry.text(login).transpose()).find(|text| {
            let known =
                text.as_ref().is_ok_and(|text| moments::generalized(text).or(moments::filetime(text)).is_some());
            !known && flavour != Flavour::ActiveDirectory
        });
        if let Some(text) = unread {
            faults.push(format!("{login} is {:?}, which is no time", text?));
        }
        Ok(if faults.is_empty() {
            Probe::passed("operational-attributes", format!("{created} and {login} can be read"))
        } else {
            Probe::failed("operational-attributes", faults.join("; "))
        })
    }

    /// New accounts should look like those that are there. Superior classes are not listed by every server.
    fn classes(&self, people: &[Entry]) -> Result<Probe, Failure> {
        let mut seen = Vec::new();
        for entry in people {
            seen.extend(entry.texts("objectClass")?.into_iter().map(|class| class.to_lowercase()));
        }
        let wanted = &self.profile.user_classes;
        let implied = |class: &str| IMPLIED_CLASSES.iter().any(|implied| implied.eq_ignore_ascii_case(class));
        let unseen = wanted.iter().filter(|class| !implied(class) && !seen.contains(&class.to_lowercase()));
        let unseen: Vec<_> = unseen.cloned().collect();
        let name = "schema";
        Ok(if unseen.is_empty() {
            Probe::passed(name, format!("accounts have the object classes {}", wanted.join(", ")))
        } else {
            let unseen = unseen.join(", ");
            Probe::failed(name, format!("new accounts would be {unseen}, which no account is; check `user-classes`"))
        })
    }

    fn correlation(&self, people: &[Entry]) -> Probe {
        let name = &self.profile.correlation_attribute;
        let with = people.iter().filter(|entry| entry.values(name).next().is_some()).count();
        let detail = format!("{with} of {} have {name}", count(people.len(), "account"));
        if with > 0 {
            return Probe::passed("correlation", detail);
        }
        Probe::failed(
            "correlation",
            format!("{detail}; name the attribute with the HR number in `correlation-attribute`"),
        )
    }

    /// `memberOf` is good for one thing: it shows groups that the settings leave out.
    fn coverage(&self, people: &[Entry]) -> Result<Probe, Failure> {
        let (mut kept, mut outside) = (false, Vec::new());
        for entry in people {
            for group in entry.texts("memberOf")? {
                kept = true;
                let inside = Dn::parse(&group).is_some_and(|key| key.is_below(&self.profile.groups.key));
                if !inside {
                    outside.push(group);
                }
            }
        }
        let name = "group-coverage";
        Ok(match outside.first() {
            Some(group) => Probe::failed(
                name,
                format!(
                    "{} lie outside {}, such as {group}: this connector does not see them; set `groups` higher up",
                    count(outside.len(), "membership"),
                    self.profile.groups.dn
                ),
            ),
            None if kept => Probe::passed(name, "no account's memberOf names a group outside `groups`"),
            None => Probe::passed(name, "the directory keeps no memberOf; memberships are read from the groups anyway"),
        })
    }

    /// Whether `disable` disables.
    fn lock(&self) -> Result<Option<Probe>, Failure> {
        if self.profile.flavour != Flavour::OpenLdap {
            return Ok(None);
        }
        let name = "disable";
        let Some(policy) = &self.profile.password_policy else {
            let why =
                "whether a lock has an effect is not known; name the password policy in force in `password-policy`";
            return Ok(Some(Probe::failed(name, why)));
        };
        let dn = &policy.dn;
        Ok(Some(match self.policy_force(dn)? {
            Force::Locks => Probe::passed(name, format!("{dn} has pwdLockout=TRUE, so a lock stops sign-ins")),
            Force::Ignores => {
                Probe::failed(name, format!("{dn} has no pwdLockout=TRUE, so a lock has no effect; set it"))
            }
            Force::Unread => Probe::failed(
                name,
                format!("{dn} does not exist, may not be read, or lies outside the connection's base DN"),
            ),
        }))
    }

    fn last_member(&self) -> Option<Probe> {
        if !self.profile.groups_need_a_member() {
            return None;
        }
        let name = "last-member";
        Some(match &self.profile.placeholder {
            Some(placeholder) => Probe::passed(name, format!("{} holds groups open", placeholder.dn)),
            None => Probe::failed(
                name,
                "the last member of a group cannot be taken out of it; name a placeholder in `placeholder-member`",
            ),
        })
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
