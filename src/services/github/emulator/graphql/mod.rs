//! The part of GraphQL that asks for files: `repository`, its `object`s, branches, and who asks.
//!
//! Operations with variables, aliases, inline fragments and arguments are understood; whatever is
//! not is answered with `errors`, as the real service does.

mod fields;
mod parse;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde_json::{Map, Value, json};

use super::{SERVICE, Sim, account::account, refused};
use crate::services::emulate::answer;
use fields::Query;
use parse::Operation;

/// Why a query is not answered.
pub(super) struct Trouble {
    message: String,
    kind: Option<&'static str>,
    path: Vec<String>,
}

impl Trouble {
    /// The query itself makes no sense: there is no data at all.
    fn invalid(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            kind: None,
            path: Vec::new(),
        }
    }

    fn to_json(&self) -> Value {
        let mut error = json!({"message": self.message});
        if let Some(kind) = self.kind {
            error["type"] = kind.into();
        }
        if !self.path.is_empty() {
            error["path"] = self.path.clone().into();
        }
        error
    }
}

pub(super) async fn graphql(State(state): Sim, headers: HeaderMap, body: Bytes) -> Response {
    answer(&state, SERVICE, "graphql", || {
        let Some(account) = account(&state, &headers) else {
            return refused(
                StatusCode::UNAUTHORIZED,
                "This endpoint requires you to be authenticated.",
            );
        };
        let Ok(request) = serde_json::from_slice::<Value>(&body) else {
            return refused(StatusCode::BAD_REQUEST, "Problems parsing JSON");
        };
        let Some(text) = request["query"].as_str() else {
            return refused(
                StatusCode::BAD_REQUEST,
                "A query attribute must be specified and must be a string.",
            );
        };
        let variables = request["variables"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let now = state.clock().now();
        let answer = state.read(|stored| {
            let operation = Operation::parse(text)?;
            let variables = operation.bind(&variables)?;
            let mut query = Query::new(&stored.documents, &variables, &account.login, now);
            let data = query.answer(&operation)?;
            Ok((data, query.troubles()))
        });
        let document = match answer {
            Ok((data, troubles)) => shown(data, &troubles),
            Err(trouble) => json!({"errors": [Trouble::to_json(&trouble)]}),
        };
        Json(document).into_response()
    })
    .await
}

fn shown(data: Map<String, Value>, troubles: &[Trouble]) -> Value {
    let mut document = json!({"data": data});
    if !troubles.is_empty() {
        document["errors"] = troubles.iter().map(Trouble::to_json).collect();
    }
    document
}
