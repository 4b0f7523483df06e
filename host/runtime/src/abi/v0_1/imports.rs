//! What a plugin of this version may call. Each call is counted and handed on; nothing is decided here.

use super::wit;
use super::wit::reeve::connector::{files, http, ldap, log, settings, types};
use crate::outside as wire;
use crate::package::Method;
use crate::state::State;
use wasmtime::component::{HasSelf, Linker};

/// Offers the imports of this version to the components that a linker links.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wit::Connector::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

impl types::Host for State {}

impl http::Host for State {
    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, http::HttpError>> {
        self.host_call()?;
        let (reach, spent) = self.reach();
        let answer = reach.http(spent, http_request(request)).await?;
        self.back(match &answer {
            Err(wire::HttpFault::Denied(why)) => Some(why),
            _ => None,
        });
        Ok(answer.map(http_answer).map_err(http_fault))
    }
}

fn http_request(request: http::Request) -> wire::HttpRequest {
    wire::HttpRequest {
        connection: request.connection,
        method: match request.method {
            http::Method::Get => Method::Get,
            http::Method::Head => Method::Head,
            http::Method::Post => Method::Post,
            http::Method::Put => Method::Put,
            http::Method::Patch => Method::Patch,
            http::Method::Delete => Method::Delete,
        },
        path: request.path,
        headers: request.headers.into_iter().map(|header| (header.name, header.value)).collect(),
        body: request.body,
    }
}

fn http_answer(answer: wire::HttpAnswer) -> http::Response {
    http::Response {
        status: answer.status,
        headers: answer.headers.into_iter().map(|(name, value)| http::Header { name, value }).collect(),
        body: answer.body,
        rate: answer.rate.map(|rate| types::RateHint {
            retry_after_ms: rate.retry_after_ms,
            remaining: rate.remaining,
            limit: rate.limit,
            scope: rate.scope,
        }),
    }
}

fn http_fault(fault: wire::HttpFault) -> http::HttpError {
    match fault {
        wire::HttpFault::Denied(text) => http::HttpError::Denied(text),
        wire::HttpFault::AuthFailed(text) => http::HttpError::AuthFailed(text),
        wire::HttpFault::Unreachable(text) => http::HttpError::Unreachable(text),
        wire::HttpFault::AnswerLost(text) => http::HttpError::AnswerLost(text),
        wire::HttpFault::TooLarge(limit) => http::HttpError::TooLarge(limit),
        wire::HttpFault::Budget(text) => http::HttpError::Budget(text),
        wire::HttpFault::Protocol(text) => http::HttpError::Protocol(text),
    }
}

impl ldap::Host for State {
    async fn search(
        &mut self,
        request: ldap::SearchRequest,
    ) -> wasmtime::Result<Result<ldap::SearchPage, ldap::LdapError>> {
        self.host_call()?;
        let search = wire::LdapSearch {
            connection: request.connection,
            base: request.base,
            scope: match request.scope {
                ldap::Scope::Base => wire::LdapScope::Base,
                ldap::Scope::OneLevel => wire::LdapScope::OneLevel,
                ldap::Scope::Subtree => wire::LdapScope::Subtree,
            },
            filter: request.filter,
            attributes: request.attributes,
            page_size: request.page_size,
            cursor: request.cursor,
        };
        let (reach, spent) = self.reach();
        let page = reach.ldap_search(spent, search).await?;
        self.back_from_ldap(&page);
        Ok(page.map(ldap_page).map_err(ldap_fault))
    }

    async fn add(
        &mut self,
        connection: String,
        dn: String,
        attributes: Vec<ldap::Attribute>,
    ) -> wasmtime::Result<Result<(), ldap::LdapError>> {
        let attributes = attributes.into_iter().map(ldap_attribute).collect();
        self.ldap_write(connection, wire::LdapWrite::Add { dn, attributes }).await
    }

    async fn modify(
        &mut self,
        connection: String,
        dn: String,
        changes: Vec<ldap::Change>,
    ) -> wasmtime::Result<Result<(), ldap::LdapError>> {
        let change = |change: ldap::Change| {
            let kind = match change.kind {
                ldap::ChangeKind::Add => wire::LdapChangeKind::Add,
                ldap::ChangeKind::Delete => wire::LdapChangeKind::Delete,
                ldap::ChangeKind::Replace => wire::LdapChangeKind::Replace,
            };
            (kind, ldap_attribute(change.attribute))
        };
        let changes = changes.into_iter().map(change).collect();
        self.ldap_write(connection, wire::LdapWrite::Modify { dn, changes }).await
    }

    async fn delete(&mut self, connection: String, dn: String) -> wasmtime::Result<Result<(), ldap::LdapError>> {
        self.ldap_write(connection, wire::LdapWrite::Delete { dn }).await
    }
}

impl State {
    async fn ldap_write(
        &mut self,
        connection: String,
        write: wire::LdapWrite,
    ) -> wasmtime::Result<Result<(), ldap::LdapError>> {
        self.host_call()?;
        let (reach, spent) = self.reach();
        let done = reach.ldap_write(spent, &connection, write).await?;
        self.back_from_ldap(&done);
        Ok(done.map_err(ldap_fault))
    }

    fn back_from_ldap<T>(&mut self, answer: &Result<T, wire::LdapFault>) {
        self.back(match answer {
            Err(wire::LdapFault::Denied(why)) => Some(why),
            _ => None,
        });
    }
}

fn ldap_attribute(attribute: ldap::Attribute) -> wire::LdapAttribute {
    wire::LdapAttribute { name: attribute.name, values: attribute.values }
}

fn ldap_page(page: wire::LdapPage) -> ldap::SearchPage {
    let attribute = |attribute: wire::LdapAttribute| ldap::Attribute { name: attribute.name, values: attribute.values };
    let entry = |entry: wire::LdapEntry| ldap::Entry {
        dn: entry.dn,
        attributes: entry.attributes.into_iter().map(attribute).collect(),
    };
    ldap::SearchPage { entries: page.entries.into_iter().map(entry).collect(), next: page.next }
}

fn ldap_fault(fault: wire::LdapFault) -> ldap::LdapError {
    match fault {
        wire::LdapFault::Denied(text) => ldap::LdapError::Denied(text),
        wire::LdapFault::AuthFailed(text) => ldap::LdapError::AuthFailed(text),
        wire::LdapFault::Unreachable(text) => ldap::LdapError::Unreachable(text),
        wire::LdapFault::AnswerLost(text) => ldap::LdapError::AnswerLost(text),
        wire::LdapFault::TooLarge(limit) => ldap::LdapError::TooLarge(limit),
        wire::LdapFault::Budget(text) => ldap::LdapError::Budget(text),
        wire::LdapFault::Refused { code, message } => ldap::LdapError::Refused(ldap::Refusal { code, message }),
        wire::LdapFault::CursorExpired => ldap::LdapError::CursorExpired,
    }
}

impl files::Host for State {
    async fn list(&mut self, connection: String) -> wasmtime::Result<Result<Vec<files::File>, files::FileError>> {
        self.host_call()?;
        let (reach, spent) = self.reach();
        let listed = reach.files_list(spent, &connection).await?;
        self.back_from_files(&listed);
        let file = |about: wire::FileAbout| files::File {
            name: about.name,
            size: about.size,
            modified_at: about.modified_at.to_string(),
            version: about.version,
        };
        Ok(listed.map(|all| all.into_iter().map(file).collect()).map_err(file_fault))
    }

    async fn read(
        &mut self,
        connection: String,
        name: String,
        version: String,
        offset: u64,
        length: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, files::FileError>> {
        self.host_call()?;
        let (reach, spent) = self.reach();
        let read = reach.files_read(spent, &connection, &name, &version, offset, length).await?;
        self.back_from_files(&read);
        Ok(read.map_err(file_fault))
    }
}

impl State {
    fn back_from_files<T>(&mut self, answer: &Result<T, wire::FileFault>) {
        self.back(match answer {
            Err(wire::FileFault::Denied(why)) => Some(why),
            _ => None,
        });
    }
}

fn file_fault(fault: wire::FileFault) -> files::FileError {
    match fault {
        wire::FileFault::Denied(text) => files::FileError::Denied(text),
        wire::FileFault::NotFound(text) => files::FileError::NotFound(text),
        wire::FileFault::Changed => files::FileError::Changed,
        wire::FileFault::TooLarge(limit) => files::FileError::TooLarge(limit),
        wire::FileFault::Budget(text) => files::FileError::Budget(text),
        wire::FileFault::Failed(text) => files::FileError::Failed(text),
    }
}

impl settings::Host for State {
    async fn get(&mut self) -> wasmtime::Result<String> {
        self.host_call()?;
        let settings = self.settings()?;
        self.resume();
        Ok(settings)
    }
}

impl log::Host for State {
    async fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.host_call()?;
        self.log(
            match level {
                log::Level::Debug => tracing::Level::DEBUG,
                log::Level::Info => tracing::Level::INFO,
                log::Level::Warn => tracing::Level::WARN,
                log::Level::Error => tracing::Level::ERROR,
            },
            &message,
        )?;
        self.resume();
        Ok(())
    }
}
