//! `reeve-sim`: stand-ins as programs, for the demo and for trying things by hand.

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use reeve_sim::misbehaviour::rules_from_json;
use reeve_sim::salesforce::{self, App, Crowd, DAILY_REQUESTS, PAGE_ROWS_MAX, PublicKey, Salesforce, Seed};
use reeve_sim::scim::{Dialect, Options, PAGE_MAX, Paging, Scim};
use reeve_sim::{Setup, SimError, StandIn, Target, Tls};
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Stand-ins for the systems that Reeve manages. They keep a ledger of what was really done, and misbehave on demand.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    system: System,
}

#[derive(Subcommand)]
enum System {
    /// A SCIM 2.0 service; its base URL is http://ADDRESS/scim/v2.
    Scim {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        scim: ScimArgs,
    },
    /// Salesforce's REST API; its base URL, which is that of the token endpoint too, is http://ADDRESS.
    Salesforce {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        salesforce: SalesforceArgs,
    },
}

/// What every stand-in takes.
#[derive(Args)]
struct Common {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Write the port to this file once it is listened on.
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
    /// A second port: POST, GET, DELETE /rules, and GET /ledger?since=SEQ.
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,
    /// Write the admin port to this file; without --admin a free one is taken.
    #[arg(long, value_name = "FILE")]
    admin_port_file: Option<PathBuf>,
    /// Append every change that really took place to this file, as JSON lines.
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Start with the rules in this file: a JSON rule, or a list of them.
    #[arg(long, value_name = "FILE")]
    misbehave: Option<PathBuf>,
    /// Serve over TLS, and write the certificate of the authority to trust (`tls-roots`) to this file. It is made anew
    /// at every start.
    #[arg(long, value_name = "FILE")]
    tls_roots_out: Option<PathBuf>,
    /// Names in the certificate beside localhost, 127.0.0.1 and ::1.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "tls_roots_out")]
    tls_names: Vec<String>,
}

#[derive(Args)]
struct SalesforceArgs {
    /// The consumer key of the app that may ask for tokens.
    #[arg(long, value_name = "KEY", default_value = "reeve")]
    consumer_key: String,
    /// Let the app use JWT bearer, with the key in this file: a certificate or a public key, as PEM.
    #[arg(long, value_name = "FILE")]
    jwt_key: Option<PathBuf>,
    /// Let the app use client credentials, with the secret in this file.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The user that client credentials stand for.
    #[arg(long, value_name = "USERNAME", default_value = "integration@acme.example")]
    run_as: String,
    /// What an assertion's audience may be, beside this stand-in's own address.
    #[arg(long, value_name = "URLS", value_delimiter = ',', default_value = "https://login.salesforce.com")]
    audiences: Vec<String>,
    /// The address that is given out with a token; without it, the one that the client came to.
    #[arg(long, value_name = "URL")]
    instance_url: Option<String>,
    /// Keep the records in this file, and start with those that are in it.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Start with the records in this file, unless the state has any; without it with a small company's.
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// Make up so many users beside.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    users: u64,
    /// Give those users so many assignments of permission sets.
    #[arg(long, value_name = "COUNT", default_value_t = 0, requires = "users")]
    assignments: u64,
    /// The most rows in one answer.
    #[arg(long, value_name = "COUNT", default_value_t = PAGE_ROWS_MAX)]
    page_max: usize,
    /// After so many requests, refuse all others.
    #[arg(long, value_name = "COUNT", default_value_t = DAILY_REQUESTS)]
    daily_requests: u64,
    /// Have a validation rule that wants Cost_Center__c of every user.
    #[arg(long)]
    cost_center_required: bool,
}

impl SalesforceArgs {
    fn options(self) -> anyhow::Result<salesforce::Options> {
        let public_key = self.jwt_key.as_deref().map(|path| anyhow::Ok(PublicKey::from_pem(read(path)?.as_bytes())?));
        let secret = self.secret_file.as_deref().map(read_secret).transpose()?;
        let app = App {
            name: "Reeve".to_owned(),
            key: self.consumer_key,
            secret,
            public_key: public_key.transpose()?,
            run_as: Some(self.run_as),
            approved: Vec::new(),
        };
        let seed = self.seed.as_deref().map(|path| anyhow::Ok(Seed::from_json(&read(path)?)?)).transpose()?;
        Ok(salesforce::Options {
            apps: vec![app],
            audiences: self.audiences,
            instance_url: self.instance_url,
            state: self.state,
            seed,
            crowd: Crowd { users: self.users, assignments: self.assignments },
            page_rows_max: self.page_max,
            daily_requests: self.daily_requests,
            cost_center_required: self.cost_center_required,
            ..salesforce::Options::default()
        })
    }
}

#[derive(Args)]
struct ScimArgs {
    /// Let only those in who send the token in this file; without it everybody.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Keep the users and groups in this file, and start with those that are in it.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Groups that are there from the start.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    seed_groups: Vec<String>,
    /// The most resources in one answer.
    #[arg(long, value_name = "COUNT", default_value_t = PAGE_MAX)]
    page_max: usize,
    /// How lists are paged.
    #[arg(long, value_enum, default_value = "both")]
    paging: PagingArg,
    /// Leave out options of the standard.
    #[arg(long, value_enum, value_name = "OPTIONS", value_delimiter = ',')]
    without: Vec<Without>,
}

#[derive(Clone, Copy, ValueEnum)]
enum PagingArg {
    Index,
    Cursor,
    Both,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Without {
    Patch,
    /// PATCH answers 204 and nothing.
    PatchAnswer,
    Filter,
    Etag,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().system {
        System::Scim { common, scim } => run(Scim::new(scim.options()?)?, common).await,
        System::Salesforce { common, salesforce } => run(Salesforce::new(salesforce.options()?)?, common).await,
    }
}

impl ScimArgs {
    fn options(self) -> anyhow::Result<Options> {
        let token = self.token_file.as_deref().map(read_secret).transpose()?;
        let has = |option| !self.without.contains(&option);
        let dialect = Dialect {
            patch: has(Without::Patch),
            patch_answers_resource: has(Without::PatchAnswer),
            filter: has(Without::Filter),
            etag: has(Without::Etag),
            paging: match self.paging {
                PagingArg::Index => Paging::Index,
                PagingArg::Cursor => Paging::Cursor,
                PagingArg::Both => Paging::Both,
            },
            page_max: self.page_max.max(1),
        };
        Ok(Options { token, state: self.state, seed_groups: self.seed_groups, dialect, ..Options::default() })
    }
}

/// Serves until the process is told to end. Nothing is lost then: every change is on the disk before it is answered.
async fn run(target: impl Target, common: Common) -> anyhow::Result<()> {
    let rules = match &common.misbehave {
        Some(path) => rules_from_json(read(path)?.as_bytes()).map_err(SimError::Rules)?,
        None => Vec::new(),
    };
    let free = common.admin_port_file.is_some().then_some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let setup = Setup {
        listen: common.listen,
        control: common.admin.or(free),
        ledger: common.ledger,
        tls: common.tls_roots_out.map(|roots| Tls { roots_out: Some(roots), names: common.tls_names }),
        rules,
        ..Setup::default()
    };
    let stand_in = StandIn::start(target, setup).await?;
    if let (Some(path), Some(address)) = (&common.admin_port_file, stand_in.control_address()) {
        write_port(path, address)?;
    }
    if let Some(path) = &common.port_file {
        write_port(path, stand_in.address())?;
    }
    let mut said = format!("serving {}\n", stand_in.url());
    if let Some(address) = stand_in.control_address() {
        said.push_str(&format!("admin at http://{address}\n"));
    }
    // Whoever started it may listen no longer, which is no reason to end.
    let _ = std::io::stdout().write_all(said.as_bytes()).and_then(|()| std::io::stdout().flush());
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result?,
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("the file {} can't be read", path.display()))
}

fn read_secret(path: &Path) -> anyhow::Result<String> {
    let secret = read(path)?.trim().to_owned();
    anyhow::ensure!(!secret.is_empty(), "the file {} is empty", path.display());
    Ok(secret)
}

/// Whoever waits for the file finds it whole.
fn write_port(path: &Path, address: SocketAddr) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    let written = fs::write(&new, format!("{}\n", address.port())).and_then(|()| fs::rename(&new, path));
    written.with_context(|| format!("the file {} can't be written", path.display()))
}
