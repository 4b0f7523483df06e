//! Reads `plugin.toml` and says everything that is wrong with it at once, each fault with what to write instead.

use super::manifest::*;
use super::{NAME_BYTES_MAX, PackageError};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

const CONNECTIONS_MAX: usize = 16;
const SETTINGS_MAX: usize = 64;
const PATHS_MAX: usize = 256;
const SENTENCE_BYTES_MAX: usize = 500;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawManifest {
    id: String,
    version: String,
    contract: String,
    name: String,
    summary: String,
    exports: Vec<Export>,
    #[serde(default)]
    connection: Vec<RawConnection>,
    #[serde(default)]
    setting: Vec<RawSetting>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum RawKind {
    Http,
    Ldap,
    Files,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawConnection {
    name: String,
    kind: RawKind,
    purpose: String,
    methods: Option<Vec<Method>>,
    paths: Option<Vec<String>>,
    operations: Option<Vec<LdapOperation>>,
    auth: Option<Vec<AuthScheme>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawSetting {
    name: String,
    kind: SettingKind,
    default: Option<Value>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    choices: Vec<String>,
    help: String,
}

/// Reads and checks a manifest.
pub fn parse_manifest(text: &str) -> Result<Manifest, PackageError> {
    let raw: RawManifest = toml::from_str(text).map_err(|error| PackageError::Manifest(vec![error.to_string()]))?;
    let mut faults = Faults(Vec::new());
    let manifest = faults.manifest(raw);
    match manifest {
        Some(manifest) if faults.0.is_empty() => Ok(manifest),
        _ => Err(PackageError::Manifest(faults.0)),
    }
}

/// Whether a text can be a short name: of a plugin, a connection, a setting, a key.
pub fn is_short_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// Checks a path that a plugin asks for or sends: it names a place under the base URL and nothing else.
///
/// Percent-encoding is undone until nothing is left to undo, because a server on the way may do the same.
pub(crate) fn path_fault(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') || path.starts_with("//") {
        return Some("it must start with a single `/`");
    }
    if !path.is_ascii() || path.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Some("it must be plain ASCII without spaces; percent-encode everything else");
    }
    if path.contains(['\\', '#', '?', '"', '<', '>', '`', '{', '}', '^', '|']) {
        return Some("it may contain none of \\ # ? \" < > ` { } ^ |; percent-encode them");
    }
    let mut text = path.as_bytes().to_vec();
    loop {
        let odd = |byte: &u8| *byte == b'\\' || *byte < b' ' || *byte == 0x7f;
        if text.iter().any(odd) {
            return Some("it hides a backslash or a control character in percent-encoding");
        }
        // A parameter (`..;x`) is cut off by some servers before they resolve dots.
        let bare = |part: &[u8]| part.split(|byte| *byte == b';').next().unwrap_or_default().to_vec();
        if text.split(|byte| *byte == b'/').any(|part| matches!(bare(part).as_slice(), b"." | b"..")) {
            return Some("it may contain no `.` or `..` segment, however encoded");
        }
        let Some(decoded) = percent_decode(&text) else {
            return Some("a `%` must be followed by two hexadecimal digits");
        };
        if decoded == text {
            return None;
        }
        text = decoded;
        // What is left after the first round is data; only whole escapes in it are undone again.
        percent_decode(&text)?;
    }
}

fn percent_decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let (high, low) = (bytes.next().and_then(digit)?, bytes.next().and_then(digit)?);
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(out)
}

/// Collects what is wrong. Each method returns what it could make of its part, so that one run finds every fault.
struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, fault: impl Into<String>) {
        self.0.push(fault.into());
    }

    fn manifest(&mut self, raw: RawManifest) -> Option<Manifest> {
        self.short_name("id", &raw.id);
        self.sentence("name", &raw.name);
        self.sentence("summary", &raw.summary);
        let version = self.version("version", &raw.version);
        let contract = self.version("contract", &raw.contract);
        let exports: BTreeSet<_> = raw.exports.iter().copied().collect();
        if !exports.contains(&Export::Descriptor) {
            self.add("`exports` must contain \"descriptor\": every plugin describes itself");
        }
        if !exports.contains(&Export::Reader) && !exports.contains(&Export::Workforce) {
            self.add("`exports` must contain \"reader\" (a target) or \"workforce\" (a source of people)");
        }
        if raw.connection.len() > CONNECTIONS_MAX {
            self.add(format!("{} connections are too many; the limit is {CONNECTIONS_MAX}", raw.connection.len()));
        }
        if raw.setting.len() > SETTINGS_MAX {
            self.add(format!("{} settings are too many; the limit is {SETTINGS_MAX}", raw.setting.len()));
        }
        self.distinct("connection", raw.connection.iter().map(|connection| connection.name.as_str()));
        self.distinct("setting", raw.setting.iter().map(|setting| setting.name.as_str()));
        let connections = raw.connection.into_iter().filter_map(|connection| self.connection(connection)).collect();
        let settings = raw.setting.into_iter().map(|setting| self.setting(setting)).collect();
        Some(Manifest {
            id: raw.id,
            version: version?,
            contract: contract?,
            name: raw.name,
            summary: raw.summary,
            exports,
            connections,
            settings,
        })
    }

    fn short_name(&mut self, what: &str, name: &str) {
        if !is_short_name(name) {
            self.add(format!("{what} {name:?}: use a-z, 0-9 and -, at most {NAME_BYTES_MAX} bytes"));
        }
    }

    fn sentence(&mut self, what: &str, text: &str) {
        if text.trim().is_empty() || text.len() > SENTENCE_BYTES_MAX || text.chars().any(char::is_control) {
            self.add(format!("`{what}` must be one line of at most {SENTENCE_BYTES_MAX} bytes"));
        }
    }

    fn version(&mut self, what: &str, text: &str) -> Option<Version> {
        text.parse().map_err(|fault| self.add(format!("`{what}`: {fault}"))).ok()
    }

    fn distinct<'a>(&mut self, what: &str, names: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for name in names {
            if !seen.insert(name) {
                self.add(format!("the {what} {name:?} is there twice"));
            }
        }
    }

    fn connection(&mut self, raw: RawConnection) -> Option<ConnectionAsk> {
        let RawConnection { name, kind, purpose, methods, paths, operations, auth } = raw;
        self.short_name("connection", &name);
        self.sentence(&format!("purpose` of connection `{name}"), &purpose);
        let unwanted = |faults: &mut Self, field: &str, given: bool, of: &str| {
            if given {
                faults.add(format!("connection `{name}`: `{field}` is for {of} connections only; remove it"));
            }
        };
        if kind != RawKind::Http {
            unwanted(self, "methods", methods.is_some(), "http");
            unwanted(self, "paths", paths.is_some(), "http");
        }
        if kind != RawKind::Ldap {
            unwanted(self, "operations", operations.is_some(), "ldap");
        }
        let reach = match kind {
            RawKind::Http => Reach::Http {
                methods: self.filled(&name, "methods", methods, "[\"GET\"]"),
                paths: self.paths(&name, paths),
                auth: self.auth(&name, auth, |scheme| scheme != AuthScheme::SimpleBind),
            },
            RawKind::Ldap => Reach::Ldap {
                operations: self.filled(&name, "operations", operations, "[\"search\"]"),
                auth: self.auth(&name, auth, |scheme| matches!(scheme, AuthScheme::SimpleBind | AuthScheme::None)),
            },
            RawKind::Files => {
                unwanted(self, "auth", auth.is_some(), "http and ldap");
                Reach::Files
            }
        };
        Some(ConnectionAsk { name, purpose, reach })
    }

    fn filled<T: Ord>(&mut self, name: &str, field: &str, given: Option<Vec<T>>, example: &str) -> BTreeSet<T> {
        let set: BTreeSet<T> = given.unwrap_or_default().into_iter().collect();
        if set.is_empty() {
            self.add(format!("connection `{name}`: name the `{field}` it needs, such as {example}"));
        }
        set
    }

    fn auth(
        &mut self,
        name: &str,
        given: Option<Vec<AuthScheme>>,
        fits: fn(AuthScheme) -> bool,
    ) -> BTreeSet<AuthScheme> {
        let auth = self.filled(name, "auth", given, "[\"none\"]");
        for scheme in auth.iter().filter(|scheme| !fits(**scheme)) {
            self.add(format!("connection `{name}`: the auth scheme \"{scheme}\" does not fit its kind"));
        }
        auth
    }

    fn paths(&mut self, name: &str, given: Option<Vec<String>>) -> BTreeSet<PathPattern> {
        let paths = self.filled(name, "paths", given, "[\"/Users\", \"/Users/*\"]");
        if paths.len() > PATHS_MAX {
            self.add(format!("connection `{name}`: {} paths are too many; the limit is {PATHS_MAX}", paths.len()));
        }
        let mut patterns = BTreeSet::new();
        for path in paths {
            let (body, below) = match path.strip_suffix('*') {
                Some(body) => (body, true),
                None => (path.as_str(), false),
            };
            if body.contains('*') || (below && !body.ends_with('/')) {
                self.add(format!("connection `{name}`: the path {path:?} may have `*` only at its end, after a `/`"));
            } else if let Some(fault) = path_fault(body) {
                self.add(format!("connection `{name}`: the path {path:?} can't be asked for: {fault}"));
            }
            patterns.insert(if below { PathPattern::Below(body.to_owned()) } else { PathPattern::Exact(path) });
        }
        patterns
    }

    fn setting(&mut self, raw: RawSetting) -> Setting {
        let RawSetting { name, kind, default, required, choices, help } = raw;
        self.short_name("setting", &name);
        self.sentence(&format!("help` of setting `{name}"), &help);
        match (kind, choices.is_empty()) {
            (SettingKind::Choice, true) => self.add(format!("setting `{name}`: a choice needs `choices`")),
            (SettingKind::Choice, false) | (_, true) => {}
            (_, false) => self.add(format!("setting `{name}`: `choices` is for the kind \"choice\" only; remove it")),
        }
        if required && default.is_some() {
            self.add(format!("setting `{name}`: it can't be required and have a default; remove one"));
        }
        let setting = Setting { name, kind, default, required, choices, help };
        if let Some(fault) = setting.default.as_ref().and_then(|default| setting.fault(default)) {
            self.add(format!("default: {fault}"));
        }
        setting
    }
}
