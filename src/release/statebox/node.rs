//! A YAML value with the order of its keys, typed as YAML 1.1 types plain text.
//!
//! The document is kept as such a tree, so that keys nobody here knows survive every change. What
//! the keys mean is left to `parse`, the bytes to `read` and `emit`.

use serde_json::{Map, Number, Value};

use super::resolve::{Resolved, decimal, resolve};

/// A YAML value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Text, a number, a flag or nothing.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// Keys and values in the order of the file.
    Map(Vec<(Node, Node)>),
}

/// A single value: what it is and the text it was written as.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scalar {
    pub(super) kind: ScalarKind,
    pub(super) text: String,
}

/// What a scalar is for a reader of YAML 1.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ScalarKind {
    Null,
    Bool(bool),
    Int,
    Float,
    Text,
}

impl Node {
    pub(super) const EMPTY: &str = "null";

    pub(super) fn null() -> Self {
        Self::scalar(ScalarKind::Null, Self::EMPTY)
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::scalar(ScalarKind::Text, text)
    }

    pub(super) fn bool(flag: bool) -> Self {
        Self::scalar(ScalarKind::Bool(flag), if flag { "true" } else { "false" })
    }

    pub(super) fn optional_text(text: Option<impl Into<String>>) -> Self {
        text.map_or_else(Self::null, Self::text)
    }

    /// What unquoted `text` is. Times stay text: a reader that makes them dates loses their form.
    pub(super) fn plain(text: &str) -> Self {
        match resolve(text) {
            Resolved::Null => Self::scalar(ScalarKind::Null, text),
            Resolved::Bool(flag) => Self::scalar(ScalarKind::Bool(flag), text),
            Resolved::Int => Self::scalar(ScalarKind::Int, decimal(text)),
            Resolved::Float => Self::scalar(ScalarKind::Float, text),
            Resolved::Text | Resolved::Other => Self::text(text),
        }
    }

    /// Makes a map with text keys.
    pub(super) fn map<const N: usize>(entries: [(&str, Node); N]) -> Self {
        Self::Map(
            entries
                .into_iter()
                .map(|(key, value)| (Self::text(key), value))
                .collect(),
        )
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let Self::Map(entries) = self else {
            return None;
        };
        entries
            .iter()
            .find_map(|(name, value)| name.is_text(key).then_some(value))
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let Self::Map(entries) = self else {
            return None;
        };
        entries
            .iter_mut()
            .find_map(|(name, value)| name.is_text(key).then_some(value))
    }

    /// Replaces the value of `key`, or adds it at the end.
    pub(super) fn set(&mut self, key: &str, value: Node) {
        if let Some(place) = self.get_mut(key) {
            *place = value;
        } else if let Self::Map(entries) = self {
            entries.push((Self::text(key), value));
        }
    }

    /// The list under `key`, which is added when it is absent.
    pub(super) fn list_mut(&mut self, key: &str) -> Option<&mut Vec<Node>> {
        if self.get(key).is_none() {
            self.set(key, Self::List(Vec::new()));
        }
        match self.get_mut(key) {
            Some(Self::List(items)) => Some(items),
            _ => None,
        }
    }

    /// The text of a scalar as it was written, `None` for null, lists and maps.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Scalar(scalar) if scalar.kind != ScalarKind::Null => Some(&scalar.text),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(scalar) if scalar.kind == ScalarKind::Null)
    }

    /// The JSON form, with the same order of keys.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Scalar(scalar) => scalar.to_json(),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| (key.key_text(), value.to_json()))
                    .collect(),
            ),
        }
    }

    pub(super) fn from_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::null(),
            Value::Bool(flag) => Self::bool(*flag),
            Value::Number(number) if number.is_f64() => {
                Self::scalar(ScalarKind::Float, float_text(number))
            }
            Value::Number(number) => Self::scalar(ScalarKind::Int, number.to_string()),
            Value::String(text) => Self::text(text),
            Value::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Value::Object(entries) => Self::from_entries(entries),
        }
    }

    pub(super) fn from_entries(entries: &Map<String, Value>) -> Self {
        Self::Map(
            entries
                .iter()
                .map(|(key, value)| (Self::text(key), Self::from_json(value)))
                .collect(),
        )
    }

    pub(super) fn scalar(kind: ScalarKind, text: impl Into<String>) -> Self {
        Self::Scalar(Scalar {
            kind,
            text: text.into(),
        })
    }

    /// The key as people and JSON read it.
    pub(super) fn key_text(&self) -> String {
        match self {
            Self::Scalar(scalar) => match scalar.kind {
                ScalarKind::Null => Self::EMPTY.to_owned(),
                ScalarKind::Bool(flag) => flag.to_string(),
                _ => scalar.text.clone(),
            },
            _ => self.to_json().to_string(),
        }
    }

    fn is_text(&self, text: &str) -> bool {
        matches!(self, Self::Scalar(scalar)
            if scalar.kind == ScalarKind::Text && scalar.text == text)
    }
}

impl Scalar {
    fn to_json(&self) -> Value {
        let as_text = || Value::String(self.text.clone());
        match self.kind {
            ScalarKind::Null => Value::Null,
            ScalarKind::Bool(flag) => Value::Bool(flag),
            ScalarKind::Int => match (self.text.parse::<i64>(), self.text.parse::<u64>()) {
                (Ok(number), _) => number.into(),
                (_, Ok(number)) => number.into(),
                _ => as_text(),
            },
            ScalarKind::Float => self
                .text
                .replace('_', "")
                .parse()
                .ok()
                .and_then(Number::from_f64)
                .map_or_else(as_text, Value::Number),
            ScalarKind::Text => as_text(),
        }
    }
}

/// A fraction as YAML 1.1 readers recognise it: with a point, an exponent with a sign.
fn float_text(number: &Number) -> String {
    let text = number.to_string();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text.as_str(), None),
    };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    match exponent {
        Some(exponent) if exponent.starts_with(['-', '+']) => {
            format!("{mantissa}{point}e{exponent}")
        }
        Some(exponent) => format!("{mantissa}{point}e+{exponent}"),
        None => format!("{mantissa}{point}"),
    }
}
