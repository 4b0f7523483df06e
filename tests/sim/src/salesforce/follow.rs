//! What follows from a change by itself: a user's login, a profile's shadow, the groups of a role, and what is deleted
//! along with a record.

use super::rules::set_defaults;
use super::schema::Object;
use super::store::{Record, Store, assignment_key};
use crate::SimError;
use serde_json::Value;

/// Where follow-up changes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    OnDisk,
    /// For seeds, which are written down all at once.
    InMemory,
}

impl Keep {
    fn put(self, store: &mut Store, object: Object, order: u64, record: Option<Record>) -> Result<(), SimError> {
        match self {
            Self::OnDisk => store.put(object, order, record),
            Self::InMemory => {
                store.place(object, order, record);
                Ok(())
            }
        }
    }

    fn add(self, store: &mut Store, object: Object, values: &[(&str, Value)], like: &Record) -> Result<(), SimError> {
        let order = store.next_order();
        let mut record = Record::new(object, order);
        set_defaults(object, &mut record);
        let from = like_of(like);
        for stamp in ["CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"] {
            if let Some(of) = from {
                record.set(object, stamp, like.get(of, stamp).clone());
            }
        }
        for (field, value) in values {
            record.set(object, field, value.clone());
        }
        self.put(store, object, order, Some(record))
    }
}

fn like_of(record: &Record) -> Option<Object> {
    Object::of_prefix(record.id().get(..3)?)
}

/// Makes what comes with a record, and moves what depends on it.
pub(super) fn follow(
    store: &mut Store,
    keep: Keep,
    object: Object,
    before: Option<&Record>,
    after: &Record,
) -> Result<(), SimError> {
    let id = Value::from(after.id());
    match (object, before) {
        (Object::Profile, None) => {
            let name = format!("X{}", after.id());
            let shadow = [
                ("Name", name.into()),
                ("Label", id.clone()),
                ("ProfileId", id),
                ("IsOwnedByProfile", true.into()),
                ("IsCustom", false.into()),
                ("Type", "Profile".into()),
            ];
            keep.add(store, Object::PermissionSet, &shadow, after)
        }
        (Object::PermissionSetGroup, None) => {
            let name = after.get(object, "DeveloperName").clone();
            let label = after.get(object, "MasterLabel").clone();
            let set = [("Name", name), ("Label", label), ("PermissionSetGroupId", id), ("Type", "Group".into())];
            keep.add(store, Object::PermissionSet, &set, after)
        }
        (Object::UserRole, None) => {
            let name = after.get(object, "DeveloperName").clone();
            for kind in ["Role", "RoleAndSubordinates"] {
                let group = [("RelatedId", id.clone()), ("DeveloperName", name.clone()), ("Type", kind.into())];
                keep.add(store, Object::Group, &group, after)?;
            }
            Ok(())
        }
        (Object::User, _) => follow_user(store, keep, before, after),
        _ => Ok(()),
    }
}

/// Each user has a login, and an assignment of the profile's shadow.
fn follow_user(store: &mut Store, keep: Keep, before: Option<&Record>, after: &Record) -> Result<(), SimError> {
    if before.is_none() {
        keep.add(store, Object::UserLogin, &[("UserId", after.id().into())], after)?;
    }
    let profile = after.text(Object::User, "ProfileId");
    let had = before.map(|before| before.text(Object::User, "ProfileId"));
    if had == Some(profile) {
        return Ok(());
    }
    let shadow = |store: &Store, profile: &str| {
        store.by_key(Object::PermissionSet, profile).map(|(_, shadow)| shadow.id().to_owned()).unwrap_or_default()
    };
    if let Some(had) = had {
        let key = assignment_key(after.id(), &shadow(store, had), "");
        if let Some(order) = store.by_key(Object::PermissionSetAssignment, &key).map(|(order, _)| order) {
            keep.put(store, Object::PermissionSetAssignment, order, None)?;
        }
    }
    let set = shadow(store, profile);
    let values = [("AssigneeId", after.id().into()), ("PermissionSetId", set.into())];
    keep.add(store, Object::PermissionSetAssignment, &values, after)
}

/// What is deleted with a record.
pub(super) fn goes_along(store: &Store, object: Object, record: &Record) -> Vec<(Object, u64, Record)> {
    let id = record.id();
    let of = |object: Object, fields: &[&str]| {
        let rows = store.rows(object);
        let fitting = rows.filter(|(_, other)| fields.iter().any(|field| other.text(object, field) == id));
        fitting.map(|(order, other)| (object, order, other.clone())).collect::<Vec<_>>()
    };
    match object {
        Object::Group => of(Object::GroupMember, &["GroupId", "UserOrGroupId"]),
        Object::UserRole => of(Object::Group, &["RelatedId"]),
        Object::PermissionSet => of(Object::PermissionSetGroupComponent, &["PermissionSetId"]),
        Object::PermissionSetGroup => {
            let mut all = of(Object::PermissionSetGroupComponent, &["PermissionSetGroupId"]);
            all.extend(of(Object::PermissionSet, &["PermissionSetGroupId"]));
            all
        }
        _ => Vec::new(),
    }
}
