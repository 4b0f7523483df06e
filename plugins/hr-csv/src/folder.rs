//! The folder: which of its files is the feed, and its bytes in pieces that never run past what the folder stated.

use reeve_sdk::files::{self, File};
use reeve_sdk::{Failure, time};

/// The connection that the manifest asks for.
pub const FOLDER: &str = "folder";
/// One read, in bytes.
pub const READ_BYTES: u32 = 512 * 1024;
/// The largest file, in bytes. Finding the encoding reads all of it in one call.
pub const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// The setting `file`: a name, or a pattern with one `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Name(String),
    Pattern { before: String, after: String },
}

impl Wanted {
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() || text.contains(['/', '\\']) {
            return Err(format!("`file`: {text:?} is no file name; write one such as people.csv, without a folder"));
        }
        match text.split_once('*') {
            None => Ok(Self::Name(text.to_owned())),
            Some((_, after)) if after.contains('*') => {
                Err(format!("`file`: {text:?} has more than one `*`; write a pattern such as people-*.csv"))
            }
            Some((before, after)) => Ok(Self::Pattern { before: before.to_owned(), after: after.to_owned() }),
        }
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Name(wanted) => name == wanted,
            Self::Pattern { before, after } => {
                name.strip_prefix(before.as_str()).is_some_and(|rest| rest.ends_with(after.as_str()))
            }
        }
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Pattern { before, after } => write!(f, "{before}*{after}"),
        }
    }
}

/// The newest file that is wanted; among files of the same moment, the one whose name comes last.
pub fn newest(files: &[File], wanted: &Wanted) -> Result<File, Failure> {
    let mut newest: Option<((i64, String), &File)> = None;
    for file in files.iter().filter(|file| wanted.matches(&file.name)) {
        let age = moment(&file.modified_at).ok_or_else(|| {
            Failure::protocol(format!("the folder states {:?} as the time of {}", file.modified_at, file.name))
        })?;
        if newest.as_ref().is_none_or(|(best, other)| (&age, &file.name) > (best, &other.name)) {
            newest = Some((age, file));
        }
    }
    newest.map(|(_, file)| file.clone()).ok_or_else(|| Failure::not_found(nothing(files, wanted)))
}

fn nothing(files: &[File], wanted: &Wanted) -> String {
    const NAMES_MAX: usize = 10;
    if files.is_empty() {
        return format!("the folder is empty, so there is no {wanted}; has HR's export run?");
    }
    let names: Vec<_> = files.iter().take(NAMES_MAX).map(|file| file.name.as_str()).collect();
    let more = if files.len() > NAMES_MAX { ", …" } else { "" };
    format!("the folder has no {wanted}; it has {}{more}", names.join(", "))
}

/// Seconds since 1970 and the digits of the fraction, which compare as moments do.
fn moment(text: &str) -> Option<(i64, String)> {
    let text = time::instant(text)?;
    let (date, rest) = text.split_once('T')?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let offset_at = rest.find(['Z', '+', '-'])?;
    let (fraction, offset) = rest.split_at_checked(offset_at)?;
    let [year, month, day] = time::numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = time::numbers(clock, ':', [2, 2, 2])?;
    let offset_s = match offset.split_at_checked(1)? {
        ("Z", _) => 0,
        (sign, text) => {
            let [hours, minutes] = time::numbers(text, ':', [2, 2])?;
            (hours * 3600 + minutes * 60) * if sign == "-" { -1 } else { 1 }
        }
    };
    let seconds = time::days_from_date(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset_s;
    Some((seconds, fraction.trim_end_matches('0').trim_end_matches('.').to_owned()))
}

/// The bytes of a file from some offset on.
#[derive(Debug)]
pub struct Stream<'a> {
    file: &'a File,
    offset: u64,
}

impl<'a> Stream<'a> {
    pub fn new(file: &'a File, offset: u64) -> Self {
        Self { file, offset }
    }

    /// The next piece of at most `length` bytes; none at the end. A file that ends before its stated size is a failure,
    /// not an end.
    pub fn next(&mut self, length: u32) -> Result<Option<Vec<u8>>, Failure> {
        let left = self.file.size.saturating_sub(self.offset);
        if left == 0 {
            return Ok(None);
        }
        let length = u32::try_from(left).unwrap_or(u32::MAX).min(length);
        let bytes = files::read(FOLDER, self.file, self.offset, length).map_err(|failure| match failure {
            // It was there a moment ago: moved away or replaced, so the listing starts over with what is there now.
            Failure::NotFound(_) => Failure::CursorExpired,
            other => other,
        })?;
        if bytes.is_empty() || bytes.len() > length as usize {
            let (name, size) = (&self.file.name, self.file.size);
            return Err(Failure::protocol(format!(
                "{name} has {size} bytes according to its folder, but a read at {} gave {}",
                self.offset,
                bytes.len()
            )));
        }
        self.offset += bytes.len() as u64;
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_of_zeros_is_none() {
        assert_eq!(moment("2026-01-01T00:00:00.000Z"), moment("2026-01-01T00:00:00Z"));
    }

    #[test]
    fn moments_compare_across_offsets_and_fractions() {
        let order = [
            "2026-01-01T00:00:00+02:00",
            "2025-12-31T22:30:00Z",
            "2025-12-31T22:30:00.05Z",
            "2025-12-31T22:30:00.2Z",
            "2025-12-31T22:30:01-00:00",
            "2025-12-31T20:30:02-02:00",
        ];
        let moments: Vec<_> = order.iter().map(|text| moment(text).unwrap()).collect();
        assert!(moments.is_sorted(), "{moments:?}");
        assert_eq!(moment("2026-01-01T00:00:00.500+01:00"), moment("2025-12-31T23:00:00.5Z"));
        assert_eq!(moment("yesterday"), None);
    }
}
