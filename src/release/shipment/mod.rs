//! The shipment of a release: a merge request whose YAML files say what Konflux ships.
//!
//! Parsing and rules only. Reading the merge request is left to [`crate::services::gitlab`], rpm and
//! rhcos content to the advisories.

pub mod address;
pub mod comment;
pub mod document;
pub mod file;
pub mod health;
pub mod pipeline;
pub mod request;

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Error;

pub use address::Address;
pub use comment::Comment;
pub use document::{Document, parse};
pub use file::{FileName, Kind};
pub use pipeline::{Job, Pipeline, Readiness, Stage, Status, readiness};
pub use request::{Shipping, State};

/// The hosts that name Jira as the source of an issue: the present one, and the one before it.
const JIRA: [&str; 2] = ["redhat.atlassian.net", "issues.redhat.com"];

/// The files of one shipment as they stood at one commit.
#[derive(Clone, Debug, Default)]
pub struct Shipment {
    /// What could be read, by path.
    pub documents: BTreeMap<String, Document>,
    /// What could not, with the reason. Whoever decides over the whole shipment stops at these.
    pub unreadable: BTreeMap<String, Error>,
}

impl Shipment {
    /// Reads the files given as path and text. One bad file spoils no other. Files without the key
    /// `shipment` are no part of it.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut shipment = Self::default();
        for (path, text) in files {
            match parse(path, text) {
                Ok(Some(document)) => {
                    shipment.documents.insert(path.to_owned(), document);
                }
                Ok(None) => {}
                Err(error) => {
                    shipment.unreadable.insert(path.to_owned(), error);
                }
            }
        }
        shipment
    }

    /// The issues it fixes, by the host they are tracked on.
    pub fn issues(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut issues: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for issue in self.notes().flat_map(|notes| &notes.issues) {
            let keys = issues.entry(issue.source.clone()).or_default();
            keys.insert(issue.id.clone());
        }
        issues
    }

    /// The keys of the Jira issues it fixes, sorted as text.
    pub fn jira_keys(&self) -> BTreeSet<String> {
        let mut issues = self.issues();
        JIRA.iter()
            .filter_map(|host| issues.remove(*host))
            .flatten()
            .collect()
    }

    /// The CVEs it names, with the components they are fixed in.
    pub fn cves(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut cves: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for cve in self.notes().flat_map(|notes| &notes.cves) {
            let components = cves.entry(cve.key.clone()).or_default();
            components.insert(cve.component.clone());
        }
        cves
    }

    fn notes(&self) -> impl Iterator<Item = &document::ReleaseNotes> {
        self.documents
            .values()
            .filter_map(|document| document.release_notes.as_ref())
    }
}
