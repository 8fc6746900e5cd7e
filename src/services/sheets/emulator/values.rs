//! The values of ranges: read, written, appended and emptied as the vendor does.

use serde_json::{Value, json};

use super::{
    Answer, Pairs,
    a1::{self, Area},
    first, grid,
    refusal::Refusal,
    tabs,
};

/// Finds the tab of a range, and its cells; an end that is not named is open.
pub(super) fn find(document: &Value, range: &str) -> Result<(usize, Area), Refusal> {
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

pub(super) fn value_range(document: &Value, range: &str, query: &Pairs) -> Answer {
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
pub(super) fn written(
    document: &mut Value,
    id: &str,
    range: &str,
    body: &Value,
    is_raw: bool,
) -> Answer {
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

pub(super) fn appended(
    document: &mut Value,
    id: &str,
    range: &str,
    body: &Value,
    is_raw: bool,
) -> Answer {
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

pub(super) fn emptied(document: &mut Value, range: &str) -> Result<String, Refusal> {
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
