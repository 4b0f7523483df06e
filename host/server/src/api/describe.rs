//! The OpenAPI document: what all routes have in common is added here once.

use super::caller::SCHEME;
use super::{idempotency, problem};
use utoipa::PartialSchema;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Info, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder, Type,
};

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
        for (method, operation) in operations(item) {
            operation.operation_id = Some(format!("{method}-{words}"));
        }
    }
}

/// What can be done with a path, each with its method.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, .. } = item;
    let methods = [("get", get), ("put", put), ("post", post), ("delete", delete)];
    methods.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Adds the problems that any route may answer with.
pub fn common(operation: &mut Operation) {
    for (status, titles) in problem::common() {
        add_problem(operation, status, &titles.join("; or: "));
    }
}

fn add_problem(operation: &mut Operation, status: u16, description: &str) {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description(description).content("application/problem+json", problem).build();
    operation.responses.responses.entry(status.to_string()).or_insert(RefOr::T(response));
}

/// Adds the header that any POST with a token takes, and what it may be answered.
pub fn key(operation: &mut Operation) {
    let (_, status, title, _) = problem::Kind::KeyReused.about();
    add_problem(operation, status, title);
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
