//! RFC 4180, a piece at a time: bytes go in as they are read, rows come out, and nothing but the row at hand is kept.
//!
//! It splits and unquotes, and knows neither encodings nor columns: all bytes that it looks for are ASCII, and so the
//! same in UTF-8 and in Windows-1252. A row ends with LF, CR LF or CR. Text that is not clearly quoted is refused,
//! because a quote in the wrong place moves every cell after it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest row, in bytes of cells. What is longer is a quote that nobody closed.
pub const ROW_BYTES_MAX: usize = 1024 * 1024;
/// The most cells of a row. The host takes 500 attributes of a worker.
pub const CELLS_MAX: usize = 500;

/// The start of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Bytes from the start of the file.
    pub offset: u64,
    /// As a spreadsheet counts: the header is row 1, and a row with line breaks in its cells is one row.
    pub row: u64,
    /// As an editor counts.
    pub line: u64,
}

impl Position {
    /// The first row of a file, after its byte order mark if it has one.
    pub fn first(offset: u64) -> Self {
        Self { offset, row: 1, line: 1 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub at: Position,
    /// Unquoted and otherwise as they are in the file.
    pub cells: Vec<Vec<u8>>,
}

/// A row that cannot be split into cells. Nothing after it can be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where the row starts.
    pub at: Position,
    /// The number of the cell, from 0.
    pub cell: usize,
    pub kind: FaultKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    UnclosedQuote,
    /// A quote in a cell that does not start with one, on this line.
    StrayQuote {
        line: u64,
    },
    /// Something other than a separator or a line break after a closing quote, on this line.
    AfterQuote {
        line: u64,
    },
    /// A zero byte: no text.
    Binary {
        line: u64,
    },
    TooLong,
    TooManyCells,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnclosedQuote => f.write_str("the quote that opens here is never closed"),
            Self::StrayQuote { line } => write!(
                f,
                "a quote stands inside a cell that does not begin with one (line {line}); put the whole cell in quotes \
                 and double the quotes inside it"
            ),
            Self::AfterQuote { line } => write!(
                f,
                "text follows a closing quote (line {line}); double the quotes inside a cell, or look for a quote \
                 that is not closed further up in this row"
            ),
            Self::Binary { line } => write!(f, "there is a zero byte (line {line}), so this is no text"),
            Self::TooLong => write!(f, "the row is longer than {ROW_BYTES_MAX} bytes"),
            Self::TooManyCells => write!(f, "the row has more than {CELLS_MAX} cells"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    CellStart,
    Plain,
    Quoted,
    /// After a quote in a quoted cell: its end, or the first half of a doubled one.
    Quote,
    /// After a CR that ends the row: an LF right behind it belongs to it.
    AfterCr,
}

/// Splits a stream of bytes into rows.
#[derive(Debug)]
pub struct Splitter {
    separator: u8,
    state: State,
    start: Position,
    offset: u64,
    line: u64,
    cr_in_quotes: bool,
    cells: Vec<Vec<u8>>,
    cell: Vec<u8>,
    row_bytes: usize,
}

impl Splitter {
    /// For a stream that starts at `start`, the first byte of a row.
    pub fn new(separator: u8, start: Position) -> Self {
        Self {
            separator,
            state: State::CellStart,
            start,
            offset: start.offset,
            line: start.line,
            cr_in_quotes: false,
            cells: vec![],
            cell: vec![],
            row_bytes: 0,
        }
    }

    /// Where the row starts that comes next, or has begun.
    pub fn position(&self) -> Position {
        self.start
    }

    /// Eats bytes up to the end of the next row, or all of them. Empty lines are no rows.
    pub fn take(&mut self, bytes: &mut &[u8]) -> Result<Option<Row>, Fault> {
        while let Some(&byte) = bytes.first() {
            match self.state {
                State::AfterCr => {
                    if byte == b'\n' {
                        self.eat(bytes, 1);
                    }
                    if let Some(row) = self.end_row() {
                        return Ok(Some(row));
                    }
                }
                State::Quoted => self.quoted(byte, bytes)?,
                State::Quote if byte == b'"' => {
                    self.eat(bytes, 1);
                    self.cell.push(b'"');
                    self.state = State::Quoted;
                }
                State::CellStart if byte == b'"' => {
                    self.eat(bytes, 1);
                    self.cr_in_quotes = false;
                    self.state = State::Quoted;
                }
                State::CellStart | State::Plain | State::Quote => {
                    if let Some(row) = self.unquoted(byte, bytes)? {
                        return Ok(Some(row));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The file ends here: the last row need not end with a line break.
    pub fn finish(&mut self) -> Result<Option<Row>, Fault> {
        match self.state {
            State::Quoted => Err(self.fault(FaultKind::UnclosedQuote)),
            State::AfterCr => Ok(self.end_row()),
            State::CellStart if self.cells.is_empty() => Ok(None),
            State::CellStart | State::Plain | State::Quote => {
                self.end_cell()?;
                Ok(self.end_row())
            }
        }
    }

    fn quoted(&mut self, byte: u8, bytes: &mut &[u8]) -> Result<(), Fault> {
        match byte {
            b'"' => {
                self.eat(bytes, 1);
                self.state = State::Quote;
                return Ok(());
            }
            0 => return Err(self.fault(FaultKind::Binary { line: self.line })),
            b'\r' => self.line += 1,
            b'\n' if !self.cr_in_quotes => self.line += 1,
            _ => {}
        }
        if matches!(byte, b'\r' | b'\n') {
            self.cr_in_quotes = byte == b'\r';
            return self.keep(bytes, 1);
        }
        self.cr_in_quotes = false;
        let run = bytes.iter().position(|byte| matches!(byte, b'"' | b'\r' | b'\n' | 0)).unwrap_or(bytes.len());
        self.keep(bytes, run)
    }

    fn unquoted(&mut self, byte: u8, bytes: &mut &[u8]) -> Result<Option<Row>, Fault> {
        let separator = self.separator;
        match byte {
            byte if byte == separator => {
                self.eat(bytes, 1);
                self.end_cell()?;
                self.state = State::CellStart;
            }
            b'\r' | b'\n' => {
                self.eat(bytes, 1);
                // An empty line has no cell.
                if self.state != State::CellStart || !self.cells.is_empty() {
                    self.end_cell()?;
                }
                self.line += 1;
                if byte == b'\n' {
                    return Ok(self.end_row());
                }
                self.state = State::AfterCr;
            }
            0 => return Err(self.fault(FaultKind::Binary { line: self.line })),
            _ if self.state == State::Quote => return Err(self.fault(FaultKind::AfterQuote { line: self.line })),
            b'"' => return Err(self.fault(FaultKind::StrayQuote { line: self.line })),
            _ => {
                self.state = State::Plain;
                let end = |byte: &u8| *byte == separator || matches!(byte, b'"' | b'\r' | b'\n' | 0);
                let run = bytes.iter().position(end).unwrap_or(bytes.len());
                self.keep(bytes, run)?;
            }
        }
        Ok(None)
    }

    fn keep(&mut self, bytes: &mut &[u8], count: usize) -> Result<(), Fault> {
        let kept = self.eat(bytes, count);
        self.cell.extend_from_slice(kept);
        self.row_bytes += kept.len();
        match self.state {
            _ if self.row_bytes <= ROW_BYTES_MAX => Ok(()),
            State::Quoted => Err(self.fault(FaultKind::UnclosedQuote)),
            _ => Err(self.fault(FaultKind::TooLong)),
        }
    }

    fn eat<'a>(&mut self, bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
        let (eaten, rest) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
        *bytes = rest;
        self.offset += eaten.len() as u64;
        eaten
    }

    fn end_cell(&mut self) -> Result<(), Fault> {
        if self.cells.len() == CELLS_MAX {
            return Err(self.fault(FaultKind::TooManyCells));
        }
        self.cells.push(std::mem::take(&mut self.cell));
        Ok(())
    }

    /// The row, unless it is an empty line.
    fn end_row(&mut self) -> Option<Row> {
        let at = self.start;
        self.start = Position { offset: self.offset, row: at.row + 1, line: self.line };
        self.state = State::CellStart;
        self.row_bytes = 0;
        let cells = std::mem::take(&mut self.cells);
        (!cells.is_empty()).then_some(Row { at, cells })
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        Fault { at: self.start, cell: self.cells.len(), kind }
    }
}
