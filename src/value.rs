//! JSON documents as script values and back.
//!
//! Numbers beyond 64-bit signed integers become text, because scripts have no larger integer and
//! a float would lose digits.

use rhai::{Array, Blob, Dynamic, Map};
use serde_json::{Number, Value};

use crate::error::{Error, Result};

/// Returns `value` as scripts see it: `null` is `()`, objects are maps.
pub fn to_dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => number_to_dynamic(number),
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(to_dynamic).collect::<Array>().into(),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.as_str().into(), to_dynamic(value)))
            .collect::<Map>()
            .into(),
    }
}

/// Returns the JSON form of a script value.
///
/// Fails with `invalid` for values that have none, such as functions and host objects.
pub fn to_json(value: &Dynamic) -> Result<Value> {
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(flag) = value.as_bool() {
        return Ok(flag.into());
    }
    if let Ok(number) = value.as_int() {
        return Ok(number.into());
    }
    if let Ok(number) = value.as_float() {
        return Ok(Number::from_f64(number).map_or(Value::Null, Value::Number));
    }
    if let Ok(letter) = value.as_char() {
        return Ok(letter.to_string().into());
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(text.as_str().into());
    }
    if let Some(items) = value.read_lock::<Array>() {
        return items
            .iter()
            .map(to_json)
            .collect::<Result<Vec<_>>>()
            .map(Value::Array);
    }
    if let Some(entries) = value.read_lock::<Map>() {
        return entries
            .iter()
            .map(|(key, value)| Ok((key.to_string(), to_json(value)?)))
            .collect::<Result<serde_json::Map<_, _>>>()
            .map(Value::Object);
    }
    if let Some(bytes) = value.read_lock::<Blob>() {
        return Ok(Value::Array(
            bytes.iter().map(|byte| (*byte).into()).collect(),
        ));
    }
    Err(Error::invalid(format!(
        "a `{}` has no JSON form",
        value.type_name()
    )))
}

fn number_to_dynamic(number: &Number) -> Dynamic {
    if let Some(integer) = number.as_i64() {
        integer.into()
    } else if number.is_u64() {
        number.to_string().into()
    } else {
        number.as_f64().unwrap_or(f64::NAN).into()
    }
}
