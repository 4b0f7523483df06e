//! The header row: which column is which field of a worker. Every other column becomes an attribute under its own
//! title, unless the settings leave it out.

use crate::csv::Row;
use crate::date::quoted;
use crate::encoding::Encoding;
use crate::faults::{Faults, place};
use crate::field::{Field, plain};
use crate::settings::Settings;
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Field(Field),
    Attribute,
    LeftOut,
    /// Without a title, as after a separator at the end of each line. Its cells must be empty.
    Unnamed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// As it is in the file, without spaces around it; a column without one has its letter.
    pub title: String,
    pub role: Role,
}

#[derive(Clone, Debug)]
pub struct Columns(pub Vec<Column>);

impl Columns {
    /// Understands a header, or says everything that is wrong with it.
    pub fn read(header: &Row, encoding: Encoding, settings: &Settings) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let mut columns = Vec::new();
        for (index, cell) in header.cells.iter().enumerate() {
            let title = encoding.text(cell).unwrap_or_else(|fault| {
                faults.add(place(header.at, Some(&letters(index))), fault);
                String::new()
            });
            let (title, role) = match title.trim() {
                "" => (letters(index), Role::Unnamed),
                title if settings.leave_out.iter().any(|other| plain(other) == plain(title)) => {
                    (title.to_owned(), Role::LeftOut)
                }
                title => (title.to_owned(), Role::Attribute),
            };
            columns.push(Column { title, role });
        }
        let mut columns = Self(columns);
        let here = || place(header.at, None);
        columns.twins().into_iter().for_each(|fault| faults.add(here(), fault));
        columns.absent(settings).into_iter().for_each(|fault| faults.add(here(), fault));
        columns.assign(settings).into_iter().for_each(|fault| faults.add(here(), fault));
        if faults.is_empty() { Ok(columns) } else { Err(faults) }
    }

    /// The column of a field.
    pub fn of(&self, field: Field) -> Option<&Column> {
        self.0.iter().find(|column| column.role == Role::Field(field))
    }

    pub fn title(&self, index: usize) -> String {
        self.0.get(index).map_or_else(|| letters(index), |column| column.title.clone())
    }

    /// Columns of the same title: whichever was taken, the other might have been meant.
    fn twins(&self) -> Vec<String> {
        let mut seen = BTreeMap::new();
        let mut faults = Vec::new();
        for (index, column) in self.0.iter().enumerate().filter(|(_, column)| column.role != Role::Unnamed) {
            let (letter, title) = (letters(index), &column.title);
            match seen.get(&plain(title)) {
                None => {
                    seen.insert(plain(title), (letter, title));
                }
                Some((first, other)) => faults.push(format!(
                    "the columns {first} {} and {letter} {} have the same title; rename one",
                    quoted(other),
                    quoted(title)
                )),
            }
        }
        faults
    }

    /// Columns that the settings name and the file does not have. One to be left out may be there under a new title,
    /// and its content would be taken over.
    fn absent(&self, settings: &Settings) -> Vec<String> {
        let here = |title: &str| self.0.iter().any(|column| plain(&column.title) == plain(title));
        let mapped = settings.columns.iter().filter(|(_, title)| !here(title)).map(|(field, title)| {
            let field = field.name();
            format!(
                "there is no column {} for {field}, which the setting `columns` names; there is {self}",
                quoted(title)
            )
        });
        let left_out = settings.leave_out.iter().filter(|title| !here(title)).map(|title| {
            format!("there is no column {}, which the setting `leave-out` names; there is {self}", quoted(title))
        });
        mapped.chain(left_out).collect()
    }

    /// Gives each field its column: the one that the settings name, else the one whose title says it.
    fn assign(&mut self, settings: &Settings) -> Vec<String> {
        let mapped: BTreeMap<_, _> = settings.columns.iter().map(|(field, title)| (plain(title), *field)).collect();
        let mut faults = Vec::new();
        let mut of: BTreeMap<Field, String> = BTreeMap::new();
        for column in self.0.iter_mut().filter(|column| column.role == Role::Attribute) {
            let by_title = || Field::by_title(&column.title).filter(|field| !settings.columns.contains_key(field));
            let Some(field) = mapped.get(&plain(&column.title)).copied().or_else(by_title) else { continue };
            match of.get(&field) {
                // Twins are a fault of their own.
                Some(other) if plain(other) != plain(&column.title) => faults.push(format!(
                    "the columns {} and {} may both be {field}; say which in the setting `columns`: \"{field}={other}\"",
                    quoted(other),
                    quoted(&column.title),
                    field = field.name(),
                )),
                _ => {
                    of.insert(field, column.title.clone());
                    column.role = Role::Field(field);
                }
            }
        }
        let missing = |field: &Field| {
            settings.requires(*field) && !of.contains_key(field) && !settings.columns.contains_key(field)
        };
        for field in Field::ALL.iter().filter(|field| missing(field)) {
            let name = field.name();
            let instead = match field {
                Field::Kind | Field::Status => format!(", or give all rows the same with `default-{name}`"),
                _ => String::new(),
            };
            faults.push(format!(
                "there is no column for {name}, only {self}; name it in the setting `columns`: \
                 \"{name}=its title\"{instead}"
            ));
        }
        faults
    }
}

impl std::fmt::Display for Columns {
    /// The titles, in quotes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const TITLES_MAX: usize = 30;
        let named = self.0.iter().filter(|column| column.role != Role::Unnamed);
        let titles: Vec<_> = named.clone().take(TITLES_MAX).map(|column| quoted(&column.title)).collect();
        let more = if named.count() > TITLES_MAX { ", …" } else { "" };
        write!(f, "{}{more}", titles.join(", "))
    }
}

/// A column's letters, as a spreadsheet shows them: A, Z, AA.
pub fn letters(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        letters.push(char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}
