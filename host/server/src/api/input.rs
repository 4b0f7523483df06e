//! What comes in, read strictly: a body, a query or a path that does not fit is refused with a sentence, and a field that
//! is not known is a refusal, not a guess.

use super::problem::{Kind, Problem};
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
        let read = axum::Json::<T>::from_request(request, state).await;
        read.map(|axum::Json(value)| Self(value)).map_err(|why: JsonRejection| match why.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Problem::new(Kind::TooLarge, format!("the body may have {JSON_BYTES_MAX} bytes"))
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Problem::new(Kind::UnsupportedMediaType, "the body must be `Content-Type: application/json`")
            }
            _ => Problem::bad(why.body_text()),
        })
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
