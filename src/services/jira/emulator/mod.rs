//! The stand-in of Jira Cloud, over `jira` of the simulated state.
//!
//! Tickets are kept in a short form and shown in the vendor's. It has version 2 of the API (`latest` and
//! 3 answer alike), a few workflows, and as much of the query language as [`jql`] says. It has no
//! boards, no attachments and no rich text.

mod creating;
mod history;
mod issue;
mod jql;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post, put},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    services::emulate::{answer, document},
    sim::state::SimState,
};
use issue::{shown, stamp, ways};

pub(super) const SERVICE: &str = "jira";

/// Pages of a search are no longer than this, whatever is asked for.
const LONGEST_PAGE: usize = 100;

type Sim = State<Arc<SimState>>;
type Pairs = Query<BTreeMap<String, String>>;
type Key = Path<(String, String)>;

/// Returns the routes.
pub fn router(state: Arc<SimState>) -> Router {
    let routes = Router::new()
        .route("/{version}/serverInfo", get(server_info))
        .route("/{version}/myself", get(myself))
        .route("/{version}/field", get(fields))
        .route("/{version}/search/jql", get(search))
        .route("/{version}/user/search", get(user_search))
        .route("/{version}/project/{key}", get(creating::project))
        .route("/{version}/project/{key}/versions", get(creating::versions))
        .route("/{version}/issue", post(creating::create))
        .route("/{version}/issue/{key}", get(read_issue).put(edit_issue))
        .route("/{version}/issue/{key}/changelog", get(history::changelog))
        .route("/{version}/issue/{key}/assignee", put(assign))
        .route(
            "/{version}/issue/{key}/transitions",
            get(transitions).post(transition),
        )
        .route(
            "/{version}/issue/{key}/comment",
            post(add_comment).get(comments),
        )
        .route("/{version}/issue/{key}/remotelink", get(links))
        .layer(middleware::from_fn_with_state(state.clone(), guard))
        .with_state(state);
    Router::new().nest("/rest/api", routes)
}

/// Lets nobody in without an account and its token. A world that names no tokens takes any.
async fn guard(State(state): Sim, request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|encoded| BASE64_STANDARD.decode(encoded).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let jira = document(&state, SERVICE);
    let is_in = given.as_deref().is_some_and(|given| {
        let has_both = given
            .split_once(':')
            .is_some_and(|(user, token)| !user.is_empty() && !token.is_empty());
        let tokens = jira["tokens"].as_array();
        has_both && tokens.is_none_or(|tokens| tokens.iter().any(|token| *token == given))
    });
    if !is_in {
        let text = "Client must be authenticated to access this resource.";
        return (StatusCode::UNAUTHORIZED, text).into_response();
    }
    next.run(request).await
}

async fn server_info(State(state): Sim) -> Response {
    answer(&state, SERVICE, "server_info", || {
        Json(
            json!({"version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud", "buildNumber": 100_291, "serverTitle": "Jira"}),
        )
        .into_response()
    })
    .await
}

async fn myself(State(state): Sim) -> Response {
    answer(&state, SERVICE, "identity", || {
        let jira = document(&state, SERVICE);
        Json(issue::user(&jira, &json!("self"))).into_response()
    })
    .await
}

async fn fields(State(state): Sim) -> Response {
    answer(&state, SERVICE, "fields", || {
        let named = issue::CUSTOM_FIELDS.map(|(id, name, _)| {
            let number = id.trim_start_matches("customfield_");
            json!({"id": id, "name": name, "custom": true, "clauseNames": [format!("cf[{number}]"), name]})
        });
        let plain = ["summary", "status", "labels", "assignee"]
            .map(|id| json!({"id": id, "name": id, "custom": false, "clauseNames": [id]}));
        let all: Vec<Value> = plain.into_iter().chain(named).collect();
        Json(all).into_response()
    })
    .await
}

async fn read_issue(State(state): Sim, Path((_, key)): Key, Query(query): Pairs) -> Response {
    answer(&state, SERVICE, "ticket", || {
        let jira = document(&state, SERVICE);
        match issue::find(&jira, &key) {
            Ok((key, entry)) => Json(shown(&jira, &key, &entry, &query)).into_response(),
            Err(refusal) => refusal,
        }
    })
    .await
}

async fn search(State(state): Sim, Query(query): Pairs) -> Response {
    answer(&state, SERVICE, "search", || {
        let jira = document(&state, SERVICE);
        let text = query.get("jql").map(String::as_str).unwrap_or_default();
        if let Some(message) = creating::unknown_version(&jira, text) {
            return refused(StatusCode::BAD_REQUEST, &message);
        }
        let mut found = match jql::search(&jira, text) {
            Ok(found) => found,
            Err(message) => return refused(StatusCode::BAD_REQUEST, &message),
        };
        found.retain(|key| creating::is_indexed(&jira["issues"][key], state.clock().now()));
        let asked: usize = query
            .get("maxResults")
            .and_then(|text| text.parse().ok())
            .unwrap_or(50);
        let limit = jira["page_size"]
            .as_u64()
            .map_or(LONGEST_PAGE, |size| size as usize);
        let size = asked.clamp(1, limit.max(1));
        let first: usize = match query.get("nextPageToken") {
            None => 0,
            Some(token) => match token
                .strip_prefix("page-")
                .and_then(|text| text.parse().ok())
            {
                Some(first) => first,
                None => return refused(StatusCode::BAD_REQUEST, "The page token is not valid."),
            },
        };
        let page: Vec<Value> = found
            .iter()
            .skip(first)
            .take(size)
            .map(|key| {
                let shown = shown(&jira, key, &jira["issues"][key], &query);
                history::cut(&jira, shown)
            })
            .collect();
        let next = first + page.len();
        let mut document = json!({"issues": page, "isLast": next >= found.len()});
        if next < found.len() {
            document["nextPageToken"] = format!("page-{next}").into();
        }
        Json(document).into_response()
    })
    .await
}

async fn user_search(State(state): Sim, Query(query): Pairs) -> Response {
    answer(&state, SERVICE, "person", || {
        let jira = document(&state, SERVICE);
        let wanted = query
            .get("query")
            .map(|text| text.to_lowercase())
            .unwrap_or_default();
        let with_inactive = query
            .get("includeInactive")
            .is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let users = jira["users"].as_object();
        let hits: Vec<Value> = users
            .into_iter()
            .flatten()
            .filter(|(id, user)| {
                let has = |value: &Value| {
                    value
                        .as_str()
                        .is_some_and(|text| text.to_lowercase().contains(&wanted))
                };
                // An address that its owner hides is searched all the same.
                (has(&user["email"]) || has(&user["name"]) || **id == wanted)
                    && (with_inactive || user["active"] != false)
            })
            .map(|(id, _)| issue::user(&jira, &id.as_str().into()))
            .collect();
        Json(hits).into_response()
    })
    .await
}

async fn assign(State(state): Sim, Path((_, key)): Key, Json(body): Json<Value>) -> Response {
    changing(&state, "assign", &key, |jira, key, now| {
        let account = &body["accountId"];
        let is_known = account.is_null()
            || account
                .as_str()
                .is_some_and(|id| jira["users"].get(id).is_some());
        if !is_known {
            return Err(invalid(
                "assignee",
                "Specify a valid value for the assignee",
            ));
        }
        let entry = &mut jira["issues"][key];
        let before = entry["assignee"].clone();
        issue::note(entry, "assignee", &before, account, now);
        entry["assignee"] = account.clone();
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}

async fn transitions(State(state): Sim, Path((_, key)): Key) -> Response {
    answer(&state, SERVICE, "transitions", || {
        let jira = document(&state, SERVICE);
        let (key, entry) = match issue::find(&jira, &key) {
            Ok(found) => found,
            Err(refusal) => return refusal,
        };
        let ways: Vec<Value> = ways(&key, entry["status"].as_str().unwrap_or_default())
            .into_iter()
            .map(|(id, name)| json!({"id": id, "name": name, "to": {"id": id, "name": name}, "isAvailable": true}))
            .collect();
        Json(json!({"expand": "transitions", "transitions": ways})).into_response()
    })
    .await
}

async fn transition(State(state): Sim, Path((_, key)): Key, Json(body): Json<Value>) -> Response {
    changing(&state, "transition", &key, |jira, key, now| {
        let entry = &mut jira["issues"][key];
        let before = entry["status"].clone();
        let ways = ways(key, before.as_str().unwrap_or_default());
        let wanted = &body["transition"]["id"];
        let way = ways.iter().find(|(id, _)| *wanted == id.as_str());
        let Some((_, status)) = way else {
            let text = "It seems that you have tried to perform a workflow operation that is not valid for the current state of this issue.";
            return Err(refused(StatusCode::BAD_REQUEST, text));
        };
        issue::note(entry, "status", &before, &json!(status), now);
        entry["status"] = json!(status);
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}

async fn add_comment(State(state): Sim, Path((_, key)): Key, Json(body): Json<Value>) -> Response {
    changing(&state, "comment", &key, |jira, key, now| {
        let Some(text) = body["body"].as_str().filter(|text| !text.trim().is_empty()) else {
            return Err(invalid("comment", "Comment body can not be empty!"));
        };
        let entry = &mut jira["issues"][key];
        if !entry["comments"].is_array() {
            entry["comments"] = json!([]);
        }
        let count = entry["comments"].as_array().map_or(0, Vec::len);
        let comment =
            json!({"id": format!("{}", 26_000_001 + count), "body": text, "created": stamp(now)});
        if let Some(comments) = entry["comments"].as_array_mut() {
            comments.push(comment.clone());
        }
        Ok((StatusCode::CREATED, Json(comment)).into_response())
    })
    .await
}

async fn comments(State(state): Sim, Path((_, key)): Key, Query(query): Pairs) -> Response {
    answer(&state, SERVICE, "comments", || {
        let jira = document(&state, SERVICE);
        let entry = match issue::find(&jira, &key) {
            Ok((_, entry)) => entry,
            Err(refusal) => return refusal,
        };
        let number = |name: &str, usual: usize| -> usize {
            query
                .get(name)
                .and_then(|text| text.parse().ok())
                .unwrap_or(usual)
        };
        let all = entry["comments"].as_array().cloned().unwrap_or_default();
        let first = number("startAt", 0);
        let limit = jira["page_size"]
            .as_u64()
            .map_or(LONGEST_PAGE, |size| size as usize);
        let size = number("maxResults", 50).clamp(1, limit.max(1));
        let page: Vec<&Value> = all.iter().skip(first).take(size).collect();
        Json(json!({"startAt": first, "maxResults": size, "total": all.len(), "comments": page}))
            .into_response()
    })
    .await
}

async fn edit_issue(State(state): Sim, Path((_, key)): Key, Json(body): Json<Value>) -> Response {
    changing(&state, "edit", &key, |jira, key, now| {
        let fields = body["fields"].as_object().cloned().unwrap_or_default();
        for (field, value) in fields {
            let name = match field.as_str() {
                "labels" | "summary" | "description" => field.clone(),
                _ => match issue::CUSTOM_FIELDS.iter().find(|(id, _, _)| *id == field) {
                    Some((_, _, short)) => (*short).to_owned(),
                    None => {
                        let text = format!("Field '{field}' cannot be set. It is not on the appropriate screen, or unknown.");
                        return Err(invalid(&field, &text));
                    }
                },
            };
            let accounts = value.as_array().into_iter().flatten();
            let stranger = accounts
                .filter_map(|entry| entry["accountId"].as_str())
                .any(|id| jira["users"].get(id).is_none());
            if stranger {
                return Err(invalid(&field, "Specify a valid value."));
            }
            let entry = &mut jira["issues"][key];
            let kept = issue::short(&value);
            let before = entry[&name].clone();
            issue::note(entry, issue::title(&name), &before, &kept, now);
            entry[&name] = kept;
        }
        history::relabel(&mut jira["issues"][key], &body["update"]["labels"], now)?;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}

async fn links(State(state): Sim, Path((_, key)): Key) -> Response {
    answer(&state, SERVICE, "links", || {
        let jira = document(&state, SERVICE);
        let entry = match issue::find(&jira, &key) {
            Ok((_, entry)) => entry,
            Err(refusal) => return refusal,
        };
        let links = entry["links"].as_array().cloned().unwrap_or_default();
        let links: Vec<Value> = links
            .iter()
            .enumerate()
            .map(|(place, url)| json!({"id": 9_001 + place, "relationship": "links to", "object": {"url": url, "title": url}}))
            .collect();
        Json(links).into_response()
    })
    .await
}

/// Answers a call that changes a ticket.
async fn changing(
    state: &SimState,
    operation: &str,
    key: &str,
    act: impl FnOnce(&mut Value, &str, jiff::Timestamp) -> Result<Response, Response>,
) -> Response {
    answer(state, SERVICE, operation, || {
        let now = state.clock().now();
        let changed = state.change(|stored| {
            let jira = &mut stored.documents[SERVICE];
            let (key, _) = issue::find(jira, key)?;
            act(jira, &key, now)
        });
        match changed {
            Ok(Ok(response) | Err(response)) => response,
            Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    })
    .await
}

fn refused(status: StatusCode, message: &str) -> Response {
    (
        status,
        Json(json!({"errorMessages": [message], "errors": {}})),
    )
        .into_response()
}

fn invalid(field: &str, message: &str) -> Response {
    let document = json!({"errorMessages": [], "errors": {field: message}});
    (StatusCode::BAD_REQUEST, Json(document)).into_response()
}
