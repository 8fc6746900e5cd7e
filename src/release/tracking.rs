//! The tracking file of a y-stream: the releases that ART has announced.
//!
//! A bot of ART writes it, one entry a release; nobody here does. Its keys are sorted as texts, so
//! the last one is not the newest.

use indexmap::IndexMap;
use serde::Deserialize;

use super::Version;
use crate::error::{Error, Result};

/// The releases of one y-stream, in the order of the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tracking {
    /// The y-stream, such as `4.20`.
    pub y_stream: String,
    /// What has been announced.
    pub releases: Vec<Tracked>,
}

/// One announced release. Its StateBox does not follow when this is corrected.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tracked {
    /// The release.
    pub version: Version,
    /// Advisories by their impetus, such as `rpm`.
    pub advisories: IndexMap<String, i64>,
    /// The release ticket, such as `ART-30001`.
    pub jira_ticket: Option<String>,
}

#[derive(Deserialize)]
struct File {
    releases: IndexMap<String, Option<Entry>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    advisories: Option<IndexMap<String, i64>>,
    release_jira: Option<String>,
}

impl Tracking {
    /// Reads the tracking file of a y-stream; `releases: {}` is one without releases.
    ///
    /// Fails with `invalid` when it is not YAML, has no `releases`, or has a key that is no release
    /// of this y-stream.
    pub fn parse(y_stream: &str, text: &str) -> Result<Self> {
        let file: File = serde_saphyr::from_str(text).map_err(|error| {
            trouble(y_stream, "cannot be read").because(Reason(first_line(&error.to_string())))
        })?;
        let tracked = |(name, entry): (String, Option<Entry>)| {
            let version: Version = name
                .parse()
                .map_err(|error| trouble(y_stream, "has a key that is none").because(error))?;
            if version.y_stream() != y_stream {
                let why = format!("has the release {version} of another y-stream");
                return Err(trouble(y_stream, &why));
            }
            let entry = entry.unwrap_or_default();
            Ok(Tracked {
                version,
                advisories: entry.advisories.unwrap_or_default(),
                jira_ticket: entry.release_jira,
            })
        };
        Ok(Self {
            y_stream: y_stream.to_owned(),
            releases: file
                .releases
                .into_iter()
                .map(tracked)
                .collect::<Result<_>>()?,
        })
    }

    /// The newest release, by number.
    pub fn newest(&self) -> Option<&Tracked> {
        self.releases.iter().max_by_key(|tracked| &tracked.version)
    }
}

/// Returns the name of the tracking file in the folder of its y-stream.
pub fn file_name(y_stream: &str) -> String {
    format!("{y_stream}.z.yaml")
}

/// Returns the numbers of a y-stream, to sort by; `None` when this is the name of none.
pub fn y_stream_numbers(name: &str) -> Option<(u64, u64)> {
    let (major, minor) = name.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(major) || !is_number(minor) || minor.len() > 2 {
        return None;
    }
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn trouble(y_stream: &str, why: &str) -> Error {
    let file = file_name(y_stream);
    Error::invalid(format!("the tracking file `{file}` {why}"))
        .hint("tell ART, whose bot writes it; the other y-streams are not affected")
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Reason(String);
