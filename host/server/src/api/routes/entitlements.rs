//! Entitlements of a system, and who holds them.

use crate::api::caller::Caller;
use crate::api::input::{Path, Query, bounded};
use crate::api::page::{Page, PageQuery, Wanted};
use crate::api::problem::Problem;
use crate::systems;
use reeve_core::Timestamp;
use reeve_core::access::{Cardinality, Entitlement, Grant, GrantSource};
use reeve_core::id::{NATIVE_ID_BYTES_MAX, NativeId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Something that an account can hold.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EntitlementView {
    /// Of the system; opaque.
    pub id: String,
    /// `role`, `group`, `permission-set`, …: the connector's word.
    pub kind: String,
    pub name: String,
    pub description: Option<String>,
    /// How many of its kind one account holds: `many`, `at-most-one`, `exactly-one`, `at-least-one`.
    #[schema(value_type = String)]
    pub cardinality: Cardinality,
    pub assignable: bool,
    pub privileged: Option<bool>,
    /// Entitlements that come with it.
    pub contains: Vec<String>,
}

impl From<Entitlement> for EntitlementView {
    fn from(one: Entitlement) -> Self {
        Self {
            id: one.id.to_string(),
            kind: one.kind,
            name: one.name,
            description: one.description,
            cardinality: one.cardinality,
            assignable: one.assignable,
            privileged: one.privileged,
            contains: one.contains.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Entitlements of a system.
#[utoipa::path(
    get, path = "/v1/systems/{name}/entitlements", tag = "access",
    params(("name" = String, Path, max_length = 64), PageQuery),
    responses((status = 200, description = "A page.", body = Page<EntitlementView>))
)]
pub async fn list(
    caller: Caller,
    Path(name): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Page<EntitlementView>, Problem> {
    let wanted = page.of("entitlements")?;
    let system = systems::find(&caller.app, &name).await?.name;
    let after = wanted.after.as_deref().map(NativeId::from);
    let rows = caller.app.store.read().await?.entitlements_page(&system, after.as_ref(), wanted.ask()).await?;
    Ok(wanted.page(rows, |row| row.id.to_string(), EntitlementView::from))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GrantQuery {
    /// Of one account only.
    #[param(max_length = 1024)]
    account: Option<String>,
    /// How many items, at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next-cursor` of the page before.
    #[param(max_length = 4096)]
    cursor: Option<String>,
}

/// That an account holds an entitlement.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct GrantView {
    pub account: String,
    pub entitlement: String,
    /// `direct`, `inherited-from` another entitlement, `by-rule`, or `unknown`.
    #[schema(value_type = Object)]
    pub source: GrantSource,
    pub revocable: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

impl From<Grant> for GrantView {
    fn from(grant: Grant) -> Self {
        Self {
            account: grant.account.to_string(),
            entitlement: grant.entitlement.to_string(),
            source: grant.source,
            revocable: grant.revocable,
            expires_at: grant.expires_at,
        }
    }
}

/// Who holds what in a system, in no order of meaning.
#[utoipa::path(
    get, path = "/v1/systems/{name}/grants", tag = "access", params(("name" = String, Path, max_length = 64), GrantQuery),
    responses((status = 200, description = "A page.", body = Page<GrantView>))
)]
pub async fn grants(
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<GrantQuery>,
) -> Result<Page<GrantView>, Problem> {
    let wanted = Wanted::new("grants", query.limit, query.cursor.as_deref())?;
    let system = systems::find(&caller.app, &name).await?.name;
    bounded("account", query.account.as_deref().unwrap_or_default(), NATIVE_ID_BYTES_MAX)?;
    let account = query.account.as_deref().map(NativeId::from);
    let mut tx = caller.app.store.read().await?;
    let rows = tx.grants_page(&system, account.as_ref(), wanted.after.as_deref(), wanted.ask()).await?;
    Ok(wanted.page(rows, |(mark, _)| mark.clone(), |(_, grant)| GrantView::from(grant)))
}
