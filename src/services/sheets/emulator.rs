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
mod account;
mod fields;
mod grid;
mod refusal;
mod requests;

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

use a1::Area;
pub use account::{EMAIL, key_file};
use refusal::Refusal;

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

/// Returns a document that the caller may read or write, if the quota allows.
fn open(state: &SimState, headers: &HeaderMap, id: &str, what: &str) -> Answer {
    check(
        state,
        headers,
        &["spreadsheets", "drive", "drive.file", "feeds"],
    )?;
    spend(state, what)?;
    let found = document(state, SERVICE)["spreadsheets"][id].clone();
    if found.is_null() {
        return Err(Refusal::not_found());
    }
    if !is_shared(&found) {
        return Err(Refusal::denied("The caller does not have permission"));
    }
    Ok(found)
}

/// Holds the caller's token against the scopes of which one is needed.
fn check(state: &SimState, headers: &HeaderMap, needed: &[&str]) -> Result<(), Refusal> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let Some(token) = token else {
        return Err(Refusal::unauthenticated(
            "Request is missing required authentication credential. Expected OAuth 2 access token, \
             login cookie or other valid authentication credential.",
        ));
    };
    let Some(scopes) = account::scopes(token, state.clock().now()) else {
        return Err(Refusal::unauthenticated(
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login \
             cookie or other valid authentication credential.",
        ));
    };
    let is_enough = scopes
        .split_whitespace()
        .filter_map(|scope| scope.rsplit('/').next())
        .any(|scope| needed.contains(&scope));
    if is_enough {
        return Ok(());
    }
    Err(Refusal::denied(
        "Request had insufficient authentication scopes.",
    ))
}

/// Counts a call of this minute when there is a quota.
fn spend(state: &SimState, what: &str) -> Result<(), Refusal> {
    let Some(most) = document(state, SERVICE)["quota_per_minute"].as_u64() else {
        return Ok(());
    };
    let minute = state.clock().now().as_second() / 60;
    let is_left = state.change(|stored| {
        let used = &mut stored.documents[SERVICE]["used"];
        if used["minute"] != minute {
            *used = json!({"minute": minute, "Read": 0, "Write": 0});
        }
        let count = used[what].as_u64().unwrap_or(0);
        used[what] = (count + 1).into();
        count < most
    });
    match is_left {
        Ok(true) => Ok(()),
        _ => Err(Refusal::used_up(what)),
    }
}

/// Changes a document that the caller may write. Nobody comes in between, and what is refused
/// changes nothing.
fn alter<T>(
    state: &SimState,
    headers: &HeaderMap,
    id: &str,
    change: impl FnOnce(&mut Value) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    open(state, headers, id, "Write")?;
    let changed = state.change(|stored| {
        let mut document = stored.documents[SERVICE]["spreadsheets"][id].clone();
        let answer = change(&mut document)?;
        stored.documents[SERVICE]["spreadsheets"][id] = document;
        Ok(answer)
    });
    changed.unwrap_or_else(|error| Err(Refusal::broken(&error.to_string())))
}

fn is_shared(document: &Value) -> bool {
    let shared = document["shared_with"].as_array();
    shared.is_some_and(|shared| shared.iter().any(|address| address == EMAIL))
}

fn tabs(document: &Value) -> &[Value] {
    document["tabs"].as_array().map_or(&[], Vec::as_slice)
}

/// Finds the tab of a range, and its cells; an end that is not named is open.
fn find(document: &Value, range: &str) -> Result<(usize, Area), Refusal> {
    let wrong = || Refusal::invalid(format!("Unable to parse range: {range}"));
    let (title, cells) = a1::split(range);
    let place = match title {
        None => (!tabs(document).is_empty()).then_some(0),
        Some(title) => tabs(document)
            .iter()
            .position(|tab| tab["title"] == title.as_str()),
    };
    let place = place.ok_or_else(wrong)?;
    let area = match cells {
        Some(cells) => Area::read(cells).ok_or_else(wrong)?,
        None => Area::ALL,
    };
    let (rows, columns) = grid::size(&tabs(document)[place]);
    if area.top >= rows || area.left >= columns {
        return Err(Refusal::invalid(format!(
            "Range ({range}) exceeds grid limits. Max rows: {rows}, max columns: {columns}"
        )));
    }
    Ok((place, area))
}

fn value_range(document: &Value, range: &str, query: &Pairs) -> Answer {
    let render = first(query, "valueRenderOption").unwrap_or("FORMATTED_VALUE");
    let (place, area) = find(document, range)?;
    let tab = &tabs(document)[place];
    let (rows, columns) = grid::size(tab);
    let area = area.within(rows, columns);
    let dimension = first(query, "majorDimension").unwrap_or("ROWS");
    let values = match dimension {
        "COLUMNS" => grid::columns(tab, area, render),
        _ => grid::rows(tab, area, render),
    };
    let mut answer = json!({"range": name(tab, area), "majorDimension": dimension});
    if !values.is_empty() {
        answer["values"] = json!(values);
    }
    Ok(answer)
}

/// Writes one range of values; whatever does not fit into the range is refused.
fn written(document: &mut Value, id: &str, range: &str, body: &Value, is_raw: bool) -> Answer {
    let (place, area) = find(document, range)?;
    let given = by_rows(body);
    let tab = &mut document["tabs"][place];
    let (rows, columns) = grid::size(tab);
    let widest = given.iter().map(Vec::len).max().unwrap_or(0);
    let (bottom, right) = (area.top + given.len(), area.left + widest);
    let is_open = area.is_cell;
    let limits = area.within(rows, columns);
    let whole = name(tab, limits);
    if !is_open && bottom > limits.end_row() {
        return Err(Refusal::invalid(format!(
            "Requested writing within range [{whole}], but tried writing to row [{}]",
            limits.end_row() + 1
        )));
    }
    if !is_open && right > limits.end_column() {
        let column = a1::cell(0, limits.end_column());
        return Err(Refusal::invalid(format!(
            "Requested writing within range [{whole}], but tried writing to column [{}]",
            column.trim_end_matches('1')
        )));
    }
    if bottom > rows || right > columns {
        return Err(Refusal::invalid(format!(
            "Range ({range}) exceeds grid limits. Max rows: {rows}, max columns: {columns}"
        )));
    }
    let mut count = 0;
    for (row, cells) in given.iter().enumerate() {
        for (column, typed) in cells.iter().enumerate() {
            grid::put(tab, area.top + row, area.left + column, typed, is_raw);
            count += usize::from(!typed.is_null());
        }
    }
    let updated = Area {
        bottom: Some(bottom.max(area.top + 1)),
        right: Some(right.max(area.left + 1)),
        ..area
    };
    let mut answer = json!({"spreadsheetId": id, "updatedRange": name(tab, updated)});
    // Zeros are left out, as everywhere in the vendor's answers.
    for (key, number) in [
        ("updatedRows", given.len()),
        ("updatedColumns", widest),
        ("updatedCells", count),
    ] {
        if number > 0 {
            answer[key] = number.into();
        }
    }
    Ok(answer)
}

fn appended(document: &mut Value, id: &str, range: &str, body: &Value, is_raw: bool) -> Answer {
    let (place, area) = find(document, range)?;
    let tab = &mut document["tabs"][place];
    let (rows, columns) = grid::size(tab);
    let used = grid::used_rows(tab);
    let end = used + by_rows(body).len();
    if end > rows {
        tab["rows"] = end.into();
    }
    let table = Area {
        top: 0,
        bottom: Some(used),
        ..area
    };
    let table = (used > 0).then(|| name(tab, table.within(rows, columns)));
    let title = a1::quoted(tab["title"].as_str().unwrap_or_default());
    let start = format!("{title}!{}", a1::cell(used, area.left));
    let updates = written(document, id, &start, body, is_raw)?;
    let mut answer = json!({"spreadsheetId": id, "updates": updates});
    if let Some(table) = table {
        answer["tableRange"] = table.into();
    }
    Ok(answer)
}

fn emptied(document: &mut Value, range: &str) -> Result<String, Refusal> {
    let (place, area) = find(document, range)?;
    let tab = &mut document["tabs"][place];
    let (rows, columns) = grid::size(tab);
    let area = area.within(rows, columns);
    for row in area.top..area.end_row() {
        for column in area.left..area.end_column() {
            grid::set(tab, row, column, None);
        }
    }
    Ok(name(tab, area))
}

fn name(tab: &Value, area: Area) -> String {
    let title = tab["title"].as_str().unwrap_or_default();
    format!("{}!{area}", a1::quoted(title))
}

/// The values of a body by row, whichever way they came.
fn by_rows(body: &Value) -> Vec<Vec<Value>> {
    let lines: Vec<Vec<Value>> = body["values"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|line| line.as_array().cloned().unwrap_or_default())
        .collect();
    if body["majorDimension"] != "COLUMNS" {
        return lines;
    }
    let longest = lines.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest)
        .map(|row| {
            let cell = |line: &Vec<Value>| line.get(row).cloned().unwrap_or_default();
            lines.iter().map(cell).collect()
        })
        .collect()
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
