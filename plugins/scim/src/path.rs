//! Names of attributes: the ones that Reeve reserves, the short ones that everybody uses, and full SCIM paths
//! (RFC 7644 section 3.10) for everything else. A path has no filter here, so a name can never select values.

use crate::settings::{Correlation, Settings};
use serde_json::{Map, Value as Json};
use std::fmt;

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Attributes of the core schema that are read under their own name.
pub const CORE: &[&str] = &["title", "userType", "nickName", "preferredLanguage", "locale", "timezone", "profileUrl"];
/// Attributes of the enterprise extension that are read under their own name.
pub const EXTENSION: &[&str] = &["department", "division", "organization", "costCenter", "employeeNumber", "manager"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The schema of an extension; none for the core.
    extension: Option<String>,
    attribute: String,
    part: Option<String>,
}

impl Path {
    fn core(attribute: &str, part: Option<&str>) -> Self {
        Self { extension: None, attribute: attribute.to_owned(), part: part.map(str::to_owned) }
    }

    fn enterprise(attribute: &str) -> Self {
        // The manager is a complex attribute; its id is what is meant.
        let part = (attribute == "manager").then(|| "value".to_owned());
        Self { extension: Some(ENTERPRISE.to_owned()), attribute: attribute.to_owned(), part }
    }

    /// `title`, `name.middleName`, `urn:example:User:badge`.
    pub fn parse(text: &str) -> Option<Self> {
        let (extension, rest) = match text.rsplit_once(':') {
            Some((schema, rest)) => (Some(schema), rest),
            None => (None, text),
        };
        if extension.is_some_and(|schema| !is_schema(schema)) {
            return None;
        }
        let (attribute, part) = match rest.split_once('.') {
            Some((attribute, part)) => (attribute, Some(part)),
            None => (rest, None),
        };
        if !is_name(attribute) || part.is_some_and(|part| !is_name(part)) {
            return None;
        }
        let extension = extension.filter(|schema| *schema != USER).map(str::to_owned);
        Some(Self { extension, attribute: attribute.to_owned(), part: part.map(str::to_owned) })
    }

    pub fn get<'a>(&self, resource: &'a Json) -> Option<&'a Json> {
        let home = match &self.extension {
            Some(schema) => resource.get(schema)?,
            None => resource,
        };
        let value = home.get(&self.attribute)?;
        let value = match &self.part {
            Some(part) => value.get(part)?,
            None => value,
        };
        (!value.is_null()).then_some(value)
    }

    pub fn set(&self, resource: &mut Json, value: Json) {
        let mut home = object(resource);
        if let Some(schema) = &self.extension {
            home = object(home.entry(schema.as_str()).or_insert_with(|| Json::Object(Map::new())));
        }
        match &self.part {
            None => {
                home.insert(self.attribute.clone(), value);
            }
            Some(part) => {
                let complex = home.entry(self.attribute.as_str()).or_insert_with(|| Json::Object(Map::new()));
                object(complex).insert(part.clone(), value);
            }
        }
        if let Some(schema) = &self.extension {
            declare(resource, schema);
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.extension {
            write!(f, "{schema}:")?;
        }
        f.write_str(&self.attribute)?;
        match &self.part {
            Some(part) => write!(f, ".{part}"),
            None => Ok(()),
        }
    }
}

/// Where an attribute of Reeve's is kept. None for `email`, which is one of several, and for names that nobody declared:
/// a misspelt name must not become an attribute.
pub fn of(name: &str, settings: &Settings) -> Option<Path> {
    match name {
        "login" => Some(Path::core("userName", None)),
        "display-name" => Some(Path::core("displayName", None)),
        "given-name" => Some(Path::core("name", Some("givenName"))),
        "family-name" => Some(Path::core("name", Some("familyName"))),
        "correlation-key" => Some(correlation(settings)),
        name if CORE.contains(&name) => Some(Path::core(name, None)),
        name if EXTENSION.contains(&name) => Some(Path::enterprise(name)),
        name if settings.attributes.iter().any(|declared| declared == name) => Path::parse(name),
        _ => None,
    }
}

pub fn correlation(settings: &Settings) -> Path {
    match settings.correlation {
        Correlation::ExternalId => Path::core("externalId", None),
        Correlation::EmployeeNumber => Path::enterprise("employeeNumber"),
    }
}

/// Says in `schemas` that the resource has attributes of an extension.
fn declare(resource: &mut Json, schema: &str) {
    if let Some(schemas) = resource.get_mut("schemas").and_then(Json::as_array_mut)
        && !schemas.iter().any(|one| one == schema)
    {
        schemas.push(Json::from(schema));
    }
}

/// The object at this place, made if something else was there.
fn object(value: &mut Json) -> &mut Map<String, Json> {
    if !value.is_object() {
        *value = Json::Object(Map::new());
    }
    match value {
        Json::Object(map) => map,
        _ => unreachable!("it was made an object"),
    }
}

fn is_schema(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.' | b'-' | b'_');
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) && text.len() > 4 && text.bytes().all(plain)
}

/// RFC 7643 section 2.1.
fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'-' | b'_');
    text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'$') && text.bytes().all(plain)
}
