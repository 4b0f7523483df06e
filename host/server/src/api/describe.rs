//! The OpenAPI document: what all routes have in common is added here once.

use super::caller::SCHEME;
use super::{idempotency, problem};
use utoipa::PartialSchema;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Info, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder, Type,
};

/// Statuses that any route may answer with.
const ANY: [(&str, &str); 13] = [
    ("400", "The request can't be read."),
    ("401", "No valid token."),
    ("403", "The token may not do this."),
    ("404", "There is no such thing."),
    ("409", "A rule or the present state stands against it."),
    ("412", "It was changed by somebody else."),
    ("413", "The body is too large."),
    ("415", "The body has another type."),
    ("428", "Say which version you change."),
    ("429", "Too many requests."),
    ("500", "A fault of Reeve."),
    ("503", "The database is busy, or the audit log was changed."),
    ("504", "It took too long."),
];

const ABOUT: &str = "\
The interface of Reeve: who has access to what, when and why, and the runs that make it so.

Every list has pages: `limit`, and the `next-cursor` of the page before as `cursor`. A POST with an `Idempotency-Key` is done
once. What two people may write has an `ETag`, and a change names it in `If-Match`. Problems are answered as RFC 9457
describes.";

/// The document that the routes are added to.
pub fn document() -> OpenApi {
    let mut components = Components::new();
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("Made by `reeve token create`."));
    components.add_security_scheme(SCHEME, SecurityScheme::Http(scheme.build()));
    components.schemas.insert("Problem".to_owned(), problem::Body::schema());
    let info = Info::builder().title("Reeve").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT));
    OpenApiBuilder::new().info(info.build()).components(Some(components)).build()
}

/// Names every operation after its method and path, so that generated clients tell them apart.
pub fn name_operations(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let parts = path.split('/').filter(|part| !part.is_empty() && *part != "v1");
        let words =
            parts.map(|part| part.trim_matches(['{', '}']).replace(['.', '_'], "-")).collect::<Vec<_>>().join("-");
        let methods =
            [("get", &mut item.get), ("put", &mut item.put), ("post", &mut item.post), ("delete", &mut item.delete)];
        for (method, operation) in methods {
            if let Some(operation) = operation {
                operation.operation_id = Some(format!("{method}-{words}"));
            }
        }
    }
}

/// Adds the problems that any route may answer with, and the header that any POST takes.
pub fn common(operation: &mut Operation) {
    for (status, text) in ANY {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = ResponseBuilder::new().description(text).content("application/problem+json", problem).build();
        operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(response));
    }
}

/// Adds the header that any POST takes.
pub fn key(operation: &mut Operation) {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description("The idempotency key was used for another request.");
    let response = response.content("application/problem+json", problem).build();
    operation.responses.responses.entry("422".to_owned()).or_insert(RefOr::T(response));
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(idempotency::KEY_BYTES_MAX))
        .pattern(Some("^[!-~]+$"));
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some("The same request with the same key is done once."))
        .schema(Some(key))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
}
