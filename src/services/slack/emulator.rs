//! The stand-in of Slack, over `slack` of the simulated state.
//!
//! It answers 200 to what it refuses, as Slack does, and keeps every message where a test reads it. It
//! has the web API of a bot only: no sockets, no blocks.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::{Map, Value, json};

use crate::{
    services::emulate::{answer, document},
    sim::state::SimState,
};

const SERVICE: &str = "slack";
const LONGEST: usize = 40_000;

type Sim = State<Arc<SimState>>;

/// Returns the routes, at the top and below `/api` as at `slack.com`.
pub fn router(state: Arc<SimState>) -> Router {
    let routes = Router::new()
        .route("/chat.postMessage", post(post_message))
        .route(
            "/users.lookupByEmail",
            post(user_by_email).get(user_by_email),
        )
        .route("/users.info", post(user_info).get(user_info))
        .route("/usergroups.list", post(groups).get(groups))
        .route("/conversations.list", post(channels).get(channels))
        .route("/conversations.history", post(history).get(history))
        .route("/conversations.replies", post(replies).get(replies))
        .route("/auth.test", post(auth_test).get(auth_test))
        .layer(middleware::from_fn_with_state(state.clone(), guard))
        .with_state(state);
    Router::new().nest("/api", routes.clone()).merge(routes)
}

/// Lets nobody in whose token is not that of a bot, and nobody at all while Slack is down.
async fn guard(State(state): Sim, request: Request, next: Next) -> Response {
    let token = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .unwrap_or_default()
        .to_owned();
    if document(&state, SERVICE)["is_down"] == true {
        return refusal("invalid_auth");
    }
    if token.is_empty() {
        return refusal("not_authed");
    }
    // A world that names no tokens takes any.
    let known = document(&state, SERVICE)["tokens"].clone();
    let is_known = known
        .as_array()
        .is_none_or(|known| known.iter().any(|known| *known == token.as_str()));
    if !is_known {
        return refusal("invalid_auth");
    }
    next.run(request).await
}

async fn post_message(State(state): Sim, headers: HeaderMap, body: Bytes) -> Response {
    answer(&state, SERVICE, "post", || {
        let fields = fields(&headers, &body);
        let text = fields["text"].as_str().unwrap_or_default();
        if text.is_empty() {
            return refusal("no_text");
        }
        if text.chars().count() > LONGEST {
            return refusal("msg_too_long");
        }
        let slack = document(&state, SERVICE);
        let wanted = fields["channel"].as_str().unwrap_or_default();
        let direct = entries(&slack, "users").find(|(id, _)| *id == wanted);
        let Some((id, channel)) = channel(&slack, wanted).or(direct) else {
            return refusal("channel_not_found");
        };
        if channel["is_archived"] == true {
            return refusal("is_archived");
        }
        if !is_member(channel) {
            return refusal("not_in_channel");
        }
        let now = state.clock().now();
        let kept = state.change(|stored| {
            let slack = &mut stored.documents[SERVICE];
            let count = slack["posted"].as_u64().unwrap_or_default() + 1;
            slack["posted"] = count.into();
            let ts = format!("{}.{count:06}", now.as_second());
            let mut message =
                json!({"at": now.to_string(), "channel": channel["name"], "text": text, "ts": ts});
            for key in ["thread_ts", "metadata"] {
                if !fields[key].is_null() {
                    message[key] = fields[key].clone();
                }
            }
            if !slack["messages"].is_array() {
                slack["messages"] = json!([]);
            }
            if let Some(messages) = slack["messages"].as_array_mut() {
                messages.push(message);
            }
            ts
        });
        let Ok(ts) = kept else {
            return refusal("internal_error");
        };
        let message = json!({"type": "message", "text": text, "bot_id": "B01", "ts": ts});
        Json(json!({"ok": true, "channel": id, "ts": ts, "message": message})).into_response()
    })
    .await
}

/// How many entries a page has unless it is asked for fewer.
const PAGE: usize = 100;

async fn channels(State(state): Sim, headers: HeaderMap, body: Bytes) -> Response {
    answer(&state, SERVICE, "channel", || {
        let slack = document(&state, SERVICE);
        let channels = entries(&slack, "channels")
            .map(|(id, channel)| {
                let is_member = is_member(channel);
                json!({"id": id, "name": channel["name"], "is_channel": true, "is_member": is_member})
            })
            .collect();
        page("channels", channels, &fields(&headers, &body))
    })
    .await
}

async fn history(State(state): Sim, headers: HeaderMap, body: Bytes) -> Response {
    let fields = fields(&headers, &body);
    answer(&state, SERVICE, "find", || {
        messages(&state, &fields, |message| message["thread_ts"].is_null())
    })
    .await
}

async fn replies(State(state): Sim, headers: HeaderMap, body: Bytes) -> Response {
    let fields = fields(&headers, &body);
    answer(&state, SERVICE, "find", || {
        let thread = fields["ts"].clone();
        messages(&state, &fields, |message| {
            message["thread_ts"] == thread || message["ts"] == thread
        })
    })
    .await
}

/// The messages of a channel, the newest first. A world may forbid its bot to read them.
fn messages(state: &SimState, fields: &Value, is_wanted: impl Fn(&Value) -> bool) -> Response {
    let slack = document(state, SERVICE);
    if slack["may_read"] == false {
        let document = json!({"ok": false, "error": "missing_scope", "needed": "channels:history"});
        return (StatusCode::OK, Json(document)).into_response();
    }
    // Unlike a post, this takes no name.
    let wanted = fields["channel"].as_str().unwrap_or_default();
    let Some((_, channel)) = entries(&slack, "channels").find(|(id, _)| *id == wanted) else {
        return refusal("channel_not_found");
    };
    if !is_member(channel) {
        return refusal("not_in_channel");
    }
    let oldest = number(&fields["oldest"]).unwrap_or_default();
    let has_metadata = ["true", "1"].contains(&text_of(&fields["include_all_metadata"]).as_str());
    let name = channel["name"].as_str().unwrap_or_default();
    let all = slack["messages"].as_array();
    let mut found: Vec<Value> = all
        .into_iter()
        .flatten()
        .filter(|message| {
            let posted_to = message["channel"].as_str().unwrap_or_default();
            posted_to.trim_start_matches('#') == name && is_wanted(message)
        })
        .filter(|message| number(&message["ts"]).is_some_and(|ts| ts > oldest))
        .map(|message| {
            let mut shown = json!({"type": "message", "text": message["text"], "bot_id": "B01",
                "ts": message["ts"]});
            for key in ["thread_ts", "metadata"] {
                if !message[key].is_null() && (has_metadata || key != "metadata") {
                    shown[key] = message[key].clone();
                }
            }
            shown
        })
        .collect();
    found.reverse();
    page("messages", found, fields)
}

/// One page of a list: at most `limit` entries from `cursor` on.
fn page(key: &str, entries: Vec<Value>, fields: &Value) -> Response {
    let start = match text_of(&fields["cursor"]).as_str() {
        "" => 0,
        cursor => match cursor.strip_prefix("from-").map(str::parse) {
            Some(Ok(start)) => start,
            _ => return refusal("invalid_cursor"),
        },
    };
    let limit = number(&fields["limit"]).map_or(PAGE, |limit| (limit as usize).clamp(1, 1_000));
    let count = entries.len();
    let shown: Vec<Value> = entries.into_iter().skip(start).take(limit).collect();
    let end = start + shown.len();
    let next = if end < count {
        format!("from-{end}")
    } else {
        String::new()
    };
    let document = json!({"ok": true, key: shown, "has_more": end < count,
        "response_metadata": {"next_cursor": next}});
    Json(document).into_response()
}

fn is_member(channel: &Value) -> bool {
    channel["members"]
        .as_array()
        .is_none_or(|members| members.iter().any(|member| member == "U0BOT"))
}

fn number(value: &Value) -> Option<f64> {
    value
        .as_f64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// A field as text: a form has nothing else, a JSON body has flags and numbers too.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

async fn user_by_email(State(state): Sim, headers: HeaderMap, body: Bytes) -> Response {
    answer(&state, SERVICE, "user_by_email", || {
        let fields = fields(&headers, &body);
        let wanted = fields["email"].as_str().unwrap_or_default().to_lowercase();
        let slack = document(&state, SERVICE);
        let found = entries(&slack, "users").find(|(_, user)| {
            user["email"].as_str().map(str::to_lowercase) == Some(wanted.clone())
        });
        user_answer(found)
    })
    .await
}

async fn user_info(State(state): Sim, headers: HeaderMap, body: Bytes) -> Response {
    answer(&state, SERVICE, "user_info", || {
        let fields = fields(&headers, &body);
        let wanted = fields["user"].as_str().unwrap_or_default();
        let slack = document(&state, SERVICE);
        match entries(&slack, "users").find(|(id, _)| *id == wanted) {
            Some(found) => user_answer(Some(found)),
            None => refusal("user_not_found"),
        }
    })
    .await
}

async fn groups(State(state): Sim) -> Response {
    answer(&state, SERVICE, "group", || {
        let slack = document(&state, SERVICE);
        let groups: Vec<Value> = entries(&slack, "usergroups")
            .map(|(id, group)| json!({"id": id, "handle": group["handle"], "name": group["name"]}))
            .collect();
        Json(json!({"ok": true, "usergroups": groups})).into_response()
    })
    .await
}

async fn auth_test(State(state): Sim) -> Response {
    answer(&state, SERVICE, "identity", || {
        let document = json!({"ok": true, "url": "https://example.slack.com/", "team": "example",
            "user": "qe-release-bot", "team_id": "T01", "user_id": "U0BOT", "bot_id": "B01"});
        Json(document).into_response()
    })
    .await
}

fn user_answer(found: Option<(&str, &Value)>) -> Response {
    let Some((id, user)) = found else {
        return refusal("users_not_found");
    };
    let user = json!({"id": id, "name": user["name"], "profile": {"email": user["email"]}});
    Json(json!({"ok": true, "user": user})).into_response()
}

/// The channel with this identity or, behind `#` or without, this name.
fn channel<'a>(slack: &'a Value, wanted: &str) -> Option<(&'a str, &'a Value)> {
    let name = wanted.trim_start_matches('#');
    entries(slack, "channels").find(|(id, channel)| *id == wanted || channel["name"] == name)
}

fn entries<'a>(slack: &'a Value, kind: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let entries = slack.get(kind).and_then(Value::as_object);
    entries
        .into_iter()
        .flatten()
        .map(|(id, entry)| (id.as_str(), entry))
}

/// The fields of a JSON or form body.
fn fields(headers: &HeaderMap, body: &[u8]) -> Value {
    let kind = headers.get(header::CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.contains("json")));
    if is_json {
        return serde_json::from_slice(body).unwrap_or_default();
    }
    let pairs: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let fields: Map<String, Value> = pairs
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect();
    fields.into()
}

fn refusal(word: &str) -> Response {
    let document = json!({"ok": false, "error": word});
    (StatusCode::OK, Json(document)).into_response()
}
