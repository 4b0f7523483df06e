//! The fields of a worker, their names in the settings, and the column titles by which they are known without any
//! setting. A title that means one thing here and another there (`id`, `type`, `number`) is not among them.

use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    WorkerId,
    PersonKey,
    Kind,
    Status,
    GivenName,
    FamilyName,
    Email,
    Department,
    Title,
    Location,
    Manager,
    StartAt,
    EndAt,
    TimeZone,
}

impl Field {
    pub const ALL: [Self; 14] = [
        Self::WorkerId,
        Self::PersonKey,
        Self::Kind,
        Self::Status,
        Self::GivenName,
        Self::FamilyName,
        Self::Email,
        Self::Department,
        Self::Title,
        Self::Location,
        Self::Manager,
        Self::StartAt,
        Self::EndAt,
        Self::TimeZone,
    ];

    /// The name in the settings and in refusals.
    pub fn name(self) -> &'static str {
        match self {
            Self::WorkerId => "worker-id",
            Self::PersonKey => "person-key",
            Self::Kind => "kind",
            Self::Status => "status",
            Self::GivenName => "given-name",
            Self::FamilyName => "family-name",
            Self::Email => "email",
            Self::Department => "department",
            Self::Title => "title",
            Self::Location => "location",
            Self::Manager => "manager",
            Self::StartAt => "start-at",
            Self::EndAt => "end-at",
            Self::TimeZone => "time-zone",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// Column titles, as [`plain`] leaves them.
    fn titles(self) -> &'static [&'static str] {
        match self {
            Self::WorkerId => &[
                "workerid",
                "workernumber",
                "employeeid",
                "employeenumber",
                "employeeno",
                "personnelnumber",
                "personnelno",
                "staffid",
                "staffnumber",
                "payrollnumber",
            ],
            Self::PersonKey => &["personkey", "personid"],
            Self::Kind => &["kind", "workerkind", "workertype", "employeetype", "employmenttype"],
            Self::Status => &["status", "workerstatus", "employeestatus", "employmentstatus"],
            Self::GivenName => &["givenname", "firstname", "forename"],
            Self::FamilyName => &["familyname", "lastname", "surname"],
            Self::Email => &["email", "emailaddress", "mail", "workemail", "businessemail"],
            Self::Department => &["department", "dept"],
            Self::Title => &["title", "jobtitle", "position"],
            Self::Location => &["location", "worklocation", "office", "site"],
            Self::Manager => &["manager", "managerid", "managerworkerid", "manageremployeeid", "supervisorid"],
            Self::StartAt => &["startat", "start", "startdate", "hiredate", "firstday", "firstworkingday"],
            Self::EndAt => &[
                "endat",
                "end",
                "enddate",
                "terminationdate",
                "contractend",
                "contractenddate",
                "lastday",
                "lastworkingday",
            ],
            Self::TimeZone => &["timezone", "tz"],
        }
    }

    pub fn by_title(title: &str) -> Option<Self> {
        let plain = plain(title);
        Self::ALL.into_iter().find(|field| field.titles().contains(&plain.as_str()))
    }
}

/// How titles and words are compared: without case, spaces, hyphens and underscores.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// What the cells of one column may say, in plain words, and what each of them means.
#[derive(Clone, Debug)]
pub struct Words<T>(BTreeMap<String, T>);

impl<T: Copy> Words<T> {
    /// Reeve's own words, and those of the settings: `Aktiv=active`, where the right side is one of `meanings`.
    pub fn new(
        own: &[(&str, T)],
        setting: &str,
        given: &[String],
        meanings: &[(&'static str, T)],
    ) -> Result<Self, String> {
        let mut words: BTreeMap<_, _> =
            own.iter().chain(meanings).map(|(word, meaning)| (plain(word), *meaning)).collect();
        let mut seen = BTreeMap::new();
        for entry in given {
            let known: Vec<_> = meanings.iter().map(|(name, _)| *name).collect();
            let wrong = || {
                format!(
                    "`{setting}`: {entry:?} is not of the form `word=meaning`; a meaning is one of {}",
                    known.join(", ")
                )
            };
            let (word, meaning) = entry.rsplit_once('=').ok_or_else(wrong)?;
            let (word, meaning) = (plain(word), meaning.trim());
            let (_, meaning) = meanings.iter().find(|(name, _)| *name == meaning).ok_or_else(wrong)?;
            if word.is_empty() {
                return Err(wrong());
            }
            if let Some(first) = seen.insert(word.clone(), entry) {
                return Err(format!("`{setting}`: {first:?} and {entry:?} explain the same word; remove one"));
            }
            words.insert(word, *meaning);
        }
        Ok(Self(words))
    }

    pub fn meaning(&self, word: &str) -> Option<T> {
        self.0.get(&plain(word)).copied()
    }
}
