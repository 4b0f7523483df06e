//! Operations on users. Each reads first: what is so already is not written again.

use crate::exchange::{self, Object, flag};
use crate::membership::{Holding, Row};
use crate::{Salesforce, create, fault, membership, soql, user};
use reeve_sdk::http::Response;
use reeve_sdk::prelude::*;
use serde_json::{Map, Value as Json, json};

/// Whether a user can sign in.
struct Standing {
    active: bool,
    /// None where the user has no login of its own.
    login: Option<LoginRow>,
}

struct LoginRow {
    id: String,
    frozen: bool,
}

impl Salesforce {
    /// The values that a user's fields have now; none if there is no such user.
    fn current(&self, id: &str, fields: &[&str]) -> Result<Option<Map<String, Json>>, Failure> {
        let soql = format!("SELECT {} FROM User WHERE Id = {}", fields.join(", "), soql::quoted(id));
        let mut found = None;
        exchange::each(&soql, self.settings.page_size, |row| {
            found = row.value().as_object().cloned();
            Ok(())
        })?;
        Ok(found)
    }

    /// None if there is no such user.
    fn standing(&self, id: &str) -> Result<Option<Standing>, Failure> {
        let Some(fields) = self.current(id, &["IsActive"])? else { return Ok(None) };
        let active = fields.get("IsActive").and_then(Json::as_bool);
        let active = active.ok_or_else(|| Failure::protocol(format!("the user {id} comes without IsActive")))?;
        let mut login = None;
        let soql = format!("SELECT Id, IsFrozen FROM UserLogin WHERE UserId = {}", soql::quoted(id));
        exchange::each(&soql, self.settings.page_size, |row| {
            let frozen = flag(row, "IsFrozen")?.unwrap_or(false);
            login = Some(LoginRow { id: row.get("Id")?.string()?, frozen });
            Ok(())
        })?;
        Ok(Some(Standing { active, login }))
    }

    /// Whoever is not there has nothing to lose.
    fn gone(&self, id: &str) -> Result<Outcome, Failure> {
        self.must_not_be_hidden(id).map(|()| Outcome::already_so())
    }

    /// Sets fields of a user that differ from what they are.
    pub fn set(&self, id: &str, fields: &[(&str, Json)]) -> Result<Outcome, Failure> {
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        let current = self.current(id, &names)?.ok_or_else(|| no_such(id))?;
        let differs = |name: &str, value: &Json| current.get(name).unwrap_or(&Json::Null) != value;
        let open: Map<String, Json> = fields
            .iter()
            .filter(|(name, value)| differs(name, value))
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        if open.is_empty() {
            return Ok(Outcome::already_so());
        }
        exchange::update(Object::User, id, &Json::Object(open)).map(|answer| done(&answer))
    }
}

impl Writer for Salesforce {
    fn create(&self, account: NewAccount, _: &str) -> Result<Outcome, Failure> {
        let answer = exchange::create(Object::User, &create::fields(&account, &self.settings)?)?;
        let body = answer.error_json();
        match body.as_ref().and_then(|body| body.get("id")?.as_str()).filter(|id| !id.is_empty()) {
            Some(id) => Ok(done(&answer).account(id)),
            None => Err(Failure::outcome_unknown(format!(
                "Salesforce answered {} to the creation of {:?} and did not say under which id",
                answer.status(),
                account.login
            ))),
        }
    }

    fn update(&self, change: AccountChange, _: &str) -> Result<Outcome, Failure> {
        must_be_user(&change.account)?;
        let fields = change.attributes.iter().map(|wish| user::field(wish, &self.settings));
        let fields = fields.collect::<Result<Vec<_>, _>>()?;
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        if fields.is_empty() {
            return Ok(Outcome::already_so());
        }
        self.set(&change.account, &fields)
    }

    fn enable(&self, account: &str, _: &str) -> Result<Outcome, Failure> {
        must_be_user(account)?;
        let standing = self.standing(account)?.ok_or_else(|| no_such(account))?;
        let frozen = standing.login.filter(|login| login.frozen);
        let mut outcome = Outcome::already_so();
        if !standing.active {
            outcome = done(&exchange::update(Object::User, account, &json!({ "IsActive": true }))?);
        }
        if let Some(login) = frozen {
            let answer = exchange::update(Object::UserLogin, &login.id, &json!({ "IsFrozen": false }))?;
            outcome = done(&answer).side_effect("unfrozen");
        }
        Ok(outcome)
    }

    fn disable(&self, account: &str, _: &str) -> Result<Outcome, Failure> {
        must_be_user(account)?;
        let Some(standing) = self.standing(account)? else { return self.gone(account) };
        if !standing.active {
            return Ok(Outcome::already_so());
        }
        let answer = exchange::send_update(Object::User, account, &json!({ "IsActive": false }))?;
        match exchange::accepted(answer.clone()) {
            Ok(answer) => Ok(done(&answer)),
            // The request has nothing in it that could be wrong, so that what is refused is this user's end: Salesforce
            // has many reasons, and says which.
            Err(Failure::Invalid(_) | Failure::Conflict(_)) => Err(fault::refused(&fault::faults(&answer))),
            Err(failure) => Err(failure),
        }
    }

    fn freeze(&self, account: &str, _: &str) -> Result<Outcome, Failure> {
        must_be_user(account)?;
        let Some(standing) = self.standing(account)? else { return self.gone(account) };
        match standing.login {
            _ if !standing.active => Ok(Outcome::already_so()),
            Some(login) if login.frozen => Ok(Outcome::already_so()),
            Some(login) => {
                exchange::update(Object::UserLogin, &login.id, &json!({ "IsFrozen": true })).map(|answer| done(&answer))
            }
            None => Err(Failure::refused("Salesforce keeps no login (UserLogin) of this user that could be frozen")),
        }
    }

    fn grant(&self, grant: NewGrant, _: &str) -> Result<Outcome, Failure> {
        must_be_user(&grant.account)?;
        match Holding::of(&grant.entitlement)? {
            Holding::Row(row) => self.give_row(row, &grant),
            Holding::Role if grant.expires_at.is_some() => Err(membership::no_end_date()),
            Holding::Role => self.give_role(&grant),
            Holding::Profile => Err(Failure::unsupported("a user always has one profile; replace it by this one")),
        }
    }

    fn revoke(&self, membership: Membership, _: &str) -> Result<Outcome, Failure> {
        must_be_user(&membership.account)?;
        match Holding::of(&membership.entitlement)? {
            Holding::Row(row) => membership::take(row, &membership, &self.settings),
            Holding::Role => self.take_role(&membership),
            Holding::Profile => {
                Err(Failure::unsupported("a profile can't be taken away, only replaced by another one"))
            }
        }
    }

    fn replace(&self, replacement: Replacement, _: &str) -> Result<Outcome, Failure> {
        must_be_user(&replacement.account)?;
        let field = match Holding::of(&replacement.give)? {
            Holding::Profile => "ProfileId",
            Holding::Role => "UserRoleId",
            Holding::Row(_) => {
                return Err(Failure::unsupported(
                    "only a profile or a role is exchanged in one step; grant and revoke",
                ));
            }
        };
        let current = self.current(&replacement.account, &[field])?.ok_or_else(|| no_such(&replacement.account))?;
        let held = current.get(field).and_then(Json::as_str);
        if held == Some(replacement.give.as_str()) {
            return Ok(Outcome::already_so());
        }
        if let Some(take) = replacement.take.as_deref().filter(|take| Some(*take) != held) {
            let held = held.unwrap_or("none");
            return Err(Failure::conflict(format!(
                "the user no longer has {take} that was to be replaced, but {held}"
            )));
        }
        self.set(&replacement.account, &[(field, Json::from(replacement.give.as_str()))])
    }
}

impl Salesforce {
    /// Salesforce refuses an id that means nothing in the words for one that may not be used, and rarely says which id.
    fn give_row(&self, row: Row, grant: &NewGrant) -> Result<Outcome, Failure> {
        let given = membership::give(row, grant, &self.settings);
        let refused = matches!(given, Err(Failure::Invalid(_) | Failure::Forbidden(_)));
        if refused && self.current(&grant.account, &["Id"])?.is_none() {
            self.must_not_be_hidden(&grant.account)?;
            return Err(no_such(&grant.account));
        }
        given
    }

    /// A user has one role at most, and giving another one would take the first unseen.
    fn give_role(&self, grant: &NewGrant) -> Result<Outcome, Failure> {
        let current = self.current(&grant.account, &["UserRoleId"])?.ok_or_else(|| no_such(&grant.account))?;
        match role(&current) {
            Some(role) if role != grant.entitlement => {
                Err(Failure::conflict(format!("the user has the role {role}, which has to be replaced")))
            }
            _ => self.set(&grant.account, &[("UserRoleId", Json::from(grant.entitlement.as_str()))]),
        }
    }

    fn take_role(&self, membership: &Membership) -> Result<Outcome, Failure> {
        let Some(current) = self.current(&membership.account, &["UserRoleId"])? else {
            return self.gone(&membership.account);
        };
        match role(&current) {
            Some(role) if role == membership.entitlement => {
                self.set(&membership.account, &[("UserRoleId", Json::Null)])
            }
            _ => Ok(Outcome::already_so()),
        }
    }
}

fn role(user: &Map<String, Json>) -> Option<&str> {
    user.get("UserRoleId").and_then(Json::as_str)
}

fn must_be_user(id: &str) -> Result<(), Failure> {
    if id.starts_with(crate::reader::USER_PREFIX) {
        return Ok(());
    }
    Err(Failure::unsupported(format!("{id} is no user; this connector changes users only")))
}

fn no_such(id: &str) -> Failure {
    Failure::not_found(format!("Salesforce shows no user {id}"))
}

/// A success whose request id Salesforce's support asks for.
pub fn done(answer: &Response) -> Outcome {
    Outcome::done().request_id(answer.header("x-sfdc-request-id"))
}
