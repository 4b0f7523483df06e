//! What a field of an object is: its type, who may set it, and where it leads.

use super::schema::Object;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Id,
    /// An id of one of these objects, and the name by which a query goes there.
    Reference {
        relationship: &'static str,
        to: &'static [Object],
    },
    Text {
        chars_max: usize,
    },
    Email,
    Flag,
    Number,
    Time,
}

/// Who sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Salesforce alone.
    Read,
    Create,
    Update,
    CreateAndUpdate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Type,
    pub(super) access: Access,
    pub(super) required: bool,
}

impl Field {
    const fn new(name: &'static str, kind: Type) -> Self {
        Self { name, kind, access: Access::Read, required: false }
    }

    pub(super) const fn id() -> Self {
        Self::new("Id", Type::Id)
    }

    pub(super) const fn text(name: &'static str, chars_max: usize) -> Self {
        Self::new(name, Type::Text { chars_max })
    }

    pub(super) const fn email(name: &'static str) -> Self {
        Self::new(name, Type::Email)
    }

    pub(super) const fn flag(name: &'static str) -> Self {
        Self::new(name, Type::Flag)
    }

    pub(super) const fn number(name: &'static str) -> Self {
        Self::new(name, Type::Number)
    }

    pub(super) const fn time(name: &'static str) -> Self {
        Self::new(name, Type::Time)
    }

    /// An empty relationship can't be followed in a query.
    pub(super) const fn reference(name: &'static str, relationship: &'static str, to: &'static [Object]) -> Self {
        Self::new(name, Type::Reference { relationship, to })
    }

    pub(super) const fn settable(self) -> Self {
        Self { access: Access::CreateAndUpdate, ..self }
    }

    pub(super) const fn at_creation(self) -> Self {
        Self { access: Access::Create, ..self }
    }

    pub(super) const fn by_update(self) -> Self {
        Self { access: Access::Update, ..self }
    }

    pub(super) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(super) fn createable(&self) -> bool {
        matches!(self.access, Access::Create | Access::CreateAndUpdate)
    }

    pub(super) fn updateable(&self) -> bool {
        matches!(self.access, Access::Update | Access::CreateAndUpdate)
    }
}
