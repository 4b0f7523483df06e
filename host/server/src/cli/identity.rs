//! `reeve identity`.

use super::Page;
use crate::app::App;
use crate::error::Result;
use crate::output::{moment, plain, table};
use crate::timeline::{self, Timeline};
use crate::{leavers, links};
use reeve_core::id::{IdentityId, NativeId, SystemName};
use serde_json::json;

/// People: who they are, what access they had, when, and why.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    List(Page),
    /// Who had what, when, and why.
    Show {
        /// A worker number, an e-mail address, an id, or a part of the name.
        person: String,
        /// Only what was held at this moment.
        #[arg(long, value_parser = super::moment)]
        at: Option<reeve_core::Timestamp>,
    },
    /// Decides whose account it is. The decision holds until another one.
    Link {
        system: String,
        /// The account's id at its system.
        account: String,
        person: String,
    },
}

pub async fn run(command: Command, app: &App) -> Result<()> {
    match command {
        Command::List(page) => list(&page, app).await,
        Command::Show { person, at } => show(&person, at, app).await,
        Command::Link { system, account, person } => link(&system, &account, &person, app).await,
    }
}

async fn list(page: &Page, app: &App) -> Result<()> {
    let after = page.after.as_deref().map(IdentityId::from);
    let all = app.store.read().await?.identities_page(after.as_ref(), page.limit).await?;
    app.out.print(&json!(all), || {
        let mut rows = vec![["IDENTITY", "WORKER", "NAME", "STANDING", "DEPARTMENT"].map(str::to_owned).to_vec()];
        rows.extend(all.iter().map(|person| {
            vec![
                person.id.to_string(),
                person.worker.id.to_string(),
                person.display_name(),
                format!("{:?}", person.standing).to_lowercase(),
                person.worker.department.clone().unwrap_or_default(),
            ]
        }));
        let more = page.more(all.len(), all.last().map(|person| person.id.as_str()));
        format!("{}\n{}", table(&rows), more.unwrap_or_default())
    });
    Ok(())
}

async fn show(text: &str, at: Option<reeve_core::Timestamp>, app: &App) -> Result<()> {
    let mut tx = app.store.read().await?;
    let person = leavers::person(&mut tx, text).await?;
    let timeline = timeline::of(&mut tx, person, at).await?;
    app.out.print(&serde_json::to_value(&timeline)?, || self::text(&timeline));
    Ok(())
}

fn text(timeline: &Timeline) -> String {
    let person = &timeline.identity;
    let worker = &person.worker;
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    let mut text = format!(
        "{}  {}\nworker {} of {}, {:?}, {}; title {}, department {}\n",
        plain(&person.display_name()),
        person.id,
        worker.id,
        person.source,
        worker.kind,
        format!("{:?}", person.standing).to_lowercase(),
        plain(&or_none(&worker.title)),
        plain(&or_none(&worker.department)),
    );
    text.push_str("\nWhat happened\n");
    for event in &timeline.events {
        text.push_str(&format!("  {}  {}\n", moment(event.effective_at), plain(&event.text)));
    }
    text.push_str("\nAccess: what, since when, until when, and why\n");
    if timeline.held.is_empty() {
        text.push_str("  none\n");
    }
    let rows = timeline.held.iter().map(|held| {
        vec![
            format!("  {}", held.system),
            held.what.clone(),
            moment(held.since),
            held.until.map_or_else(|| "now".to_owned(), moment),
            match &held.approved_by {
                Some(who) => format!("{} (approved by {who})", held.why),
                None => held.why.clone(),
            },
        ]
    });
    text.push_str(&table(&rows.collect::<Vec<_>>()));
    if !timeline.cases.is_empty() {
        text.push_str("\n\nLeaver cases\n");
        for case in &timeline.cases {
            text.push_str(&format!("  {}  {}\n", case.id, case.state.as_str()));
        }
    }
    text
}

async fn link(system: &str, account: &str, person: &str, app: &App) -> Result<()> {
    let (system, account) = (SystemName::new(system), NativeId::new(account));
    let person = leavers::person(&mut app.store.read().await?, person).await?;
    links::decide(app, &system, &account, &person.id).await?;
    let name = person.display_name();
    app.out.print(&json!({ "account": account, "identity": person.id }), || {
        format!("Account {account} of {system} belongs to {name}.")
    });
    Ok(())
}
