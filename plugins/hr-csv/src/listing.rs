//! Pages of workers. A page reads from where the one before it stopped, and holds no more of the file than one piece
//! and its own rows, so that a million people take no more memory than a thousand.

use crate::csv::{Fault, Position, Row, Splitter};
use crate::encoding::Encoding;
use crate::faults::{Faults, place};
use crate::folder::{self, FOLDER, READ_BYTES, Stream};
use crate::row::Reader;
use crate::settings::Settings;
use crate::sheet::Sheet;
use reeve_sdk::files::{self, File};
use reeve_sdk::{Failure, Page, PageRequest, Worker};
use serde::{Deserialize, Serialize};

/// Rows of a page, whatever is wished for.
pub const PAGE_ROWS_MAX: u32 = 5_000;
/// Bytes of the file that one page may turn into rows before it ends.
const PAGE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// How far on one call looks for more faults once it has found one, in bytes.
const FAULT_SEARCH_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Where a page starts. The version ties it to one state of the file: a file that is replaced in the middle of a
/// listing ends that listing.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    name: String,
    version: String,
    size: u64,
    modified_at: String,
    encoding: Encoding,
    separator: u8,
    at: Position,
}

pub fn page(settings: &Settings, request: &PageRequest) -> Result<Page<Worker>, Failure> {
    let rows_max = request.size.clamp(1, PAGE_ROWS_MAX) as usize;
    let Some(cursor) = request.cursor::<Cursor>()? else {
        let sheet = Sheet::open(settings, newest(settings)?)?;
        let page = read(settings, &sheet, sheet.first, rows_max)?;
        return Ok(warnings(settings, &sheet).into_iter().fold(page, Page::warning));
    };
    let Cursor { name, version, size, modified_at, encoding, separator, at } = cursor;
    let sheet = Sheet::resume(settings, File { name, size, modified_at, version }, encoding, separator)?;
    if at.offset < sheet.first.offset || at.offset > size {
        return Err(Failure::CursorExpired);
    }
    read(settings, &sheet, at, rows_max)
}

pub fn newest(settings: &Settings) -> Result<File, Failure> {
    folder::newest(&files::list(FOLDER)?, &settings.file)
}

/// What an auditor must know of a listing: where it comes from, and what was assumed.
fn warnings(settings: &Settings, sheet: &Sheet) -> Vec<String> {
    let File { name, version, modified_at, .. } = &sheet.file;
    let mut warnings = vec![format!("read from {name}, version {version}, modified at {modified_at}")];
    if settings.encoding.is_none() && sheet.encoding == Encoding::Windows1252 {
        warnings.push(format!("{name} is no UTF-8 and was read as Windows-1252; look at a name with an accent"));
    }
    warnings
}

fn read(settings: &Settings, sheet: &Sheet, at: Position, rows_max: usize) -> Result<Page<Worker>, Failure> {
    let reader = Reader { settings, columns: &sheet.columns, encoding: sheet.encoding };
    let mut rows = Rows::new(sheet, at);
    let mut faults = Faults::default();
    let mut workers = Vec::new();
    let ended = loop {
        let at_byte = rows.splitter.position().offset;
        if at_byte == sheet.file.size {
            break true;
        }
        // After a fault no worker is kept, so that the page no longer fills and the search goes on.
        let sound = faults.is_empty();
        let bytes_max = if sound { PAGE_BYTES_MAX } else { FAULT_SEARCH_BYTES_MAX };
        if workers.len() >= rows_max || at_byte - at.offset >= bytes_max || faults.is_full() {
            break false;
        }
        match rows.next()? {
            None => break true,
            Some(Ok(row)) => workers.extend(reader.worker(&row, &mut faults).filter(|_| sound)),
            Some(Err(fault)) => {
                let column = sheet.columns.title(fault.cell);
                faults.add(place(fault.at, Some(&column)), fault.kind.to_string());
                break false;
            }
        }
    };
    if !faults.is_empty() {
        return Err(faults.refusal(&sheet.file.name));
    }
    if ended {
        return Ok(Page::last(workers));
    }
    let File { name, size, modified_at, version } = sheet.file.clone();
    let (encoding, separator, at) = (sheet.encoding, sheet.separator, rows.splitter.position());
    Page::more(workers, &Cursor { name, version, size, modified_at, encoding, separator, at })
}

/// Rows as they come out of the file.
struct Rows<'a> {
    stream: Stream<'a>,
    splitter: Splitter,
    piece: Vec<u8>,
    used: usize,
}

impl<'a> Rows<'a> {
    fn new(sheet: &'a Sheet, at: Position) -> Self {
        let stream = Stream::new(&sheet.file, at.offset);
        Self { stream, splitter: Splitter::new(sheet.separator, at), piece: vec![], used: 0 }
    }

    /// None at the end of the file.
    fn next(&mut self) -> Result<Option<Result<Row, Fault>>, Failure> {
        loop {
            let mut bytes = self.piece.get(self.used..).unwrap_or_default();
            let row = self.splitter.take(&mut bytes);
            self.used = self.piece.len() - bytes.len();
            if let Some(row) = row.transpose() {
                return Ok(Some(row));
            }
            match self.stream.next(READ_BYTES)? {
                Some(piece) => (self.piece, self.used) = (piece, 0),
                None => return Ok(self.splitter.finish().transpose()),
            }
        }
    }
}
