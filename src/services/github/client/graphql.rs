//! Asks GitHub's GraphQL API.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Client,
    wire::{Ask, GRAPHQL},
};
use crate::error::{Error, Kind, Result};

impl Client {
    /// Returns the `data` of a GraphQL query; it must only read.
    ///
    /// Errors in the answer are errors here, also beside data: `not_found`, `denied`, `busy` as
    /// GitHub types them, `unexpected` when it failed inside, else `invalid`. It needs a token.
    /// Calls `POST /graphql`.
    pub async fn graphql(&self, query: &str, variables: Value) -> Result<Value> {
        let body = json!({"query": query, "variables": variables});
        let ask = Ask {
            method: Method::POST,
            route: GRAPHQL,
            query: &[],
            body: Some(&body),
            known: None,
            is_changing: false,
        };
        let answer = self.send(&ask).await?;
        let mut document: Value = self.understand(&answer)?;
        if let Some(first) = document["errors"].get(0) {
            return Err(self.caller.finish(trouble(first)));
        }
        match document
            .get_mut("data")
            .map(Value::take)
            .unwrap_or_default()
        {
            Value::Null => {
                let message = "the answer to a GraphQL query has no `data`".to_owned();
                Err(self.wrong(message))
            }
            data => Ok(data),
        }
    }
}

fn trouble(error: &Value) -> Error {
    let text = error["message"].as_str().unwrap_or("an error without text");
    let kind = match error["type"].as_str().unwrap_or_default() {
        "NOT_FOUND" => Kind::NotFound,
        "FORBIDDEN" | "INSUFFICIENT_SCOPES" => Kind::Denied,
        "RATE_LIMITED" | "RATE_LIMIT" => Kind::Busy,
        "SERVICE_ERROR" | "INTERNAL" => Kind::Unexpected,
        _ if text.starts_with("Something went wrong") => Kind::Unexpected,
        _ => Kind::Invalid,
    };
    let message = format!("a GraphQL query was answered with an error: {text}");
    let error = Error::new(kind, message).status(200);
    match kind {
        Kind::Denied => error.hint("check what `GITHUB_TOKEN` may read"),
        Kind::Busy => error.hint("the allowance of this hour is used up; come back later"),
        Kind::NotFound => {
            error.hint("look at `github.repository`, and at what `GITHUB_TOKEN` may see")
        }
        _ => error,
    }
}
