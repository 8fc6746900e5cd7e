//! The part of Jira's query language that the stand-in understands: conditions joined by `AND`.
//!
//! `FIELD = X`, `!= X`, `in (X, Y)`, `not in (…)`, `~ "words"`, `is EMPTY`, `is not EMPTY`,
//! `status changed to X after 2027-03-01`. Anything else is refused as Jira refuses a bad query.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::issue::CUSTOM_FIELDS;

static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?xi)^ (?P<field> [\w\[\]]+ | "[^"]+" | '[^']+' ) \s*
        (?: (?P<not>not\s+)? in \s* \( (?P<list>[^)]*) \)
          | is \s+ (?P<full>not\s+)? empty
          | changed \s+ to \s+ (?P<to> \w+ | "[^"]+" | '[^']+' ) (?: \s+ after \s+ ["']? (?P<after>\d{4}-\d{2}-\d{2}) ["']? )?
          | (?P<op> = | != | ~ ) \s* (?P<value> "[^"]*" | '[^']*' | [^\s()]+ )
        ) $"#,
    )
    .expect("the pattern is constant")
});

/// A quoted text, or the word between two conditions.
static AND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)"[^"]*"|'[^']*'|\s+and\s+"#).expect("the pattern is constant")
});
static ORDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\s+order\s+by\s+.*$").expect("the pattern is constant"));

/// Returns the keys of the tickets that match, or what Jira says about the query.
pub(super) fn search(jira: &Value, query: &str) -> Result<Vec<String>, String> {
    let query = ORDER.replace(query.trim(), "");
    if query.is_empty() {
        return Err("Unbounded JQL queries are not allowed here.".to_owned());
    }
    let mut conditions = Vec::new();
    for text in parts(&query) {
        let captures = CONDITION.captures(text.trim()).ok_or_else(|| {
            format!(
                "Error in the JQL Query: '{}' is not understood.",
                text.trim()
            )
        })?;
        let field = field_of(bare(&captures["field"]))?;
        if let Some(list) = captures.name("list").filter(|_| field == "key") {
            let unknown = list
                .as_str()
                .split(',')
                .map(bare)
                .find(|key| jira["issues"].get(key).is_none());
            if let Some(key) = unknown {
                return Err(format!(
                    "An issue with key '{key}' does not exist for field 'key'."
                ));
            }
        }
        if field == "target_version" {
            check_versions(jira, &captures)?;
        }
        conditions.push((field, captures));
    }
    let issues = jira["issues"].as_object();
    let matching = issues.into_iter().flatten().filter(|(key, entry)| {
        entry["is_hidden"] != true
            && conditions
                .iter()
                .all(|(field, condition)| holds(key, entry, field, condition))
    });
    Ok(matching.map(|(key, _)| key.clone()).collect())
}

/// Refuses versions that nobody made, in a world that names those there are.
fn check_versions(jira: &Value, condition: &regex::Captures<'_>) -> Result<(), String> {
    let Some(known) = jira["versions"].as_array() else {
        return Ok(());
    };
    let named = condition.name("list").or_else(|| condition.name("value"));
    let mut named = named.iter().flat_map(|list| list.as_str().split(','));
    match named.find(|version| known.iter().all(|other| other != bare(version))) {
        None => Ok(()),
        Some(version) => Err(format!(
            "The value '{}' does not exist for the field 'Target Version'.",
            bare(version)
        )),
    }
}

/// The conditions of a query; an `AND` inside of quotes is none.
fn parts(query: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for found in AND.find_iter(query) {
        if !found.as_str().starts_with(['"', '\'']) {
            parts.push(&query[start..found.start()]);
            start = found.end();
        }
    }
    parts.push(&query[start..]);
    parts
}

fn field_of(name: &str) -> Result<String, String> {
    let custom = CUSTOM_FIELDS.iter().find(|(id, title, _)| {
        let number = id.trim_start_matches("customfield_");
        title.eq_ignore_ascii_case(name) || name == format!("cf[{number}]")
    });
    if let Some((_, _, short)) = custom {
        return Ok((*short).to_owned());
    }
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "issuetype" | "type" => Ok("type".to_owned()),
        "component" => Ok("components".to_owned()),
        "key" | "project" | "status" | "summary" | "labels" | "priority" | "assignee"
        | "parent" | "level" => Ok(name),
        _ => Err(format!(
            "Field '{name}' does not exist or you do not have permission to view it."
        )),
    }
}

fn holds(key: &str, entry: &Value, field: &str, condition: &regex::Captures<'_>) -> bool {
    let values: Vec<String> = match field {
        "key" => vec![key.to_owned()],
        "project" => vec![key.split('-').next().unwrap_or_default().to_owned()],
        "type" => vec![entry["type"].as_str().unwrap_or("Bug").to_owned()],
        _ => match &entry[field] {
            Value::String(text) => vec![text.clone()],
            Value::Array(list) => list
                .iter()
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        },
    };
    let is_one_of = |wanted: &str| {
        values
            .iter()
            .any(|value| value.eq_ignore_ascii_case(wanted))
    };
    // A field without a value is neither in a list nor outside of it.
    if values.is_empty() && condition.name("list").is_some() {
        return false;
    }
    if let Some(list) = condition.name("list") {
        let is_in = list
            .as_str()
            .split(',')
            .any(|wanted| is_one_of(bare(wanted)));
        return is_in != condition.name("not").is_some();
    }
    if let Some(to) = condition.name("to") {
        let after = condition.name("after").map_or("", |after| after.as_str());
        let to = bare(to.as_str());
        let history = entry["history"].as_array().into_iter().flatten();
        return history.into_iter().any(|change| {
            let created = change["created"].as_str().unwrap_or_default();
            let items = change["items"].as_array().into_iter().flatten();
            created >= after
                && items
                    .into_iter()
                    .any(|item| item["field"] == field && item["toString"] == to)
        });
    }
    let Some(operator) = condition.name("op") else {
        return values.is_empty() != condition.name("full").is_some();
    };
    let wanted = bare(&condition["value"]);
    match operator.as_str() {
        "=" => is_one_of(wanted),
        "!=" => !is_one_of(wanted),
        // Words in any order, as an index finds them.
        _ => values.iter().any(|value| {
            let value = value.to_lowercase();
            let has = |word: &str| value.contains(&word.to_lowercase());
            wanted.split_whitespace().all(has)
        }),
    }
}

fn bare(text: &str) -> &str {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = text
            .strip_prefix(quote)
            .and_then(|text| text.strip_suffix(quote))
        {
            return inner;
        }
    }
    text
}
