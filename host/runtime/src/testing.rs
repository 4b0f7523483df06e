//! A folder of its own for each unit test, gone when the test ends.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("reeve-runtime-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
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
