//! Reads a whole system, or a whole source of people. A read that breaks is still evidence: it is recorded, with the
//! reason, and never an error.

use crate::abi::{Answer, Page, PageRequest};
use crate::call::Guest;
use crate::clean;
use crate::connector::{Connector, page_size, sleep};
use crate::listing::walk;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reeve_core::Timestamp;
use reeve_core::access::{
    Account, Description, Entitlement, Grant, Incomplete, Listed, ListingRecord, SystemRead, WorkforceRead,
};
use reeve_core::identity::Worker;
use reeve_core::run::Failure;
use serde::Serialize;
use std::collections::{BTreeSet, HashSet};

/// Hears how a read goes: what is listed, how many items so far, how many the source says there are.
pub type Progress<'a> = dyn Fn(Listed, u64, Option<u64>) + Send + Sync + 'a;

/// Grants left out that a warning names.
const NAMED_MAX: usize = 5;

/// Something that a plugin lists.
pub(crate) trait Item: Serialize + Send + Sync + Sized + 'static {
    const WHAT: Listed;
    const FUNCTION: &'static str;

    /// Unique over the listing.
    fn key(page: u32, at: usize, item: &Self) -> String;

    fn ask(guest: Guest<'_>, page: PageRequest) -> BoxFuture<'_, Answer<Page<Self>>>;

    /// Why this item can't be of a system that describes itself so.
    fn fault(&self, description: &Description) -> Option<String> {
        let _ = description;
        None
    }
}

impl Item for Account {
    const WHAT: Listed = Listed::Accounts;
    const FUNCTION: &'static str = "list-accounts";

    fn key(_: u32, _: usize, account: &Self) -> String {
        account.id.to_string()
    }

    fn ask(guest: Guest<'_>, page: PageRequest) -> BoxFuture<'_, Answer<Page<Self>>> {
        guest.exports.list_accounts(guest, page).boxed()
    }
}

impl Item for Entitlement {
    const WHAT: Listed = Listed::Entitlements;
    const FUNCTION: &'static str = "list-entitlements";

    fn key(_: u32, _: usize, entitlement: &Self) -> String {
        entitlement.id.to_string()
    }

    fn ask(guest: Guest<'_>, page: PageRequest) -> BoxFuture<'_, Answer<Page<Self>>> {
        guest.exports.list_entitlements(guest, page).boxed()
    }

    fn fault(&self, description: &Description) -> Option<String> {
        (!description.entitlement_kinds.contains(&self.kind)).then(|| {
            format!("the entitlement {:?} is of the kind {:?}, which the description does not list", self.id, self.kind)
        })
    }
}

impl Item for Grant {
    const WHAT: Listed = Listed::Grants;
    const FUNCTION: &'static str = "list-grants";

    fn key(_: u32, _: usize, grant: &Self) -> String {
        // The same pair may come once per source. JSON, because no two triples may have one key.
        serde_json::to_string(&(&grant.account, &grant.entitlement, &grant.source)).unwrap_or_default()
    }

    fn ask(guest: Guest<'_>, page: PageRequest) -> BoxFuture<'_, Answer<Page<Self>>> {
        guest.exports.list_grants(guest, page).boxed()
    }
}

impl Item for Worker {
    const WHAT: Listed = Listed::Workers;
    const FUNCTION: &'static str = "list-workers";

    /// By its row: two rows of one worker are HR's fault, which core tells HR, and no fault of the listing.
    fn key(page: u32, at: usize, _: &Self) -> String {
        format!("{page}/{at}")
    }

    fn ask(guest: Guest<'_>, page: PageRequest) -> BoxFuture<'_, Answer<Page<Self>>> {
        guest.exports.list_workers(guest, page).boxed()
    }
}

impl Connector {
    /// Walks entitlements, accounts and grants to the end, or notes in each listing's record why it could not. Grants, of
    /// which there are the most, are read beside the other two.
    pub async fn read_system(&self, progress: &Progress<'_>) -> SystemRead {
        let description = match self.describe().await {
            Ok(description) => description,
            Err(failure) => {
                let listings = [Listed::Entitlements, Listed::Accounts, Listed::Grants];
                let listings = listings.map(|what| unread(what, &failure)).into();
                return SystemRead {
                    description: Description::default(),
                    accounts: vec![],
                    entitlements: vec![],
                    grants: vec![],
                    listings,
                };
            }
        };
        let entitlements_and_accounts = async {
            (self.list::<Entitlement>(&description, progress).await, self.list::<Account>(&description, progress).await)
        };
        let ((entitlements, accounts), grants) =
            tokio::join!(entitlements_and_accounts, self.list::<Grant>(&description, progress));
        let ((entitlements, entitlements_record), (accounts, accounts_record)) = (entitlements, accounts);
        let (mut grants, mut grants_record) = grants;
        leave_out_strays(&accounts, &entitlements, &mut grants, &mut grants_record);
        let listings = vec![entitlements_record, accounts_record, grants_record];
        SystemRead { description, accounts, entitlements, grants, listings }
    }

    pub async fn read_workforce(&self, progress: &Progress<'_>) -> WorkforceRead {
        match self.describe().await {
            Ok(description) => {
                let (workers, listing) = self.list::<Worker>(&description, progress).await;
                WorkforceRead { workers, listing }
            }
            Err(failure) => WorkforceRead { workers: vec![], listing: unread(Listed::Workers, &failure) },
        }
    }

    async fn list<T: Item>(&self, description: &Description, progress: &Progress<'_>) -> (Vec<T>, ListingRecord) {
        let started_at = Timestamp::now();
        let ask = |page: PageRequest| -> BoxFuture<'_, Result<Page<T>, Failure>> {
            async move {
                let page = self.page::<T>(page).await?;
                match page.items.iter().find_map(|item| item.fault(description)) {
                    Some(fault) => Err(Failure::Protocol(fault)),
                    None => Ok(page),
                }
            }
            .boxed()
        };
        let told = |items, total| progress(T::WHAT, items, total);
        walk(page_size(description), &ask, &sleep, &self.look(), T::key, &told).await.into_parts(T::WHAT, started_at)
    }

    /// One page, as it came.
    pub(crate) async fn page<T: Item>(&self, page: PageRequest) -> Result<Page<T>, Failure> {
        let mut page = self.call_aside(T::FUNCTION, |guest| T::ask(guest, page)).await?;
        let clean = |warning: &String| clean::text(Some(self.outside()), warning);
        page.state.warnings = page.state.warnings.iter().map(clean).collect();
        Ok(page)
    }
}

fn unread(what: Listed, failure: &Failure) -> ListingRecord {
    let now = Timestamp::now();
    ListingRecord {
        what,
        pages: 0,
        received: 0,
        stated_total: None,
        page_sha256s: vec![],
        started_at: now,
        finished_at: now,
        warnings: vec![],
        incomplete: Some(Incomplete::Failed { page: 1, reason: failure.to_string() }),
    }
}

/// Leaves out grants of accounts that were not listed, and tells of grants of entitlements that were not.
///
/// They make no read incomplete: no two listings show the same moment, so somebody who joins meanwhile is in one of them
/// only, and a busy system would never read whole. What an account that was listed holds is kept in any case,
/// also where nobody can say what it is: it is access, and a leaver must not keep it unseen.
fn leave_out_strays(
    accounts: &[Account],
    entitlements: &[Entitlement],
    grants: &mut Vec<Grant>,
    record: &mut ListingRecord,
) {
    let accounts: HashSet<_> = accounts.iter().map(|account| &account.id).collect();
    let entitlements: HashSet<_> = entitlements.iter().map(|entitlement| &entitlement.id).collect();
    let (mut left_out, mut unknown) = (Strays::default(), Strays::default());
    grants.retain(|grant| {
        if !accounts.contains(&grant.account) {
            left_out.add(format!("account {:?}", grant.account.as_str()));
            return false;
        }
        if !entitlements.contains(&grant.entitlement) {
            unknown.add(format!("entitlement {:?}", grant.entitlement.as_str()));
        }
        true
    });
    record.warnings.extend(left_out.told("are left out because what they name was not listed"));
    record.warnings.extend(unknown.told("are kept though what they give was not listed"));
}

#[derive(Default)]
struct Strays {
    count: u64,
    named: BTreeSet<String>,
}

impl Strays {
    fn add(&mut self, what: String) {
        self.count = self.count.saturating_add(1);
        if self.named.len() < NAMED_MAX {
            self.named.insert(what);
        }
    }

    fn told(self, what: &str) -> Option<String> {
        let named: Vec<_> = self.named.into_iter().collect();
        (self.count > 0).then(|| format!("{} grants {what}, such as {}", self.count, named.join(", ")))
    }
}
