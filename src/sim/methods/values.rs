//! The values a scenario gives, checked and in our types.

use jiff::SignedDuration;
use rhai::{Array, Dynamic, Map};
use serde_json::Value;

use super::Answered;
use crate::value::to_json;

/// The longest time a scenario can name, so that no sum of them leaves the calendar.
pub(super) const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 100_000);

pub(super) fn span(count: i64, seconds: i64) -> Answered<SignedDuration> {
    if !(0..=100_000).contains(&count) {
        return Err(
            format!("a time in a scenario is a number from 0 to 100000, not {count}").into(),
        );
    }
    Ok(SignedDuration::from_secs(count * seconds))
}

pub(super) fn duration(
    options: &Map,
    key: &str,
    otherwise: Option<SignedDuration>,
) -> Answered<Option<SignedDuration>> {
    let Some(value) = options.get(key) else {
        return Ok(otherwise);
    };
    value
        .clone()
        .try_cast::<SignedDuration>()
        .map(Some)
        .ok_or_else(|| {
            format!(
                "`{key}` is a time such as hours(6), not a {}",
                value.type_name()
            )
            .into()
        })
}

pub(super) fn known_keys(options: &Map, known: &[&str]) -> Answered<()> {
    match options.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("no key `{key}`, the keys are {}", known.join(", ")).into()),
        None => Ok(()),
    }
}

pub(super) fn one_of(what: &str, word: &str, words: &[&str]) -> Answered<()> {
    if words.contains(&word) {
        return Ok(());
    }
    Err(format!("no {what} `{word}`, the words are {}", words.join(", ")).into())
}

pub(super) fn texts(name: &str, items: &Array) -> Answered<Vec<String>> {
    items
        .iter()
        .map(|item| {
            item.clone()
                .into_string()
                .map_err(|kind| format!("`{name}` holds text, not a {kind}").into())
        })
        .collect()
}

pub(super) fn way_of(keys: &Array) -> Answered<Vec<String>> {
    let way = texts("path", keys)?;
    if way.is_empty() {
        return Err("`path` is empty, it begins with a service".into());
    }
    Ok(way)
}

pub(super) fn json_of(value: &Dynamic) -> Answered<Value> {
    to_json(value).map_err(|error| error.to_string().into())
}
