//! What PATCH does to one resource, and whether a filter matches it.

use super::{Answer, ENTERPRISE, Faults, error};
use serde_json::{Value as Json, json};

/// The refusal, if there is one.
pub fn patch(resource: &mut Json, operation: &Json, faults: &Faults) -> Option<Answer> {
    let path = operation["path"].as_str().unwrap();
    let members = |resource: &Json| resource["members"].as_array().cloned().unwrap_or_default();
    match (operation["op"].as_str().unwrap(), path) {
        ("add", "members") => {
            let mut list = members(resource);
            list.extend(operation["value"].as_array().unwrap().iter().cloned());
            resource["members"] = json!(list);
        }
        ("remove", path) => {
            let gone: String = match path.strip_prefix("members[value eq ") {
                Some(_) if faults.remove_by_value_only => {
                    return Some(error(400, Some("invalidPath"), "no filters in paths"));
                }
                Some(rest) => serde_json::from_str(rest.strip_suffix(']').unwrap()).unwrap(),
                None => operation["value"][0]["value"].as_str().unwrap().to_owned(),
            };
            let mut list = members(resource);
            list.retain(|member| member["value"] != json!(gone));
            resource["members"] = json!(list);
        }
        ("replace", path) => match (path.strip_prefix(ENTERPRISE), path.split_once('.')) {
            (Some(rest), _) => resource[ENTERPRISE][rest.trim_start_matches(':')] = operation["value"].clone(),
            (None, Some((outer, inner))) => resource[outer][inner] = operation["value"].clone(),
            (None, None) => resource[path] = operation["value"].clone(),
        },
        other => panic!("{other:?}"),
    }
    None
}

/// `path eq "wanted"`, without case.
pub fn matches(resource: &Json, path: &str, wanted: &str) -> bool {
    let fold = |text: &str| text.to_lowercase() == wanted.to_lowercase();
    match path {
        "members.value" | "emails.value" => {
            let list = &resource[path.split('.').next().unwrap()];
            list.as_array().into_iter().flatten().any(|item| item["value"].as_str().is_some_and(fold))
        }
        path => match path.strip_prefix(ENTERPRISE) {
            Some(rest) => resource[ENTERPRISE][rest.trim_start_matches(':')].as_str().is_some_and(fold),
            None => resource[path].as_str().is_some_and(fold),
        },
    }
}
