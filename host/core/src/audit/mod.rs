//! The audit log: a C2SP tiled transparency log (tlog-tiles, tlog-checkpoint, signed-note; RFC 6962 hashing, Ed25519).
//!
//! **What it proves.** A checkpoint is a signed statement "the log has this many entries, and this root". Whoever holds a
//! checkpoint can later show that an entry was in the log, at which place, byte for byte, and that nothing before the
//! checkpoint was changed, removed, inserted or put in another order. [`verify`] needs the exported files and the public
//! key only, and so do the tools of others that read this format.
//!
//! **What it does not prove.** That an entry tells the truth about what a target did; that everything that happened was
//! recorded (nothing is known of what was never logged); or that the time in an entry is right. The holder of the
//! signing key can write a whole new log, so a checkpoint protects from the day on which a copy of it left the machine:
//! give that copy to [`verify`] as the pinned checkpoint.
//!
//! # Layout
//!
//! [`Entry`] is what is recorded, [`Event`] the vocabulary; [`Tree`] and the proofs are the mathematics; [`Checkpoint`]
//! is the signed head, on top of the signed [`note`]; [`TileWriter`] makes the exported files; [`verify`] checks them.
//! Rows, files, clocks and keys on disk are the callers'.

pub mod note;

mod checkpoint;
mod entry;
mod event;
mod proof;
mod tiles;
mod tree;
mod verify;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use entry::{Actor, ENTRY_BYTES_MAX, Entry, EntryError, Evidence, FORMAT, Subject};
pub use event::Event;
pub use note::{NoteError, SigningKey, VerifierKey};
pub use proof::{ProofError, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion};
pub use tiles::{CHECKPOINT_PATH, Export, FILE_BYTES_MAX, TILE_WIDTH, Tile, TileError, TileFile, TileKind, TileWriter};
pub use tree::{Tree, TreeHash, leaf_hash, node_hash, root_of};
pub use verify::{Report, VerifyError, verify};
