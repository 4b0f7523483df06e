//! The import calls of a journal, given back one by one to a call that asks for the same in the same order. The first one
//! that asks for something else ends the replay: from there on the record has no answers for it.

use crate::journal::{Body, Came, Digested, Entry, HttpCame};
use crate::outside::{
    FileAbout, FileFault, HttpAnswer, HttpFault, HttpRequest, LdapFault, LdapPage, LdapSearch, LdapWrite, Redactor,
    Spent,
};
use serde::de::DeserializeOwned;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Why a replay does not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Halt {
    /// The plugin calls the host in another way than it did. Where it made no more calls then, there is none.
    #[error("the plugin calls the host in another way than the record says")]
    Differs { then: Option<Box<Entry>>, now: Box<Entry> },
    /// The record does not hold what the plugin has to be answered.
    #[error("{0}")]
    NotKept(String),
    /// The recorded call ended while it waited for this.
    #[error("the recorded call was cut off here")]
    CutOff,
}

#[derive(Clone)]
pub(crate) struct Tape(Arc<Mutex<Reel>>);

struct Reel {
    entries: Vec<Entry>,
    not_kept: u64,
    at: usize,
    halt: Option<Halt>,
    /// Knows no secret: the record holds none, and none is needed.
    redactor: Arc<Redactor>,
}

/// How far a replay got.
pub(super) struct Played {
    /// Calls of the host that were answered.
    pub calls: usize,
    pub halt: Option<Halt>,
    /// The first of those that the plugin did not make any more.
    pub left: Option<Entry>,
}

impl Tape {
    pub fn new(entries: Vec<Entry>, not_kept: u64) -> Self {
        Self(Arc::new(Mutex::new(Reel { entries, not_kept, at: 0, halt: None, redactor: Arc::default() })))
    }

    pub(super) fn played(&self) -> Played {
        let reel = self.lock();
        Played { calls: reel.at, halt: reel.halt.clone(), left: reel.entries.get(reel.at).cloned() }
    }

    pub fn http(&self, spent: &mut Spent, request: &HttpRequest) -> Result<Result<HttpAnswer, HttpFault>, Halt> {
        let redactor = self.lock().redactor.clone();
        let slot = spent.journal().http(&redactor, request);
        let came = match self.next(spent.journal().last())? {
            Entry::Http { came, .. } => self.came(came)?,
            other => return Err(self.halt(no_answer(&other))),
        };
        let answer = match came {
            Ok(HttpCame { status, headers, body, rate }) => {
                Ok(HttpAnswer { status, headers, body: self.whole(&body)?, rate })
            }
            Err(fault) => Err(fault),
        };
        spent.journal().http_came(slot, &redactor, &answer);
        Ok(answer)
    }

    pub fn ldap_search(&self, spent: &mut Spent, search: &LdapSearch) -> Result<Result<LdapPage, LdapFault>, Halt> {
        let redactor = self.lock().redactor.clone();
        let slot = spent.journal().ldap_search(&redactor, search);
        let page = match self.next(spent.journal().last())? {
            Entry::LdapSearch { came, .. } => self.json(came)?,
            other => return Err(self.halt(no_answer(&other))),
        };
        spent.journal().ldap_search_came(slot, &redactor, &page);
        Ok(page)
    }

    pub fn ldap_write(
        &self,
        spent: &mut Spent,
        connection: &str,
        write: &LdapWrite,
    ) -> Result<Result<(), LdapFault>, Halt> {
        let redactor = self.lock().redactor.clone();
        let slot = spent.journal().ldap_write(&redactor, connection, write);
        let outcome = match self.next(spent.journal().last())? {
            Entry::LdapWrite { came, .. } => self.came(came)?,
            other => return Err(self.halt(no_answer(&other))),
        };
        spent.journal().ldap_write_came(slot, &outcome);
        Ok(outcome)
    }

    pub fn files_list(&self, spent: &mut Spent, connection: &str) -> Result<Result<Vec<FileAbout>, FileFault>, Halt> {
        let redactor = self.lock().redactor.clone();
        let slot = spent.journal().files_list(connection);
        let list = match self.next(spent.journal().last())? {
            Entry::FilesList { came, .. } => self.json(came)?,
            other => return Err(self.halt(no_answer(&other))),
        };
        spent.journal().files_list_came(slot, &redactor, &list);
        Ok(list)
    }

    pub fn files_read(
        &self,
        spent: &mut Spent,
        connection: &str,
        name: &str,
        version: &str,
        offset: u64,
        length: u32,
    ) -> Result<Result<Vec<u8>, FileFault>, Halt> {
        let redactor = self.lock().redactor.clone();
        let slot = spent.journal().files_read(connection, name, version, offset, length);
        let came = match self.next(spent.journal().last())? {
            Entry::FilesRead { came, .. } => self.came(came)?,
            other => return Err(self.halt(no_answer(&other))),
        };
        let read = match came {
            Ok(body) => Ok(self.whole(&body)?),
            Err(fault) => Err(fault),
        };
        spent.journal().files_read_came(slot, &redactor, &read);
        Ok(read)
    }

    /// The settings that the call was given.
    pub fn settings(&self, spent: &mut Spent) -> Result<String, Halt> {
        let json = match self.next(Some(&Entry::Settings { json: Body::empty() }))? {
            Entry::Settings { json } => self.whole(&json)?,
            other => return Err(self.halt(no_answer(&other))),
        };
        let text =
            String::from_utf8(json).map_err(|_| self.halt(Halt::NotKept("the settings are no text".to_owned())))?;
        spent.journal().settings(&text);
        Ok(text)
    }

    /// The line that was put in the journal last must be the one that stood here.
    pub fn log(&self, spent: &mut Spent) -> Result<(), Halt> {
        self.next(spent.journal().last()).map(|_| ())
    }

    /// The recorded call that is due, if `now` asks for the same.
    fn next(&self, now: Option<&Entry>) -> Result<Entry, Halt> {
        let mut reel = self.lock();
        let halt = match (reel.entries.get(reel.at), now) {
            (Some(Entry::LeftOut { entry }), _) => {
                Halt::NotKept(format!("there was no room in the record for {}", call(reel.at + 1, entry)))
            }
            (None, _) | (_, None) if reel.not_kept > 0 => Halt::NotKept(format!(
                "the record holds the first {} calls of the host, and {} more were made",
                reel.entries.len(),
                reel.not_kept
            )),
            (Some(then), Some(now)) if then.question() == now.question() => {
                let then = then.clone();
                reel.at += 1;
                return Ok(then);
            }
            (then, Some(now)) => {
                Halt::Differs { then: then.map(|then| Box::new(then.question())), now: Box::new(now.question()) }
            }
            (_, None) => Halt::NotKept("there is no room for the replay's own journal".to_owned()),
        };
        reel.halt = Some(halt.clone());
        Err(halt)
    }

    fn came<T, F>(&self, came: Came<T, F>) -> Result<Result<T, F>, Halt> {
        match came {
            Came::Answer(answer) => Ok(Ok(answer)),
            Came::Fault(fault) => Ok(Err(fault)),
            Came::CutOff => Err(self.halt(Halt::CutOff)),
            Came::LeftOut(digested) => {
                Err(self
                    .halt_at(|at| format!("there was no room in the record for the answer to {}", call(at, &digested))))
            }
        }
    }

    fn json<T: DeserializeOwned, F>(&self, came: Came<Body, F>) -> Result<Result<T, F>, Halt> {
        match self.came(came)? {
            Ok(body) => match serde_json::from_slice(&self.whole(&body)?) {
                Ok(answer) => Ok(Ok(answer)),
                Err(_) => Err(self.halt_at(|at| format!("the recorded answer to call {at} is damaged"))),
            },
            Err(fault) => Ok(Err(fault)),
        }
    }

    fn whole(&self, body: &Body) -> Result<Vec<u8>, Halt> {
        match (&body.whole, body.kept.bytes()) {
            (None, Some(bytes)) => Ok(bytes),
            (None, None) => Err(self.halt_at(|at| format!("the recorded answer to call {at} is damaged"))),
            (Some(whole), kept) => Err(self.halt_at(|at| {
                format!(
                    "the answer to call {at} had {} bytes, of which the record has room for the first {}",
                    whole.length,
                    kept.map_or(0, |kept| kept.len())
                )
            })),
        }
    }

    fn halt_at(&self, why: impl FnOnce(usize) -> String) -> Halt {
        let at = self.lock().at;
        self.halt(Halt::NotKept(why(at)))
    }

    fn halt(&self, halt: Halt) -> Halt {
        self.lock().halt = Some(halt.clone());
        halt
    }

    fn lock(&self) -> MutexGuard<'_, Reel> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Entries that ask the same are of one kind, so this never comes about.
fn no_answer(entry: &Entry) -> Halt {
    Halt::NotKept(format!("the record answers with {entry:?}"))
}

fn call(at: usize, digested: &Digested) -> String {
    format!("call {at} ({} bytes, SHA-256 {})", digested.length, digested.sha256)
}
