//! The cells of one tab: what is typed, what is kept, what is shown.
//!
//! A cell is `{"value": text, number or boolean}` or `{"formula": "=…"}`; text may have `runs`, the
//! vendor's `textFormatRuns`. `HYPERLINK` is the one function that is known.

use serde_json::{Map, Value, json};

use super::a1::{Area, cell};

/// Rows of a tab that does not say how many it has.
pub const ROWS: usize = 1_000;

/// Columns of a tab that does not say how many it has.
pub const COLUMNS: usize = 26;

/// Rows and columns of a tab.
pub fn size(tab: &Value) -> (usize, usize) {
    let count = |name: &str, usual: usize| {
        tab[name]
            .as_u64()
            .map_or(usual, |count| usize::try_from(count).unwrap_or(usual))
    };
    (count("rows", ROWS), count("columns", COLUMNS))
}

/// Returns the rows of an area without the empty end of each and of the whole.
pub fn rows(tab: &Value, area: Area, render: &str) -> Vec<Vec<Value>> {
    let cells = &tab["cells"];
    let mut rows: Vec<Vec<Value>> = (area.top..area.end_row())
        .map(|row| {
            let columns = area.left..area.end_column();
            let mut row: Vec<_> = columns
                .map(|column| shown(&cells[cell(row, column)], render))
                .collect();
            while row.last().is_some_and(is_nothing) {
                row.pop();
            }
            row
        })
        .collect();
    while rows.last().is_some_and(Vec::is_empty) {
        rows.pop();
    }
    rows
}

/// The same by columns.
pub fn columns(tab: &Value, area: Area, render: &str) -> Vec<Vec<Value>> {
    let single = |column: usize| Area {
        left: column,
        right: Some(column + 1),
        ..area
    };
    let mut columns: Vec<Vec<Value>> = (area.left..area.end_column())
        .map(|column| {
            let rows = rows(tab, single(column), render);
            rows.into_iter()
                .map(|row| row.into_iter().next().unwrap_or_else(|| json!("")))
                .collect()
        })
        .collect();
    while columns.last().is_some_and(Vec::is_empty) {
        columns.pop();
    }
    columns
}

/// Puts what was typed into a cell; `null` leaves it as it is, nothing empties it.
pub fn put(tab: &mut Value, row: usize, column: usize, typed: &Value, is_raw: bool) {
    if typed.is_null() {
        return;
    }
    let kept = match typed {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) if is_raw => Some(json!({"value": text})),
        Value::String(text) => Some(entered(text)),
        other => Some(json!({"value": other})),
    };
    set(tab, row, column, kept);
}

/// Replaces a cell; `None` empties it.
pub fn set(tab: &mut Value, row: usize, column: usize, kept: Option<Value>) {
    let cells = cells(tab);
    let name = cell(row, column);
    match kept {
        Some(kept) => {
            cells.insert(name, kept);
        }
        None => {
            cells.shift_remove(&name);
        }
    }
}

/// How many rows there are down to the last that holds something.
pub fn used_rows(tab: &Value) -> usize {
    let (all, columns) = size(tab);
    let whole = Area::ALL.within(all, columns);
    rows(tab, whole, "FORMATTED_VALUE").len()
}

/// Takes text as a person's typing.
fn entered(text: &str) -> Value {
    if text.starts_with('=') && text.len() > 1 {
        return json!({"formula": text});
    }
    if let Some(text) = text.strip_prefix('\'') {
        return json!({"value": text});
    }
    match text.to_ascii_uppercase().as_str() {
        "TRUE" => return json!({"value": true}),
        "FALSE" => return json!({"value": false}),
        _ => {}
    }
    match number(text) {
        Some(number) => json!({"value": number}),
        None => json!({"value": text}),
    }
}

/// A plain decimal number, whose zeros at the end are lost: `4.20` becomes 4.2.
fn number(text: &str) -> Option<Value> {
    let digits = text.trim().trim_start_matches(['-', '+']);
    let is_number = digits.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.')
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !is_number {
        return None;
    }
    let text = text.trim().trim_start_matches('+');
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    text.parse::<f64>().ok().map(Value::from)
}

/// What a reader gets of a cell.
fn shown(kept: &Value, render: &str) -> Value {
    let value = match kept["formula"].as_str() {
        Some(formula) if render == "FORMULA" => return formula.into(),
        Some(formula) => result(formula),
        None => kept["value"].clone(),
    };
    match value {
        Value::Null => json!(""),
        Value::Bool(is_true) if render == "FORMATTED_VALUE" => {
            json!(if is_true { "TRUE" } else { "FALSE" })
        }
        Value::Number(number) if render == "FORMATTED_VALUE" => json!(number.to_string()),
        other => other,
    }
}

/// What a formula comes to.
fn result(formula: &str) -> Value {
    let call = formula.trim_start_matches('=').trim();
    let is_link = call
        .get(..10)
        .is_some_and(|name| name.eq_ignore_ascii_case("HYPERLINK("));
    let arguments = call
        .get(10..)
        .filter(|_| is_link)
        .and_then(|rest| rest.trim_end().strip_suffix(')'))
        .and_then(texts);
    match arguments.as_deref() {
        Some([address]) => json!(address),
        Some([_, label]) => json!(label),
        _ if is_link => json!("#ERROR!"),
        _ => json!("#NAME?"),
    }
}

/// The texts in quotes between commas; a quote inside is doubled.
fn texts(list: &str) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    let mut rest = list.trim();
    loop {
        rest = rest.strip_prefix('"')?;
        let mut text = String::new();
        loop {
            let (before, after) = rest.split_once('"')?;
            text.push_str(before);
            rest = after;
            let Some(inner) = rest.strip_prefix('"') else {
                break;
            };
            text.push('"');
            rest = inner;
        }
        texts.push(text);
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some(texts);
        }
        rest = rest.strip_prefix([',', ';'])?.trim_start();
    }
}

fn is_nothing(value: &Value) -> bool {
    value == ""
}

fn cells(tab: &mut Value) -> &mut Map<String, Value> {
    if !tab["cells"].is_object() {
        tab["cells"] = json!({});
    }
    tab["cells"]
        .as_object_mut()
        .expect("it was just made an object")
}
