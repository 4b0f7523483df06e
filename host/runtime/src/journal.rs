//! What a plugin saw and did in one call, so that the call can be examined, and replayed.
//!
//! Every import call in order, with its answer or fault. Never a secret: requests and answers are redacted on their way
//! in. Long bodies are cut and keep their length and SHA-256. An entry is opened before the request leaves, so a call
//! that is cut off still shows what it was doing.

mod model;
mod record;

pub(crate) use model::{Body, Bytes, Came, Digested, Entry, HttpCame, values};
pub(crate) use record::{Asked, Record};

use crate::limits::*;
use crate::outside::{
    FileAbout, FileFault, HttpAnswer, HttpFault, HttpRequest, LdapFault, LdapPage, LdapSearch, LdapWrite, Redactor,
};
use crate::replay::Tape;
use crate::senses::Sensed;
use reeve_core::run::{Failure, Outcome};
use serde::{Deserialize, Serialize};

/// Paths, headers, names and faults of all entries, in bytes. What goes beyond is kept by length and SHA-256.
const HEADS_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The record of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    entries: Vec<Entry>,
    /// Calls after the last entry that there was room for.
    #[serde(default)]
    not_kept: u64,
    /// Of time and chance. None in a journal of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sensed: Option<Sensed>,
    /// Of an operation's call alone. None also in a journal of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<Asked>,
    #[serde(skip)]
    body_bytes: usize,
    #[serde(skip)]
    head_bytes: usize,
}

/// Where the answer of an open entry goes; none where the entry was not kept.
#[derive(Debug)]
pub(crate) struct Slot(Option<usize>);

impl Journal {
    /// As JSON.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Journal::bytes`] wrote.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("this is not a journal: {error}"))
    }

    /// Closes the record of a call with what it saw of time and chance.
    pub(crate) fn sensed(&mut self, sensed: Sensed) {
        self.sensed = Some(sensed);
    }

    /// Adds what was asked, and what came of it.
    pub(crate) fn asked(&mut self, asked: Asked) {
        self.asked = Some(asked);
    }

    /// What a replay needs besides the import calls. None where it was not kept.
    pub(crate) fn record(&self) -> Option<Record> {
        Some(Record { asked: self.asked.clone()?, sensed: self.sensed.clone()? })
    }

    /// The import calls, to be given back.
    pub(crate) fn tape(&self) -> Tape {
        Tape::new(self.entries.clone(), self.not_kept)
    }

    /// The entry that was opened last, if it was kept.
    pub(crate) fn last(&self) -> Option<&Entry> {
        if self.not_kept == 0 { self.entries.last() } else { None }
    }

    /// What a call came to, as a record keeps it.
    pub(crate) fn result_of(redactor: &Redactor, result: &Result<Outcome, Failure>) -> Body {
        record::ended(redactor, result)
    }

    pub(crate) fn settings(&mut self, json: &str) {
        let json = self.body(json.as_bytes());
        self.open(Entry::Settings { json });
    }

    /// The line comes redacted.
    pub(crate) fn log(&mut self, level: &str, line: &str) {
        let line = self.body(line.as_bytes());
        self.open(Entry::Log { level: level.to_owned(), line });
    }

    pub(crate) fn http(&mut self, redactor: &Redactor, request: &HttpRequest) -> Slot {
        let body = request.body.as_deref().map(|body| self.body(&redactor.bytes(body)));
        self.open(Entry::Http {
            connection: request.connection.clone(),
            method: request.method,
            path: redactor.text(&request.path),
            headers: redacted(redactor, &request.headers),
            body,
            came: Came::CutOff,
        })
    }

    pub(crate) fn http_came(&mut self, slot: Slot, redactor: &Redactor, answer: &Result<HttpAnswer, HttpFault>) {
        let came = match answer {
            Ok(answer) => Came::Answer(HttpCame {
                status: answer.status,
                headers: redacted(redactor, &answer.headers),
                body: self.body(&redactor.bytes(&answer.body)),
                rate: answer.rate.clone(),
            }),
            Err(fault) => Came::Fault(fault.clone()),
        };
        let came = self.fit(came);
        if let Some(Entry::Http { came: place, .. }) = self.at(slot) {
            *place = came;
        }
    }

    pub(crate) fn ldap_search(&mut self, redactor: &Redactor, search: &LdapSearch) -> Slot {
        let search = self.json(redactor, search);
        self.open(Entry::LdapSearch { search, came: Came::CutOff })
    }

    pub(crate) fn ldap_search_came(&mut self, slot: Slot, redactor: &Redactor, page: &Result<LdapPage, LdapFault>) {
        let came = self.came(redactor, page);
        if let Some(Entry::LdapSearch { came: place, .. }) = self.at(slot) {
            *place = came;
        }
    }

    pub(crate) fn ldap_write(&mut self, redactor: &Redactor, connection: &str, write: &LdapWrite) -> Slot {
        let write = self.json(redactor, write);
        self.open(Entry::LdapWrite { connection: connection.to_owned(), write, came: Came::CutOff })
    }

    pub(crate) fn ldap_write_came(&mut self, slot: Slot, outcome: &Result<(), LdapFault>) {
        let came = self.fit(match outcome {
            Ok(()) => Came::Answer(()),
            Err(fault) => Came::Fault(fault.clone()),
        });
        if let Some(Entry::LdapWrite { came: place, .. }) = self.at(slot) {
            *place = came;
        }
    }

    pub(crate) fn files_list(&mut self, connection: &str) -> Slot {
        self.open(Entry::FilesList { connection: connection.to_owned(), came: Came::CutOff })
    }

    pub(crate) fn files_list_came(
        &mut self,
        slot: Slot,
        redactor: &Redactor,
        list: &Result<Vec<FileAbout>, FileFault>,
    ) {
        let came = self.came(redactor, list);
        if let Some(Entry::FilesList { came: place, .. }) = self.at(slot) {
            *place = came;
        }
    }

    pub(crate) fn files_read(&mut self, connection: &str, name: &str, version: &str, offset: u64, length: u32) -> Slot {
        let (connection, name, version) = (connection.to_owned(), name.to_owned(), version.to_owned());
        self.open(Entry::FilesRead { connection, name, version, offset, length, came: Came::CutOff })
    }

    pub(crate) fn files_read_came(&mut self, slot: Slot, redactor: &Redactor, read: &Result<Vec<u8>, FileFault>) {
        let came = match read {
            Ok(bytes) => Came::Answer(self.body(&redactor.bytes(bytes))),
            Err(fault) => Came::Fault(fault.clone()),
        };
        let came = self.fit(came);
        if let Some(Entry::FilesRead { came: place, .. }) = self.at(slot) {
            *place = came;
        }
    }

    fn open(&mut self, entry: Entry) -> Slot {
        if self.entries.len() >= JOURNAL_ENTRIES_MAX {
            self.not_kept += 1;
            return Slot(None);
        }
        let json = serde_json::to_vec(&entry).unwrap_or_default();
        if self.takes_head(json.len().saturating_sub(entry.body_bytes())) {
            self.entries.push(entry);
            Slot(Some(self.entries.len() - 1))
        } else {
            self.entries.push(Entry::LeftOut { entry: Digested::of(&json) });
            Slot(None)
        }
    }

    fn at(&mut self, slot: Slot) -> Option<&mut Entry> {
        self.entries.get_mut(slot.0?)
    }

    fn takes_head(&mut self, bytes: usize) -> bool {
        let after = self.head_bytes.saturating_add(bytes);
        let takes = after <= HEADS_BYTES_MAX;
        if takes {
            self.head_bytes = after;
        }
        takes
    }

    fn came<T: Serialize, F: Serialize + Clone>(&mut self, redactor: &Redactor, came: &Result<T, F>) -> Came<Body, F> {
        let came = match came {
            Ok(answer) => Came::Answer(self.json(redactor, answer)),
            Err(fault) => Came::Fault(fault.clone()),
        };
        self.fit(came)
    }

    fn fit<T: Serialize + BodyBytes, F: Serialize>(&mut self, came: Came<T, F>) -> Came<T, F> {
        let json = serde_json::to_vec(&came).unwrap_or_default();
        let body = if let Came::Answer(answer) = &came { answer.body_bytes() } else { 0 };
        if self.takes_head(json.len().saturating_sub(body)) { came } else { Came::LeftOut(Digested::of(&json)) }
    }

    fn json(&mut self, redactor: &Redactor, value: &impl Serialize) -> Body {
        let json = serde_json::to_vec(value).unwrap_or_default();
        self.body(&redactor.bytes(&json))
    }

    fn body(&mut self, bytes: &[u8]) -> Body {
        let room = JOURNAL_BYTES_MAX.saturating_sub(self.body_bytes).min(JOURNAL_BODY_BYTES_MAX);
        let kept = match std::str::from_utf8(bytes) {
            Ok(text) => text.get(..text.floor_char_boundary(room)).unwrap_or_default().as_bytes(),
            Err(_) => bytes.get(..room).unwrap_or(bytes),
        };
        self.body_bytes += kept.len();
        let whole = (kept.len() < bytes.len()).then(|| Digested::of(bytes));
        Body { kept: Bytes::of(kept), whole }
    }
}

fn redacted(redactor: &Redactor, headers: &[(String, String)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.clone(), redactor.text(value))).collect()
}

use model::BodyBytes;

#[cfg(test)]
mod tests;
