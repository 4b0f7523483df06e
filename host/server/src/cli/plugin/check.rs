//! `reeve plugin check`: the conformance kit at the command line.

use crate::cli::secret::read_secret;
use crate::error::{Error, Result};
use crate::home::{self, Home};
use crate::kit::{self, Report, Room, SecretsGiven, Wishes};
use crate::output::Output;
use crate::{plugins, systems};
use reeve_core::inventory::System;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Checks that a plugin keeps the contract: what it says of itself, and with --against what it does with a system.
///
/// Without --write nothing is changed there. Ends with 1 if a check failed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// NAME.reeve
    file: PathBuf,
    /// A system file, as `reeve system add` takes it. Nothing is added anywhere.
    #[arg(long, value_name = "SYSTEM.toml")]
    against: Option<PathBuf>,
    /// A secret of the system: CONNECTION/FIELD=FILE. One that is not named is taken from the variable
    /// REEVE_SECRET_CONNECTION_FIELD, from standard input, or asked for.
    #[arg(long, value_name = "CONNECTION/FIELD=FILE", requires = "against")]
    secret: Vec<String>,
    /// Also writes to the system, which must be a test system; type its name to show that you mean it.
    #[arg(long, value_name = "SYSTEM", requires = "against")]
    write: Option<String>,
    /// An attribute that a new account must have: NAME=TEXT, or NAME=JSON.
    #[arg(long, value_name = "NAME=VALUE", requires = "write")]
    set: Vec<String>,
    /// An entitlement that a new account must be born with: its id, or KIND:NAME.
    #[arg(long, value_name = "ENTITLEMENT", requires = "write")]
    born_with: Vec<String>,
    /// The entitlement to grant and revoke: its id, or KIND:NAME. Without it the kit looks for one that is not privileged.
    #[arg(long, value_name = "ENTITLEMENT", requires = "write")]
    grant: Option<String>,
    /// A test account (by id) to work on where the plugin can't create one.
    #[arg(long, value_name = "ID", requires = "write")]
    account: Option<String>,
    /// The domain of the mail addresses of the accounts that are made.
    #[arg(long, value_name = "DOMAIN", default_value = "example.com")]
    mail_domain: String,
}

pub async fn run(args: Args, folder: &Path, out: Output) -> Result<()> {
    let bytes = plugins::read(&args.file)?;
    let system = args.against.as_deref().map(systems::read).transpose()?;
    let wishes = system.as_ref().map(|system| wishes(&args, system)).transpose()?.flatten();
    let secrets = system.as_ref().map(|system| secrets(&args.secret, system)).transpose()?.unwrap_or_default();
    // Compiled code is kept where it is kept anyway.
    let kept_code = Home::open(folder).ok().map(|home| home.code_cache());
    let room = Room::open(system.as_ref().map(|system| &system.name), &secrets, kept_code)?;
    let mut report = Report::default();
    if let Some(plugin) = kit::still(&bytes, &room, &mut report).await {
        match &system {
            Some(system) => {
                if let Some(wishes) = &wishes {
                    out.note(&format!(
                        "WRITING to {}: accounts are made, changed and deleted there. All carry the mark {}.",
                        system.name, wishes.mark
                    ));
                }
                let bar = out.bar(&format!("checking {}", system.name), None);
                kit::against(&plugin, system, &room, wishes.as_ref(), &mut report).await?;
                bar.finish_and_clear();
            }
            None => kit::alone(&plugin, &room, &mut report).await,
        }
    }
    let failed = report.failed();
    out.print(&json!({ "failed": failed, "checks": report.json() }), || report.text());
    match failed {
        0 => Ok(()),
        failed => Err(Error::Input(format!(
            "{} does not keep the contract: {failed} of {} checks failed",
            args.file.display(),
            report.checks()
        ))),
    }
}

fn wishes(args: &Args, system: &System) -> Result<Option<Wishes>> {
    let Some(name) = &args.write else { return Ok(None) };
    if system.name.as_str() != name {
        return Err(Error::Refused(format!(
            "--write names {name:?}, and the system is {:?}. Nothing was sent; name the system that may be written to",
            system.name.as_str()
        )));
    }
    let attributes = args.set.iter().map(|text| {
        let (name, value) =
            text.split_once('=').ok_or_else(|| Error::Input(format!("{text:?} sets nothing; write NAME=VALUE")))?;
        Ok((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))))
    });
    let mut mark = [0; 3];
    getrandom::fill(&mut mark).map_err(|error| Error::Input(format!("there is no randomness: {error}")))?;
    Ok(Some(Wishes {
        attributes: attributes.collect::<Result<_>>()?,
        born_with: args.born_with.clone(),
        grant: args.grant.clone(),
        account: args.account.as_deref().map(Into::into),
        mail_domain: args.mail_domain.clone(),
        mark: hex::encode(mark),
    }))
}

/// Every secret that the system's connections need, from wherever it was given.
fn secrets(given: &[String], system: &System) -> Result<SecretsGiven> {
    let mut files = std::collections::BTreeMap::new();
    for text in given {
        let parsed = text.split_once('=').and_then(|(name, file)| Some((name.split_once('/')?, file)));
        let ((connection, field), file) =
            parsed.ok_or_else(|| Error::Input(format!("{text:?} names no secret; write CONNECTION/FIELD=FILE")))?;
        files.insert((connection.to_owned(), field.to_owned()), PathBuf::from(file));
    }
    let mut secrets = SecretsGiven::new();
    let mut asked = false;
    for (name, connection) in &system.connections {
        let Some(field) = connection.secret_field() else { continue };
        let key = (name.clone(), field.to_owned());
        let variable = format!("REEVE_SECRET_{name}_{field}").to_uppercase().replace('-', "_");
        let secret = if let Some(file) = files.remove(&key) {
            let text = zeroize::Zeroizing::new(home::read_text(&file)?);
            SecretString::from(text.trim_end_matches(['\n', '\r']))
        } else if let Ok(text) = std::env::var(&variable) {
            SecretString::from(text)
        } else {
            if std::mem::replace(&mut asked, true) && !std::io::stdin().is_terminal() {
                return Err(Error::Input(format!(
                    "standard input has one secret only. Give {name}/{field} with --secret {name}/{field}=FILE, or in {variable}"
                )));
            }
            read_secret(&format!("{name}/{field}"))?
        };
        reeve_runtime::check_secret(connection, &secret)
            .map_err(|why| Error::Input(format!("the secret {name}/{field} can't be used: {why}")))?;
        secrets.insert(key, secret);
    }
    match files.keys().next() {
        Some((connection, field)) => Err(Error::Input(format!("{} has no secret {connection}/{field}", system.name))),
        None => Ok(secrets),
    }
}
