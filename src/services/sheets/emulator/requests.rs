//! What `:batchUpdate` does to a document: one request after the other, all or none.

use serde_json::{Map, Value, json};

use super::{
    grid::{COLUMNS, ROWS, set, size},
    refusal::Refusal,
};

/// Carries requests out on a document; returns one reply for each. After a refusal the document
/// is of no use.
pub fn carry_out(document: &mut Value, requests: &[Value]) -> Result<Vec<Value>, Refusal> {
    let mut replies = Vec::new();
    for (place, request) in requests.iter().enumerate() {
        let (kind, body) = request
            .as_object()
            .filter(|request| request.len() == 1)
            .and_then(|request| request.iter().next())
            .ok_or_else(|| {
                Refusal::invalid(format!("Invalid requests[{place}]: No request set."))
            })?;
        let wrong = |trouble: String| {
            Refusal::invalid(format!("Invalid requests[{place}].{kind}: {trouble}"))
        };
        let reply = match kind.as_str() {
            "addSheet" => add(document, body).map_err(wrong)?,
            "duplicateSheet" => duplicate(document, body).map_err(wrong)?,
            "deleteSheet" => delete(document, body).map_err(wrong)?,
            "updateSheetProperties" => rename(document, body).map_err(wrong)?,
            "updateCells" => update_cells(document, body).map_err(wrong)?,
            other => return Err(Refusal::unknown(other)),
        };
        replies.push(reply);
    }
    Ok(replies)
}

/// The properties of the tab at `index`, as the vendor shows them.
pub fn properties(tab: &Value, index: usize) -> Value {
    let (rows, columns) = size(tab);
    json!({
        "sheetId": tab["id"],
        "title": tab["title"],
        "index": index,
        "sheetType": "GRID",
        "gridProperties": {"rowCount": rows, "columnCount": columns},
    })
}

fn add(document: &mut Value, body: &Value) -> Result<Value, String> {
    let wanted = &body["properties"];
    let count = tabs(document).len();
    let id = free_id(document, &wanted["sheetId"])?;
    let title = match wanted["title"].as_str() {
        Some(title) => free_title(document, title, None)?,
        None => unused_title(document, |number| format!("Sheet{number}")),
    };
    let grid = &wanted["gridProperties"];
    let tab = json!({
        "id": id,
        "title": title,
        "rows": grid["rowCount"].as_u64().unwrap_or(ROWS as u64),
        "columns": grid["columnCount"].as_u64().unwrap_or(COLUMNS as u64),
        "cells": {},
    });
    let place = insert(document, tab, wanted["index"].as_u64(), count);
    Ok(json!({"addSheet": {"properties": properties(&tabs(document)[place], place)}}))
}

fn duplicate(document: &mut Value, body: &Value) -> Result<Value, String> {
    // The vendor's zero is a number that may be left out.
    let source = place_of(document, body["sourceSheetId"].as_i64().unwrap_or(0))?;
    let mut tab = tabs(document)[source].clone();
    let id = free_id(document, &body["newSheetId"])?;
    let old = tab["title"].as_str().unwrap_or_default().to_owned();
    let title = match body["newSheetName"].as_str() {
        Some(title) => free_title(document, title, None)?,
        None => unused_title(document, |number| match number {
            1 => format!("Copy of {old}"),
            number => format!("Copy of {old} {number}"),
        }),
    };
    tab["id"] = id.into();
    tab["title"] = title.into();
    let place = insert(document, tab, body["insertSheetIndex"].as_u64(), 0);
    Ok(json!({"duplicateSheet": {"properties": properties(&tabs(document)[place], place)}}))
}

fn delete(document: &mut Value, body: &Value) -> Result<Value, String> {
    let place = place_of(document, body["sheetId"].as_i64().unwrap_or(0))?;
    if tabs(document).len() == 1 {
        return Err("You can't remove all the sheets in a document.".to_owned());
    }
    tabs_mut(document).remove(place);
    Ok(json!({}))
}

fn rename(document: &mut Value, body: &Value) -> Result<Value, String> {
    let wanted = &body["properties"];
    let place = place_of(document, wanted["sheetId"].as_i64().unwrap_or(0))?;
    let fields = body["fields"].as_str().unwrap_or_default();
    if fields.is_empty() {
        return Err("At least one field must be listed in 'fields'.".to_owned());
    }
    let has = |name: &str| fields == "*" || fields.split(',').any(|field| field.trim() == name);
    if has("title") {
        let title = wanted["title"].as_str().unwrap_or_default();
        let title = free_title(document, title, Some(place))?;
        tabs_mut(document)[place]["title"] = title.into();
    }
    for (field, kept) in [("rowCount", "rows"), ("columnCount", "columns")] {
        let count = &wanted["gridProperties"][field];
        let is_wanted = has("gridProperties") || has(&format!("gridProperties.{field}"));
        if is_wanted && count.is_u64() {
            tabs_mut(document)[place][kept] = count.clone();
        }
    }
    if has("index")
        && let Some(index) = wanted["index"].as_u64()
    {
        let tab = tabs_mut(document).remove(place);
        insert(document, tab, Some(index), 0);
    }
    Ok(json!({}))
}

fn update_cells(document: &mut Value, body: &Value) -> Result<Value, String> {
    let fields = body["fields"].as_str().unwrap_or_default();
    if fields.is_empty() {
        return Err("At least one field must be listed in 'fields'.".to_owned());
    }
    let (range, start) = (&body["range"], &body["start"]);
    let number = |value: &Value| {
        value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
    };
    let (id, top, left) = if range.is_object() {
        (
            &range["sheetId"],
            &range["startRowIndex"],
            &range["startColumnIndex"],
        )
    } else {
        (&start["sheetId"], &start["rowIndex"], &start["columnIndex"])
    };
    let place = place_of(document, id.as_i64().unwrap_or(0))?;
    let (rows, columns) = size(&tabs(document)[place]);
    let (top, left) = (number(top).unwrap_or(0), number(left).unwrap_or(0));
    let given = body["rows"].as_array().cloned().unwrap_or_default();
    let widest = given.iter().map(|row| values(row).len()).max().unwrap_or(0);
    let (bottom, right) = if range.is_object() {
        (
            number(&range["endRowIndex"]).unwrap_or(rows),
            number(&range["endColumnIndex"]).unwrap_or(columns),
        )
    } else {
        (top + given.len(), left + widest)
    };
    if bottom > rows || right > columns {
        return Err(format!(
            "Attempting to write column: {right}, row: {bottom} beyond the last requested of: {columns}, {rows}"
        ));
    }
    let tab = &mut tabs_mut(document)[place];
    // A cell of the range for which nothing is given loses the fields.
    for row in top..bottom {
        for column in left..right {
            let cell = given
                .get(row - top)
                .and_then(|row| values(row).get(column - left))
                .unwrap_or(&Value::Null);
            update_cell(tab, row, column, cell, fields)?;
        }
    }
    Ok(json!({}))
}

fn update_cell(
    tab: &mut Value,
    row: usize,
    column: usize,
    cell: &Value,
    fields: &str,
) -> Result<(), String> {
    let has = |name: &str| {
        fields == "*"
            || fields
                .split(',')
                .any(|field| field.trim().split('.').next() == Some(name))
    };
    let name = super::a1::cell(row, column);
    let mut kept = tab["cells"][&name].as_object().cloned().unwrap_or_default();
    if has("userEnteredValue") {
        kept = Map::new();
        let entered = &cell["userEnteredValue"];
        if let Some(formula) = entered["formulaValue"].as_str() {
            kept.insert("formula".to_owned(), formula.into());
        }
        for kind in ["stringValue", "numberValue", "boolValue"] {
            if !entered[kind].is_null() {
                kept.insert("value".to_owned(), entered[kind].clone());
            }
        }
    }
    if has("textFormatRuns") {
        kept.shift_remove("runs");
        if let Some(runs) = cell["textFormatRuns"].as_array() {
            check_runs(&kept, runs)?;
            kept.insert("runs".to_owned(), json!(runs));
        }
    }
    set(tab, row, column, (!kept.is_empty()).then_some(kept.into()));
    Ok(())
}

/// Runs begin in order, and inside of the text; its places count UTF-16 units.
fn check_runs(kept: &Map<String, Value>, runs: &[Value]) -> Result<(), String> {
    let text = kept
        .get("value")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let length = text.encode_utf16().count() as u64;
    let mut before = None;
    for run in runs {
        let start = run["startIndex"].as_u64().unwrap_or(0);
        if start >= length.max(1) {
            return Err(format!(
                "TextFormatRun.startIndex must be less than the length of the string: {start}"
            ));
        }
        if before.is_some_and(|before| before >= start) {
            return Err("TextFormatRuns must be in ascending order of startIndex.".to_owned());
        }
        before = Some(start);
    }
    Ok(())
}

fn values(row: &Value) -> &[Value] {
    row["values"].as_array().map_or(&[], Vec::as_slice)
}

fn tabs(document: &Value) -> &[Value] {
    document["tabs"].as_array().map_or(&[], Vec::as_slice)
}

fn tabs_mut(document: &mut Value) -> &mut Vec<Value> {
    if !document["tabs"].is_array() {
        document["tabs"] = json!([]);
    }
    document["tabs"]
        .as_array_mut()
        .expect("it was just made an array")
}

fn place_of(document: &Value, id: i64) -> Result<usize, String> {
    tabs(document)
        .iter()
        .position(|tab| tab["id"].as_i64() == Some(id))
        .ok_or_else(|| format!("No sheet with id: {id}"))
}

fn insert(document: &mut Value, tab: Value, index: Option<u64>, usual: usize) -> usize {
    let tabs = tabs_mut(document);
    let wanted = index.map_or(usual, |index| usize::try_from(index).unwrap_or(usize::MAX));
    let place = wanted.min(tabs.len());
    tabs.insert(place, tab);
    place
}

/// The wanted number if nothing has it, else the next after the largest.
fn free_id(document: &Value, wanted: &Value) -> Result<i64, String> {
    let taken = |id: i64| tabs(document).iter().any(|tab| tab["id"] == id);
    match wanted.as_i64() {
        Some(id) if taken(id) => Err(format!(
            "A sheet with the ID {id} already exists. Please enter another ID."
        )),
        Some(id) => Ok(id),
        None => {
            let largest = tabs(document)
                .iter()
                .filter_map(|tab| tab["id"].as_i64())
                .max();
            Ok(largest.unwrap_or(0) + 1)
        }
    }
}

/// Titles that differ only by case are the same.
fn free_title(document: &Value, title: &str, own: Option<usize>) -> Result<String, String> {
    let is_taken = tabs(document).iter().enumerate().any(|(place, tab)| {
        Some(place) != own
            && tab["title"]
                .as_str()
                .is_some_and(|taken| taken.to_lowercase() == title.to_lowercase())
    });
    if title.is_empty() {
        return Err("Sheet name cannot be empty.".to_owned());
    }
    if is_taken {
        return Err(format!(
            "A sheet with the name \"{title}\" already exists. Please enter another name."
        ));
    }
    Ok(title.to_owned())
}

fn unused_title(document: &Value, name: impl Fn(usize) -> String) -> String {
    (1..)
        .map(name)
        .find(|title| free_title(document, title, None).is_ok())
        .expect("there are more numbers than tabs")
}
