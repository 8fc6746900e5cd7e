//! What unquoted text is under YAML 1.1, as PyYAML resolves it.

use std::sync::LazyLock;

use regex::Regex;

/// What plain text is under YAML 1.1. `Other` are times and the marks `=` and `<<`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Resolved {
    Text,
    Null,
    Bool(bool),
    Int,
    Float,
    Other,
}

/// Says what plain `text` is for PyYAML.
pub(super) fn resolve(text: &str) -> Resolved {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Resolved::Bool(true);
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Resolved::Bool(false);
        }
        "<<" | "=" | "!" | "&" | "*" => return Resolved::Other,
        _ => {}
    }
    let first = text.as_bytes()[0];
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.')) {
        return Resolved::Text;
    }
    if FLOAT.is_match(text) {
        Resolved::Float
    } else if INT.is_match(text) {
        Resolved::Int
    } else if TIME.is_match(text) {
        Resolved::Other
    } else {
        Resolved::Text
    }
}

static FLOAT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?
    | \.[0-9][0-9_]*(?:[eE][-+][0-9]+)?
    | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*
    | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)",
    )
});

static INT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[-+]?0b[01_]+ | [-+]?0[0-7_]+ | [-+]?(?:0|[1-9][0-9_]*) | [-+]?0x[0-9a-fA-F_]+
    | [-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+",
    )
});

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[\x20\t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?
      (?:[\x20\t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?",
    )
});

fn pattern(alternatives: &str) -> Regex {
    Regex::new(&format!("(?x)^(?:{alternatives})$")).expect("the patterns are part of the program")
}

/// The number as it is written back: decimal, or the text itself when it is too large.
pub(super) fn decimal(text: &str) -> String {
    let digits = text.replace('_', "");
    let (is_negative, digits) = match digits.as_bytes() {
        [b'-', ..] => (true, &digits[1..]),
        [b'+', ..] => (false, &digits[1..]),
        _ => (false, digits.as_str()),
    };
    let number = if let Some(binary) = digits.strip_prefix("0b") {
        i128::from_str_radix(binary, 2).ok()
    } else if let Some(hex) = digits.strip_prefix("0x") {
        i128::from_str_radix(hex, 16).ok()
    } else if digits.contains(':') {
        digits.split(':').try_fold(0_i128, |sum, part| {
            sum.checked_mul(60)?.checked_add(part.parse().ok()?)
        })
    } else if digits.len() > 1 && digits.starts_with('0') {
        i128::from_str_radix(digits, 8).ok()
    } else {
        digits.parse().ok()
    };
    match number {
        Some(number) if is_negative => (-number).to_string(),
        Some(number) => number.to_string(),
        None => text.to_owned(),
    }
}
