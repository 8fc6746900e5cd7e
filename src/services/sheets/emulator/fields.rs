//! Field masks: which parts of an answer a caller wants, such as `sheets.properties(title,sheetId)`.

use serde_json::{Map, Value};

/// Returns the wanted parts of a document, or `None` when the mask is none.
pub fn picked(document: &Value, mask: &str) -> Option<Value> {
    let paths = read(mask)?;
    Some(kept(document, &paths))
}

/// One name with what is wanted below it; everything when that is empty.
#[derive(Debug)]
struct Wanted {
    name: String,
    below: Vec<Wanted>,
}

fn read(mask: &str) -> Option<Vec<Wanted>> {
    parts(mask)?.into_iter().map(one).collect()
}

fn one(text: &str) -> Option<Wanted> {
    let text = text.trim();
    let end = text.find(['.', '/', '(']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return None;
    }
    let below = match rest.chars().next() {
        None => Vec::new(),
        Some('(') => read(rest.strip_prefix('(')?.strip_suffix(')')?)?,
        Some(_) => vec![one(&rest[1..])?],
    };
    Some(Wanted {
        name: name.to_owned(),
        below,
    })
}

/// Splits at the commas that stand in no parentheses.
fn parts(mask: &str) -> Option<Vec<&str>> {
    let (mut depth, mut start) = (0_usize, 0);
    let mut parts = Vec::new();
    for (place, letter) in mask.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                parts.push(&mask[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&mask[start..]);
    (depth == 0).then_some(parts)
}

fn kept(value: &Value, wanted: &[Wanted]) -> Value {
    if wanted.is_empty() || wanted.iter().any(|part| part.name == "*") {
        return value.clone();
    }
    match value {
        Value::Array(items) => items.iter().map(|item| kept(item, wanted)).collect(),
        Value::Object(map) => {
            let mut picked = Map::new();
            for part in wanted {
                let Some(value) = map.get(&part.name) else {
                    continue;
                };
                let value = kept(value, &part.below);
                // The same name may be wanted twice, for different parts of it.
                match picked.get_mut(&part.name) {
                    Some(before) => join(before, value),
                    None => {
                        picked.insert(part.name.clone(), value);
                    }
                }
            }
            picked.into()
        }
        other => other.clone(),
    }
}

fn join(before: &mut Value, more: Value) {
    match (before, more) {
        (Value::Object(before), Value::Object(more)) => {
            for (name, value) in more {
                match before.get_mut(&name) {
                    Some(place) => join(place, value),
                    None => {
                        before.insert(name, value);
                    }
                }
            }
        }
        (Value::Array(before), Value::Array(more)) => {
            for (place, value) in before.iter_mut().zip(more) {
                join(place, value);
            }
        }
        _ => {}
    }
}
