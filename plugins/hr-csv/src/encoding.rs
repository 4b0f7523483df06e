//! Which bytes stand for which letters. A file says so with a byte order mark or not at all; without one, the whole
//! file is looked at once, and a file that has both UTF-8 and something else in it is refused where it stops being UTF-8.

use serde::{Deserialize, Serialize};

pub const UTF8_BOM: &[u8] = b"\xEF\xBB\xBF";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    #[serde(rename = "utf-8")]
    Utf8,
    Windows1252,
}

impl Encoding {
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1252 => "Windows-1252",
        }
    }

    /// The text of a cell, or why there is none.
    pub fn text(self, bytes: &[u8]) -> Result<String, String> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| {
                let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
                format!("the byte 0x{byte:02X} is no UTF-8; if the file is in Windows-1252, set `encoding` to it")
            }),
            Self::Windows1252 => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
        }
    }
}

/// The upper half of Windows-1252 is Latin-1 but for 0x80 to 0x9F, where five bytes have no meaning.
fn windows_1252(byte: u8) -> Result<char, String> {
    const FROM_80: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“', '”',
        '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    let special = byte.checked_sub(0x80).and_then(|index| FROM_80.get(usize::from(index)));
    match special {
        Some('\0') => {
            Err(format!("the byte 0x{byte:02X} means nothing in Windows-1252; set `encoding` to the right one"))
        }
        Some(letter) => Ok(*letter),
        None => Ok(char::from(byte)),
    }
}

/// Looks through a file without a byte order mark, a piece at a time.
///
/// One letter of several bytes that is right in UTF-8 decides for it: such a pair hardly occurs in Windows-1252 text.
/// If there is another byte that is no UTF-8, its cell is refused later, by row and column, rather than guessed.
#[derive(Debug, Default)]
pub struct Detector {
    /// The bytes of a letter that the end of a piece has cut.
    cut: Vec<u8>,
    foreign: bool,
}

impl Detector {
    /// `Utf8` as soon as that is certain. None: look further.
    pub fn look(&mut self, bytes: &[u8]) -> Option<Encoding> {
        if self.cut.is_empty() && bytes.is_ascii() {
            return None;
        }
        let mut all = std::mem::take(&mut self.cut);
        all.extend_from_slice(bytes);
        let mut rest = all.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => return (!text.is_ascii()).then_some(Encoding::Utf8),
                Err(error) => {
                    let (good, bad) = rest.split_at_checked(error.valid_up_to())?;
                    if !good.is_ascii() {
                        return Some(Encoding::Utf8);
                    }
                    let Some(length) = error.error_len() else {
                        self.cut = bad.to_vec();
                        return None;
                    };
                    self.foreign = true;
                    rest = bad.get(length..)?;
                }
            }
        }
    }

    /// At the end of the file. Plain ASCII is UTF-8.
    pub fn end(self) -> Encoding {
        if self.foreign || !self.cut.is_empty() { Encoding::Windows1252 } else { Encoding::Utf8 }
    }
}

/// What a file is that is no CSV, by its first bytes: `an Excel workbook`. None if it may be CSV.
pub fn foreign_form(head: &[u8]) -> Option<&'static str> {
    let forms: [(&[u8], &str); 7] = [
        (b"\xFF\xFE", "UTF-16 text"),
        (b"\xFE\xFF", "UTF-16 text"),
        (b"PK\x03\x04", "an Excel workbook or a zip archive"),
        (b"\xD0\xCF\x11\xE0", "an old Excel workbook"),
        (b"\x1F\x8B", "a gzip archive"),
        (b"%PDF", "a PDF document"),
        (b"-----BEGIN", "an encrypted or signed message"),
    ];
    let text = head.strip_prefix(UTF8_BOM).unwrap_or(head).trim_ascii_start();
    if text.starts_with(b"<") {
        return Some("a web page or XML, such as a login page that was stored in place of the file");
    }
    // A title may stand in brackets, but not in braces.
    if text.strip_prefix(b"[").unwrap_or(text).trim_ascii_start().starts_with(b"{") {
        return Some("JSON");
    }
    let form = forms.iter().find(|(magic, _)| text.starts_with(magic)).map(|(_, form)| *form);
    form.or_else(|| head.contains(&0).then_some("binary data or UTF-16 text without a byte order mark"))
}
