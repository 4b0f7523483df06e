//! Keeps Reeve's state in SQLite or PostgreSQL. The only place with SQL.
//!
//! Everything happens in a unit of work, [`Tx`]: a change, the operations it causes and its audit entries are committed
//! together or not at all. Units of work that write take turns, on both databases and between processes, so what one has
//! read stays true until it commits. Time is an argument; it is kept in microseconds.
//!
//! The store decides nothing. It keeps what the core decided, refuses what would contradict it (a lease that was lost, a
//! plan that was decided already, a second signed head of the log), and never gives a damaged row for a good one.
//!
//! # Layout
//!
//! [`Store`] opens and migrates; `dialect` holds all that differs between the two databases; then one file per aggregate:
//! audit log and its check, blobs, plugins, systems, secrets, identities, access (snapshots, spans, links), assignments,
//! findings, plans, operations and their claims, leaver cases, leases between processes.

mod access;
mod assignment;
mod audit;
mod blob;
mod case;
mod check;
mod claim;
mod delivery;
mod dialect;
mod error;
mod file;
mod finding;
mod head;
mod idempotency;
mod identity;
mod lifecycle;
mod meta;
mod migrate;
mod operation;
mod plan;
mod plugin;
mod row;
mod secret;
mod store;
mod sync_run;
mod system;
mod token;
mod tx;
mod worker;

pub use access::{Held, LinkChange, ReadChanges, Snapshot};
pub use audit::SignedHead;
pub use check::LogHealth;
pub use claim::Claimed;
pub use dialect::Dialect;
pub use error::StoreError;
pub use finding::FindingRow;
pub use idempotency::{KeptAnswer, Known};
pub use plan::{PLAN_PREFIX_MIN, PlanRow, PlanState};
pub use plugin::{InstalledPlugin, PluginBuild};
pub use secret::SecretRow;
pub use store::{BUSY_TIMEOUT, Store};
pub use sync_run::{SyncRun, SyncRunState};
pub use token::{TokenGrant, TokenRow};
pub use tx::Tx;
