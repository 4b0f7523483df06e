//! What Salesforce demands beyond the types of fields, and what it sets by itself.

use super::Options;
use super::blockers::check_deactivation;
use super::fault::Fault;
use super::field::Type;
use super::schema::Object;
use super::store::{Record, Store, key};
use super::values::is_email;

/// Flags are false until set, and a new user is active.
pub(super) fn set_defaults(object: Object, record: &mut Record) {
    for field in object.fields().iter().filter(|field| field.kind == Type::Flag) {
        record.set(object, field.name, false);
    }
    match object {
        Object::User | Object::PermissionSetAssignment => record.set(object, "IsActive", true),
        Object::PermissionSet => {
            record.set(object, "IsCustom", true);
            record.set(object, "Type", "Regular");
        }
        Object::PermissionSetGroup => record.set(object, "Status", "Updated"),
        Object::UserLicense | Object::PermissionSetLicense => {
            record.set(object, "Status", "Active");
            record.set(object, "UsedLicenses", 0);
        }
        Object::Group => record.set(object, "Type", "Regular"),
        Object::UserRole => record.set(object, "PortalType", "None"),
        // Whoever asks may do everything here.
        Object::UserPermissionAccess => {
            for field in object.fields().iter().filter(|field| field.kind == Type::Flag) {
                record.set(object, field.name, true);
            }
        }
        _ => {}
    }
}

/// Sets what Salesforce works out by itself.
pub(super) fn derive(store: &Store, object: Object, record: &mut Record) {
    let text = |field| record.text(object, field).to_owned();
    let developer_name = |name: String| name.replace(|char: char| !char.is_ascii_alphanumeric(), "_");
    match object {
        Object::User => {
            let name = format!("{} {}", text("FirstName"), text("LastName")).trim().to_owned();
            if record.get(object, "CommunityNickname").is_null() {
                let nickname = text("Username").split('@').next().unwrap_or_default().to_owned();
                record.set(object, "CommunityNickname", nickname);
            }
            let profile = store.find(Object::Profile, record.text(object, "ProfileId"));
            let kind = profile.map_or("", |(_, profile)| profile.text(Object::Profile, "UserType")).to_owned();
            record.set(object, "UserType", kind);
            record.set(object, "Name", name);
        }
        Object::PermissionSetAssignment => {
            let set = store.by_key(Object::PermissionSet, &text("PermissionSetGroupId"));
            if let (Some((_, set)), "") = (set, text("PermissionSetId").as_str()) {
                record.set(object, "PermissionSetId", set.id());
            }
        }
        // A session without a parent is its own.
        Object::AuthSession if text("ParentId").is_empty() => record.set(object, "ParentId", record.id().to_owned()),
        Object::Group | Object::UserRole if text("DeveloperName").is_empty() => {
            record.set(object, "DeveloperName", developer_name(text("Name")));
        }
        _ => {}
    }
}

/// What must hold between records.
pub(super) fn check(
    store: &Store,
    options: &Options,
    object: Object,
    before: Option<&Record>,
    record: &Record,
) -> Result<(), Fault> {
    match object {
        Object::User => check_user(store, options, before, record),
        Object::UserLogin if record.is(object, "IsPasswordLocked") => {
            let what = "IsPasswordLocked can only be set to false";
            Err(Fault::bad("FIELD_INTEGRITY_EXCEPTION", what).on(&["IsPasswordLocked"]))
        }
        Object::PermissionSetAssignment if before.is_none() => check_assignment(store, record),
        Object::PermissionSetLicenseAssign => {
            let licence = store.find(Object::PermissionSetLicense, record.text(object, "PermissionSetLicenseId"));
            check_licence(Object::PermissionSetLicense, licence.map(|(_, licence)| licence))
        }
        Object::Group if !["Regular", "Queue"].contains(&record.text(object, "Type")) => {
            let what = format!("Type: bad value for restricted picklist field: {}", record.text(object, "Type"));
            Err(Fault::bad("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", what).on(&["Type"]))
        }
        Object::GroupMember => check_member(store, record),
        _ => Ok(()),
    }
}

fn check_user(store: &Store, options: &Options, before: Option<&Record>, user: &Record) -> Result<(), Fault> {
    let text = |field| user.text(Object::User, field);
    if !is_email(text("Username")) {
        let what = "Username: must be in the form of an email address (for example, ann@acme.example)";
        return Err(Fault::bad("INVALID_EMAIL_ADDRESS", what).on(&["Username"]));
    }
    if options.cost_center_required && text("Cost_Center__c").is_empty() {
        let what = "Every user has a cost center.";
        return Err(Fault::bad("FIELD_CUSTOM_VALIDATION_EXCEPTION", what).on(&["Cost_Center__c"]));
    }
    let was_active = before.is_some_and(|before| before.is(Object::User, "IsActive"));
    let is_active = user.is(Object::User, "IsActive");
    if was_active && !is_active {
        return check_deactivation(store, options, user);
    }
    let licence_of = |user: &Record| {
        let (_, profile) = store.find(Object::Profile, user.text(Object::User, "ProfileId"))?;
        Some(store.find(Object::UserLicense, profile.text(Object::Profile, "UserLicenseId"))?.1)
    };
    let had = before.filter(|_| was_active).and_then(licence_of);
    let needs = licence_of(user).filter(|_| is_active);
    match needs {
        Some(licence) if had != Some(licence) => check_licence(Object::UserLicense, Some(licence)),
        _ => Ok(()),
    }
}

fn check_licence(object: Object, licence: Option<&Record>) -> Result<(), Fault> {
    match licence {
        Some(licence) if licence.count(object, "UsedLicenses") >= licence.count(object, "TotalLicenses") => {
            Err(Fault::bad("LICENSE_LIMIT_EXCEEDED", "License Limit Exceeded"))
        }
        _ => Ok(()),
    }
}

fn check_assignment(store: &Store, record: &Record) -> Result<(), Fault> {
    let object = Object::PermissionSetAssignment;
    let refuse = |what: &str| Err(Fault::bad("FIELD_INTEGRITY_EXCEPTION", what).on(&["PermissionSetId"]));
    let (set, group) = (record.text(object, "PermissionSetId"), record.text(object, "PermissionSetGroupId"));
    let Some((_, set)) = store.find(Object::PermissionSet, set) else {
        let what = "Required fields are missing: [PermissionSetId]";
        return Err(Fault::bad("REQUIRED_FIELD_MISSING", what).on(&["PermissionSetId"]));
    };
    if set.is(Object::PermissionSet, "IsOwnedByProfile") {
        return refuse("a permission set that a profile owns can't be assigned");
    }
    if set.text(Object::PermissionSet, "PermissionSetGroupId") != group {
        return refuse("a permission set of a group is assigned with its group, and with nothing else");
    }
    Ok(())
}

fn check_member(store: &Store, record: &Record) -> Result<(), Fault> {
    let object = Object::GroupMember;
    let refuse = |what: &str| Err(Fault::bad("FIELD_INTEGRITY_EXCEPTION", what).on(&["UserOrGroupId"]));
    let (group, member) = (record.text(object, "GroupId"), record.text(object, "UserOrGroupId"));
    let kind = store.find(Object::Group, group).map_or("", |(_, group)| group.text(Object::Group, "Type"));
    if !["Regular", "Queue"].contains(&kind) {
        return refuse("members of this group follow from roles");
    }
    if is_within(store, group, member) {
        return refuse("a group can't hold itself");
    }
    Ok(())
}

/// Whether a group is the other, or in it, at any depth.
fn is_within(store: &Store, group: &str, other: &str) -> bool {
    let mut seen = vec![group.to_owned()];
    let mut next = 0;
    while let Some(now) = seen.get(next).cloned() {
        if now == other {
            return true;
        }
        for (_, member) in store.rows(Object::GroupMember) {
            let holder = member.text(Object::GroupMember, "GroupId").to_owned();
            if member.text(Object::GroupMember, "UserOrGroupId") == now && !seen.contains(&holder) {
                seen.push(holder);
            }
        }
        next += 1;
    }
    false
}

/// The record that is given out in place of another one like it, without a word. Only members are so.
pub(super) fn silently_same<'a>(store: &'a Store, object: Object, record: &Record) -> Option<(u64, &'a Record)> {
    key(object, record).filter(|_| object == Object::GroupMember).and_then(|key| store.by_key(object, &key))
}

pub(super) fn duplicate(object: Object, record: &Record, other: &Record) -> Fault {
    let text = |field| record.text(object, field);
    match object {
        Object::User => {
            let what = "Duplicate Username. The username already exists in this or another Salesforce organization.";
            Fault::bad("DUPLICATE_USERNAME", what).on(&["Username"])
        }
        Object::PermissionSetAssignment => {
            let (assignee, set) = (text("AssigneeId"), text("PermissionSetId"));
            let what = format!("Duplicate PermissionSetAssignment. Assignee: {assignee}; Permission Set: {set}");
            Fault::bad("DUPLICATE_VALUE", what)
        }
        Object::UserRole | Object::PermissionSet | Object::PermissionSetGroup | Object::Group => {
            let what = "This name already exists or has been previously used. Please choose a different name.";
            Fault::bad("DUPLICATE_DEVELOPER_NAME", what)
        }
        _ => {
            let what = format!("duplicate value found: it duplicates the value on record with id: {}", other.id());
            Fault::bad("DUPLICATE_VALUE", what)
        }
    }
}

pub(super) fn check_deletion(store: &Store, object: Object, record: &Record) -> Result<(), Fault> {
    let used = |object: Object, field| store.rows(object).any(|(_, other)| other.text(object, field) == record.id());
    let in_use = match object {
        Object::PermissionSet | Object::PermissionSetGroup => {
            let field = if object == Object::PermissionSet { "PermissionSetId" } else { "PermissionSetGroupId" };
            used(Object::PermissionSetAssignment, field)
        }
        Object::UserRole => used(Object::User, "UserRoleId") || used(Object::UserRole, "ParentRoleId"),
        Object::PermissionSetAssignment => {
            let set = store.find(Object::PermissionSet, record.text(object, "PermissionSetId"));
            if set.is_some_and(|(_, set)| set.is(Object::PermissionSet, "IsOwnedByProfile")) {
                let what = "an assignment that comes with the profile can't be deleted";
                return Err(Fault::bad("FIELD_INTEGRITY_EXCEPTION", what));
            }
            false
        }
        _ => false,
    };
    if in_use {
        return Err(Fault::bad(
            "DELETE_FAILED",
            "Your attempt to delete it could not be completed because it is in use.",
        ));
    }
    Ok(())
}

/// What a person calls a record.
pub(super) fn called(store: &Store, object: Object, record: &Record) -> String {
    let of = |field: &str| {
        let other = store.any(record.text(object, field));
        other.map(|(object, other)| called(store, object, other)).unwrap_or_default()
    };
    match object {
        Object::User => record.text(object, "Username").to_owned(),
        Object::UserLogin => of("UserId"),
        Object::PermissionSetAssignment => format!("{} has {}", of("AssigneeId"), of("PermissionSetId")),
        Object::PermissionSetLicenseAssign => format!("{} has {}", of("AssigneeId"), of("PermissionSetLicenseId")),
        Object::PermissionSetGroupComponent => format!("{} in {}", of("PermissionSetId"), of("PermissionSetGroupId")),
        Object::GroupMember => format!("{} in {}", of("UserOrGroupId"), of("GroupId")),
        Object::AuthSession => format!("session of {}", of("UsersId")),
        Object::OauthToken => format!("{} for {}", record.text(object, "AppName"), of("UserId")),
        Object::PermissionSetGroup | Object::PermissionSetLicense | Object::BotDefinition => {
            record.text(object, "DeveloperName").to_owned()
        }
        _ => record.text(object, "Name").to_owned(),
    }
}
