//! Release versions such as `4.20.1` and `5.0.0-ec.3`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The name of one z-stream release or pre-release, as people type it.
///
/// Ordered as semantic versions are: `4.9.1 < 4.10.0-rc.1 < 4.10.0`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(semver::Version);

impl Version {
    /// The major number; the stable stream is named after it.
    pub fn major(&self) -> u64 {
        self.0.major
    }

    /// The y-stream, such as `4.20`.
    pub fn y_stream(&self) -> String {
        format!("{}.{}", self.0.major, self.0.minor)
    }

    /// The stream of the Release Controller that promoted builds appear in, such as `4-stable`.
    pub fn stable_stream(&self) -> String {
        format!("{}-stable", self.0.major)
    }

    /// Whether this is a release or early candidate (`-rc.1`, `-ec.3`).
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }
}

impl FromStr for Version {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::invalid(format!("`{text}` is not a release: {why}"))
                .hint("give a full version such as 4.20.1 or 4.21.0-rc.1")
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(wrong("it is empty"));
        }
        let core = text.split('-').next().unwrap_or(text);
        let parts: Vec<_> = core.split('.').collect();
        if parts.len() == 2 {
            return Err(wrong("it names a y-stream, the last number is missing"));
        }
        if parts.len() != 3 {
            return Err(wrong("a version has three numbers"));
        }
        if let Some(part) = parts.iter().find(|part| part.parse::<u32>().is_err()) {
            return Err(wrong(&format!("`{part}` is not a number")));
        }
        let version = semver::Version::parse(text).map_err(|error| wrong(&error.to_string()))?;
        if version.pre.as_str().contains("nightly") {
            return Err(wrong("it names a nightly build"));
        }
        if !version.build.is_empty() {
            return Err(wrong("a release has no build metadata"));
        }
        Ok(Self(version))
    }
}

impl TryFrom<String> for Version {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
