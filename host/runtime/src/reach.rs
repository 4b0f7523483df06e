//! Where the imports of a call lead: to the outside of its system, to the record of an earlier call, or nowhere.

use crate::outside::{
    FileAbout, FileFault, HttpAnswer, HttpFault, HttpRequest, LdapFault, LdapPage, LdapSearch, LdapWrite, Outside,
    Spent,
};
use crate::replay::{Halt, Tape};
use std::sync::Arc;

pub(crate) enum Reach {
    /// While a plugin is installed.
    Nowhere,
    Outside(Arc<Outside>),
    Record(Tape),
}

/// Why an import leads nowhere.
const NOTHING_YET: &str = "a plugin that is being installed reaches nothing";

/// The outer error ends the call; only a replay has one.
type Reached<T, F> = Result<Result<T, F>, Halt>;

impl Reach {
    pub fn outside(&self) -> Option<&Outside> {
        match self {
            Self::Outside(outside) => Some(outside),
            Self::Nowhere | Self::Record(_) => None,
        }
    }

    pub async fn http(&self, spent: &mut Spent, request: HttpRequest) -> Reached<HttpAnswer, HttpFault> {
        match self {
            Self::Outside(outside) => Ok(outside.http(spent, request).await),
            Self::Record(tape) => tape.http(spent, &request),
            Self::Nowhere => Ok(Err(HttpFault::Denied(NOTHING_YET.to_owned()))),
        }
    }

    pub async fn ldap_search(&self, spent: &mut Spent, search: LdapSearch) -> Reached<LdapPage, LdapFault> {
        match self {
            Self::Outside(outside) => Ok(outside.ldap_search(spent, search).await),
            Self::Record(tape) => tape.ldap_search(spent, &search),
            Self::Nowhere => Ok(Err(LdapFault::Denied(NOTHING_YET.to_owned()))),
        }
    }

    pub async fn ldap_write(&self, spent: &mut Spent, connection: &str, write: LdapWrite) -> Reached<(), LdapFault> {
        match self {
            Self::Outside(outside) => Ok(outside.ldap_write(spent, connection, write).await),
            Self::Record(tape) => tape.ldap_write(spent, connection, &write),
            Self::Nowhere => Ok(Err(LdapFault::Denied(NOTHING_YET.to_owned()))),
        }
    }

    pub async fn files_list(&self, spent: &mut Spent, connection: &str) -> Reached<Vec<FileAbout>, FileFault> {
        match self {
            Self::Outside(outside) => Ok(outside.files_list(spent, connection).await),
            Self::Record(tape) => tape.files_list(spent, connection),
            Self::Nowhere => Ok(Err(FileFault::Denied(NOTHING_YET.to_owned()))),
        }
    }

    pub async fn files_read(
        &self,
        spent: &mut Spent,
        connection: &str,
        name: &str,
        version: &str,
        offset: u64,
        length: u32,
    ) -> Reached<Vec<u8>, FileFault> {
        match self {
            Self::Outside(outside) => Ok(outside.files_read(spent, connection, name, version, offset, length).await),
            Self::Record(tape) => tape.files_read(spent, connection, name, version, offset, length),
            Self::Nowhere => Ok(Err(FileFault::Denied(NOTHING_YET.to_owned()))),
        }
    }
}
