//! A folder of its own for each unit test, gone when the test ends.

use std::path::PathBuf;
use tempfile::TempDir;

pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(TempDir::with_prefix("reeve-runtime-").unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// A component without code that imports and exports empty interfaces of these names.
pub fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    fn named(name: &str, rest: &[u8]) -> Vec<u8> {
        let mut out = vec![0, u8::try_from(name.len()).unwrap()];
        out.extend(name.as_bytes());
        out.extend(rest);
        out
    }
    fn section(id: u8, items: Vec<Vec<u8>>, out: &mut Vec<u8>) {
        let mut body = vec![u8::try_from(items.len()).unwrap()];
        body.extend(items.concat());
        out.push(id);
        let mut length = body.len();
        while length >= 0x80 {
            out.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        out.push(u8::try_from(length).unwrap());
        out.extend(body);
    }
    let mut out = b"\0asm\x0d\0\x01\0".to_vec();
    // One type, an instance without members; imports of it; one instance for each export, and the exports.
    section(7, vec![vec![0x42, 0]], &mut out);
    section(10, imports.iter().map(|name| named(name, &[5, 0])).collect(), &mut out);
    section(5, exports.iter().map(|_| vec![1, 0]).collect(), &mut out);
    let export = |(at, name): (usize, &&str)| named(name, &[5, u8::try_from(imports.len() + at).unwrap(), 0]);
    section(11, exports.iter().enumerate().map(export).collect(), &mut out);
    out
}
