//! `plugin.toml` as a model: what a plugin is, what it exports, which connections it asks for and which settings it takes.
//!
//! Reading and checking the text is [`super::parse`]'s; a [`Manifest`] that exists is valid.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// `MAJOR.MINOR.PATCH`, of a plugin or of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a version; write it as MAJOR.MINOR.PATCH, such as `0.1.0`");
        let number = |part: Option<&str>| {
            let part = part.ok_or_else(wrong)?;
            let plain = part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
            if plain { part.parse().map_err(|_| wrong()) } else { Err(wrong()) }
        };
        let mut parts = text.split('.');
        let version = Self { major: number(parts.next())?, minor: number(parts.next())?, patch: number(parts.next())? };
        if parts.next().is_some() { Err(wrong()) } else { Ok(version) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $(#[serde(rename = $word)] $variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the manifest.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

words!(
    /// An interface of the contract that a plugin exports.
    Export {
        Descriptor = "descriptor",
        Reader = "reader",
        Writer = "writer",
        Credentials = "credentials",
        Workforce = "workforce",
    }
);
words!(
    /// An HTTP method that the contract knows.
    Method { Get = "GET", Head = "HEAD", Post = "POST", Put = "PUT", Patch = "PATCH", Delete = "DELETE" }
);
words!(
    LdapOperation { Search = "search", Add = "add", Modify = "modify", Delete = "delete" }
);
words!(
    /// How the host proves itself to a target, as far as the plugin can live with it.
    AuthScheme {
        None = "none",
        Basic = "basic",
        Bearer = "bearer",
        Header = "header",
        OAuth2ClientCredentials = "oauth2-client-credentials",
        OAuth2JwtBearer = "oauth2-jwt-bearer",
        SimpleBind = "simple-bind",
    }
);
words!(
    SettingKind { Text = "text", Integer = "integer", Flag = "flag", Choice = "choice", Texts = "texts" }
);

impl Method {
    /// Whether a target may change by it. What a particular target does with a POST, the host can't know.
    pub fn may_change(self) -> bool {
        !matches!(self, Self::Get | Self::Head)
    }
}

/// A path that a plugin asks for: exact, or with `/*` at its end for anything below.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathPattern {
    Exact(String),
    /// The part before `*`, with its `/`.
    Below(String),
}

impl PathPattern {
    /// `path` is checked already and comes without its query.
    pub fn allows(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => path == exact,
            Self::Below(prefix) => path.strip_prefix(prefix.as_str()).is_some_and(|rest| !rest.is_empty()),
        }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => f.write_str(exact),
            Self::Below(prefix) => write!(f, "{prefix}*"),
        }
    }
}

/// What a connection is for and how far it reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    Http { methods: BTreeSet<Method>, paths: BTreeSet<PathPattern>, auth: BTreeSet<AuthScheme> },
    Ldap { operations: BTreeSet<LdapOperation>, auth: BTreeSet<AuthScheme> },
    Files,
}

impl Reach {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::Ldap { .. } => "ldap",
            Self::Files => "files",
        }
    }

    /// Whether the plugin can live with this scheme.
    pub fn takes_auth(&self, scheme: &str) -> bool {
        match self {
            Self::Http { auth, .. } | Self::Ldap { auth, .. } => auth.iter().any(|taken| taken.word() == scheme),
            Self::Files => scheme == AuthScheme::None.word(),
        }
    }
}

/// A connection that the plugin asks for. It works once an administrator binds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionAsk {
    pub name: String,
    /// One sentence for the administrator who decides.
    pub purpose: String,
    pub reach: Reach,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub name: String,
    pub kind: SettingKind,
    pub default: Option<Value>,
    pub required: bool,
    /// For [`SettingKind::Choice`].
    pub choices: Vec<String>,
    pub help: String,
}

impl Setting {
    /// Why a value does not fit; none where it does.
    pub fn fault(&self, value: &Value) -> Option<String> {
        let fits = match self.kind {
            SettingKind::Text => value.is_string(),
            SettingKind::Integer => value.is_i64(),
            SettingKind::Flag => value.is_boolean(),
            SettingKind::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
            SettingKind::Choice => value.as_str().is_some_and(|word| self.choices.iter().any(|choice| choice == word)),
        };
        if fits {
            return None;
        }
        let wants = match self.kind {
            SettingKind::Text => "a text".to_owned(),
            SettingKind::Integer => "an integer".to_owned(),
            SettingKind::Flag => "true or false".to_owned(),
            SettingKind::Texts => "a list of texts".to_owned(),
            SettingKind::Choice => format!("one of {}", self.choices.join(", ")),
        };
        Some(format!("the setting `{}` must be {wants}, and is {value}", self.name))
    }
}

/// What a plugin says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// `a-z`, `0-9` and `-`, at most 64 bytes.
    pub id: String,
    pub version: Version,
    /// The version of `reeve:connector` that it was built for.
    pub contract: Version,
    pub name: String,
    pub summary: String,
    pub exports: BTreeSet<Export>,
    pub connections: Vec<ConnectionAsk>,
    pub settings: Vec<Setting>,
}

impl Manifest {
    pub fn connection(&self, name: &str) -> Option<&ConnectionAsk> {
        self.connections.iter().find(|ask| ask.name == name)
    }

    /// The settings that the plugin will see, with defaults filled in, or every fault that was found.
    pub fn settle(&self, given: &BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>, Vec<String>> {
        let mut faults = Vec::new();
        for name in given.keys().filter(|name| !self.settings.iter().any(|setting| setting.name == **name)) {
            let known: Vec<_> = self.settings.iter().map(|setting| setting.name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            faults.push(format!("the plugin `{}` has no setting `{name}`; it has: {known}", self.id));
        }
        let mut settled = BTreeMap::new();
        for setting in &self.settings {
            match given.get(&setting.name).or(setting.default.as_ref()) {
                Some(value) => match setting.fault(value) {
                    Some(fault) => faults.push(fault),
                    None => {
                        settled.insert(setting.name.clone(), value.clone());
                    }
                },
                None if setting.required => faults.push(format!(
                    "the setting `{}` is missing ({}); add it under [settings]",
                    setting.name, setting.help
                )),
                None => {}
            }
        }
        if faults.is_empty() { Ok(settled) } else { Err(faults) }
    }
}
