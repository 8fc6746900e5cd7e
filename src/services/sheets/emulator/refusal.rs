//! How Google refuses.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// An answer that is no success.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    word: &'static str,
    message: String,
}

impl Refusal {
    /// 400.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
    }

    /// 401.
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
    }

    /// 403.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message)
    }

    /// 404.
    pub fn not_found() -> Self {
        let message = "Requested entity was not found.";
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    /// 429, for `what`: reads or writes.
    pub fn used_up(what: &str) -> Self {
        let message = format!(
            "Quota exceeded for quota metric '{what} requests' and limit '{what} requests per \
             minute per user' of service 'sheets.googleapis.com' for consumer 'project_number:1'."
        );
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED", message)
    }

    /// 501, for what the real service does and this one does not.
    pub fn unknown(what: &str) -> Self {
        let message = format!("the stand-in does not know `{what}`");
        Self::new(StatusCode::NOT_IMPLEMENTED, "UNIMPLEMENTED", message)
    }

    /// 500, for trouble of the stand-in's own.
    pub fn broken(trouble: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", trouble)
    }

    fn new(status: StatusCode, word: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            word,
            message: message.into(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let document = json!({"error": {
            "code": self.status.as_u16(),
            "message": self.message,
            "status": self.word,
        }});
        (self.status, Json(document)).into_response()
    }
}
