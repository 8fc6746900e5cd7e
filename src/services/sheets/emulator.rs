//! The stand-in of Google Sheets, over `sheets.spreadsheets` of the simulated state, with the token
//! endpoint of its service account and as much of Drive as finds a document by its title.
//!
//! A document is `{title, shared_with, tabs: [{id, title, cells, rows?, columns?}]}`; who is in
//! `shared_with` may read and write. `sheets.quota_per_minute` limits reads and writes each, and
//! `sheets.is_clock_checked` holds assertions against the simulated clock.
//!
//! It keeps values, formulas and links in text, no other format. Of functions it knows `HYPERLINK`;
//! dates stay text. It appends below the last row in use, whatever table a range points at. Grid
//! data, filters, merges, charts and developer metadata are not there.

mod a1;
mod access;
mod account;
mod fields;
mod grid;
mod refusal;
mod requests;
mod values;

use std::sync::Arc;

use axum::{
    Form, Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use crate::{
    services::emulate::{answer, document},
    sim::state::SimState,
};

use access::{alter, check, is_shared, open};
pub use account::{EMAIL, key_file};
use refusal::Refusal;
use values::{appended, emptied, value_range, written};

const SERVICE: &str = "sheets";

type Sim = State<Arc<SimState>>;
type Pairs = Vec<(String, String)>;
type Answer = Result<Value, Refusal>;

/// Returns the routes.
pub fn router(state: Arc<SimState>) -> Router {
    Router::new()
        .route("/token", post(token))
        .route("/drive/v3/files", get(files))
        .route("/v4/spreadsheets/{id}", get(spreadsheet).post(update))
        .route("/v4/spreadsheets/{id}/values:batchGet", get(values))
        .route("/v4/spreadsheets/{id}/values:batchUpdate", post(write))
        .route("/v4/spreadsheets/{id}/values:batchClear", post(clear_all))
        .route(
            "/v4/spreadsheets/{id}/values/{range}",
            get(value).put(put_value).post(append_or_clear),
        )
        .with_state(state)
}

async fn token(State(state): Sim, headers: HeaderMap, Form(form): Form<Pairs>) -> Response {
    answer(&state, SERVICE, "token", || {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let audience = format!("http://{}/token", host.unwrap_or_default());
        let is_strict = document(&state, SERVICE)["is_clock_checked"] == true;
        account::token(&form, &audience, state.clock().now(), is_strict)
    })
    .await
}

async fn files(State(state): Sim, headers: HeaderMap, Query(query): Query<Pairs>) -> Response {
    answer(&state, SERVICE, "files", || {
        shown((|| {
            check(&state, &headers, &["drive"])?;
            let filter = first(&query, "q").unwrap_or_default();
            let name = title_in(filter);
            let all = document(&state, SERVICE)["spreadsheets"].clone();
            let files: Vec<_> = all
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(_, document)| is_shared(document))
                .filter(|(_, document)| {
                    name.as_deref().is_none_or(|name| document["title"] == name)
                })
                .map(|(id, document)| {
                    json!({"id": id, "name": document["title"], "kind": "drive#file",
                        "mimeType": "application/vnd.google-apps.spreadsheet"})
                })
                .collect();
            Ok(json!({"kind": "drive#fileList", "incompleteSearch": false, "files": files}))
        })())
    })
    .await
}

async fn spreadsheet(
    State(state): Sim,
    Path(id): Path<String>,
    headers: HeaderMap,
    Query(query): Query<Pairs>,
) -> Response {
    answer(&state, SERVICE, "spreadsheet", || {
        shown((|| {
            let found = open(&state, &headers, &id, "Read")?;
            if first(&query, "includeGridData") == Some("true") {
                return Err(Refusal::unknown("includeGridData"));
            }
            let sheets: Vec<_> = tabs(&found)
                .iter()
                .enumerate()
                .map(|(index, tab)| json!({"properties": requests::properties(tab, index)}))
                .collect();
            let document = json!({
                "spreadsheetId": id,
                "properties": {"title": found["title"], "locale": "en_US", "autoRecalc":
                    "ON_CHANGE", "timeZone": "Etc/GMT"},
                "sheets": sheets,
                "spreadsheetUrl": format!("https://docs.google.com/spreadsheets/d/{id}/edit"),
            });
            match first(&query, "fields") {
                Some(mask) => fields::picked(&document, mask)
                    .ok_or_else(|| Refusal::invalid("Request contains an invalid argument.")),
                None => Ok(document),
            }
        })())
    })
    .await
}

async fn values(
    State(state): Sim,
    Path(id): Path<String>,
    headers: HeaderMap,
    Query(query): Query<Pairs>,
) -> Response {
    answer(&state, SERVICE, "values", || {
        shown((|| {
            let found = open(&state, &headers, &id, "Read")?;
            let grids = query
                .iter()
                .filter(|(name, _)| name == "ranges")
                .map(|(_, range)| value_range(&found, range, &query))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(json!({"spreadsheetId": id, "valueRanges": grids}))
        })())
    })
    .await
}

async fn value(
    State(state): Sim,
    Path((id, range)): Path<(String, String)>,
    headers: HeaderMap,
    Query(query): Query<Pairs>,
) -> Response {
    answer(&state, SERVICE, "value", || {
        shown((|| {
            let found = open(&state, &headers, &id, "Read")?;
            value_range(&found, &range, &query)
        })())
    })
    .await
}

async fn write(
    State(state): Sim,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    answer(&state, SERVICE, "write", || {
        shown((|| {
            let is_raw = is_raw(body["valueInputOption"].as_str())?;
            let data = body["data"].as_array().cloned().unwrap_or_default();
            let answers = alter(&state, &headers, &id, |found| {
                data.iter()
                    .map(|range| {
                        let name = range["range"].as_str().unwrap_or_default();
                        written(found, &id, name, range, is_raw)
                    })
                    .collect::<Result<Vec<_>, _>>()
            })?;
            let sum = |name: &str| -> u64 {
                answers
                    .iter()
                    .filter_map(|answer| answer[name].as_u64())
                    .sum()
            };
            Ok(json!({
                "spreadsheetId": id,
                "totalUpdatedRows": sum("updatedRows"),
                "totalUpdatedColumns": sum("updatedColumns"),
                "totalUpdatedCells": sum("updatedCells"),
                "totalUpdatedSheets": u64::from(!answers.is_empty()),
                "responses": answers,
            }))
        })())
    })
    .await
}

async fn put_value(
    State(state): Sim,
    Path((id, range)): Path<(String, String)>,
    headers: HeaderMap,
    Query(query): Query<Pairs>,
    Json(body): Json<Value>,
) -> Response {
    answer(&state, SERVICE, "put_value", || {
        shown((|| {
            let is_raw = is_raw(first(&query, "valueInputOption"))?;
            alter(&state, &headers, &id, |found| {
                written(found, &id, &range, &body, is_raw)
            })
        })())
    })
    .await
}

/// A range in a path carries what is done to it: `A1:append`, `A1:B2:clear`.
async fn append_or_clear(
    State(state): Sim,
    Path((id, call)): Path<(String, String)>,
    headers: HeaderMap,
    Query(query): Query<Pairs>,
    Json(body): Json<Value>,
) -> Response {
    if let Some(range) = call.strip_suffix(":clear") {
        return answer(&state, SERVICE, "clear", || {
            shown((|| {
                let cleared = alter(&state, &headers, &id, |found| emptied(found, range))?;
                Ok(json!({"spreadsheetId": id, "clearedRange": cleared}))
            })())
        })
        .await;
    }
    answer(&state, SERVICE, "append", || {
        shown((|| {
            let range = call
                .strip_suffix(":append")
                .ok_or_else(|| Refusal::unknown(&call))?;
            let is_raw = is_raw(first(&query, "valueInputOption"))?;
            alter(&state, &headers, &id, |found| {
                appended(found, &id, range, &body, is_raw)
            })
        })())
    })
    .await
}

async fn clear_all(
    State(state): Sim,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    answer(&state, SERVICE, "clear", || {
        shown((|| {
            let ranges = body["ranges"].as_array().cloned().unwrap_or_default();
            let cleared = alter(&state, &headers, &id, |found| {
                ranges
                    .iter()
                    .map(|range| emptied(found, range.as_str().unwrap_or_default()))
                    .collect::<Result<Vec<_>, _>>()
            })?;
            Ok(json!({"spreadsheetId": id, "clearedRanges": cleared}))
        })())
    })
    .await
}

async fn update(
    State(state): Sim,
    Path(call): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    answer(&state, SERVICE, "update", || {
        shown((|| {
            let id = call
                .strip_suffix(":batchUpdate")
                .ok_or_else(|| Refusal::unknown(&call))?;
            let wanted = body["requests"].as_array().cloned().unwrap_or_default();
            if wanted.is_empty() {
                return Err(Refusal::invalid("Must specify at least one request."));
            }
            let replies = alter(&state, &headers, id, |found| {
                requests::carry_out(found, &wanted)
            })?;
            Ok(json!({"spreadsheetId": id, "replies": replies}))
        })())
    })
    .await
}

fn shown(answer: Answer) -> Response {
    match answer {
        Ok(document) => Json(document).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn tabs(document: &Value) -> &[Value] {
    document["tabs"].as_array().map_or(&[], Vec::as_slice)
}

fn is_raw(option: Option<&str>) -> Result<bool, Refusal> {
    match option {
        Some("RAW") => Ok(true),
        Some("USER_ENTERED") => Ok(false),
        _ => Err(Refusal::invalid(
            "'valueInputOption' is required but not specified",
        )),
    }
}

fn first<'a>(query: &'a Pairs, name: &str) -> Option<&'a str> {
    let mut pairs = query.iter().filter(|(key, _)| key == name);
    pairs.next().map(|(_, value)| value.as_str())
}

/// The title that a search of Drive asks for: `name = "…"`.
fn title_in(filter: &str) -> Option<String> {
    let (_, rest) = filter.split_once("name")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest
        .chars()
        .next()
        .filter(|letter| "'\"".contains(*letter))?;
    let mut title = String::new();
    let mut letters = rest.chars().skip(1);
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => title.extend(letters.next()),
            letter if letter == quote => return Some(title),
            letter => title.push(letter),
        }
    }
    None
}
