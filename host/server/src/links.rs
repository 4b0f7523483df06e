//! Whose an account is, where a person decides it.

use crate::actor;
use crate::app::App;
use crate::error::{Error, Result};
use reeve_core::access::{Link, LinkedBy};
use reeve_core::audit::{Event, Subject};
use reeve_core::id::{IdentityId, NativeId, SystemName};
use serde_json::json;

/// Decides whose account it is. The decision holds until another one.
pub async fn decide(app: &App, system: &SystemName, account: &NativeId, identity: &IdentityId) -> Result<()> {
    decide_if(app, system, account, identity, |_| true).await
}

/// The same, if the link is as the one who decides believes.
pub async fn decide_if(
    app: &App,
    system: &SystemName,
    account: &NativeId,
    identity: &IdentityId,
    as_believed: impl Fn(&Link) -> bool,
) -> Result<()> {
    let now = app.now();
    let mut tx = app.write().await?;
    let person = tx.identity(identity).await?;
    let person = person.ok_or_else(|| Error::NotFound(format!("there is no identity {identity}")))?;
    let before = tx.links_of(system, [account]).await?.remove(account).ok_or_else(|| {
        Error::NotFound(format!(
            "no account {account} of {system} is known. Read the system first: `reeve sync {system}`"
        ))
    })?;
    if !as_believed(&before) {
        return Err(Error::Refused(format!(
            "the link of account {account} of {system} was changed just now; read it again"
        )));
    }
    let link = Link::Linked { identity: person.id.clone(), by: LinkedBy::Operator(actor::name(&app.actor)) };
    tx.put_links(system, &[(account.clone(), link.clone())].into(), now).await?;
    let entry = app
        .entry(Event::AccountLinked)
        .about(Subject::Account { system: system.clone(), id: account.clone() })
        .about(Subject::Identity { id: person.id.clone() })
        .with_data(json!({ "before": before, "link": link }));
    tx.audit(&entry).await?;
    tx.commit().await?;
    Ok(())
}
