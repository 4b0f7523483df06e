//! Which entitlements of a system policy means, and what stands beside them: names that can't be told apart, sets of which
//! an account holds one at a time, and the rung that a downgrade ends on.

use super::SystemPlanner;
use super::system::name_of;
use crate::access::{Account, Entitlement, GrantSource};
use crate::finding::FindingKind;
use crate::id::NativeId;
use crate::identity::Identity;
use crate::policy::{Desired, EntitlementName, Origin};
use std::collections::{BTreeMap, BTreeSet};

/// What a person should have here.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    pub give: Vec<(&'a Entitlement, Origin)>,
    /// What policy names and can't mean as it stands. It is neither given nor taken until somebody mends the rules.
    pub undecided: BTreeSet<&'a NativeId>,
}

impl<'a> Wanted<'a> {
    pub(super) fn ids(&self) -> BTreeSet<&'a NativeId> {
        self.give.iter().map(|(entitlement, _)| &entitlement.id).chain(self.undecided.iter().copied()).collect()
    }
}

impl<'a> SystemPlanner<'a, '_> {
    pub(super) fn resolve(&mut self, person: &Identity, desired: &Desired) -> Wanted<'a> {
        let mut wanted = Wanted::default();
        for (name, origin) in &desired.entitlements {
            let candidates = self.by_name.get(name).cloned().unwrap_or_default();
            if let [only] = candidates.as_slice() {
                wanted.give.push((*only, origin.clone()));
                continue;
            }
            wanted.undecided.extend(candidates.iter().map(|candidate| &candidate.id));
            let fault = match candidates.len() {
                0 => "which does not exist there".to_owned(),
                n => format!("and {n} of that name exist"),
            };
            let text = format!("Rule {:?} ({}) gives {name} of {}, {fault}.", origin.rule, origin.place, self.name());
            self.not_given(person, name, format!("{name} is not one entitlement of this system"), text);
        }
        self.one_at_a_time(person, &mut wanted);
        wanted
    }

    /// Rules that give one person several of a set of which an account holds one would take turns for ever.
    fn one_at_a_time(&mut self, person: &Identity, wanted: &mut Wanted<'a>) {
        let mut sets: BTreeMap<&str, Vec<(&'a Entitlement, Origin)>> = BTreeMap::new();
        for (entitlement, origin) in &wanted.give {
            if let Some(set) = set_of(entitlement) {
                sets.entry(set).or_default().push((*entitlement, origin.clone()));
            }
        }
        for (set, rivals) in sets.into_iter().filter(|(_, rivals)| rivals.len() > 1) {
            wanted.give.retain(|(entitlement, _)| set_of(entitlement) != Some(set));
            wanted.undecided.extend(rivals.iter().map(|(entitlement, _)| &entitlement.id));
            let each: Vec<_> = rivals
                .iter()
                .map(|(entitlement, origin)| {
                    format!("{} by {:?} ({})", name_of(entitlement), origin.rule, origin.place)
                })
                .collect();
            let text = format!(
                "Rules give {} several of {set} at {}, of which an account holds one: {}.",
                person.display_name(),
                self.name(),
                each.join(", ")
            );
            let why = format!("rules give several of {set}, of which an account holds one");
            for (entitlement, _) in &rivals {
                self.not_given(person, &name_of(entitlement), why.clone(), text.clone());
            }
        }
    }

    fn not_given(&mut self, person: &Identity, name: &EntitlementName, why: String, text: String) {
        self.planned.leave(self.name(), Some(person), why);
        let text = format!("{text} Mend the rule or the system.");
        self.finding(FindingKind::UnknownEntitlement, name.to_string(), None, text);
    }

    /// The rung that remains when everything that can be taken is taken.
    pub(super) fn floor_below(&self, entitlement: &Entitlement) -> Option<&'a Entitlement> {
        let rung = entitlement.rung.as_ref().filter(|rung| !rung.floor)?;
        let floors = self.state.entitlements.iter().filter(|other| {
            other.rung.as_ref().is_some_and(|r| r.floor && r.family == rung.family) && other.id != entitlement.id
        });
        floors.min_by(|a, b| a.id.cmp(&b.id))
    }

    /// Whether nothing of its kind is left to the account besides what is cut.
    pub(super) fn is_last(&self, account: &Account, entitlement: &Entitlement, cut: &BTreeSet<&NativeId>) -> bool {
        let direct = self.grants(account).into_iter().filter(|grant| grant.source == GrantSource::Direct);
        let mut kept = direct.filter(|grant| !cut.contains(&grant.entitlement));
        !kept.any(|grant| self.entitlements.get(&grant.entitlement).is_some_and(|other| other.kind == entitlement.kind))
    }

    /// What the account holds of a kind or family of which it may hold one at a time.
    pub(super) fn rival(&self, account: &Account, wanted: &Entitlement) -> Option<&'a Entitlement> {
        let family = |e: &Entitlement| e.rung.as_ref().map(|rung| rung.family.clone());
        let rival = |held: &Entitlement| match family(wanted) {
            Some(_) => family(held) == family(wanted),
            None => held.kind == wanted.kind,
        };
        let held = self.grants(account).into_iter().filter(|grant| grant.source == GrantSource::Direct);
        let held = held.filter_map(|grant| self.entitlements.get(&grant.entitlement));
        held.filter(|held| rival(held)).copied().next()
    }
}

/// The set of which an account holds one at a time, if it belongs to one.
fn set_of(entitlement: &Entitlement) -> Option<&str> {
    let family = entitlement.rung.as_ref().map_or(entitlement.kind.as_str(), |rung| rung.family.as_str());
    entitlement.cardinality.is_exclusive().then_some(family)
}
