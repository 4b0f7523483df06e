//! From the contract's words to core's: what a plugin answered, checked field by field.

use super::wit::exports::reeve::connector::{credentials, descriptor, reader, workforce};
use super::wit::reeve::connector::types as wit;
use crate::abi::bounds::{Fit, attributes, items, json, list, maybe, maybe_instant, native_id, text, texts, worker_id};
use crate::abi::{Page, Probe};
use reeve_core::access::{
    Account, AccountKind, AccountState, AccountView, Capability, Cardinality, Credential, CredentialKind, Description,
    Entitlement, Grant, GrantSource, LastUse, MatchBy, OperationKind, PageState, Quality, Rung,
};
use reeve_core::identity::{Worker, WorkerKind, WorkerStatus};
use reeve_core::run::{Failure, FieldFault, ItemResult, Outcome, RateHint, Status};
use serde_json::Value;

/// Enums with the same cases on both sides.
macro_rules! same_cases {
    ($name:ident: $from:path => $to:ident { $($case:ident),+ $(,)? }) => {
        fn $name(word: $from) -> $to {
            match word { $(<$from>::$case => $to::$case),+ }
        }
    };
}

same_cases!(account_kind: wit::AccountKind => AccountKind { Person, Service, Bot, Integration, Shared, Unknown });
same_cases!(account_state: wit::AccountState => AccountState { Active, Disabled, Frozen, Locked, Pending, Deleted, Unknown });
same_cases!(quality: wit::Quality => Quality { Exact, Approximate, CountsFailures, NotLicensed, NotAvailable });
same_cases!(cardinality: wit::Cardinality => Cardinality { Many, AtMostOne, ExactlyOne, AtLeastOne });
same_cases!(credential_kind: wit::CredentialKind => CredentialKind {
    Session, RefreshToken, AccessToken, ApiKey, Certificate, ClientSecret, AppPassword, SshKey, Other,
});
same_cases!(operation: descriptor::OperationKind => OperationKind {
    Create, Update, Enable, Disable, Freeze, Delete, Grant, Revoke, Replace, EndCredential,
});
same_cases!(match_by: wit::MatchBy => MatchBy { Login, Email, CorrelationKey });
same_cases!(worker_kind: workforce::WorkerKind => WorkerKind { Employee, Contractor, Other });
same_cases!(worker_status: workforce::WorkerStatus => WorkerStatus { NotStarted, Active, OnLeave, Terminated });

fn state(state: wit::PageState) -> Fit<PageState> {
    // The cursor's bound is the listing's to judge.
    Ok(PageState {
        next: state.next,
        complete: state.complete,
        stated_total: state.stated_total,
        warnings: texts("warnings", state.warnings)?,
    })
}

pub(super) fn accounts(page: reader::AccountPage) -> Fit<Page<Account>> {
    Ok(Page { items: items(page.items, account)?, state: state(page.state)? })
}

pub(super) fn entitlements(page: reader::EntitlementPage) -> Fit<Page<Entitlement>> {
    Ok(Page { items: items(page.items, entitlement)?, state: state(page.state)? })
}

pub(super) fn grants(page: reader::GrantPage) -> Fit<Page<Grant>> {
    Ok(Page { items: items(page.items, grant)?, state: state(page.state)? })
}

pub(super) fn credentials(page: credentials::CredentialPage) -> Fit<Page<Credential>> {
    Ok(Page { items: items(page.items, credential)?, state: state(page.state)? })
}

pub(super) fn workers(page: workforce::WorkerPage) -> Fit<Page<Worker>> {
    Ok(Page { items: items(page.items, worker)?, state: state(page.state)? })
}

pub(super) fn found(accounts: Vec<wit::Account>) -> Fit<Vec<Account>> {
    items(accounts, account)
}

pub(super) fn view(view: reader::AccountView) -> Fit<AccountView> {
    Ok(AccountView { account: account(view.account)?, grants: items(view.grants, grant)? })
}

fn account(account: wit::Account) -> Fit<Account> {
    Ok(Account {
        id: native_id("id", account.id)?,
        login: maybe("login", account.login)?,
        email: maybe("email", account.email)?,
        display_name: maybe("display-name", account.display_name)?,
        kind: account_kind(account.kind),
        state: account_state(account.state),
        native_state: text("native-state", account.native_state)?,
        correlation_key: maybe("correlation-key", account.correlation_key)?,
        owner_hint: maybe("owner-hint", account.owner_hint)?,
        created_at: maybe_instant("created-at", account.created_at)?,
        last_login: last_use("last-login.at", account.last_login)?,
        privileged: account.privileged,
        etag: maybe("etag", account.etag)?,
        attributes: attributes(account.attributes, attribute)?,
    })
}

fn last_use(field: &str, last: wit::LastUse) -> Fit<LastUse> {
    Ok(LastUse { at: maybe_instant(field, last.at)?, quality: quality(last.quality) })
}

fn attribute(attribute: wit::Attribute) -> Fit<(String, Value)> {
    let name = text("attributes.name", attribute.name)?;
    let value = match attribute.value {
        wit::Value::Text(value) => Value::String(text(&name, value)?),
        wit::Value::Integer(number) => Value::from(number),
        wit::Value::Flag(flag) => Value::Bool(flag),
        wit::Value::Texts(values) => Value::from(texts(&name, values)?),
        wit::Value::Json(value) => json(&name, &value)?,
    };
    Ok((name, value))
}

fn entitlement(entitlement: wit::Entitlement) -> Fit<Entitlement> {
    let rung = |rung: wit::Rung| -> Fit<Rung> {
        Ok(Rung { family: text("rung.family", rung.family)?, rank: rung.rank, floor: rung.floor })
    };
    Ok(Entitlement {
        id: native_id("id", entitlement.id)?,
        kind: text("kind", entitlement.kind)?,
        name: text("name", entitlement.name)?,
        description: maybe("description", entitlement.description)?,
        cardinality: cardinality(entitlement.cardinality),
        rung: entitlement.rung.map(rung).transpose()?,
        assignable: entitlement.assignable,
        privileged: entitlement.privileged,
        contains: list("contains", entitlement.contains, |id| native_id("contains", id))?,
        attributes: attributes(entitlement.attributes, attribute)?,
    })
}

fn grant(grant: wit::Grant) -> Fit<Grant> {
    Ok(Grant {
        account: native_id("account", grant.account)?,
        entitlement: native_id("entitlement", grant.entitlement)?,
        source: match grant.source {
            wit::GrantSource::Direct => GrantSource::Direct,
            wit::GrantSource::InheritedFrom(id) => GrantSource::InheritedFrom(native_id("source.inherited-from", id)?),
            wit::GrantSource::ByRule(rule) => GrantSource::ByRule(text("source.by-rule", rule)?),
            wit::GrantSource::Unknown => GrantSource::Unknown,
        },
        revocable: grant.revocable,
        expires_at: maybe_instant("expires-at", grant.expires_at)?,
    })
}

fn credential(credential: wit::Credential) -> Fit<Credential> {
    Ok(Credential {
        id: native_id("id", credential.id)?,
        account: credential.account.map(|id| native_id("account", id)).transpose()?,
        kind: credential_kind(credential.kind),
        name: maybe("name", credential.name)?,
        created_at: maybe_instant("created-at", credential.created_at)?,
        expires_at: maybe_instant("expires-at", credential.expires_at)?,
        last_used: last_use("last-used.at", credential.last_used)?,
        endable: credential.endable,
        observable: credential.observable,
    })
}

fn worker(worker: workforce::Worker) -> Fit<Worker> {
    Ok(Worker {
        id: worker_id("id", worker.id)?,
        person_key: maybe("person-key", worker.person_key)?,
        kind: worker_kind(worker.kind),
        status: worker_status(worker.status),
        given_name: text("given-name", worker.given_name)?,
        family_name: text("family-name", worker.family_name)?,
        email: maybe("email", worker.email)?,
        department: maybe("department", worker.department)?,
        title: maybe("title", worker.title)?,
        location: maybe("location", worker.location)?,
        manager: worker.manager.map(|id| worker_id("manager", id)).transpose()?,
        start_at: maybe("start-at", worker.start_at)?,
        end_at: maybe("end-at", worker.end_at)?,
        time_zone: maybe("time-zone", worker.time_zone)?,
        attributes: attributes(worker.attributes, attribute)?,
    })
}

pub(super) fn description(description: descriptor::Description) -> Fit<Description> {
    let kind = |kind: String| {
        if kind.is_empty() { Err("an entitlement kind is empty".to_owned()) } else { text("entitlement-kinds", kind) }
    };
    Ok(Description {
        entitlement_kinds: list("entitlement-kinds", description.entitlement_kinds, kind)?,
        credential_kinds: list("credential-kinds", description.credential_kinds, |kind| Ok(credential_kind(kind)))?,
        capabilities: list("capabilities", description.capabilities, capability)?,
        finds_by: list("finds-by", description.finds_by, |by| Ok(match_by(by)))?,
        reads_deleted: description.reads_deleted,
        reads_last_login: description.reads_last_login,
        page_size_max: description.page_size_max,
    })
}

fn capability(capability: descriptor::Capability) -> Fit<Capability> {
    let has = |one: descriptor::Traits| capability.traits.contains(one);
    Ok(Capability {
        operation: operation(capability.operation),
        reversible: has(descriptor::Traits::REVERSIBLE),
        idempotent: has(descriptor::Traits::IDEMPOTENT),
        ends_sessions: has(descriptor::Traits::ENDS_SESSIONS),
        frees_licence: has(descriptor::Traits::FREES_LICENCE),
        last_one_refused: has(descriptor::Traits::LAST_ONE_REFUSED),
        two_step: has(descriptor::Traits::TWO_STEP),
        whole_list: has(descriptor::Traits::WHOLE_LIST),
        entitlement_kind: maybe("entitlement-kind", capability.entitlement_kind)?,
        mechanism: text("mechanism", capability.mechanism)?,
        visible_after_s: capability.visible_after_s,
        limits: texts("limits", capability.limits)?,
    })
}

pub(super) fn probes(probes: Vec<descriptor::Probe>) -> Fit<Vec<Probe>> {
    list("probes", probes, |probe| {
        Ok(Probe { name: text("name", probe.name)?, passed: probe.passed, detail: text("detail", probe.detail)? })
    })
}

pub(super) fn outcome(outcome: wit::Outcome) -> Fit<Outcome> {
    let item = |result: wit::ItemResult| -> Fit<ItemResult> {
        Ok(ItemResult {
            item: text("status.partial.item", result.item)?,
            fault: maybe("status.partial.fault", result.fault)?,
        })
    };
    Ok(Outcome {
        status: match outcome.status {
            wit::Status::Done => Status::Done,
            wit::Status::AlreadySo => Status::AlreadySo,
            wit::Status::Accepted(handle) => Status::Accepted(text("status.accepted", handle)?),
            wit::Status::PendingApproval(whom) => Status::PendingApproval(text("status.pending-approval", whom)?),
            wit::Status::Partial(results) => Status::Partial(list("status.partial", results, item)?),
        },
        account: outcome.account.map(|id| native_id("account", id)).transpose()?,
        request_id: maybe("request-id", outcome.request_id)?,
        side_effects: texts("side-effects", outcome.side_effects)?,
    })
}

/// Never refused for its form: a failure that is lost is worse than one that is long. The call cuts and cleans it.
pub(super) fn failure(failure: wit::Failure) -> Failure {
    let fault = |fault: wit::FieldFault| FieldFault { field: fault.field, message: fault.message };
    match failure {
        wit::Failure::AuthFailed(text) => Failure::AuthFailed(text),
        wit::Failure::Forbidden(text) => Failure::Forbidden(text),
        wit::Failure::NotFound(text) => Failure::NotFound(text),
        wit::Failure::Conflict(text) => Failure::Conflict(text),
        wit::Failure::Invalid(faults) => Failure::Invalid(faults.into_iter().map(fault).collect()),
        wit::Failure::Unsupported(text) => Failure::Unsupported(text),
        wit::Failure::RateLimited(given) => Failure::RateLimited(hint(given)),
        wit::Failure::Unavailable(given) => Failure::Unavailable(hint(given)),
        wit::Failure::LicenceExhausted(text) => Failure::LicenceExhausted(text),
        wit::Failure::RefusedByTarget(blockers) => Failure::RefusedByTarget(blockers),
        wit::Failure::OutcomeUnknown(text) => Failure::OutcomeUnknown(text),
        wit::Failure::CursorExpired => Failure::CursorExpired,
        wit::Failure::Protocol(text) => Failure::Protocol(text),
        wit::Failure::Internal(text) => Failure::Internal(text),
    }
}

fn hint(hint: wit::RateHint) -> RateHint {
    RateHint { retry_after_ms: hint.retry_after_ms, remaining: hint.remaining, limit: hint.limit, scope: hint.scope }
}
