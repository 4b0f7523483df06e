//! The system's settings.

use crate::user::{FIXED_FIELDS, RESERVED_FIELDS};
use reeve_sdk::prelude::*;
use serde::Deserialize;
use serde_json::Value as Json;

const PAGE_SIZE: u32 = 2_000;
/// What Salesforce's `batchSize` may be, in rows.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 200..=2_000;
/// Names of further fields, all together: they travel in the address of a query, in bytes.
const ATTRIBUTE_BYTES_MAX: usize = 3_000;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Settings {
    pub correlation_field: String,
    /// Names of profiles, at most one of each user licence.
    pub floor_profiles: Vec<String>,
    pub attributes: Vec<String>,
    new_user_fields: Vec<String>,
    bot_licenses: Vec<String>,
    integration_licenses: Vec<String>,
    service_profiles: Vec<String>,
    pub page_size: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            correlation_field: "EmployeeNumber".to_owned(),
            floor_profiles: vec![],
            attributes: vec![],
            new_user_fields: vec![],
            bot_licenses: vec!["PID_DigitalAgent".to_owned()],
            integration_licenses: vec!["Salesforce Integration".to_owned()],
            service_profiles: vec![],
            page_size: PAGE_SIZE,
        }
    }
}

impl Settings {
    /// Refuses what the manifest's types cannot catch.
    pub fn check(&self) -> Result<(), Failure> {
        if !PAGE_SIZES.contains(&self.page_size) {
            let (least, most) = PAGE_SIZES.into_inner();
            return Err(Failure::invalid("page-size", format!("it must be from {least} to {most}")));
        }
        if !is_field(&self.correlation_field) || is_one_of(RESERVED_FIELDS, &self.correlation_field) {
            let why = format!("{:?} is no field of User that can hold an HR number", self.correlation_field);
            return Err(Failure::invalid("correlation-field", why));
        }
        for name in &self.attributes {
            if !is_field(name) {
                let why = format!("{name:?} is no API name of a field, such as Division or Region__c");
                return Err(Failure::invalid("attributes", why));
            }
            if is_one_of(RESERVED_FIELDS, name) {
                let why = format!("{name} has a field of its own, or decides who may do what");
                return Err(Failure::invalid("attributes", why));
            }
        }
        if self.attributes.iter().map(String::len).sum::<usize>() > ATTRIBUTE_BYTES_MAX {
            let why = format!("their names are longer than {ATTRIBUTE_BYTES_MAX} bytes together");
            return Err(Failure::invalid("attributes", why));
        }
        self.new_user_fields().map(drop)
    }

    /// Every field that is read or written under its API name, once.
    pub fn fields(&self) -> Vec<&str> {
        let mut fields: Vec<&str> = FIXED_FIELDS.to_vec();
        for name in &self.attributes {
            if !fields.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                fields.push(name);
            }
        }
        fields
    }

    /// `Field=text` and `Field:=JSON`, in their order.
    pub fn new_user_fields(&self) -> Result<Vec<(&str, Json)>, Failure> {
        self.new_user_fields.iter().map(|line| new_user_field(line)).collect()
    }

    pub fn is_bot(&self, license: &[&str]) -> bool {
        license.iter().any(|name| is_one_of(&self.bot_licenses, name))
    }

    pub fn is_integration(&self, license: &[&str]) -> bool {
        license.iter().any(|name| is_one_of(&self.integration_licenses, name))
    }

    pub fn is_service_profile(&self, profile: &str) -> bool {
        is_one_of(&self.service_profiles, profile)
    }
}

fn new_user_field(line: &str) -> Result<(&str, Json), Failure> {
    let wrong = |why: String| Failure::invalid("new-user-fields", format!("{line:?}: {why}"));
    let (name, value) =
        line.split_once('=').ok_or_else(|| wrong("write it as Field=text or Field:=JSON".to_owned()))?;
    let (name, value) = match name.strip_suffix(':') {
        Some(name) => (name, serde_json::from_str(value).map_err(|error| wrong(format!("this is not JSON: {error}")))?),
        None => (name, Json::from(value)),
    };
    if !is_field(name) || is_one_of(&["IsActive", "ProfileId", "Username"], name) {
        return Err(wrong(format!("{name:?} is no field that a setting may give to every new user")));
    }
    Ok((name, value))
}

/// API names are letters, digits and `_`; they stand unquoted in a query.
fn is_field(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_one_of(names: &[impl AsRef<str>], name: &str) -> bool {
    names.iter().any(|one| one.as_ref().eq_ignore_ascii_case(name))
}
