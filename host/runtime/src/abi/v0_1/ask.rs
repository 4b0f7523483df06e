//! From core's words to the contract's: what a plugin is asked.

use super::wit::exports::reeve::connector::writer as wit;
use super::wit::reeve::connector::types;
use super::wit::reeve::connector::types::MatchBy as WitMatchBy;
use crate::abi::PageRequest;
use reeve_core::access::{Attributes, MatchBy};
use reeve_core::id::NativeId;
use reeve_core::plan::{Action, NewAccount};
use serde_json::Value;

pub(super) fn page(request: PageRequest) -> types::PageRequest {
    types::PageRequest { cursor: request.cursor, size: request.size }
}

pub(super) fn match_by(by: MatchBy) -> WitMatchBy {
    match by {
        MatchBy::Login => WitMatchBy::Login,
        MatchBy::Email => WitMatchBy::Email,
        MatchBy::CorrelationKey => WitMatchBy::CorrelationKey,
    }
}

/// An action as the contract sends it: a change of an account, or the end of a credential, which has its own export.
pub(super) enum Change {
    Write(wit::Operation),
    EndCredential(String),
}

pub(super) fn change(action: &Action<NativeId>) -> Change {
    let id = |id: &NativeId| id.as_str().to_owned();
    Change::Write(match action {
        Action::Create(new) => wit::Operation::Create(new_account(new)),
        Action::Update { account, etag, attributes } => wit::Operation::Update(wit::AccountChange {
            account: id(account),
            etag: etag.clone(),
            attributes: contract_attributes(attributes),
        }),
        Action::Enable { account } => wit::Operation::Enable(id(account)),
        Action::Disable { account } => wit::Operation::Disable(id(account)),
        Action::Freeze { account } => wit::Operation::Freeze(id(account)),
        Action::Delete { account } => wit::Operation::Delete(id(account)),
        Action::Grant { account, entitlement, expires_at } => wit::Operation::Grant(wit::NewGrant {
            account: id(account),
            entitlement: id(entitlement),
            expires_at: expires_at.map(|at| at.to_string()),
        }),
        Action::Revoke { account, entitlement } => {
            wit::Operation::Revoke(wit::Membership { account: id(account), entitlement: id(entitlement) })
        }
        Action::Replace { account, take, give } => wit::Operation::Replace(wit::Replacement {
            account: id(account),
            take: take.as_ref().map(id),
            give: id(give),
        }),
        Action::EndCredential { credential, .. } => return Change::EndCredential(id(credential)),
    })
}

fn new_account(new: &NewAccount) -> wit::NewAccount {
    wit::NewAccount {
        login: new.login.clone(),
        email: new.email.clone(),
        display_name: new.display_name.clone(),
        given_name: new.given_name.clone(),
        family_name: new.family_name.clone(),
        correlation_key: new.correlation_key.clone(),
        attributes: contract_attributes(&new.attributes),
        entitlements: new.entitlements.iter().map(ToString::to_string).collect(),
    }
}

fn contract_attributes(attributes: &Attributes) -> Vec<types::Attribute> {
    attributes
        .iter()
        .map(|(name, value)| types::Attribute { name: name.clone(), value: contract_value(value) })
        .collect()
}

/// The simplest case that holds the value; JSON text for the rest, `null` and fractions among it.
fn contract_value(value: &Value) -> types::Value {
    let all_texts = |items: &[Value]| items.iter().map(|item| item.as_str().map(ToOwned::to_owned)).collect();
    match value {
        Value::String(text) => types::Value::Text(text.clone()),
        Value::Bool(flag) => types::Value::Flag(*flag),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| types::Value::Json(number.to_string()), types::Value::Integer)
        }
        Value::Array(items) => match all_texts(items) {
            Some(texts) => types::Value::Texts(texts),
            None => types::Value::Json(value.to_string()),
        },
        Value::Null | Value::Object(_) => types::Value::Json(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_travels_in_the_simplest_case_that_holds_it() {
        let as_json = |value| matches!(contract_value(&value), types::Value::Json(_));
        assert!(matches!(contract_value(&json!("a")), types::Value::Text(text) if text == "a"));
        assert!(matches!(contract_value(&json!(-7)), types::Value::Integer(-7)));
        assert!(matches!(contract_value(&json!(["a", "b"])), types::Value::Texts(texts) if texts == ["a", "b"]));
        for value in [json!(null), json!(1.5), json!(u64::MAX), json!(["a", 1]), json!({ "a": 1 })] {
            assert!(as_json(value));
        }
    }
}
