//! What comes in, read strictly: a body, a query or a path that does not fit is refused with a sentence, and a field that
//! is not known is a refusal, not a guess.

use super::problem::{Kind, Problem};
use axum::body::{Body, Bytes};
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

/// The longest JSON body, in bytes.
pub const JSON_BYTES_MAX: usize = 256 * 1024;

pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        read(request, state).await.map(Self).map_err(|unread| match unread {
            Unread::Never(problem) => problem,
            Unread::Unfit(why) => Problem::bad(why),
        })
    }
}

/// A body that holds a secret. What does not fit in it is not told, because that would quote it.
pub struct SecretJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for SecretJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        read(request, state).await.map(Self).map_err(|unread| match unread {
            Unread::Never(problem) => problem,
            Unread::Unfit(_) => Problem::bad("the body is not as /v1/openapi.json describes it"),
        })
    }
}

enum Unread {
    /// It was not looked at.
    Never(Problem),
    /// It was, and this is wrong with it.
    Unfit(String),
}

async fn read<S: Send + Sync, T: DeserializeOwned>(request: Request, state: &S) -> Result<T, Unread> {
    let unread = |why: JsonRejection| match why.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Unread::Never(Problem::new(Kind::TooLarge, format!("the body may have {JSON_BYTES_MAX} bytes")))
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Unread::Never(Problem::new(Kind::UnsupportedMediaType, "the body must be `Content-Type: application/json`"))
        }
        _ => Unread::Unfit(why.body_text()),
    };
    let (parts, body) = request.into_parts();
    let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), state);
    let bytes = bytes.await.map_err(|why| unread(why.into()))?;
    let whole = Request::from_parts(parts, Body::from(bytes.clone()));
    let axum::Json(value) = axum::Json::<T>::from_request(whole, state).await.map_err(unread)?;
    // A list would be taken for an object's values in their order.
    match bytes.trim_ascii_start().starts_with(b"{") {
        true => Ok(value),
        false => Err(Unread::Unfit("the body must be a JSON object".to_owned())),
    }
}

pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        read.map(|axum::extract::Query(value)| Self(value)).map_err(|why: QueryRejection| Problem::bad(why.body_text()))
    }
}

pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(value)| Self(value)).map_err(|why: PathRejection| Problem::bad(why.body_text()))
    }
}

/// The longest reason that is kept, in characters.
pub const REASON_CHARS_MAX: usize = 1000;

/// Refuses a text that is longer than the description says.
pub fn bounded(what: &str, text: &str, chars_max: usize) -> Result<(), Problem> {
    match text.chars().nth(chars_max) {
        None => Ok(()),
        Some(_) => Err(Problem::bad(format!("`{what}` has at most {chars_max} characters"))),
    }
}

/// Refuses a list that is longer than the description says.
pub fn at_most<T>(what: &str, list: &[T], max: usize) -> Result<(), Problem> {
    if list.len() <= max { Ok(()) } else { Err(Problem::bad(format!("`{what}` has at most {max} items"))) }
}

/// Refuses a reason that says nothing, or too much.
pub fn reason(what: &str, text: &str) -> Result<(), Problem> {
    if text.trim().is_empty() {
        return Err(Problem::bad(format!("say why, in `{what}`")));
    }
    bounded(what, text, REASON_CHARS_MAX)
}

/// A whole number, also where it is written `90.0`: JSON knows one kind of number.
pub fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let number = f64::deserialize(from)?;
    match number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is whole and in bounds")]
        true => Ok(number as u32),
        false => Err(serde::de::Error::custom("it must be a whole number, and not below 0")),
    }
}
