//! The plugin as the host uses it: settings in, a folder of files, pages of workers out.

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

mod faults;
mod folder;
mod paging;
mod probes;
mod reading;
mod roundtrip;
