//! Reeve's folder: its configuration, keys, policy and compiled plugins. Made by `reeve init`, found by `--home`.

use crate::error::{Error, Result};
use reeve_core::audit::SigningKey;
use reeve_core::audit::note::SEED_BYTES;
use reeve_core::id::SystemName;
use reeve_core::policy::{Policy, PolicyFile};
use reeve_runtime::package::TrustedKey;
use reeve_runtime::vault::Vault;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::io::Read;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const CONFIG: &str = "reeve.toml";
const SECRETS_KEY: &str = "keys/secrets.key";
const LOG_KEY: &str = "keys/log.key";
const TRUSTED_KEYS: &str = "trusted-keys";
const POLICY: &str = "policy";
/// The longest configuration, policy or key file that is read, in bytes.
pub const TEXT_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// `reeve.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The audit log's name, and the name of the key that signs it.
    pub origin: String,
    /// `sqlite:FILE`, relative to the folder, or `postgres://…`.
    #[serde(default = "sqlite")]
    pub database: String,
    /// Where `reeve serve` answers. Loopback unless a TLS proxy stands in front.
    #[serde(default = "loopback")]
    pub listen: SocketAddr,
    /// How often `reeve serve` reads every system, in minutes; 0 for never.
    #[serde(default = "hourly")]
    pub sync_every_minutes: u32,
    /// A file that gets a copy of each new checkpoint: put it on another machine.
    #[serde(default)]
    pub checkpoint_copy: Option<PathBuf>,
}

fn sqlite() -> String {
    "sqlite:reeve.db".to_owned()
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8484))
}

fn hourly() -> u32 {
    60
}

pub struct Home {
    pub folder: PathBuf,
    pub config: Config,
}

impl Home {
    /// Makes a new folder with keys of its own. One that holds a `reeve.toml` already is left alone; without that file it
    /// is what an interrupted `reeve init` left, and the files that are there, each of them whole, are kept.
    pub fn create(folder: &Path, origin: &str, database: Option<&str>) -> Result<Self> {
        let config = folder.join(CONFIG);
        if config.exists() {
            return Err(Error::Refused(format!(
                "{} is a Reeve folder already; nothing was changed. Use it with `reeve --home {} …`",
                folder.display(),
                folder.display()
            )));
        }
        // A key that can't be named would fail at the first checkpoint, after everything else worked.
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        getrandom::fill(seed.as_mut_slice())
            .map_err(|error| Error::Input(format!("there is no randomness: {error}")))?;
        SigningKey::new(origin, &seed)?;
        for private in [folder.to_owned(), folder.join("keys")] {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&private).map_err(Error::io(&private))?;
        }
        std::fs::create_dir_all(folder.join(POLICY)).map_err(Error::io(folder))?;
        std::fs::create_dir_all(folder.join("systems")).map_err(Error::io(folder))?;
        if !folder.join(SECRETS_KEY).exists() {
            Vault::create(&folder.join(SECRETS_KEY))?;
        }
        let log_key = Zeroizing::new(format!("{}\n", hex::encode(seed.as_slice())));
        for (path, bytes, mode) in [
            (folder.join(LOG_KEY), log_key.as_bytes(), 0o600),
            (folder.join(TRUSTED_KEYS), TRUSTED_KEYS_TEXT.as_bytes(), 0o644),
            (folder.join(POLICY).join("birthright.toml"), BIRTHRIGHT_TEXT.as_bytes(), 0o644),
            (folder.join(POLICY).join("guardrails.toml"), GUARDRAILS_TEXT.as_bytes(), 0o644),
        ] {
            if !path.exists() {
                write_new(&path, bytes, mode)?;
            }
        }
        let database = database.map_or_else(sqlite, ToOwned::to_owned);
        let text = format!("origin = {origin:?}\ndatabase = {database:?}\n{CONFIG_TEXT}");
        // Last, so that a folder with this file is whole.
        write_new(&config, text.as_bytes(), 0o600)?;
        Self::open(folder)
    }

    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(CONFIG);
        let text = read_text(&path).map_err(|_| {
            Error::NotFound(format!(
                "{} is not a Reeve folder. Make one with `reeve init {}`, or name another with --home",
                folder.display(),
                folder.display()
            ))
        })?;
        let config = toml::from_str(&text).map_err(|error| Error::Input(format!("{}: {error}", path.display())))?;
        Ok(Self { folder: folder.to_owned(), config })
    }

    pub fn vault(&self) -> Result<Vault> {
        Ok(Vault::open(&self.folder.join(SECRETS_KEY))?)
    }

    /// The key that signs the log. Refused if others on this machine can read it.
    pub fn log_key(&self) -> Result<SigningKey> {
        let path = self.folder.join(LOG_KEY);
        let wrong = |why: &str| Error::Input(format!("the log's key {} can't be used: {why}", path.display()));
        let file = std::fs::File::open(&path).map_err(Error::io(&path))?;
        if file.metadata().map_err(Error::io(&path))?.mode() & 0o077 != 0 {
            return Err(wrong(&format!("others can read it. Run `chmod 600 {}`", path.display())));
        }
        let mut text = Zeroizing::new(String::new());
        file.take(TEXT_FILE_BYTES_MAX).read_to_string(&mut text).map_err(Error::io(&path))?;
        let bytes = Zeroizing::new(hex::decode(text.trim()).map_err(|_| wrong("it must hold 64 hex digits"))?);
        let seed = Zeroizing::new(
            <[u8; SEED_BYTES]>::try_from(bytes.as_slice()).map_err(|_| wrong("it must hold 64 hex digits"))?,
        );
        Ok(SigningKey::new(&self.config.origin, &seed)?)
    }

    pub fn code_cache(&self) -> PathBuf {
        self.folder.join("cache")
    }

    /// The database's URL, with a relative SQLite file placed in the folder.
    pub fn database(&self) -> String {
        match self.config.database.strip_prefix("sqlite:") {
            Some(file) => format!("sqlite:{}", self.folder.join(file.trim_start_matches("//")).display()),
            None => self.config.database.clone(),
        }
    }

    pub fn trusted_keys(&self) -> Result<Vec<TrustedKey>> {
        let path = self.folder.join(TRUSTED_KEYS);
        let text = read_text(&path)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(lines.map(TrustedKey::parse).collect::<std::result::Result<_, _>>()?)
    }

    /// Reads the policy folder whole. `targets` are the systems that rules may give access to.
    pub fn policy(&self, targets: &BTreeSet<SystemName>) -> Result<Policy> {
        let folder = self.folder.join(POLICY);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
            let path = entry.map_err(Error::io(&folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            // Editors leave their own files beside a policy; everything else that is not one is an error.
            if name.starts_with('.') || name.ends_with('~') {
                continue;
            }
            files.push((name, read_text(&path)?));
        }
        let files: Vec<_> = files.iter().map(|(name, text)| PolicyFile { name, text }).collect();
        Policy::parse(&files, targets).map_err(Error::Policy)
    }
}

/// Reads a text file of bounded size.
pub fn read_text(path: &Path) -> Result<String> {
    let file = std::fs::File::open(path).map_err(Error::io(path))?;
    let mut text = String::new();
    file.take(TEXT_FILE_BYTES_MAX).read_to_string(&mut text).map_err(Error::io(path))?;
    Ok(text)
}

/// Makes a file that must not be there yet. It gets its name when it is whole.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    reeve_runtime::vault::write_new(path, bytes, mode).map_err(Error::io(path))
}

const CONFIG_TEXT: &str = r#"
# Where `reeve serve` answers. Put a TLS proxy in front before you leave loopback.
#listen = "127.0.0.1:8484"
# How often `reeve serve` reads every system; 0 for never.
#sync-every-minutes = 60
# A file that gets a copy of each new checkpoint of the audit log: put it where this machine's administrators can't write.
#checkpoint-copy = "/mnt/elsewhere/reeve.checkpoint"
"#;

const TRUSTED_KEYS_TEXT: &str = "\
# Keys whose plugins may be installed, one a line: NAME BASE64 (an Ed25519 public key).
";

const BIRTHRIGHT_TEXT: &str = r#"# Access that follows from who a person is. One rule:
#
#[[birthright]]
#name = "staff"
#because = "Everybody who works here needs a directory account."
#when = { kind = ["employee", "contractor"] }       # also: department, title, location
#give = { directory = ["group:staff"] }             # per system: an account, and these entitlements
"#;

const GUARDRAILS_TEXT: &str = r#"# Where Reeve stops and asks.

[feed]
# A feed of people that would end the access of this share of them, or more, is not applied.
lost-percent-max = 30
# Someone who is no longer in the feed: "finding" (a person looks) or "leaver" (counts as leaving now).
missing = "finding"

[plan]
# A plan that locks this share of a system's accounts, or more, needs its guardrail accepted by name.
removed-percent-max = 30
# A read of a system that lost this share of its accounts, or more, feeds nothing that removes.
shrunk-percent-max = 50
"#;
