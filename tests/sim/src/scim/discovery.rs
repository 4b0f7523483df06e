//! ServiceProviderConfig, ResourceTypes and Schemas: what the stand-in says of itself, which is true.

use super::schema::{Attribute, ENTERPRISE, ENTERPRISE_URN, GROUP_URN, Kind, Mutability, USER_URN, ValueType};
use super::{Dialect, Paging};
use serde_json::{Value, json};

const RESOURCE_TYPE_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const SCHEMA_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

pub(super) fn service_provider_config(dialect: &Dialect, base: &str) -> Value {
    let cursor = dialect.paging != Paging::Index;
    let index = dialect.paging != Paging::Cursor;
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "documentationUri": "https://example.com/scim",
        "patch": {"supported": dialect.patch},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": dialect.filter, "maxResults": dialect.page_max},
        "changePassword": {"supported": false},
        "sort": {"supported": false},
        "etag": {"supported": dialect.etag},
        "pagination": {
            "cursor": cursor,
            "index": index,
            "defaultPaginationMethod": if index { "index" } else { "cursor" },
            "defaultPageSize": dialect.page_max,
            "maxPageSize": dialect.page_max,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token that the stand-in was started with",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    })
}

pub(super) fn resource_types(base: &str) -> Vec<Value> {
    let one = |kind: Kind| {
        let mut described = json!({
            "schemas": [RESOURCE_TYPE_URN],
            "id": kind.name(),
            "name": kind.name(),
            "endpoint": format!("/{}", kind.endpoint()),
            "schema": kind.urn(),
            "meta": {
                "resourceType": "ResourceType",
                "location": format!("{base}/ResourceTypes/{}", kind.name()),
            },
        });
        if let (Kind::User, Some(map)) = (kind, described.as_object_mut()) {
            let extension = json!([{"schema": ENTERPRISE_URN, "required": false}]);
            map.insert("schemaExtensions".to_owned(), extension);
        }
        described
    };
    Kind::ALL.map(one).to_vec()
}

pub(super) fn schemas(base: &str) -> Vec<Value> {
    let all = [
        (USER_URN, "User", Kind::User.own()),
        (GROUP_URN, "Group", Kind::Group.own()),
        (ENTERPRISE_URN, "EnterpriseUser", ENTERPRISE),
    ];
    let one = |(urn, name, attributes): (&str, &str, &[Attribute])| {
        json!({
            "schemas": [SCHEMA_URN],
            "id": urn,
            "name": name,
            "description": name,
            "attributes": attributes.iter().map(describe).collect::<Vec<_>>(),
            "meta": {"resourceType": "Schema", "location": format!("{base}/Schemas/{urn}")},
        })
    };
    all.map(one).to_vec()
}

fn describe(attribute: &Attribute) -> Value {
    let mut described = json!({
        "name": attribute.name,
        "type": match attribute.value {
            ValueType::Text => "string",
            ValueType::Flag => "boolean",
            ValueType::Reference(_) => "reference",
            ValueType::Complex(_) => "complex",
        },
        "multiValued": attribute.many,
        "description": attribute.name,
        "required": attribute.required,
        "caseExact": attribute.case_exact,
        "mutability": match attribute.mutability {
            Mutability::ReadWrite => "readWrite",
            Mutability::ReadOnly => "readOnly",
            Mutability::WriteOnly => "writeOnly",
            Mutability::Immutable => "immutable",
        },
        "returned": if attribute.mutability == Mutability::WriteOnly { "never" } else { "default" },
        "uniqueness": if attribute.unique { "server" } else { "none" },
    });
    if let Some(map) = described.as_object_mut() {
        match attribute.value {
            ValueType::Complex(parts) => {
                map.insert("subAttributes".to_owned(), parts.iter().map(describe).collect());
            }
            ValueType::Reference(to) => {
                map.insert("referenceTypes".to_owned(), to.iter().copied().map(Value::from).collect());
            }
            _ => {}
        }
    }
    described
}
