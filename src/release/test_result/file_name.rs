//! The names of result files and latest-build pointers, and what a build name tells.

use std::{fmt, str::FromStr};

use super::registry::JobList;
use crate::error::{Error, Result};

const ARCHES: [&str; 5] = ["amd64", "arm64", "multi", "ppc64le", "s390x"];
const FOLDER: &str = "_releases";
const BROWSE: &str = "https://github.com/openshift/release-tests/blob/record";

/// The name of a result file: the build it is about and the architecture.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileName {
    /// The release controller's tag, such as `4.20.24`.
    pub build: String,
    /// The architecture as the record branch spells it, such as `amd64`.
    pub arch: String,
}

impl FileName {
    /// Makes the name for `build` on `arch`; `x86_64` and `aarch64` are accepted too.
    ///
    /// Errors: `invalid` for an unknown architecture or a build that cannot be part of a path.
    pub fn new(build: &str, arch: &str) -> Result<Self> {
        let build = build.trim();
        if minor(build).is_none() || !build.chars().all(is_name_char) {
            return Err(Error::invalid(format!("`{build}` is not a build"))
                .hint("give a build such as 4.20.1 or 4.21.0-0.nightly-2026-06-24-210838"));
        }
        Ok(Self {
            build: build.to_owned(),
            arch: arch_name(arch)?.to_owned(),
        })
    }

    /// The path on the record branch.
    pub fn path(&self) -> String {
        format!("{FOLDER}/{self}")
    }

    /// Where a person reads the file.
    pub fn link(&self) -> String {
        format!("{BROWSE}/{}", self.path())
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ocp-test-result-{}-{}.json", self.build, self.arch)
    }
}

impl FromStr for FileName {
    type Err = Error;

    /// Reads a name from the right, because a build may hold an architecture itself.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid(format!("`{text}` is not the name of a result file"))
                .hint("the form is ocp-test-result-{build}-{arch}.json")
        };
        let (build, arch) = stem(text)
            .and_then(|stem| stem.strip_prefix("ocp-test-result-"))
            .and_then(|rest| rest.rsplit_once('-'))
            .ok_or_else(wrong)?;
        if !ARCHES.contains(&arch) {
            return Err(wrong());
        }
        Self::new(build, arch).map_err(|_| wrong())
    }
}

/// The name of a file that points to the newest accepted build of a minor release.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PointerName {
    /// The minor release, such as `4.19`.
    pub minor: String,
    /// Which builds it is about.
    pub list: JobList,
    /// The architecture.
    pub arch: String,
}

impl PointerName {
    /// The path on the record branch.
    pub fn path(&self) -> String {
        format!("{FOLDER}/{self}")
    }
}

impl fmt::Display for PointerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { minor, list, arch } = self;
        write!(f, "ocp-latest-{minor}-{list}-{arch}.json")
    }
}

impl FromStr for PointerName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts: Option<Vec<_>> = stem(text)
            .and_then(|stem| stem.strip_prefix("ocp-latest-"))
            .map(|rest| rest.split('-').collect());
        let list = |word: &str| JobList::ALL.into_iter().find(|list| list.word() == word);
        match parts.as_deref() {
            Some([minor, word, arch]) if ARCHES.contains(arch) && list(word).is_some() => {
                Ok(Self {
                    minor: (*minor).to_owned(),
                    list: list(word).expect("the guard has found it"),
                    arch: (*arch).to_owned(),
                })
            }
            _ => Err(Error::invalid(format!(
                "`{text}` is not the name of a latest-build pointer"
            ))
            .hint("the form is ocp-latest-{X.Y}-{nightly|stable}-{arch}.json")),
        }
    }
}

/// Returns how the record branch spells an architecture.
///
/// Errors: `invalid` for one it does not know.
pub fn arch_name(arch: &str) -> Result<&'static str> {
    let wanted = match arch.trim() {
        "x86_64" | "" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    ARCHES
        .into_iter()
        .find(|arch| *arch == wanted)
        .ok_or_else(|| {
            Error::invalid(format!("no architecture `{arch}`"))
                .hint(format!("one of {}", ARCHES.join(", ")))
        })
}

/// Whether a build is a nightly; everything else is handled as stable.
pub fn is_nightly(build: &str) -> bool {
    build.contains("nightly")
}

/// Returns the minor release of a build, such as `4.20` of `4.20.0-rc.1`.
pub fn minor(build: &str) -> Option<String> {
    let mut parts = build.splitn(3, '.');
    let (major, minor, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let has_patch = rest.starts_with(|c: char| c.is_ascii_digit());
    (is_number(major) && is_number(minor) && has_patch).then(|| format!("{major}.{minor}"))
}

fn stem(text: &str) -> Option<&str> {
    text.rsplit('/').next()?.strip_suffix(".json")
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-')
}
