//! One system's part of a plan, person by person.

use super::make::leaver_cause;
use super::{
    AccountRef, Action, Cause, Lane, NewAccount, OperationKey, PlanInput, Planned, PlannedOperation, SystemState,
};
use crate::access::{
    Account, AccountState, Attributes, Cardinality, Credential, Entitlement, Grant, GrantSource, OperationKind,
};
use crate::finding::{Finding, FindingKind};
use crate::id::{IdentityId, NativeId, SystemName};
use crate::identity::{Identity, Standing};
use crate::inventory::LeaverEnd;
use crate::policy::{Assignment, Desired, EntitlementName, Origin};
use std::collections::{BTreeMap, BTreeSet};

/// Plans for one system. It writes into the plan that all systems share.
pub struct SystemPlanner<'a, 'p> {
    pub(super) state: &'a SystemState<'a>,
    pub(super) input: &'a PlanInput<'a>,
    pub(super) planned: &'p mut Planned,
    accounts_of: BTreeMap<&'a IdentityId, Vec<&'a Account>>,
    pub(super) grants_of: BTreeMap<&'a NativeId, Vec<&'a Grant>>,
    pub(super) entitlements: BTreeMap<&'a NativeId, &'a Entitlement>,
    pub(super) by_name: BTreeMap<EntitlementName, Vec<&'a Entitlement>>,
    /// What some rule gives to somebody here. Other entitlements are for access reviews to judge.
    governed: BTreeSet<&'a EntitlementName>,
    assignments_of: BTreeMap<&'a IdentityId, Vec<&'a Assignment>>,
    logins: BTreeSet<String>,
    credentials: Vec<&'a Credential>,
}

impl<'a, 'p> SystemPlanner<'a, 'p> {
    pub(super) fn new(state: &'a SystemState<'a>, input: &'a PlanInput<'a>, planned: &'p mut Planned) -> Self {
        let name = &state.system.name;
        let mut accounts_of: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for account in state.accounts {
            if let Some(identity) = state.links.get(&account.id).and_then(|link| link.identity()) {
                accounts_of.entry(identity).or_default().push(account);
            }
        }
        for accounts in accounts_of.values_mut() {
            accounts.sort_by_key(|account| (rank(account.state), &account.id));
        }
        let mut grants_of: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for grant in state.grants {
            grants_of.entry(&grant.account).or_default().push(grant);
        }
        grants_of.values_mut().for_each(|grants| grants.sort());
        let mut credentials: Vec<_> = state.credentials.iter().collect();
        credentials.sort_by(|a, b| a.id.cmp(&b.id));
        let mut by_name: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for entitlement in state.entitlements {
            by_name.entry(name_of(entitlement)).or_default().push(entitlement);
        }
        let mut assignments_of: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for assignment in input.assignments.iter().filter(|a| a.system == *name && a.until.is_none()) {
            assignments_of.entry(&assignment.identity).or_default().push(assignment);
        }
        for given in assignments_of.values_mut() {
            given.sort_by_key(|given| (&given.entitlement, &given.origin));
        }
        let rules = &input.policy.birthrights;
        Self {
            state,
            input,
            planned,
            accounts_of,
            grants_of,
            by_name,
            governed: rules.iter().flat_map(|rule| rule.give.get(name)).flatten().collect(),
            assignments_of,
            credentials,
            entitlements: state.entitlements.iter().map(|entitlement| (&entitlement.id, entitlement)).collect(),
            logins: state.accounts.iter().filter_map(|a| Some(a.login.as_deref()?.to_lowercase())).collect(),
        }
    }

    pub(super) fn name(&self) -> &'a SystemName {
        &self.state.system.name
    }

    /// Everything that a person who left still has here.
    pub(super) fn leaver(&mut self, person: &'a Identity) {
        let cause = leaver_cause(person, self.input.now);
        for account in self.accounts_of.get(&person.id).cloned().unwrap_or_default() {
            let target = || AccountRef::Existing(account.id.clone());
            if account.state == AccountState::Deleted {
                continue;
            }
            if self.state.system.leaver == LeaverEnd::Delete && self.can(OperationKind::Delete, None) {
                self.operation(person, account_name(account), Action::Delete { account: target() }, &cause, None);
                continue;
            }
            if !account.state.is_powerless() {
                // A target may refuse to disable an account, so that it is frozen as well where that can be done. Neither
                // waits for the other: whichever fails, the other one stands. To freeze again what is frozen would be
                // planned for ever.
                let freeze = account.state != AccountState::Frozen && self.can(OperationKind::Freeze, None);
                if freeze {
                    self.operation(person, account_name(account), Action::Freeze { account: target() }, &cause, None);
                }
                // Where freezing is all that can be done, it is told later that a person has to do the rest.
                if !freeze || self.can(OperationKind::Disable, None) {
                    self.operation(person, account_name(account), Action::Disable { account: target() }, &cause, None);
                }
            }
            self.cut_grants(person, account, &cause, &mut BTreeSet::new(), |_| true);
            let open = !account.state.is_powerless();
            for credential in self.credentials.clone() {
                // One that no listing shows to have ended is ended along with the account, and not again for ever.
                let due = credential.endable && (credential.observable || open);
                if credential.account.as_ref() != Some(&account.id) || !due {
                    continue;
                }
                let what = credential.name.clone().unwrap_or_else(|| format!("{:?}", credential.kind).to_lowercase());
                let action = Action::EndCredential { account: target(), credential: credential.id.clone() };
                self.operation(person, what, action, &cause, None);
            }
        }
    }

    /// What somebody who works here, or soon will, should have and has.
    pub(super) fn person(&mut self, person: &'a Identity, desired: Option<&Desired>) {
        if person.standing != Standing::Active {
            return;
        }
        if !self.state.basis.complete {
            if desired.is_some() {
                let why = "the last read of this system is not whole; nothing but exits is planned here".to_owned();
                self.planned.leave(self.name(), Some(person), why);
            }
            return;
        }
        let accounts = self.accounts_of.get(&person.id).cloned().unwrap_or_default();
        let live = accounts.iter().copied().find(|account| account.state != AccountState::Deleted);
        match (desired, live) {
            (Some(desired), Some(account)) => self.bring_in_line(person, account, desired),
            (Some(desired), None) => self.create(person, desired),
            (None, Some(account)) => self.take_back(person, account),
            (None, None) => self.end_assignments(person, |_| true),
        }
    }

    fn create(&mut self, person: &'a Identity, desired: &Desired) {
        let name = self.name();
        let leave = |planned: &mut Planned, why: String| planned.leave(name, Some(person), why);
        if let Some((account, _)) =
            self.state.links.iter().find(|(_, link)| link.concerns(&person.id) && link.identity().is_none())
        {
            let why = format!("account {account} is disputed and may be this person's; decide that first");
            return leave(self.planned, why);
        }
        let Some(login) = self.state.system.login_for(&person.worker) else {
            let why = format!("the login template {:?} needs a fact that HR has not given", self.state.system.login);
            return leave(self.planned, why);
        };
        if !self.logins.insert(login.clone()) {
            let why =
                format!("the login {login:?} is taken by another account; link it or give HR's record another one");
            return leave(self.planned, why);
        }
        let wanted = self.resolve(person, desired);
        let (at_birth, later): (Vec<_>, Vec<_>) =
            wanted.give.into_iter().partition(|(one, _)| one.cardinality.is_required());
        let worker = &person.worker;
        let new = NewAccount {
            login: login.clone(),
            email: worker.email.clone(),
            display_name: Some(person.display_name()),
            given_name: Some(worker.given_name.clone()),
            family_name: Some(worker.family_name.clone()),
            correlation_key: Some(worker.id.to_string()),
            attributes: self.mapped_attributes(person),
            entitlements: at_birth.iter().map(|(entitlement, _)| entitlement.id.clone()).collect(),
        };
        let cause = Cause::Birthright { origin: desired.account.clone() };
        let Some(created) = self.operation(person, login, Action::Create(new), &cause, None) else {
            return;
        };
        for (entitlement, origin) in later {
            self.give(person, AccountRef::CreatedBy(created), entitlement, origin, Some(created));
        }
    }

    fn bring_in_line(&mut self, person: &'a Identity, account: &'a Account, desired: &Desired) {
        let target = || AccountRef::Existing(account.id.clone());
        self.adopt(person, None, &desired.account);
        let mut after = None;
        if matches!(account.state, AccountState::Disabled | AccountState::Frozen) {
            let cause = Cause::Birthright { origin: desired.account.clone() };
            after = self.operation(person, account_name(account), Action::Enable { account: target() }, &cause, None);
        }
        self.update(person, account);
        let held: BTreeSet<&NativeId> = self.grants(account).iter().map(|grant| &grant.entitlement).collect();
        let wanted = self.resolve(person, desired);
        let mut keep = wanted.ids();
        for (entitlement, origin) in &wanted.give {
            if held.contains(&entitlement.id) {
                self.adopt(person, Some(&entitlement.id), origin);
                continue;
            }
            match self.rival(account, entitlement).filter(|_| entitlement.cardinality.is_exclusive()) {
                Some(rival) => {
                    // The exchange takes it; nothing else does.
                    keep.insert(&rival.id);
                    self.exchange(person, target(), rival, entitlement, origin.clone(), after);
                }
                None => self.give(person, target(), entitlement, origin.clone(), after),
            }
        }
        self.cut_what_was_given(person, account, |id| keep.contains(id));
        self.unexplained(person, account, &wanted.ids());
    }

    /// No rule gives this person anything here. Only what Reeve has a record of having given is taken.
    fn take_back(&mut self, person: &'a Identity, account: &'a Account) {
        let given =
            self.assignments_of.get(&person.id).into_iter().flatten().copied().find(|a| a.entitlement.is_none());
        self.cut_what_was_given(person, account, |_| false);
        if let Some(assignment) = given {
            if account.state.is_powerless() {
                self.planned.ended.push(assignment.clone());
            } else {
                let cause = Cause::NoLongerGiven { origin: assignment.origin.clone() };
                let action = Action::Disable { account: AccountRef::Existing(account.id.clone()) };
                self.operation(person, account_name(account), action, &cause, None);
            }
        }
        self.unexplained(person, account, &BTreeSet::new());
    }

    fn cut_what_was_given(&mut self, person: &'a Identity, account: &'a Account, keep: impl Fn(&NativeId) -> bool) {
        let given = self.assignments_of.get(&person.id).cloned().unwrap_or_default();
        let mut cut = BTreeSet::new();
        for assignment in given {
            let Some(id) = assignment.entitlement.as_ref().filter(|id| !keep(id)) else {
                continue;
            };
            if !self.grants(account).iter().any(|grant| grant.entitlement == *id) {
                self.planned.ended.push(assignment.clone());
                continue;
            }
            let cause = Cause::NoLongerGiven { origin: assignment.origin.clone() };
            self.cut_grants(person, account, &cause, &mut cut, |entitlement| entitlement == id);
        }
    }

    fn cut_grants(
        &mut self,
        person: &'a Identity,
        account: &'a Account,
        cause: &Cause,
        cut: &mut BTreeSet<&'a NativeId>,
        which: impl Fn(&NativeId) -> bool,
    ) {
        let own = |grant: &Grant| matches!(grant.source, GrantSource::Direct | GrantSource::Unknown);
        for grant in self.grants(account) {
            if !which(&grant.entitlement) || !own(grant) {
                continue;
            }
            cut.insert(&grant.entitlement);
            let entitlement = self.entitlements.get(&grant.entitlement).copied();
            let what = entitlement.map_or_else(|| grant.entitlement.to_string(), |e| name_of(e).to_string());
            let account_ref = AccountRef::Existing(account.id.clone());
            let last =
                entitlement.is_some_and(|e| e.cardinality == Cardinality::AtLeastOne && self.is_last(account, e, cut));
            if grant.revocable && !last {
                let action = Action::Revoke { account: account_ref, entitlement: grant.entitlement.clone() };
                self.operation(person, what, action, cause, None);
            } else if let Some(floor) = entitlement.and_then(|e| self.floor_below(e)) {
                let take = Some(grant.entitlement.clone());
                let action = Action::Replace { account: account_ref, take, give: floor.id.clone() };
                let what = format!("{what}, down to {}", floor.name);
                self.operation(person, what, action, cause, None);
            } else {
                let why = format!("{what} can't be revoked at {}", self.name());
                self.planned.leave(self.name(), Some(person), why);
            }
        }
    }

    fn give(
        &mut self,
        person: &'a Identity,
        account: AccountRef,
        entitlement: &Entitlement,
        origin: Origin,
        after: Option<usize>,
    ) {
        let action = Action::Grant { account, entitlement: entitlement.id.clone(), expires_at: None };
        self.assign(person, entitlement, action, origin, after);
    }

    fn exchange(
        &mut self,
        person: &'a Identity,
        account: AccountRef,
        rival: &Entitlement,
        entitlement: &Entitlement,
        origin: Origin,
        after: Option<usize>,
    ) {
        let action = Action::Replace { account, take: Some(rival.id.clone()), give: entitlement.id.clone() };
        self.assign(person, entitlement, action, origin, after);
    }

    fn assign(
        &mut self,
        person: &'a Identity,
        entitlement: &Entitlement,
        action: Action<AccountRef>,
        origin: Origin,
        after: Option<usize>,
    ) {
        if !entitlement.assignable {
            let why = format!("{} can't be given through {}: it is not assignable", name_of(entitlement), self.name());
            return self.planned.leave(self.name(), Some(person), why);
        }
        self.operation(person, name_of(entitlement).to_string(), action, &Cause::Birthright { origin }, after);
    }

    fn update(&mut self, person: &'a Identity, account: &'a Account) {
        let wanted = self.mapped_attributes(person);
        let differing: Attributes = wanted
            .into_iter()
            .filter(|(name, value)| account_attribute(account, name).as_ref() != Some(value))
            .collect();
        if differing.is_empty() {
            return;
        }
        let cause = Cause::Facts { fields: differing.keys().cloned().collect() };
        let what = differing.keys().cloned().collect::<Vec<_>>().join(", ");
        let action = Action::Update {
            account: AccountRef::Existing(account.id.clone()),
            etag: account.etag.clone(),
            attributes: differing,
        };
        self.operation(person, what, action, &cause, None);
    }

    fn mapped_attributes(&self, person: &Identity) -> Attributes {
        let fields = self.state.system.attributes.iter();
        fields.filter_map(|(target, field)| Some((target.clone(), person.worker.field(field)?.into()))).collect()
    }

    fn unexplained(&mut self, person: &'a Identity, account: &'a Account, wanted: &BTreeSet<&NativeId>) {
        let given: BTreeSet<&NativeId> =
            self.assignments_of.get(&person.id).into_iter().flatten().filter_map(|a| a.entitlement.as_ref()).collect();
        for grant in self.grants(account) {
            let Some(entitlement) = self.entitlements.get(&grant.entitlement).copied() else { continue };
            let explained = wanted.contains(&entitlement.id) || given.contains(&entitlement.id);
            if explained || !self.governed.contains(&name_of(entitlement)) {
                continue;
            }
            let text = format!(
                "{} holds {} of {}, which no rule gives and no record explains. It is left for an access review.",
                person.display_name(),
                name_of(entitlement),
                self.name()
            );
            self.finding(
                FindingKind::UnexplainedAccess,
                format!("{}/{}", account.id, entitlement.id),
                Some(&person.id),
                text,
            );
        }
    }

    fn adopt(&mut self, person: &Identity, entitlement: Option<&NativeId>, origin: &Origin) {
        let known = self.assignments_of.get(&person.id).into_iter().flatten();
        if known.into_iter().any(|assignment| assignment.entitlement.as_ref() == entitlement) {
            return;
        }
        self.planned.adopted.push(Assignment {
            identity: person.id.clone(),
            system: self.name().clone(),
            entitlement: entitlement.cloned(),
            origin: origin.clone(),
            since: self.input.now,
            until: None,
        });
    }

    fn end_assignments(&mut self, person: &Identity, which: impl Fn(&Assignment) -> bool) {
        let given = self.assignments_of.get(&person.id).into_iter().flatten();
        self.planned.ended.extend(given.filter(|a| which(a)).map(|a| (*a).clone()));
    }

    pub(super) fn grants(&self, account: &Account) -> Vec<&'a Grant> {
        self.grants_of.get(&account.id).cloned().unwrap_or_default()
    }

    fn can(&self, kind: OperationKind, entitlement_kind: Option<&str>) -> bool {
        self.state.description.capability(kind, entitlement_kind).is_some()
    }

    /// Adds the operation, unless the connector can't do it or an approved plan already will.
    fn operation(
        &mut self,
        person: &Identity,
        what: String,
        action: Action<AccountRef>,
        cause: &Cause,
        after: Option<usize>,
    ) -> Option<usize> {
        let kind = action.kind();
        let entitlement_kind = action.entitlement().and_then(|id| self.entitlements.get(id)).map(|e| e.kind.as_str());
        let Some(capability) = self.state.description.capability(kind, entitlement_kind) else {
            let verb = format!("{kind:?}").to_lowercase();
            let why = format!("plugin {} can't {verb}: {what} has to be done by hand", self.state.system.plugin);
            self.planned.leave(self.name(), Some(person), why);
            return None;
        };
        let key = OperationKey::of(self.name(), &person.id, &action);
        // It may be for the account that an approved plan has made in the meantime, and names by its creation.
        let of_created = action.clone().for_account(|_| Some(AccountRef::CreatedBy(0)));
        let of_created = of_created.map(|action| OperationKey::of(self.name(), &person.id, &action));
        if [Some(key), of_created].iter().flatten().any(|key| self.input.underway.contains(key)) {
            let verb = format!("{kind:?}").to_lowercase();
            self.planned.leave(self.name(), Some(person), format!("{verb} {what} is in an approved plan already"));
            return None;
        }
        let lane = if matches!(cause, Cause::Leaver { .. }) { Lane::Leaver } else { Lane::Standard };
        Some(self.planned.push(PlannedOperation {
            system: self.state.system.name.clone(),
            lane,
            identity: person.id.clone(),
            person: person.display_name(),
            what,
            action,
            cause: cause.clone(),
            after,
            mechanism: capability.mechanism.clone(),
        }))
    }

    pub(super) fn finding(&mut self, kind: FindingKind, subject: String, identity: Option<&IdentityId>, text: String) {
        let subject = format!("{}/{subject}", self.name());
        let finding = Finding { kind, subject, system: Some(self.name().clone()), identity: identity.cloned(), text };
        if !self.planned.findings.contains(&finding) {
            self.planned.findings.push(finding);
        }
    }
}

pub(super) fn name_of(entitlement: &Entitlement) -> EntitlementName {
    EntitlementName { kind: entitlement.kind.clone(), name: entitlement.name.clone() }
}

fn account_name(account: &Account) -> String {
    account.login.clone().or_else(|| account.email.clone()).unwrap_or_else(|| account.id.to_string())
}

/// The account's present value of an attribute that policy maps, by field or by attribute.
pub fn account_attribute(account: &Account, name: &str) -> Option<serde_json::Value> {
    let field = match name {
        "login" => account.login.clone(),
        "email" => account.email.clone(),
        "display-name" => account.display_name.clone(),
        "correlation-key" => account.correlation_key.clone(),
        _ => return account.attributes.get(name).cloned(),
    };
    field.map(Into::into)
}

/// Of several accounts, the one that is in use comes first.
fn rank(state: AccountState) -> u8 {
    match state {
        AccountState::Active | AccountState::Locked | AccountState::Pending | AccountState::Unknown => 0,
        AccountState::Frozen => 1,
        AccountState::Disabled => 2,
        AccountState::Deleted => 3,
    }
}
