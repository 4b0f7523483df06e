//! Pages of a listing, and cursors that say where the next one starts.
//!
//! Only [`Page::last`] ends a listing. When in doubt whether there is more, answer with [`Page::more`]: Reeve takes an
//! empty page in its stride, and would otherwise believe that what was not listed does not exist.

use crate::{Failure, PageRequest, PageState};
use serde::Serialize;
use serde::de::DeserializeOwned;

#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub(crate) state: PageState,
}

impl<T> Page<T> {
    /// There is more, from `cursor` on. Any small serde type makes a cursor; Reeve keeps it as opaque text.
    pub fn more<C: Serialize + ?Sized>(items: Vec<T>, cursor: &C) -> Result<Self, Failure> {
        let next = serde_json::to_string(cursor)
            .map_err(|error| Failure::internal(format!("this cursor has no JSON form: {error}")))?;
        Ok(Self { items, state: PageState { next: Some(next), complete: false, stated_total: None, warnings: vec![] } })
    }

    /// This was the last page, and the listing is whole.
    pub fn last(items: Vec<T>) -> Self {
        Self { items, state: PageState { next: None, complete: true, stated_total: None, warnings: vec![] } }
    }

    /// How many items the target itself says the whole listing has. Reeve compares.
    pub fn stated_total(mut self, total: Option<u64>) -> Self {
        self.state.stated_total = total;
        self
    }

    /// Something that an auditor should know about this page.
    pub fn warning(mut self, text: impl Into<String>) -> Self {
        self.state.warnings.push(text.into());
        self
    }

    pub fn state(&self) -> &PageState {
        &self.state
    }
}

impl PageRequest {
    /// The first page of a listing.
    pub fn first(size: u32) -> Self {
        Self { cursor: None, size }
    }

    /// The cursor that [`Page::more`] was given; none for the first page. One that cannot be read comes from another
    /// version of the plugin, so the listing starts anew.
    pub fn cursor<C: DeserializeOwned>(&self) -> Result<Option<C>, Failure> {
        self.cursor.as_deref().map(|text| serde_json::from_str(text).map_err(|_| Failure::CursorExpired)).transpose()
    }
}
