//! Who asks: every request shows a token, and no token twice.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::SERVICE;
use crate::{services::emulate::document, sim::state::SimState};

const UNAUTHORIZED: &str = "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n\
    <title>401 Unauthorized</title>\n</head><body>\n<h1>Unauthorized</h1>\n</body></html>\n";

/// How long a service remembers a token; older ones are refused for their age anyway.
const MEMORY: SignedDuration = SignedDuration::from_mins(10);

/// The tokens that were shown.
pub(super) struct Tickets {
    state: Arc<SimState>,
    seen: Mutex<BTreeMap<String, Timestamp>>,
}

impl Tickets {
    pub fn new(state: Arc<SimState>) -> Self {
        Self {
            state,
            seen: Mutex::default(),
        }
    }

    /// Whether this token is one, and was not shown before.
    fn take(&self, token: &str) -> bool {
        let is_token = BASE64_STANDARD
            .decode(token)
            .is_ok_and(|bytes| !bytes.is_empty());
        let now = self.state.clock().now();
        let mut seen = self
            .seen
            .lock()
            .expect("no thread panics while it holds the tokens");
        seen.retain(|_, at| now.duration_since(*at) < MEMORY);
        is_token && seen.insert(token.to_owned(), now).is_none()
    }
}

pub(super) async fn check(
    State(tickets): State<Arc<Tickets>>,
    request: Request,
    next: Next,
) -> Response {
    let is_known = token(request.headers()).is_some_and(|token| tickets.take(token));
    if !is_known {
        let challenge = [(header::WWW_AUTHENTICATE, "Negotiate")];
        return (StatusCode::UNAUTHORIZED, challenge, Html(UNAUTHORIZED)).into_response();
    }
    if document(&tickets.state, SERVICE)["is_forbidden"] == true {
        let text = json!({"error": "You do not have permission to access this resource."});
        return (StatusCode::FORBIDDEN, Json(text)).into_response();
    }
    next.run(request).await
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("negotiate")
        .then_some(token.trim())
}
