//! An exit that an operator starts by name, ahead of HR or against a feed that was stopped.

use crate::app::App;
use crate::error::{Error, Result};
use crate::{actor, lifecycle};
use reeve_core::Timestamp;
use reeve_core::identity::{Identity, NamedExit, Standing, name_exit, withdraw_exit};
use reeve_core::leaver::{Case, certificate};
use reeve_store::Tx;

/// People found when a text names several.
const FOUND_MAX: u32 = 20;

/// The one person that a text names: an id, a worker number, an e-mail address, or a part of the name.
pub async fn person(tx: &mut Tx, text: &str) -> Result<Identity> {
    let mut found = tx.find_identities(text, FOUND_MAX).await?;
    match found.len() {
        0 => Err(Error::NotFound(format!("nobody is known by {text:?}. `reeve identity list` shows who is"))),
        1 => found.pop().ok_or_else(|| Error::NotFound(text.to_owned())),
        _ => {
            let names: Vec<_> = found
                .iter()
                .map(|one| format!("  {}  worker {}  {}", one.id, one.worker.id, one.display_name()))
                .collect();
            Err(Error::Input(format!(
                "{text:?} names several people; use one's id or worker number:\n{}",
                names.join("\n")
            )))
        }
    }
}

/// Records that a person leaves, now or at `at`, and opens the case if that time has come.
pub async fn start(app: &App, text: &str, at: Option<Timestamp>, reason: &str) -> Result<(Identity, Option<Case>)> {
    let now = app.now();
    let mut tx = app.write().await?;
    let before = person(&mut tx, text).await?;
    if before.standing == Standing::Left {
        return Err(Error::Refused(format!(
            "{} has left already. `reeve leaver list` shows the case",
            before.display_name()
        )));
    }
    let exit = NamedExit { at: at.unwrap_or(now), by: actor::name(&app.actor), reason: reason.to_owned() };
    let Some((after, event)) = name_exit(&before, exit, now) else {
        return Err(Error::Refused(format!(
            "{} leaves at that time already; nothing was changed",
            before.display_name()
        )));
    };
    let opened = lifecycle::record(app, &mut tx, std::slice::from_ref(&after), &[event], now).await?;
    tx.commit().await?;
    Ok((after, opened.into_iter().next()))
}

/// Takes back an exit that was started by name. HR's word alone counts from then on.
pub async fn withdraw(app: &App, text: &str) -> Result<Identity> {
    let now = app.now();
    let mut tx = app.write().await?;
    let before = person(&mut tx, text).await?;
    let Some((after, events)) = withdraw_exit(&before, now) else {
        return Err(Error::Refused(format!(
            "no exit of {} was started by name, so there is none to take back. What HR says is changed in HR",
            before.display_name()
        )));
    };
    lifecycle::record(app, &mut tx, std::slice::from_ref(&after), &events, now).await?;
    tx.commit().await?;
    Ok(after)
}

/// A case's certificate with the log's signed head, by which an outsider finds its entries.
pub async fn certificate_page(app: &App, case: &Case) -> Result<String> {
    let mut page = certificate(case, app.now());
    if let Some(head) = app.store.read().await?.checkpoint().await? {
        page.push_str(&format!("\nAudit log {}, {} entries signed\n", app.home.config.origin, head.size));
    }
    Ok(page)
}
