//! Core through its public face. Everything is pure, so a test is plain data: what was known, what came in, what must be.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod given;
mod plan_world;
mod run_world;

mod access_links;
mod access_listing;
mod audit_entries;
mod audit_notes;
mod audit_tree;
mod audit_verify;
mod contract_words;
mod glyphs;
mod identity_exits;
mod identity_feed;
mod identity_laws;
mod inventory_due;
mod leaver_case;
mod leaver_certificate;
mod plan_laws;
mod plan_people;
mod policy;
mod run_judge;
mod run_laws;
mod run_steps;
