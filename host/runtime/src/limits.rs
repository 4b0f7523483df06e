//! Every limit of a call, in one table: what a plugin may use of the host, and what a target may send.
//!
//! A plugin that runs over one loses that one call. Nothing here is for a plugin or an administrator to raise.

use std::time::Duration;

// Of the sandbox.

/// Linear memory of one call, in bytes. Python and JavaScript guests start at some tens of MB.
pub const MEMORY_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Elements of all tables of one call; an interpreter has tens of thousands.
pub const TABLE_ELEMENTS_MAX: usize = 100_000;
/// Core instances, memories and tables of one call. A component of a dynamically linked language has some twenty.
pub const INSTANCES_MAX: usize = 64;
/// Data that may pass from the guest to the host in one host call or return, in bytes.
pub const HOST_CALL_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Handles that the host keeps for a guest, those of an empty WASI and those that the guest makes of its own.
pub const HANDLES_MAX: usize = 1_000;
/// Random bytes that a guest may draw at once, in bytes.
pub const WASI_RANDOM_BYTES_MAX: u64 = 64 * 1024;
/// Calls at the same time, over all plugins.
pub const CALLS_AT_ONCE_MAX: u32 = 64;

// Of time.

/// Wall clock of one call, with everything that it waits for.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(60);
/// Time that the guest's own code may run without a host call in between. A host call starts it anew.
pub const GUEST_TIME_MAX: Duration = Duration::from_secs(10);
/// Wall clock of compiling one plugin, which happens once. A large Python plugin takes some ten seconds.
pub const COMPILE_TIME_MAX: Duration = Duration::from_secs(300);
/// How often a running guest is looked at. What others wait for one that loops, on a thread that both share.
pub const EPOCH_TICK: Duration = Duration::from_millis(2);
/// How long a guest runs before others get their turn on its thread.
pub const EPOCH_TICKS_PER_TURN: u64 = 1;
/// One HTTP request or LDAP operation, from the first byte of the request to the last of the answer.
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
/// Time to open a connection, TLS included.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);

// Of host calls.

/// Host calls of one call, of every kind.
pub const HOST_CALLS_MAX: u32 = 100_000;
/// Log text of one call, in bytes.
pub const LOG_BYTES_MAX: usize = 64 * 1024;
/// One log line, in bytes.
pub const LOG_LINE_BYTES_MAX: usize = 4 * 1024;

// Of HTTP.

/// Requests of one call.
pub const HTTP_REQUESTS_MAX: u32 = 1_000;
/// One body, either way and decompressed, in bytes.
pub const HTTP_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// All bodies of one call, both ways, in bytes.
pub const HTTP_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Headers of one request or answer.
pub const HTTP_HEADERS_MAX: usize = 128;
/// Names and values of all headers of one request or answer, in bytes.
pub const HTTP_HEADER_BYTES_MAX: usize = 64 * 1024;
/// Path and query, in bytes.
pub const HTTP_PATH_BYTES_MAX: usize = 8 * 1024;
/// The answer of a token endpoint, in bytes.
pub const TOKEN_ANSWER_BYTES_MAX: usize = 64 * 1024;

// Of LDAP.

/// Operations of one call.
pub const LDAP_OPERATIONS_MAX: u32 = 1_000;
/// Entries of one search page.
pub const LDAP_ENTRIES_MAX: usize = 10_000;
/// What a directory may send in one operation, in bytes.
pub const LDAP_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// A distinguished name or a filter, in bytes.
pub const LDAP_TEXT_BYTES_MAX: usize = 16 * 1024;
/// Attributes of one add, changes of one modify, names asked for in one search.
pub const LDAP_ATTRIBUTES_MAX: usize = 1_000;
/// Connections that wait for the next page of their listing, per connector.
pub const LDAP_SESSIONS_MAX: usize = 8;
/// How long one waits.
pub const LDAP_SESSION_IDLE_MAX: Duration = Duration::from_secs(120);

// Of files.

/// Files of one folder.
pub const FILES_MAX: usize = 10_000;
/// One read, in bytes.
pub const FILE_READ_BYTES_MAX: usize = 16 * 1024 * 1024;
/// All reads of one call, in bytes.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

// Of what a plugin returns.

/// Items of one page.
pub const PAGE_ITEMS_MAX: usize = 20_000;
/// The page size that is wished for where the plugin states none.
pub const PAGE_SIZE_WISH: u32 = 1_000;
/// A text that has no bound of its own, in bytes.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Attributes of one account, entitlement or worker.
pub const ATTRIBUTES_MAX: usize = 500;
/// Entries of a small list: capabilities, warnings, probes, contained entitlements.
pub const LIST_MAX: usize = 10_000;

// Of a listing.

/// All items of one listing, as JSON text, in bytes: what a host can hold, and millions of grants.
pub const LISTING_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Wall clock of one listing, with all its pages and waits.
pub const LISTING_TIME_MAX: Duration = Duration::from_secs(6 * 3600);

// Of the journal.

/// A body in the journal, in bytes; of a longer one this much is kept, with its length and SHA-256.
pub const JOURNAL_BODY_BYTES_MAX: usize = 64 * 1024;
/// All bodies in the journal of one call, in bytes; after that only lengths and SHA-256s are kept.
pub const JOURNAL_BYTES_MAX: usize = 1024 * 1024;
/// Entries of the journal of one call.
pub const JOURNAL_ENTRIES_MAX: usize = 2_000;
/// Readings of a clock in the journal of one call.
pub const JOURNAL_CLOCK_READINGS_MAX: usize = 4_096;

// Of patience with a target that asks for it, while a listing is read.

/// Tries of one page.
pub const PAGE_TRIES_MAX: u32 = 6;
/// Times that a listing starts anew because its cursor expired.
pub const LISTING_STARTS_MAX: u32 = 3;
/// The first wait between two tries; it doubles.
pub const BACKOFF_BASE: Duration = Duration::from_millis(500);
/// The longest wait, also where the target asks for a longer one.
pub const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// How long a secret is kept in memory before the vault is asked again.
pub const SECRET_AGE_MAX: Duration = Duration::from_secs(30);
