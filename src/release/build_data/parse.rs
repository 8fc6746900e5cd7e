//! Reads the file into assemblies whose parts are still untyped: what is wrong in one assembly must
//! not hide the others.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::{Error as Trouble, options};

use super::{FILE, branch, link};
use crate::error::{Error, Result};

/// The whole file.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    releases: Option<IndexMap<String, Named>>,
}

/// What stands under a name.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    assembly: Option<Entry>,
}

/// The parts of an assembly that are read here; `None` also for null.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Entry {
    #[serde(default)]
    pub(super) basis: Option<Value>,
    #[serde(default)]
    pub(super) group: Option<Value>,
    #[serde(default)]
    pub(super) issues: Option<Value>,
}

/// Reads the assemblies in the order of the file.
pub(super) fn entries(y_stream: &str, text: &str) -> Result<IndexMap<String, Entry>> {
    let options = options! { duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins };
    let file: File = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| broken(y_stream, &error))?;
    let releases = file.releases.ok_or_else(|| {
        let message = format!("`{FILE}` of `{}` has no map `releases`", branch(y_stream));
        Error::invalid(message).hint(next(y_stream))
    })?;
    Ok(releases
        .into_iter()
        .map(|(name, named)| (name, named.assembly.unwrap_or_default()))
        .collect())
}

fn broken(y_stream: &str, trouble: &Trouble) -> Error {
    let trouble = trouble.without_snippet();
    let place = trouble.location().map_or(String::new(), |at| {
        format!(" in line {}, column {}", at.line(), at.column())
    });
    let what = trouble.to_string();
    let what = what.lines().next().unwrap_or_default();
    Error::invalid(format!(
        "`{FILE}` of `{}` is broken{place}: {what}",
        branch(y_stream)
    ))
    .hint(next(y_stream))
}

fn next(y_stream: &str) -> String {
    format!("look at {} and tell ART", link(y_stream))
}
