//! Where a merge request is, from its address.

use std::{fmt, str::FromStr};

use url::Url;

use crate::error::{Error, Result};

const BEFORE_NUMBER: &str = "/-/merge_requests/";

/// A merge request: its project and its number there.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Address {
    /// The full path of the project, such as `group/project`.
    pub project: String,
    /// The number of the merge request in its project.
    pub iid: u64,
}

impl Address {
    /// Reads the address that build data has for a release; `None` without one, which means that the
    /// release has no shipment.
    ///
    /// Fails with `invalid` for a text that is not the address of a merge request.
    pub fn of_release(address: Option<&str>) -> Result<Option<Self>> {
        match address.map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some),
        }
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::invalid(format!("invalid MR URL `{text}`: {why}")).hint(
                "it looks like https://HOST/GROUP/PROJECT/-/merge_requests/NUMBER; for a release it \
                 comes from `group.shipment.url` in the build data",
            )
        };
        let url = Url::parse(text.trim()).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("it names no host"));
        }
        let parts: Vec<_> = url.path().split(BEFORE_NUMBER).collect();
        let [project, rest] = parts[..] else {
            return Err(wrong("the format is that of something else"));
        };
        let project = project.trim_matches('/');
        let is_path = project.contains('/')
            && project.split('/').all(|part| {
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
                !matches!(part, "" | "." | "..") && part.bytes().all(is_plain)
            });
        if !is_path {
            return Err(wrong("it names no project"));
        }
        let number = rest.split('/').next().unwrap_or_default();
        let iid = number
            .parse()
            .ok()
            .filter(|iid| *iid > 0 && number.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or_else(|| wrong(&format!("`{number}` is not the number of a merge request")))?;
        Ok(Self {
            project: project.to_owned(),
            iid,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}!{}", self.project, self.iid)
    }
}
