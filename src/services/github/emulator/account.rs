//! Whose token a request carries, and what it may do.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;

use super::{SERVICE, Sim, Site, refused};
use crate::{services::emulate::answer, sim::state::SimState};

/// The account of a token that the world says nothing about.
const USUAL_LOGIN: &str = "release-lead";

/// The allowances of an hour, with a token and without.
const ALLOWANCES: (u32, u32) = (5000, 60);

/// Who sends a request.
pub(super) struct Account {
    pub(super) login: String,
    pub(super) may_write: bool,
}

/// The account of the token in a request, if it has one. `github.tokens.TOKEN` may give it a
/// `login` and the permission `read`.
pub(super) fn account(state: &SimState, headers: &HeaderMap) -> Option<Account> {
    let token = token(headers)?;
    state.read(|stored| {
        let known = &stored.documents[SERVICE]["tokens"][&token];
        Some(Account {
            login: known["login"].as_str().unwrap_or(USUAL_LOGIN).to_owned(),
            may_write: known["permission"] != "read",
        })
    })
}

/// The account that may write, or the refusal.
pub(super) fn writer(state: &SimState, headers: &HeaderMap) -> Result<Account, Box<Response>> {
    let refusal = match account(state, headers) {
        Some(account) if account.may_write => return Ok(account),
        Some(_) => refused(
            StatusCode::FORBIDDEN,
            "Resource not accessible by personal access token",
        ),
        None => refused(StatusCode::UNAUTHORIZED, "Requires authentication"),
    };
    Err(Box::new(refusal))
}

pub(super) async fn user(State(state): Sim, headers: HeaderMap) -> Response {
    answer(&state, SERVICE, "user", || {
        let Some(account) = account(&state, &headers) else {
            return refused(StatusCode::UNAUTHORIZED, "Requires authentication");
        };
        let login = account.login;
        Json(json!({
            "login": login,
            "id": 1001,
            "node_id": "U_1001",
            "type": "User",
            "site_admin": false,
            "name": login,
            "url": format!("{}/users/{login}", Site::of(&headers).0),
            "html_url": format!("https://github.com/{login}"),
        }))
        .into_response()
    })
    .await
}

/// The allowance of this hour. It is always whole: nobody counts here.
pub(super) async fn rate_limit(State(state): Sim, headers: HeaderMap) -> Response {
    answer(&state, SERVICE, "rate_limit", || {
        let is_known = account(&state, &headers).is_some();
        let limit = if is_known { ALLOWANCES.0 } else { ALLOWANCES.1 };
        let reset = state.clock().now().as_second() + 3600;
        let allowance =
            |limit: u32| json!({"limit": limit, "used": 0, "remaining": limit, "reset": reset});
        let graphql = if is_known { ALLOWANCES.0 } else { 0 };
        Json(json!({
            "resources": {
                "core": allowance(limit),
                "graphql": allowance(graphql),
                "search": allowance(if is_known { 30 } else { 10 }),
            },
            "rate": allowance(limit),
        }))
        .into_response()
    })
    .await
}

/// The token of `Authorization: Bearer …`, `token …`, or the password of `Basic …`.
fn token(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    let token = match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "token" => rest.trim().to_owned(),
        "basic" => {
            let bytes = BASE64_STANDARD.decode(rest.trim()).ok()?;
            let pair = String::from_utf8(bytes).ok()?;
            pair.split_once(':')?.1.to_owned()
        }
        _ => return None,
    };
    (!token.is_empty()).then_some(token)
}
