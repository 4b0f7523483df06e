//! What one call of a plugin has used up, and what it has done outside.

use crate::journal::Journal;
use crate::limits::*;

/// One per call. It outlives the call's future, so that a call that is cut off still tells what it did.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    reached: bool,
    host_calls: u32,
    http_requests: u32,
    http_bytes: u64,
    ldap_operations: u32,
    file_bytes: u64,
    journal: Journal,
}

impl Spent {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Of a call whose requests had left the host, when it was recorded.
    pub(crate) fn recorded(reached: bool) -> Self {
        Self { reached, ..Self::default() }
    }

    /// Whether a request that can change the target may have left the host.
    pub(crate) fn reached(&self) -> bool {
        self.reached
    }

    pub(super) fn set_reached(&mut self, reached: bool) {
        self.reached = reached;
    }

    /// Counts a host call of any kind.
    pub(crate) fn host_call(&mut self) -> Result<(), String> {
        count(&mut self.host_calls, HOST_CALLS_MAX, "host calls")
    }

    pub(super) fn http_request(&mut self) -> Result<(), String> {
        count(&mut self.http_requests, HTTP_REQUESTS_MAX, "HTTP requests")
    }

    pub(super) fn ldap_operation(&mut self) -> Result<(), String> {
        count(&mut self.ldap_operations, LDAP_OPERATIONS_MAX, "LDAP operations")
    }

    pub(super) fn http_bytes(&mut self, bytes: usize) -> Result<(), String> {
        add(&mut self.http_bytes, bytes, HTTP_BYTES_MAX, "HTTP bodies")
    }

    pub(super) fn http_bytes_left(&self) -> u64 {
        HTTP_BYTES_MAX.saturating_sub(self.http_bytes)
    }

    pub(super) fn file_bytes(&mut self, bytes: usize) -> Result<(), String> {
        add(&mut self.file_bytes, bytes, FILE_BYTES_MAX, "files")
    }

    pub(crate) fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    pub(crate) fn into_journal(self) -> Journal {
        self.journal
    }
}

fn count(used: &mut u32, max: u32, what: &str) -> Result<(), String> {
    if *used >= max {
        return Err(format!(
            "this call has made its {max} {what}; return a page and a cursor, and go on in the next call"
        ));
    }
    *used += 1;
    Ok(())
}

fn add(used: &mut u64, bytes: usize, max: u64, what: &str) -> Result<(), String> {
    *used = used.saturating_add(bytes as u64);
    if *used > max {
        return Err(format!(
            "this call has used up its {max} bytes of {what}; return a page and a cursor, and go on in the next call"
        ));
    }
    Ok(())
}
