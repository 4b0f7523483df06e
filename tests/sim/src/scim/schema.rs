//! What users and groups consist of (RFC 7643 section 4), as a table that reading, filtering and discovery share.
//!
//! The enterprise extension is one more complex attribute, whose name is its URN.

use super::fault::Fault;
use serde_json::{Map, Value};

pub(super) const USER_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const GROUP_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(super) const ENTERPRISE_URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute {
    pub(super) name: &'static str,
    pub(super) value: ValueType,
    pub(super) many: bool,
    pub(super) required: bool,
    pub(super) case_exact: bool,
    pub(super) unique: bool,
    pub(super) mutability: Mutability,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum ValueType {
    Text,
    Flag,
    Reference(&'static [&'static str]),
    Complex(&'static [Attribute]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutability {
    ReadWrite,
    ReadOnly,
    WriteOnly,
    Immutable,
}

const fn text(name: &'static str) -> Attribute {
    Attribute {
        name,
        value: ValueType::Text,
        many: false,
        required: false,
        case_exact: false,
        unique: false,
        mutability: Mutability::ReadWrite,
    }
}

const fn flag(name: &'static str) -> Attribute {
    Attribute { value: ValueType::Flag, ..text(name) }
}

const fn reference(name: &'static str, to: &'static [&'static str]) -> Attribute {
    Attribute { value: ValueType::Reference(to), case_exact: true, ..text(name) }
}

const fn complex(name: &'static str, parts: &'static [Attribute]) -> Attribute {
    Attribute { value: ValueType::Complex(parts), ..text(name) }
}

const fn list(name: &'static str, parts: &'static [Attribute]) -> Attribute {
    Attribute { many: true, ..complex(name, parts) }
}

impl Attribute {
    const fn read_only(self) -> Self {
        Self { mutability: Mutability::ReadOnly, ..self }
    }

    const fn immutable(self) -> Self {
        Self { mutability: Mutability::Immutable, ..self }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn exact(self) -> Self {
        Self { case_exact: true, ..self }
    }

    pub(super) fn parts(&self) -> &'static [Attribute] {
        match self.value {
            ValueType::Complex(parts) => parts,
            _ => &[],
        }
    }
}

const PLURAL: &[Attribute] = &[text("value"), text("display"), text("type"), flag("primary")];
const META: &[Attribute] = &[
    text("resourceType").exact().read_only(),
    text("created").read_only(),
    text("lastModified").read_only(),
    reference("location", &["uri"]).read_only(),
    text("version").exact().read_only(),
];

/// The attributes that every resource has and that no schema lists.
pub(super) const COMMON: &[Attribute] = &[
    Attribute { many: true, ..text("schemas").exact().required() },
    text("id").exact().read_only(),
    text("externalId").exact(),
    complex("meta", META).read_only(),
];

const NAME: &[Attribute] = &[
    text("formatted"),
    text("familyName"),
    text("givenName"),
    text("middleName"),
    text("honorificPrefix"),
    text("honorificSuffix"),
];
const USER_GROUP: &[Attribute] = &[
    text("value").exact().read_only(),
    reference("$ref", &["Group"]).read_only(),
    text("display").read_only(),
    text("type").read_only(),
];
const USER: &[Attribute] = &[
    Attribute { unique: true, ..text("userName").required() },
    complex("name", NAME),
    text("displayName"),
    text("nickName"),
    text("title"),
    text("userType"),
    text("preferredLanguage"),
    text("locale"),
    text("timezone"),
    flag("active"),
    Attribute { mutability: Mutability::WriteOnly, ..text("password").exact() },
    list("emails", PLURAL),
    list("phoneNumbers", PLURAL),
    list("entitlements", PLURAL),
    list("roles", PLURAL),
    list("groups", USER_GROUP).read_only(),
];

const MANAGER: &[Attribute] = &[text("value").exact(), reference("$ref", &["User"]), text("displayName").read_only()];
pub(super) const ENTERPRISE: &[Attribute] = &[
    text("employeeNumber"),
    text("costCenter"),
    text("organization"),
    text("division"),
    text("department"),
    complex("manager", MANAGER),
];
const EXTENSIONS: &[Attribute] = &[complex(ENTERPRISE_URN, ENTERPRISE)];

const MEMBER: &[Attribute] = &[
    text("value").exact().immutable(),
    reference("$ref", &["User", "Group"]).immutable(),
    text("type").read_only(),
    text("display").read_only(),
];
const GROUP: &[Attribute] = &[text("displayName").required(), list("members", MEMBER)];

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::User, Self::Group];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    pub(super) fn endpoint(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }

    pub(super) fn urn(self) -> &'static str {
        match self {
            Self::User => USER_URN,
            Self::Group => GROUP_URN,
        }
    }

    /// The attributes of its own schema.
    pub(super) fn own(self) -> &'static [Attribute] {
        match self {
            Self::User => USER,
            Self::Group => GROUP,
        }
    }

    /// All that may stand at the top of a resource.
    pub(super) fn attributes(self) -> impl Iterator<Item = &'static Attribute> {
        let extensions: &[Attribute] = if self == Self::User { EXTENSIONS } else { &[] };
        COMMON.iter().chain(self.own()).chain(extensions)
    }

    pub(super) fn find(self, name: &str) -> Option<&'static Attribute> {
        self.attributes().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// Reads what a client sent for a whole resource: names in their proper case, and without what clients don't set
    /// and what no schema knows.
    pub(super) fn read(self, sent: &Value) -> Result<Map<String, Value>, Fault> {
        let sent = sent.as_object().ok_or_else(|| Fault::syntax("a resource is a JSON object"))?;
        let mut resource = Map::new();
        for (name, value) in sent {
            let Some(attribute) = self.find(name) else { continue };
            if let Some(value) = attribute.read(value)? {
                resource.insert(attribute.name.to_owned(), value);
            }
        }
        let named = resource.get("schemas").and_then(Value::as_array);
        let urn = self.urn();
        if !named.is_some_and(|all| all.iter().filter_map(Value::as_str).any(|one| one.eq_ignore_ascii_case(urn))) {
            return Err(Fault::value(format!("\"schemas\" must name {urn}")));
        }
        resource.remove("schemas");
        self.complete(&resource)?;
        Ok(resource)
    }

    /// Refuses a resource that lacks what it must have.
    pub(super) fn complete(self, resource: &Map<String, Value>) -> Result<(), Fault> {
        let missing = |attribute: &&Attribute| match resource.get(attribute.name) {
            Some(Value::String(text)) => text.trim().is_empty(),
            other => other.is_none(),
        };
        match self.own().iter().filter(|attribute| attribute.required).find(missing) {
            Some(attribute) => Err(Fault::value(format!("\"{}\" is required", attribute.name))),
            None => Ok(()),
        }
    }
}

impl Attribute {
    /// Reads a value for this attribute; none where it says nothing, or nothing that is kept.
    pub(super) fn read(&self, sent: &Value) -> Result<Option<Value>, Fault> {
        if matches!(self.mutability, Mutability::ReadOnly) || sent.is_null() {
            return Ok(None);
        }
        if !self.many {
            let value = self.read_one(sent)?;
            // A password is taken and never kept.
            return Ok(value.filter(|_| self.mutability != Mutability::WriteOnly));
        }
        let items = sent.as_array().ok_or_else(|| self.wrong("a list"))?;
        let mut read = Vec::new();
        for item in items {
            read.extend(self.read_one(item)?);
        }
        let primaries = read.iter().filter(|item| item.get("primary") == Some(&Value::Bool(true))).count();
        if primaries > 1 {
            return Err(Fault::value(format!("\"{}\" has more than one primary value", self.name)));
        }
        Ok(Some(Value::Array(read)).filter(|list| list != &Value::Array(Vec::new())))
    }

    /// Reads one item of a list, or the value of an attribute that is not a list.
    pub(super) fn read_one(&self, sent: &Value) -> Result<Option<Value>, Fault> {
        match (self.value, sent) {
            (ValueType::Text | ValueType::Reference(_), Value::String(_)) | (ValueType::Flag, Value::Bool(_)) => {
                Ok(Some(sent.clone()))
            }
            (ValueType::Complex(parts), Value::Object(sent)) => {
                let mut read = Map::new();
                for part in parts {
                    let value = sent.iter().find(|(name, _)| part.name.eq_ignore_ascii_case(name));
                    if let Some(value) = value.map(|(_, value)| part.read(value)).transpose()?.flatten() {
                        read.insert(part.name.to_owned(), value);
                    }
                }
                Ok(Some(Value::Object(read)).filter(|object| object.as_object().is_some_and(|map| !map.is_empty())))
            }
            (ValueType::Text | ValueType::Reference(_), _) => Err(self.wrong("a string")),
            (ValueType::Flag, _) => Err(self.wrong("true or false")),
            (ValueType::Complex(_), _) => Err(self.wrong("an object")),
        }
    }

    fn wrong(&self, wanted: &str) -> Fault {
        Fault::value(format!("\"{}\" must be {wanted}", self.name))
    }
}
