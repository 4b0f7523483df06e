//! The listings, and the fresh read of one account.

use crate::entitlement::Kind;
use crate::exchange::{self, flag};
use crate::grants::Source;
use crate::nest::Lazy;
use crate::program::Program;
use crate::walk::{self, Leg};
use crate::{Salesforce, soql, user};
use reeve_sdk::prelude::*;

/// The first three characters of a user's id.
pub const USER_PREFIX: &str = "005";

impl Salesforce {
    fn account_legs(&self) -> Vec<Leg> {
        let users = Leg::new(format!("{} ORDER BY Id", user::select(&self.settings)));
        let programs = Program::ALL
            .into_iter()
            .map(|program| Leg::new(format!("{} ORDER BY Id", program.select())).optional(program.without()));
        [users].into_iter().chain(programs).collect()
    }

    /// The users that a condition finds.
    pub fn users_where(&self, field: &str, value: &str) -> Result<Vec<Account>, Failure> {
        let soql = format!("{} WHERE {field} = {}", user::select(&self.settings), soql::quoted(value));
        let rows = exchange::query(&soql, self.settings.page_size)?;
        let items = rows.items()?;
        if items.len() as u64 != rows.total {
            return Err(exchange::short(&soql, rows.total, items.len() as u64));
        }
        user::accounts(&items, &self.settings)
    }

    /// Users are never deleted, so one that is not shown is either none or hidden from the connector's user.
    pub fn must_not_be_hidden(&self, id: &str) -> Result<(), Failure> {
        let mut sees_all = None;
        exchange::each("SELECT PermissionsManageUsers FROM UserPermissionAccess", self.settings.page_size, |row| {
            sees_all = flag(row, "PermissionsManageUsers")?;
            Ok(())
        })?;
        match sees_all {
            Some(true) => Ok(()),
            _ => Err(Failure::forbidden(format!(
                "Salesforce does not show the user {id}, and users are never deleted there; the connector's user needs \
                 the permission Manage Users to see everybody"
            ))),
        }
    }

    /// How the ids of apps and agents begin is nowhere written, so each kind is asked for. One that can't be read can't
    /// say that it has none.
    fn program(&self, id: &str) -> Result<Option<AccountView>, Failure> {
        let mut unread = None;
        for program in Program::ALL {
            let soql = format!("{} WHERE Id = {}", program.select(), soql::quoted(id));
            let mut found = None;
            let read = exchange::each(&soql, self.settings.page_size, |row| {
                found = Some(AccountView { account: program.account(row)?, grants: vec![] });
                Ok(())
            });
            match read {
                Ok(()) if found.is_some() => return Ok(found),
                Ok(()) => {}
                Err(failure @ (Failure::Unsupported(_) | Failure::Forbidden(_))) => unread = Some(failure),
                Err(failure) => return Err(failure),
            }
        }
        unread.map_or(Ok(None), Err)
    }
}

impl Reader for Salesforce {
    fn list_accounts(&self, page: PageRequest) -> Result<Page<Account>, Failure> {
        let step = walk::step(&self.account_legs(), &page, self.settings.page_size)?;
        let Some(rows) = &step.rows else { return step.page(vec![], true) };
        let items = rows.items()?;
        let accounts = match step.leg.checked_sub(1).and_then(|at| Program::ALL.get(at)) {
            Some(program) => items.iter().map(|row| program.account(row)).collect::<Result<_, _>>()?,
            None => user::accounts(&items, &self.settings)?,
        };
        step.page(accounts, true)
    }

    fn list_entitlements(&self, page: PageRequest) -> Result<Page<Entitlement>, Failure> {
        let legs: Vec<Leg> = Kind::ALL.into_iter().map(|kind| Leg::new(kind.select())).collect();
        let step = walk::step(&legs, &page, self.settings.page_size)?;
        let entitlements = match (&step.rows, Kind::ALL.get(step.leg)) {
            (Some(rows), Some(kind)) => kind.entitlements(&rows.items()?, &self.settings)?,
            _ => vec![],
        };
        step.page(entitlements, true)
    }

    fn list_grants(&self, page: PageRequest) -> Result<Page<Grant>, Failure> {
        let legs: Vec<Leg> = Source::ALL.into_iter().map(Source::leg).collect();
        let step = walk::step(&legs, &page, self.settings.page_size)?;
        let held = match (&step.rows, Source::ALL.get(step.leg)) {
            (Some(rows), Some(source)) => source.grants(&rows.items()?, &Lazy::new(&self.settings))?,
            _ => return step.page(vec![], false),
        };
        let page = step.page(held.grants, false)?;
        Ok(match held.warning {
            Some(warning) => page.warning(warning),
            None => page,
        })
    }

    fn get_account(&self, id: &str) -> Result<Option<AccountView>, Failure> {
        if !(15..=18).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Failure::invalid("id", format!("{id:?} is no id of Salesforce's")));
        }
        if !id.starts_with(USER_PREFIX) {
            return self.program(id);
        }
        let Some(account) = self.users_where("Id", id)?.into_iter().next() else {
            return self.must_not_be_hidden(id).map(|()| None);
        };
        if account.id != id {
            return Err(Failure::protocol(format!("asked for the user {id}, Salesforce answered with {}", account.id)));
        }
        let (mut grants, nest) = (Vec::new(), Lazy::new(&self.settings));
        for source in Source::ALL {
            let soql = source.of(id);
            let mut rows = exchange::query(&soql, self.settings.page_size)?;
            let (total, mut seen) = (rows.total, 0);
            loop {
                let items = rows.items()?;
                seen += items.len() as u64;
                grants.extend(source.grants(&items, &nest)?.grants);
                // Nobody has more rows than Salesforce states, so this ends.
                match rows.locator.as_deref() {
                    Some(locator) if seen < total && !items.is_empty() => rows = exchange::more(locator)?,
                    _ if seen == total => break,
                    _ => return Err(exchange::short(&soql, total, seen)),
                }
            }
        }
        Ok(Some(AccountView { account, grants }))
    }

    fn find_account(&self, by: MatchBy, key: &str) -> Result<Vec<Account>, Failure> {
        let field = match by {
            MatchBy::Login => "Username",
            MatchBy::Email => "Email",
            MatchBy::CorrelationKey => &self.settings.correlation_field,
        };
        self.users_where(field, key)
    }
}
