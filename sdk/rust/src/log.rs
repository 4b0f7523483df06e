//! Lines for the operator. Never put a secret or a whole answer into one.

use crate::bindings::host::reeve::connector::log::Level;
use crate::host;

pub fn debug(message: impl AsRef<str>) {
    host::log(Level::Debug, message.as_ref());
}

pub fn info(message: impl AsRef<str>) {
    host::log(Level::Info, message.as_ref());
}

pub fn warn(message: impl AsRef<str>) {
    host::log(Level::Warn, message.as_ref());
}

pub fn error(message: impl AsRef<str>) {
    host::log(Level::Error, message.as_ref());
}
