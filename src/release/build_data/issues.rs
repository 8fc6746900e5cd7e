//! The bugs that an assembly takes in or leaves out by name, through its parents.
//!
//! Unlike other values, the lists of issues are merged with those of all parents, as ART does it: a key
//! with `!` at its end stands for itself alone, `?` counts where the parents say nothing, `-` means
//! none. Own words go before inherited ones.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{assembly::wrong, parse::Entry};
use crate::{
    error::{Error, Result},
    release::ticket::is_real,
};

/// What the build data says about the bugs of a release. Only keys of Jira are kept.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sweep {
    /// Taken in by the assembly itself, whatever else is true of them.
    pub included: BTreeSet<String>,
    /// Taken in by one of its parents.
    pub inherited: BTreeSet<String>,
    /// Left out.
    pub excluded: BTreeSet<String>,
    /// Whether nothing but what the assembly itself takes in is shipped.
    pub is_targeted: bool,
    /// When its builds were chosen: what was not verified by then is of a later release. `None` when
    /// the file does not say it as a time.
    pub chosen_at: Option<Timestamp>,
}

/// A list of an assembly: its own part and the part of its parents.
#[derive(Default)]
struct List {
    own: BTreeSet<String>,
    inherited: BTreeSet<String>,
}

pub(super) fn sweep(entries: &IndexMap<String, Entry>, name: &str) -> Result<Sweep> {
    let chain = chain(entries, name)?;
    let mut chosen_at = None;
    for (name, entry) in &chain {
        if let Some(said) = entry.chosen_at(name)? {
            chosen_at = said;
            break;
        }
    }
    let own_issues = issues(chain[0].0, chain[0].1)?;
    let is_targeted = own_issues
        .and_then(|issues| issues.get("targeted_fixes_only"))
        .is_some_and(|value| value == true);
    let included = list(&chain, "include")?;
    let excluded = list(&chain, "exclude")?;
    if let Some(key) = included.own.intersection(&excluded.own).next() {
        return Err(Error::invalid(format!(
            "the assembly `{name}` both includes and excludes the issue {key}"
        )));
    }
    let mut all_excluded: BTreeSet<String> = &excluded.own | &excluded.inherited;
    all_excluded.retain(|key| !included.own.contains(key));
    Ok(Sweep {
        inherited: match is_targeted {
            true => BTreeSet::new(),
            false => &included.inherited - &all_excluded,
        },
        included: included.own,
        excluded: all_excluded,
        is_targeted,
        chosen_at,
    })
}

/// The assembly and its parents, the nearest first.
fn chain<'a>(
    entries: &'a IndexMap<String, Entry>,
    name: &str,
) -> Result<Vec<(&'a str, &'a Entry)>> {
    let mut chain: Vec<(&str, &Entry)> = Vec::new();
    let mut next = entries.get_key_value(name);
    while let Some((name, entry)) = next {
        if chain.iter().any(|(other, _)| other == name) {
            let what = format!("the parents of the assembly `{name}` go in a circle");
            return Err(Error::invalid(what));
        }
        chain.push((name, entry));
        next = match entry.parent(name)? {
            Some(parent) => entries.get_key_value(parent),
            None => None,
        };
    }
    Ok(chain)
}

fn list(chain: &[(&str, &Entry)], key: &str) -> Result<List> {
    let Some(((name, entry), parents)) = chain.split_first() else {
        return Ok(List::default());
    };
    let issues = issues(name, entry)?;
    let said = |suffix: &str| -> Result<Option<BTreeSet<String>>> {
        let key = format!("{key}{suffix}");
        let value = issues.and_then(|issues| issues.get(&key));
        value.map(|value| keys(name, &key, value)).transpose()
    };
    if issues.is_some_and(|issues| issues.contains_key(&format!("{key}-"))) {
        return Ok(List::default());
    }
    if let Some(own) = said("!")? {
        return Ok(List {
            own,
            inherited: BTreeSet::new(),
        });
    }
    let of_parents = list(parents, key)?;
    let inherited: BTreeSet<String> = &of_parents.own | &of_parents.inherited;
    let own = match (said("")?, said("?")?) {
        (Some(own), _) => own,
        (None, Some(own)) if inherited.is_empty() => own,
        _ => BTreeSet::new(),
    };
    Ok(List {
        inherited: &inherited - &own,
        own,
    })
}

fn issues<'a>(name: &str, entry: &'a Entry) -> Result<Option<&'a Map<String, Value>>> {
    match &entry.issues {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(issues)) => Ok(Some(issues)),
        Some(_) => Err(wrong(name, "issues", "a map")),
    }
}

/// The keys of Jira in a list of `id: KEY`; bugs of the old tracker are numbers.
fn keys(name: &str, key: &str, value: &Value) -> Result<BTreeSet<String>> {
    let path = format!("issues.{key}");
    let entries = match value {
        Value::Null => return Ok(BTreeSet::new()),
        Value::Array(entries) => entries,
        _ => return Err(wrong(name, &path, "a list")),
    };
    let mut keys = BTreeSet::new();
    for entry in entries {
        match &entry["id"] {
            Value::String(id) if is_real(id.trim()) => {
                keys.insert(id.trim().to_owned());
            }
            Value::String(_) | Value::Number(_) => {}
            _ => return Err(wrong(name, &path, "a list of maps with an `id`")),
        }
    }
    Ok(keys)
}
