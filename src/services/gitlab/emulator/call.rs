//! One call as it came in, and the forms of refusals.

use std::convert::Infallible;

use axum::{
    Json,
    extract::FromRequestParts,
    http::{Method, StatusCode, header::HOST, request::Parts},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

/// What all routes are below; the path that handlers see is the rest.
pub const API: &str = "/api/v4";

/// What the handlers look at besides the path and the body.
#[derive(Clone, Debug)]
pub struct Call {
    /// The token that came along; empty without one.
    pub token: String,
    /// Whether the method says that something changes.
    pub is_changing: bool,
    here: String,
    query: Vec<(String, String)>,
}

impl Call {
    /// A value of the query.
    pub fn value(&self, name: &str) -> Option<&str> {
        let pair = self.query.iter().find(|(key, _)| key == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// The address of this call with some values of the query replaced.
    pub fn address(&self, replaced: &[(&str, &str)]) -> String {
        let Ok(mut url) = Url::parse(&self.here) else {
            return self.here.clone();
        };
        let is_kept = |name: &str| !replaced.iter().any(|(other, _)| *other == name);
        url.query_pairs_mut()
            .clear()
            .extend_pairs(self.query.iter().filter(|(name, _)| is_kept(name)))
            .extend_pairs(replaced);
        url.into()
    }
}

impl<S: Sync> FromRequestParts<S> for Call {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let text = |name: &str| {
            let value = parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok());
            value.unwrap_or_default().trim().to_owned()
        };
        let bearer = text("authorization");
        let token = match text("private-token") {
            token if token.is_empty() => bearer
                .strip_prefix("Bearer ")
                .unwrap_or_default()
                .to_owned(),
            token => token,
        };
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self {
            token,
            is_changing: parts.method != Method::GET,
            here: format!("http://{}{API}{}", text(HOST.as_str()), parts.uri.path()),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        })
    }
}

/// Refuses with a message, as most of the API does.
pub fn refused(status: StatusCode, message: impl Into<Value>) -> Response {
    (status, Json(json!({"message": message.into()}))).into_response()
}

/// Refuses because something in the body is missing or wrong.
pub fn bad(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response()
}

/// Says that something is not there.
pub fn missing(what: &str) -> Response {
    let message = match what {
        "" => "404 Not found".to_owned(),
        what => format!("404 {what} Not Found"),
    };
    refused(StatusCode::NOT_FOUND, message)
}

/// Says that something was made.
pub fn created(document: Value) -> Response {
    (StatusCode::CREATED, Json(document)).into_response()
}
