//! The routes, one file per kind of thing. Each handler reads its input, calls what the command line calls too, and shows
//! what came of it.

mod accounts;
mod entitlements;
mod findings;
mod identities;
mod leaver_cases;
mod log;
mod me;
mod operations;
mod plans;
mod plugins;
mod runs;
mod secrets;
mod sync_runs;
mod systems;
mod tokens;

use super::caller::{Api, administers, administers_reading, guarded, open, reads, works};
use super::input::JSON_BYTES_MAX;
use super::{hooks, metrics};
use crate::tokens::Area;
use axum::extract::DefaultBodyLimit;
use reeve_runtime::package::FILE_BYTES_MAX;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// Every route that takes a token, each with what it asks of the caller.
pub fn guarded_routes(api: &Api) -> OpenApiRouter<Api> {
    let plugin_bytes_max = usize::try_from(FILE_BYTES_MAX).unwrap_or(usize::MAX);
    OpenApiRouter::new()
        .routes(guarded(api, reads(Area::Tokens).for_anyone(), routes!(me::me)))
        .routes(guarded(api, reads(Area::Plugins), routes!(plugins::list)))
        .routes(guarded(api, reads(Area::Plugins), routes!(plugins::show)))
        .routes(guarded(api, administers(Area::Plugins).with_body(plugin_bytes_max), routes!(plugins::install)))
        .routes(guarded(api, administers(Area::Plugins), routes!(plugins::remove)))
        .routes(guarded(api, reads(Area::Systems), routes!(systems::list)))
        .routes(guarded(api, reads(Area::Systems), routes!(systems::show)))
        .routes(guarded(api, administers(Area::Systems), routes!(systems::put)))
        .routes(guarded(api, administers(Area::Systems), routes!(systems::remove)))
        .routes(guarded(api, works(Area::Systems), routes!(systems::check)))
        .routes(guarded(api, reads(Area::Systems), routes!(systems::snapshots)))
        .routes(guarded(api, administers_reading(Area::Secrets), routes!(secrets::list)))
        .routes(guarded(api, administers(Area::Secrets), routes!(secrets::put)))
        .routes(guarded(api, administers(Area::Secrets), routes!(secrets::remove)))
        .routes(guarded(api, reads(Area::Identities), routes!(identities::list)))
        .routes(guarded(api, reads(Area::Identities), routes!(identities::show)))
        .routes(guarded(api, reads(Area::Identities), routes!(identities::timeline)))
        .routes(guarded(api, works(Area::Identities), routes!(identities::start_exit)))
        .routes(guarded(api, works(Area::Identities), routes!(identities::withdraw_exit)))
        .routes(guarded(api, reads(Area::Access), routes!(accounts::list)))
        .routes(guarded(api, reads(Area::Access), routes!(accounts::show)))
        .routes(guarded(api, works(Area::Access), routes!(accounts::link)))
        .routes(guarded(api, reads(Area::Access), routes!(entitlements::list)))
        .routes(guarded(api, reads(Area::Access), routes!(entitlements::grants)))
        .routes(guarded(api, reads(Area::SyncRuns), routes!(sync_runs::list)))
        .routes(guarded(api, works(Area::SyncRuns), routes!(sync_runs::start)))
        .routes(guarded(api, reads(Area::SyncRuns), routes!(sync_runs::show)))
        .routes(guarded(api, reads(Area::SyncRuns), routes!(sync_runs::events)))
        .routes(guarded(api, reads(Area::Plans), routes!(plans::list)))
        .routes(guarded(api, works(Area::Plans), routes!(plans::make)))
        .routes(guarded(api, reads(Area::Plans), routes!(plans::show)))
        .routes(guarded(api, works(Area::Plans), routes!(plans::approve)))
        .routes(guarded(api, works(Area::Plans), routes!(plans::refuse)))
        .routes(guarded(api, reads(Area::Runs), routes!(runs::list)))
        .routes(guarded(api, reads(Area::Runs), routes!(runs::show)))
        .routes(guarded(api, reads(Area::Runs), routes!(runs::events)))
        .routes(guarded(api, reads(Area::Runs), routes!(operations::list)))
        .routes(guarded(api, reads(Area::Runs), routes!(operations::show)))
        .routes(guarded(api, reads(Area::Runs), routes!(operations::journal)))
        .routes(guarded(api, works(Area::Runs), routes!(operations::release_one)))
        .routes(guarded(api, reads(Area::LeaverCases), routes!(leaver_cases::list)))
        .routes(guarded(api, reads(Area::LeaverCases), routes!(leaver_cases::show)))
        .routes(guarded(api, reads(Area::LeaverCases), routes!(leaver_cases::certificate)))
        .routes(guarded(api, reads(Area::Findings), routes!(findings::list)))
        .routes(guarded(api, reads(Area::Log), routes!(log::entries)))
        .routes(guarded(api, reads(Area::Log), routes!(log::entry)))
        .routes(guarded(api, reads(Area::Log), routes!(log::checkpoint)))
        .routes(guarded(api, reads(Area::Log), routes!(log::consistency)))
        .routes(guarded(api, administers_reading(Area::Tokens), routes!(tokens::list)))
        .routes(guarded(api, administers(Area::Tokens), routes!(tokens::create)))
        .routes(guarded(api, administers(Area::Tokens), routes!(tokens::revoke)))
        .routes(guarded(api, reads(Area::Metrics), routes!(metrics::metrics)))
}

/// Every route that takes none, and what guards it instead: a message of an HR system carries a signature.
pub fn open_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(open(routes!(super::healthz)))
        .routes(open(routes!(super::openapi)))
        .routes(open(routes!(super::problem::explain)))
        .routes(open(routes!(hooks::receive)).map(|router| router.layer(DefaultBodyLimit::max(JSON_BYTES_MAX))))
}
