//! `kill -9` of the real, unmodified program, at every boundary at which state leaves it.
//!
//! A small library is loaded before the program's own. It counts the program's writes, syncs, renames, statements to
//! PostgreSQL and requests to targets, and does one harm at a chosen one. It also moves the clock on when the program only
//! waits, so that no life takes longer than its work. After each world the targets' own ledgers and the exported log are
//! judged by [`checks::CHECKS`].
//!
//! # Layout
//!
//! - [`harm`]: the library (`shim/shim.c`), what it is told, and the clock.
//! - [`target`], [`site`]: stand-ins at fixed addresses, and a Reeve that is put back to its beginning for every world.
//! - [`story`], [`world`]: who comes and goes, and the day's work under kills, by a seed.
//! - [`record`], [`checks`], [`report`]: what is left, what must hold, and how a long run is written down.

pub mod checks;
pub mod dice;
pub mod harm;
pub mod record;
pub mod report;
pub mod site;
pub mod story;
pub mod target;
pub mod world;
