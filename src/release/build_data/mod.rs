//! The build data of ART: the file `releases.yml` of a y-stream, and what it says about a release.
//!
//! The file names assemblies; the assembly of a release may build on one parent in the same file. A
//! value is looked for in this order, and the first that is not null wins. Maps are never merged, and
//! an empty map is a value.
//!
//! 1. the assembly's own key with a `!` at its end (`advisories!`),
//! 2. the assembly's own key,
//! 3. the parent's key, without `!`. The parent's parent is not asked.
//!
//! Where the Python tool ends in a bare error, this says what is wrong:
//!
//! | in the file | here |
//! |---|---|
//! | no `group` or `basis`, or null | the same as an empty map: the parent's values, if there is a parent |
//! | a parent that is not in the file | no parent |
//! | a shipment without `url`, or with null | `invalid`: the kind of the flow cannot be told |
//! | a shipment that is an empty map, or with an empty `url` | no shipment: the Errata flow |
//! | a value of another type than expected | `invalid`, naming assembly and key; only for that release |
//! | a repeated key | the last one counts, as for PyYAML |

mod assembly;
mod bugs;
mod issues;
mod parse;

use indexmap::IndexMap;

use super::{Metadata, Version};
use crate::error::{Error, Result};

pub use assembly::Assembly;
pub use bugs::BugRules;
pub use issues::Sweep;

/// The repository of ART that holds the files.
pub const REPOSITORY: &str = "openshift-eng/ocp-build-data";

/// The name of the file, at the top of each branch.
pub const FILE: &str = "releases.yml";

/// The name of the file that says which bugs are ART's, beside it.
pub const BUGS_FILE: &str = "bug.yml";

/// How many names are offered for one that is not there.
const OFFERED: usize = 3;

/// The assemblies of one y-stream.
#[derive(Clone, Debug)]
pub struct Assemblies {
    y_stream: String,
    entries: IndexMap<String, parse::Entry>,
}

impl Assemblies {
    /// Reads the text of the file of a y-stream such as `4.20`. Keys nobody here knows are skipped.
    ///
    /// Fails with `invalid` and line and column when it is not YAML, or has no map `releases`.
    pub fn parse(y_stream: &str, text: &str) -> Result<Self> {
        Ok(Self {
            y_stream: y_stream.to_owned(),
            entries: parse::entries(y_stream, text)?,
        })
    }

    /// The y-stream.
    pub fn y_stream(&self) -> &str {
        &self.y_stream
    }

    /// The names of all assemblies, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Returns what the file says about a release, values as they are written.
    ///
    /// Fails with `not_found` when it has no assembly for the release yet, `invalid` when a value
    /// is of another type than it should be.
    pub fn assembly(&self, release: &Version) -> Result<Assembly> {
        let name = assembly_name(release);
        let Some(own) = self.entries.get(&name) else {
            return Err(self.missing(release, &name));
        };
        let parent = own
            .parent(&name)?
            .and_then(|parent| Some((parent, self.entries.get(parent)?)));
        Assembly::resolve((&name, own), parent).map_err(|error| {
            let hint = format!("look at {} and tell ART", link(&self.y_stream));
            error.hint(hint)
        })
    }

    /// Returns what the file says about a release, as the flow uses it. Fails as
    /// [`Assemblies::assembly`] does, and with `invalid` when the day of the release is none.
    pub fn metadata(&self, release: &Version) -> Result<Metadata> {
        self.assembly(release)?.metadata().map_err(|error| {
            let hint = format!("look at {} and tell ART", link(&self.y_stream));
            error.hint(hint)
        })
    }

    /// Returns what the file says about the bugs of a release, through all its parents.
    ///
    /// Fails with `not_found` as [`Assemblies::assembly`] does, `invalid` when a value is of another
    /// type than it should be, an issue is both included and excluded, or parents go in a circle.
    pub fn sweep(&self, release: &Version) -> Result<Sweep> {
        let name = assembly_name(release);
        if !self.entries.contains_key(&name) {
            return Err(self.missing(release, &name));
        }
        issues::sweep(&self.entries, &name).map_err(|error| {
            let hint = format!("look at {} and tell ART", link(&self.y_stream));
            error.hint(hint)
        })
    }

    /// The addresses of the shipments that assemblies have of their own, in the order of the file,
    /// without that of a release. What makes no sense is passed over: it is another release's.
    pub fn other_shipments(&self, release: &Version) -> Vec<&str> {
        let name = assembly_name(release);
        let others = self.entries.iter().filter(|(other, _)| **other != name);
        others
            .filter_map(|(_, entry)| entry.own_shipment())
            .collect()
    }

    fn missing(&self, release: &Version, name: &str) -> Error {
        let near = self.near(name);
        let near = if near.is_empty() {
            "the file names no assembly at all".to_owned()
        } else {
            format!("near to it the file names {}", near.join(", "))
        };
        Error::not_found(format!(
            "ART has no build data for {release} yet: no assembly `{name}` in `{FILE}` of `{}`",
            branch(&self.y_stream)
        ))
        .hint(format!(
            "{near}; it is written shortly before ART announces a release: {}",
            link(&self.y_stream)
        ))
    }

    /// The names that differ in the last number alone, the nearest first; else the first of the file.
    fn near(&self, name: &str) -> Vec<&str> {
        let split = |name: &str| {
            let (head, last) = name.rsplit_once('.')?;
            Some((head.to_owned(), last.parse::<u64>().ok()?))
        };
        let mut near: Vec<(u64, &str)> = Vec::new();
        if let Some((head, number)) = split(name) {
            near = self
                .names()
                .filter_map(|other| {
                    let (other_head, other_number) = split(other)?;
                    (other_head == head).then(|| (other_number.abs_diff(number), other))
                })
                .collect();
            near.sort();
        }
        if near.is_empty() {
            near = self.names().map(|name| (0, name)).collect();
        }
        near.into_iter()
            .take(OFFERED)
            .map(|(_, name)| name)
            .collect()
    }
}

/// The name of the assembly of a release: the version itself, of an early or release candidate the
/// tag alone (`4.21.0-rc.1` is `rc.1`).
pub fn assembly_name(release: &Version) -> String {
    let name = release.to_string();
    match name.split_once('-') {
        Some((_, tag)) if tag.starts_with("ec") || tag.starts_with("rc") => tag.to_owned(),
        _ => name,
    }
}

/// The branch of a y-stream: `openshift-4.20`.
pub fn branch(y_stream: &str) -> String {
    format!("openshift-{y_stream}")
}

/// Where a person reads the file of a y-stream.
pub fn link(y_stream: &str) -> String {
    format!(
        "https://github.com/{REPOSITORY}/blob/{}/{FILE}",
        branch(y_stream)
    )
}
