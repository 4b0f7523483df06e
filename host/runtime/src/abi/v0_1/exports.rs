//! What a plugin of this version can be asked. Only `descriptor` is always there.

use super::wit::exports::reeve::connector::{credentials, descriptor, reader, workforce, writer};
use super::wit::reeve::connector::types;
use super::{answer, ask};
use crate::abi::bounds::Fit;
use crate::abi::{Page, PageRequest, Probe};
use crate::call::Guest;
use crate::package::Export;
use crate::state::State;
use reeve_core::access::{Account, AccountView, Credential, Description, Entitlement, Grant, MatchBy};
use reeve_core::id::{NativeId, OperationId};
use reeve_core::identity::Worker;
use reeve_core::plan::Action;
use reeve_core::run::{Failure, Outcome};
use std::collections::BTreeSet;
use wasmtime::component::InstancePre;

/// The outer error stops the call, the inner one is the plugin's answer.
pub(crate) type Answer<T> = wasmtime::Result<Result<T, Failure>>;

pub(crate) struct Exports {
    descriptor: descriptor::GuestIndices,
    reader: Option<reader::GuestIndices>,
    writer: Option<writer::GuestIndices>,
    credentials: Option<credentials::GuestIndices>,
    workforce: Option<workforce::GuestIndices>,
}

/// The interface of the instance, or the answer of a plugin that has none such.
macro_rules! load {
    ($indices:expr, $guest:ident, $export:ident) => {
        match &$indices {
            Some(indices) => indices.load(&mut *$guest.store, $guest.instance)?,
            None => return Ok(Err(missing(Export::$export))),
        }
    };
}

impl Exports {
    /// Finds what the manifest lists, by the component's type.
    pub fn find(pre: &InstancePre<State>, listed: &BTreeSet<Export>) -> wasmtime::Result<Self> {
        let lists = |export| listed.contains(&export);
        Ok(Self {
            descriptor: descriptor::GuestIndices::new(pre)?,
            reader: lists(Export::Reader).then(|| reader::GuestIndices::new(pre)).transpose()?,
            writer: lists(Export::Writer).then(|| writer::GuestIndices::new(pre)).transpose()?,
            credentials: lists(Export::Credentials).then(|| credentials::GuestIndices::new(pre)).transpose()?,
            workforce: lists(Export::Workforce).then(|| workforce::GuestIndices::new(pre)).transpose()?,
        })
    }

    /// Whether every function has the contract's type.
    pub fn check(&self, guest: Guest<'_>) -> wasmtime::Result<()> {
        let (store, instance) = (guest.store, guest.instance);
        self.descriptor.load(&mut *store, instance)?;
        self.reader.as_ref().map(|export| export.load(&mut *store, instance)).transpose()?;
        self.writer.as_ref().map(|export| export.load(&mut *store, instance)).transpose()?;
        self.credentials.as_ref().map(|export| export.load(&mut *store, instance)).transpose()?;
        self.workforce.as_ref().map(|export| export.load(&mut *store, instance)).transpose()?;
        Ok(())
    }

    pub async fn describe(&self, guest: Guest<'_>) -> Answer<Description> {
        let export = self.descriptor.load(&mut *guest.store, guest.instance)?;
        let description = export.call_describe(&mut *guest.store).await?;
        Ok(answer::description(description).map_err(unfit))
    }

    pub async fn check_target(&self, guest: Guest<'_>) -> Answer<Vec<Probe>> {
        let export = self.descriptor.load(&mut *guest.store, guest.instance)?;
        Ok(fit(export.call_check(&mut *guest.store).await?, answer::probes))
    }

    pub async fn list_accounts(&self, guest: Guest<'_>, page: PageRequest) -> Answer<Page<Account>> {
        let export = load!(self.reader, guest, Reader);
        Ok(fit(export.call_list_accounts(&mut *guest.store, &ask::page(page)).await?, answer::accounts))
    }

    pub async fn list_entitlements(&self, guest: Guest<'_>, page: PageRequest) -> Answer<Page<Entitlement>> {
        let export = load!(self.reader, guest, Reader);
        Ok(fit(export.call_list_entitlements(&mut *guest.store, &ask::page(page)).await?, answer::entitlements))
    }

    pub async fn list_grants(&self, guest: Guest<'_>, page: PageRequest) -> Answer<Page<Grant>> {
        let export = load!(self.reader, guest, Reader);
        Ok(fit(export.call_list_grants(&mut *guest.store, &ask::page(page)).await?, answer::grants))
    }

    pub async fn get_account(&self, guest: Guest<'_>, id: &NativeId) -> Answer<Option<AccountView>> {
        let export = load!(self.reader, guest, Reader);
        let view = export.call_get_account(&mut *guest.store, id.as_str()).await?;
        Ok(fit(view, |view| view.map(answer::view).transpose()))
    }

    pub async fn find_account(&self, guest: Guest<'_>, by: MatchBy, key: &str) -> Answer<Vec<Account>> {
        let export = load!(self.reader, guest, Reader);
        Ok(fit(export.call_find_account(&mut *guest.store, ask::match_by(by), key).await?, answer::found))
    }

    pub async fn list_credentials(
        &self,
        guest: Guest<'_>,
        account: &NativeId,
        page: PageRequest,
    ) -> Answer<Page<Credential>> {
        let export = load!(self.credentials, guest, Credentials);
        let (account, page) = (account.as_str(), ask::page(page));
        Ok(fit(export.call_list_credentials(&mut *guest.store, Some(account), &page).await?, answer::credentials))
    }

    pub async fn list_workers(&self, guest: Guest<'_>, page: PageRequest) -> Answer<Page<Worker>> {
        let export = load!(self.workforce, guest, Workforce);
        Ok(fit(export.call_list_workers(&mut *guest.store, &ask::page(page)).await?, answer::workers))
    }

    pub async fn apply(&self, guest: Guest<'_>, action: &Action<NativeId>, id: &OperationId) -> Answer<Outcome> {
        let outcome = match ask::change(action) {
            ask::Change::Write(operation) => {
                let export = load!(self.writer, guest, Writer);
                export.call_apply(&mut *guest.store, &operation, id.as_str()).await?
            }
            ask::Change::EndCredential(credential) => {
                let export = load!(self.credentials, guest, Credentials);
                export.call_end_credential(&mut *guest.store, &credential, id.as_str()).await?
            }
        };
        Ok(fit(outcome, answer::outcome))
    }
}

fn fit<T, U>(answered: Result<T, types::Failure>, read: impl FnOnce(T) -> Fit<U>) -> Result<U, Failure> {
    read(answered.map_err(answer::failure)?).map_err(unfit)
}

fn unfit(fault: String) -> Failure {
    Failure::Protocol(format!("the plugin's answer does not fit the contract: {fault}"))
}

fn missing(export: Export) -> Failure {
    Failure::Unsupported(format!("the plugin does not export `{export}`"))
}
