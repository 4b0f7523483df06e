//! Files of a named connection, read a piece at a time.

use crate::{Failure, host};

pub use crate::bindings::host::reeve::connector::files::File;

pub fn list(connection: &str) -> Result<Vec<File>, Failure> {
    Ok(host::files_list(connection)?)
}

/// At most `length` bytes from `offset` on; fewer only at the end. A file that is no longer of that version ends the
/// listing with `cursor-expired`, so that two versions never mix.
pub fn read(connection: &str, file: &File, offset: u64, length: u32) -> Result<Vec<u8>, Failure> {
    Ok(host::files_read(connection, &file.name, &file.version, offset, length)?)
}
