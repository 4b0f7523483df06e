//! People from the CSV files that an HR system drops into a folder.
//!
//! It reads, and answers for nothing but what it read: it does not decide who has left, and whether a file that shrank
//! may be believed is Reeve's question. A file is taken whole or not at all; a fault names its row and column.
//!
//! The way of a byte: [`folder`] finds the file and reads it in pieces, [`encoding`] knows what letters they are,
//! [`csv`] splits them into rows and cells, [`header`] knows which column is which, [`row`] makes workers, and
//! [`listing`] makes pages of them.

pub mod csv;
pub mod date;
pub mod encoding;
mod faults;
mod field;
mod folder;
mod header;
mod listing;
mod probes;
mod row;
mod settings;
mod sheet;

use reeve_sdk::prelude::*;
use settings::Settings;

pub struct HrCsv(Settings);

impl Connector for HrCsv {
    fn open() -> Result<Self, Failure> {
        Settings::read().map(Self)
    }
}

impl Descriptor for HrCsv {
    fn describe(&self) -> Description {
        Description {
            entitlement_kinds: vec![],
            credential_kinds: vec![],
            capabilities: vec![],
            finds_by: vec![],
            reads_deleted: false,
            reads_last_login: false,
            page_size_max: listing::PAGE_ROWS_MAX,
        }
    }

    fn check(&self) -> Result<Vec<Probe>, Failure> {
        Ok(probes::all(&self.0))
    }
}

impl Workforce for HrCsv {
    fn list_workers(&self, page: PageRequest) -> Result<Page<Worker>, Failure> {
        listing::page(&self.0, &page)
    }
}

reeve_sdk::export!(HrCsv: Descriptor, Workforce);
