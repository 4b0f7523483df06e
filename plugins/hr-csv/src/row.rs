//! A row becomes a worker, or a list of what is wrong with it. Nothing is guessed: a word that is not known or a
//! required cell that is empty is a fault of the row.

use crate::csv::Row;
use crate::date::{self, Midnight, quoted};
use crate::encoding::Encoding;
use crate::faults::{Faults, place};
use crate::field::{Field, Words};
use crate::header::{Columns, Role};
use crate::settings::{Settings, is_zone_name};
use reeve_sdk::{Attribute, Worker};
use std::collections::{BTreeMap, BTreeSet};

/// The longest cell, in bytes: what the host takes as a text.
pub const CELL_BYTES_MAX: usize = 64 * 1024;
/// The longest id, in bytes.
pub const ID_BYTES_MAX: usize = 1_024;

pub struct Reader<'a> {
    pub settings: &'a Settings,
    pub columns: &'a Columns,
    pub encoding: Encoding,
}

impl Reader<'_> {
    /// Of use only while `faults` is empty: a row that has one adds it there.
    pub fn worker(&self, row: &Row, faults: &mut Faults) -> Option<Worker> {
        let (cells, columns) = (row.cells.len(), self.columns.0.len());
        if cells != columns {
            let hint = if cells > columns { "; a cell with a separator in it must be in quotes" } else { "" };
            let message = format!("the row has {cells} cells and the header has {columns}{hint}");
            faults.add(place(row.at, None), message);
            return None;
        }
        let mut cells = Cells { row, reader: self, faults, texts: BTreeMap::new(), unread: BTreeSet::new() };
        let attributes = cells.read();
        cells.worker(attributes)
    }
}

/// The cells of one row, decoded.
struct Cells<'a> {
    row: &'a Row,
    reader: &'a Reader<'a>,
    faults: &'a mut Faults,
    /// Those of fields, without spaces around them. An empty cell is not here.
    texts: BTreeMap<Field, String>,
    /// Fields whose cell could not be read at all, which is a fault already.
    unread: BTreeSet<Field>,
}

impl Cells<'_> {
    fn fault(&mut self, column: &str, message: impl Into<String>) {
        self.faults.add(place(self.row.at, Some(column)), message);
    }

    /// Sorts the cells into fields, which are kept, and attributes, which stay as they are.
    fn read(&mut self) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        let reader = self.reader;
        for (column, cell) in reader.columns.0.iter().zip(&self.row.cells).filter(|(_, cell)| !cell.is_empty()) {
            if column.role == Role::LeftOut {
                continue;
            }
            let text = if cell.len() > CELL_BYTES_MAX {
                Err(format!("the cell has {} bytes; the limit is {CELL_BYTES_MAX}", cell.len()))
            } else {
                reader.encoding.text(cell)
            };
            match (text, column.role) {
                (Err(fault), role) => {
                    if let Role::Field(field) = role {
                        self.unread.insert(field);
                    }
                    self.fault(&column.title, fault);
                }
                (Ok(text), Role::Field(field)) => {
                    let text = text.trim();
                    if !text.is_empty() {
                        self.texts.insert(field, text.to_owned());
                    }
                }
                (Ok(text), Role::Attribute) => attributes.push(Attribute::text(&column.title, text)),
                (Ok(text), _) if text.trim().is_empty() => {}
                (Ok(text), _) => {
                    self.fault(&column.title, format!("{} stands in a column that has no title", quoted(&text)));
                }
            }
        }
        attributes
    }

    fn worker(&mut self, attributes: Vec<Attribute>) -> Option<Worker> {
        let settings = self.reader.settings;
        // Each is read even if one before it has a fault, so that all are named.
        let id = self.id(Field::WorkerId);
        let kind = self.word(Field::Kind, settings.default_kind, "kind-words", &settings.kinds);
        let status = self.word(Field::Status, settings.default_status, "status-words", &settings.statuses);
        let given_name = self.required(Field::GivenName);
        let family_name = self.required(Field::FamilyName);
        let start_at = self.date(Field::StartAt);
        let end_at = self.date(Field::EndAt);
        let time_zone = self.time_zone();
        let mut text = |field| self.texts.remove(&field);
        Some(Worker {
            id: id?,
            person_key: text(Field::PersonKey),
            kind: kind?,
            status: status?,
            given_name: given_name?,
            family_name: family_name?,
            email: text(Field::Email),
            department: text(Field::Department),
            title: text(Field::Title),
            location: text(Field::Location),
            manager: text(Field::Manager),
            start_at,
            end_at,
            time_zone,
            attributes,
        })
    }

    fn title(&self, field: Field) -> String {
        self.reader.columns.of(field).map_or(field.name().to_owned(), |column| column.title.clone())
    }

    fn required(&mut self, field: Field) -> Option<String> {
        let text = self.texts.remove(&field);
        if text.is_none() && !self.unread.contains(&field) {
            self.fault(&self.title(field), format!("the cell is empty, and a worker must have a {}", field.name()));
        }
        text
    }

    fn id(&mut self, field: Field) -> Option<String> {
        let id = self.required(field)?;
        if id.len() > ID_BYTES_MAX {
            self.fault(&self.title(field), format!("the id has {} bytes; the limit is {ID_BYTES_MAX}", id.len()));
        }
        Some(id)
    }

    /// What a word means. Without the column, what the settings give to all rows.
    fn word<T: Copy>(&mut self, field: Field, default: Option<T>, setting: &str, words: &Words<T>) -> Option<T> {
        if self.reader.columns.of(field).is_none() {
            return default;
        }
        let word = self.required(field)?;
        let meaning = words.meaning(&word);
        if meaning.is_none() {
            let (title, name) = (self.title(field), field.name());
            let message = format!("{} is no {name} that is known; say what it means in `{setting}`", quoted(&word));
            self.fault(&title, message);
        }
        meaning
    }

    fn date(&mut self, field: Field) -> Option<String> {
        let text = self.texts.remove(&field)?;
        let settings = self.reader.settings;
        // A start at midnight is the start of that day in any reading.
        let midnight = if field == Field::StartAt { Midnight::IsTheDay } else { settings.midnight };
        match date::read(&text, settings.date_format, midnight) {
            Ok(date) => Some(date),
            Err(fault) => {
                self.fault(&self.title(field), fault);
                None
            }
        }
    }

    fn time_zone(&mut self) -> Option<String> {
        let Some(zone) = self.texts.remove(&Field::TimeZone) else {
            return self.reader.settings.time_zone.clone();
        };
        if !is_zone_name(&zone) {
            let message = format!("{} is no IANA name of a time zone, such as Europe/Berlin", quoted(&zone));
            self.fault(&self.title(Field::TimeZone), message);
        }
        Some(zone)
    }
}
