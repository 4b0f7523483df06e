//! A file that has been understood as far as its header: what it is written in, what separates its cells, which column
//! is which. Each page of a listing opens it anew, because a plugin remembers nothing from call to call.

use crate::csv::{Fault, Position, Row, Splitter};
use crate::encoding::{Detector, Encoding, UTF8_BOM, foreign_form};
use crate::faults::{Faults, place};
use crate::folder::{FILE_BYTES_MAX, READ_BYTES, Stream};
use crate::header::{Columns, letters};
use crate::settings::Settings;
use reeve_sdk::Failure;
use reeve_sdk::files::File;

/// Where the header must have ended, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const SEPARATORS: [u8; 3] = [b';', b',', b'\t'];

#[derive(Debug)]
pub struct Sheet {
    pub file: File,
    pub encoding: Encoding,
    pub separator: u8,
    pub columns: Columns,
    /// The first row after the header.
    pub first: Position,
}

impl Sheet {
    /// Understands a file that is seen for the first time.
    pub fn open(settings: &Settings, file: File) -> Result<Self, Failure> {
        if file.size > FILE_BYTES_MAX {
            return Err(refused(&file, format!("it has {} bytes; the limit is {FILE_BYTES_MAX}", file.size)));
        }
        let head = Head::read(&file)?;
        if let Some(form) = foreign_form(&head.bytes) {
            let name = &file.name;
            return Err(Failure::protocol(format!(
                "{name} is {form}; Reeve reads CSV in UTF-8 or Windows-1252 only, so let HR export that"
            )));
        }
        let encoding = match (head.bytes.starts_with(UTF8_BOM), settings.encoding) {
            (true, Some(Encoding::Windows1252)) => {
                let fault =
                    "it begins with the mark of UTF-8, but the setting `encoding` is windows-1252; set it to auto";
                return Err(refused(&file, fault));
            }
            (true, _) => Encoding::Utf8,
            (false, Some(encoding)) => encoding,
            (false, None) => detect(&file)?,
        };
        let (separator, columns, first) = match settings.separator {
            Some(separator) => {
                let header = head.header(&file, separator, encoding, settings);
                header.map(|(columns, first)| (separator, columns, first)).map_err(|(_, failure)| failure)?
            }
            None => head.any_header(&file, encoding, settings)?,
        };
        Ok(Self { file, encoding, separator, columns, first })
    }

    /// Opens a file again whose encoding and separator are known.
    pub fn resume(settings: &Settings, file: File, encoding: Encoding, separator: u8) -> Result<Self, Failure> {
        let head = Head::read(&file)?;
        let header = head.header(&file, separator, encoding, settings);
        let (columns, first) = header.map_err(|(_, failure)| failure)?;
        Ok(Self { file, encoding, separator, columns, first })
    }

    pub fn separator_name(&self) -> &'static str {
        separator_name(self.separator)
    }
}

fn separator_name(separator: u8) -> &'static str {
    match separator {
        b';' => "semicolon",
        b',' => "comma",
        _ => "tab",
    }
}

fn refused(file: &File, message: impl Into<String>) -> Failure {
    Failure::invalid(format!("file {}", file.name), message)
}

fn detect(file: &File) -> Result<Encoding, Failure> {
    let mut detector = Detector::default();
    let mut stream = Stream::new(file, 0);
    while let Some(bytes) = stream.next(READ_BYTES)? {
        if let Some(encoding) = detector.look(&bytes) {
            return Ok(encoding);
        }
    }
    Ok(detector.end())
}

/// The first bytes of a file.
struct Head {
    bytes: Vec<u8>,
    is_whole_file: bool,
}

/// A header's faults come with the number of its cells: the reading with most cells is most likely the right one.
type HeaderFault = (usize, Failure);

impl Head {
    fn read(file: &File) -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        let mut stream = Stream::new(file, 0);
        while bytes.len() < HEAD_BYTES_MAX {
            match stream.next((HEAD_BYTES_MAX - bytes.len()) as u32)? {
                Some(more) => bytes.extend(more),
                None => break,
            }
        }
        let is_whole_file = bytes.len() as u64 == file.size;
        Ok(Self { bytes, is_whole_file })
    }

    fn header(
        &self,
        file: &File,
        separator: u8,
        encoding: Encoding,
        settings: &Settings,
    ) -> Result<(Columns, Position), HeaderFault> {
        let bom = if self.bytes.starts_with(UTF8_BOM) { UTF8_BOM.len() } else { 0 };
        let mut splitter = Splitter::new(separator, Position::first(bom as u64));
        let mut bytes = self.bytes.get(bom..).unwrap_or_default();
        let header = self.first_row(&mut splitter, &mut bytes).map_err(|fault| {
            let mut faults = Faults::default();
            faults.add(place(fault.at, Some(&letters(fault.cell))), fault.kind.to_string());
            (fault.cell, faults.refusal(&file.name))
        })?;
        let Some(header) = header else {
            let fault = if self.is_whole_file {
                "it is empty and does not even have column titles; an export without people has them".to_owned()
            } else {
                format!("its header does not end within {HEAD_BYTES_MAX} bytes")
            };
            return Err((0, refused(file, fault)));
        };
        let columns = Columns::read(&header, encoding, settings);
        let columns = columns.map_err(|faults| (header.cells.len(), faults.refusal(&file.name)))?;
        Ok((columns, splitter.position()))
    }

    fn first_row(&self, splitter: &mut Splitter, bytes: &mut &[u8]) -> Result<Option<Row>, Fault> {
        match splitter.take(bytes)? {
            Some(header) => Ok(Some(header)),
            None if self.is_whole_file => splitter.finish(),
            None => Ok(None),
        }
    }

    /// Tries each separator; the right one makes a header that is understood.
    fn any_header(
        &self,
        file: &File,
        encoding: Encoding,
        settings: &Settings,
    ) -> Result<(u8, Columns, Position), Failure> {
        let mut found = Vec::new();
        let mut worst: Option<HeaderFault> = None;
        for separator in SEPARATORS {
            match self.header(file, separator, encoding, settings) {
                Ok((columns, first)) => found.push((separator, columns, first)),
                Err(fault) => match &worst {
                    Some((cells, _)) if *cells >= fault.0 => {}
                    _ => worst = Some(fault),
                },
            }
        }
        match (found.pop(), found.pop(), worst) {
            (Some(header), None, _) => Ok(header),
            (Some((one, ..)), Some((other, ..)), _) => {
                let (one, other) = (separator_name(one), separator_name(other));
                Err(refused(file, format!("its header can be split by {one} and by {other}; set `separator`")))
            }
            (None, _, Some((_, failure))) => Err(failure),
            (None, _, None) => Err(Failure::internal("no separator was tried")),
        }
    }
}
