//! The settings (`plugin.toml` explains each), checked beyond what the manifest's schema can say.

use crate::date::{DateFormat, Midnight};
use crate::encoding::Encoding;
use crate::field::{Field, Words, plain};
use crate::folder::Wanted;
use reeve_sdk::{Failure, FieldFault, WorkerKind, WorkerStatus};
use serde::Deserialize;
use std::collections::BTreeMap;

const KINDS: [(&str, WorkerKind); 3] =
    [("employee", WorkerKind::Employee), ("contractor", WorkerKind::Contractor), ("other", WorkerKind::Other)];
const STATUSES: [(&str, WorkerStatus); 4] = [
    ("not-started", WorkerStatus::NotStarted),
    ("active", WorkerStatus::Active),
    ("on-leave", WorkerStatus::OnLeave),
    ("terminated", WorkerStatus::Terminated),
];
const KIND_WORDS: [(&str, WorkerKind); 9] = [
    ("regular", WorkerKind::Employee),
    ("permanent", WorkerKind::Employee),
    ("staff", WorkerKind::Employee),
    ("contingent", WorkerKind::Contractor),
    ("contingent worker", WorkerKind::Contractor),
    ("consultant", WorkerKind::Contractor),
    ("freelancer", WorkerKind::Contractor),
    ("external", WorkerKind::Contractor),
    ("agency worker", WorkerKind::Contractor),
];
/// `inactive`, `suspended` and `pending` are missing with intent: they mean one thing here and another there.
const STATUS_WORDS: [(&str, WorkerStatus); 15] = [
    ("pre hire", WorkerStatus::NotStarted),
    ("future hire", WorkerStatus::NotStarted),
    ("current", WorkerStatus::Active),
    ("employed", WorkerStatus::Active),
    ("working", WorkerStatus::Active),
    ("leave", WorkerStatus::OnLeave),
    ("leave of absence", WorkerStatus::OnLeave),
    ("parental leave", WorkerStatus::OnLeave),
    ("sabbatical", WorkerStatus::OnLeave),
    ("left", WorkerStatus::Terminated),
    ("leaver", WorkerStatus::Terminated),
    ("former", WorkerStatus::Terminated),
    ("resigned", WorkerStatus::Terminated),
    ("retired", WorkerStatus::Terminated),
    ("deceased", WorkerStatus::Terminated),
];

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Raw {
    file: String,
    #[serde(default)]
    encoding: RawEncoding,
    #[serde(default)]
    separator: RawSeparator,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    leave_out: Vec<String>,
    #[serde(default)]
    kind_words: Vec<String>,
    #[serde(default)]
    status_words: Vec<String>,
    default_kind: Option<String>,
    default_status: Option<String>,
    #[serde(default)]
    date_format: DateFormat,
    #[serde(default)]
    midnight_is_the_day: bool,
    time_zone: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawEncoding {
    #[default]
    Auto,
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "windows-1252")]
    Windows1252,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawSeparator {
    #[default]
    Auto,
    Comma,
    Semicolon,
    Tab,
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub file: Wanted,
    /// None: the file says it.
    pub encoding: Option<Encoding>,
    /// None: the header says it.
    pub separator: Option<u8>,
    /// Titles that stand for a field, each as written in the settings.
    pub columns: BTreeMap<Field, String>,
    /// Titles of columns that stay where they are.
    pub leave_out: Vec<String>,
    pub kinds: Words<WorkerKind>,
    pub statuses: Words<WorkerStatus>,
    /// For a file without such a column.
    pub default_kind: Option<WorkerKind>,
    pub default_status: Option<WorkerStatus>,
    pub date_format: DateFormat,
    pub midnight: Midnight,
    /// For rows that name none.
    pub time_zone: Option<String>,
}

impl Settings {
    pub fn read() -> Result<Self, Failure> {
        let raw: Raw = reeve_sdk::settings::read()?;
        Self::check(raw).map_err(|message| Failure::Invalid(vec![FieldFault { field: "settings".into(), message }]))
    }

    fn check(raw: Raw) -> Result<Self, String> {
        let time_zone = raw.time_zone.map(|zone| zone.trim().to_owned()).filter(|zone| !zone.is_empty());
        if let Some(zone) = time_zone.as_deref().filter(|zone| !is_zone_name(zone)) {
            return Err(format!("`time-zone`: {zone:?} is no IANA name; write one such as Europe/Berlin or UTC"));
        }
        let columns = columns(&raw.columns)?;
        if let Some((field, title)) = columns.iter().find(|(_, title)| contains(&raw.leave_out, title)) {
            let field = field.name();
            return Err(format!("the column {title:?} is {field} in `columns` and also in `leave-out`; remove one"));
        }
        Ok(Self {
            file: Wanted::read(&raw.file)?,
            encoding: match raw.encoding {
                RawEncoding::Auto => None,
                RawEncoding::Utf8 => Some(Encoding::Utf8),
                RawEncoding::Windows1252 => Some(Encoding::Windows1252),
            },
            separator: match raw.separator {
                RawSeparator::Auto => None,
                RawSeparator::Comma => Some(b','),
                RawSeparator::Semicolon => Some(b';'),
                RawSeparator::Tab => Some(b'\t'),
            },
            columns,
            leave_out: raw.leave_out,
            kinds: Words::new(&KIND_WORDS, "kind-words", &raw.kind_words, &KINDS)?,
            statuses: Words::new(&STATUS_WORDS, "status-words", &raw.status_words, &STATUSES)?,
            default_kind: one_of("default-kind", raw.default_kind, &KINDS)?,
            default_status: one_of("default-status", raw.default_status, &STATUSES)?,
            date_format: raw.date_format,
            midnight: if raw.midnight_is_the_day { Midnight::IsTheDay } else { Midnight::IsAmbiguous },
            time_zone,
        })
    }

    /// Whether a file may lack the column.
    pub fn requires(&self, field: Field) -> bool {
        match field {
            Field::WorkerId | Field::GivenName | Field::FamilyName => true,
            Field::Kind => self.default_kind.is_none(),
            Field::Status => self.default_status.is_none(),
            _ => false,
        }
    }
}

/// The form of an IANA name. Whether there is such a zone, Reeve knows and this plugin does not.
pub fn is_zone_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+'))
}

fn contains(titles: &[String], title: &str) -> bool {
    titles.iter().any(|other| plain(other) == plain(title))
}

/// Entries such as `worker-id=Personalnummer`.
fn columns(entries: &[String]) -> Result<BTreeMap<Field, String>, String> {
    let mut columns: BTreeMap<Field, String> = BTreeMap::new();
    for entry in entries {
        let parts = entry.split_once('=').map(|(field, title)| (Field::named(field.trim()), title.trim()));
        let Some((Some(field), title)) = parts.filter(|(_, title)| !title.is_empty()) else {
            let names = Field::ALL.map(Field::name).join(", ");
            return Err(format!(
                "`columns`: {entry:?} is not of the form `field=column title`; a field is one of {names}"
            ));
        };
        if let Some((other, _)) = columns.iter().find(|(_, taken)| plain(taken) == plain(title)) {
            let (other, field) = (other.name(), field.name());
            return Err(format!("`columns`: the column {title:?} can't be both {other} and {field}; remove one"));
        }
        if columns.insert(field, title.to_owned()).is_some() {
            return Err(format!("`columns`: {} is there twice; remove one", field.name()));
        }
    }
    Ok(columns)
}

fn one_of<T: Copy>(setting: &str, given: Option<String>, meanings: &[(&str, T)]) -> Result<Option<T>, String> {
    let Some(word) = given else { return Ok(None) };
    match meanings.iter().find(|(name, _)| *name == word) {
        Some((_, meaning)) => Ok(Some(*meaning)),
        None => {
            let names: Vec<_> = meanings.iter().map(|(name, _)| *name).collect();
            Err(format!("`{setting}` must be one of {}, and is {word:?}", names.join(", ")))
        }
    }
}
