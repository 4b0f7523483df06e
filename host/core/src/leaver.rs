//! Leaver cases.
