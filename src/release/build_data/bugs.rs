//! What the file `bug.yml` says: the versions bugs are aimed at, and the components whose advisories
//! are not ART's.

use serde::Deserialize;

use super::{BUGS_FILE, branch};
use crate::error::{Error, Result};

/// Which bugs of a y-stream are ART's to ship.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BugRules {
    /// The values of `Target Version` that mean this y-stream.
    pub target_versions: Vec<String>,
    /// Components of Jira that others ship.
    pub foreign_components: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    target_release: Vec<String>,
    #[serde(default)]
    filters: Filters,
}

#[derive(Default, Deserialize)]
struct Filters {
    #[serde(default)]
    default: Vec<String>,
}

impl BugRules {
    /// The rules of a y-stream whose branch has no such file: its usual versions, and every component
    /// counts.
    pub fn usual(y_stream: &str) -> Self {
        Self {
            target_versions: vec![format!("{y_stream}.0"), format!("{y_stream}.z")],
            foreign_components: Vec::new(),
        }
    }

    /// Reads the text of the file of a y-stream such as `4.20`.
    ///
    /// Fails with `invalid` when it is not YAML, or names no version or one of another y-stream: a
    /// search by it would find nothing.
    pub fn parse(y_stream: &str, text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            let file = format!("`{BUGS_FILE}` of `{}` {why}", branch(y_stream));
            Error::invalid(file).hint("tell ART, whose file it is")
        };
        let file: File =
            serde_saphyr::from_str(text).map_err(|error| wrong("cannot be read").because(error))?;
        let (major, minor) = y_stream.split_once('.').unwrap_or((y_stream, ""));
        let target_versions: Vec<String> = file
            .target_release
            .iter()
            .map(|version| version.replace("{MAJOR}", major).replace("{MINOR}", minor))
            .collect();
        if target_versions.is_empty() {
            return Err(wrong("names no `target_release`"));
        }
        let is_ours = |version: &String| {
            let rest = version.strip_prefix(y_stream);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if let Some(other) = target_versions.iter().find(|version| !is_ours(version)) {
            let why = format!("names `{other}`, a version of another y-stream");
            return Err(wrong(&why));
        }
        Ok(Self {
            target_versions,
            foreign_components: file.filters.default,
        })
    }
}
