//! The state of releases on the branch of the simulated GitHub, for who shares it without our
//! program: the OAR server, other people.
//!
//! It writes straight into the documents that the stand-in of GitHub serves, in one step that
//! nothing comes between, and leaves the same commits there.

use std::sync::Arc;

use super::state::{SimState, Stored};
use crate::{
    error::{Error, Result},
    release::{
        Version,
        statebox::{Change, StateBox},
    },
    services::github::emulator::ledger,
    state::{
        Snapshot, StateStore,
        branch::path_of,
        commit::{apply_all, creation, exists_already, message, no_document},
    },
    world::BoxFuture,
};

/// The repository whose pages links name.
const REPOSITORY: &str = "https://github.com/openshift/release-tests";

/// A store over the documents of a simulated world.
#[derive(Clone, Debug)]
pub struct BranchStore {
    state: Arc<SimState>,
    branch: String,
    author: String,
}

impl BranchStore {
    /// Keeps documents on `branch` (such as `z-stream`), as commits of the account `author`.
    pub fn new(state: Arc<SimState>, branch: &str, author: &str) -> Self {
        Self {
            state,
            branch: branch.to_owned(),
            author: author.to_owned(),
        }
    }

    /// Puts a given document on the branch, byte for byte, as one commit; one that is there is
    /// replaced. Fails with `invalid` when it is no document.
    pub fn import(&self, text: &str) -> Result<Snapshot> {
        let document = StateBox::parse_any(text)?;
        let message = format!("Import StateBox for release {}", document.release());
        self.state
            .change(|stored| self.put(stored, document, text, &message))?
    }

    fn find(&self, stored: &Stored, release: &Version) -> Result<Option<Snapshot>> {
        self.must_be_there(stored)?;
        let path = path_of(release);
        let Some(text) = ledger::text(&stored.documents, &self.branch, &path) else {
            return Ok(None);
        };
        let document = StateBox::parse(text, release)?;
        Ok(Some(self.snapshot(document, ledger::blob_sha(text))))
    }

    fn put(
        &self,
        stored: &mut Stored,
        document: StateBox,
        text: &str,
        message: &str,
    ) -> Result<Snapshot> {
        self.must_be_there(stored)?;
        ledger::commit(
            &mut stored.documents,
            &ledger::Change {
                branch: &self.branch,
                path: &path_of(document.release()),
                text: Some(text),
                message,
                author: &self.author,
                at: self.state.clock().now(),
            },
        );
        Ok(self.snapshot(document, ledger::blob_sha(text)))
    }

    fn must_be_there(&self, stored: &Stored) -> Result<()> {
        let branches = &stored.documents["github"]["branches"];
        if branches
            .get(&self.branch)
            .is_some_and(|files| files.is_object())
        {
            return Ok(());
        }
        let branch = &self.branch;
        Err(Error::not_found(format!(
            "the simulated GitHub has no branch `{branch}`"
        )))
    }

    fn snapshot(&self, document: StateBox, revision: String) -> Snapshot {
        let path = path_of(document.release());
        Snapshot {
            link: Some(format!("{REPOSITORY}/blob/{}/{path}", self.branch)),
            document,
            revision,
            is_limited: false,
        }
    }

    fn change(&self, release: &Version, changes: &[Change]) -> Result<Snapshot> {
        let now = self.state.clock().now();
        self.state.change(|stored| {
            let Some(mut current) = self.find(stored, release)? else {
                return Err(no_document(release));
            };
            let subjects = apply_all(&mut current.document, changes, now)?;
            if subjects.is_empty() {
                return Ok(current);
            }
            let text = current.document.to_yaml();
            self.put(stored, current.document, &text, &message(&subjects))
        })?
    }

    fn add(&self, document: &StateBox) -> Result<Snapshot> {
        let release = document.release();
        self.state.change(|stored| {
            if self.find(stored, release)?.is_some() {
                return Err(exists_already(release));
            }
            let message = creation(release);
            self.put(stored, document.clone(), &document.to_yaml(), &message)
        })?
    }
}

impl StateStore for BranchStore {
    fn read<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, Result<Option<Snapshot>>> {
        Box::pin(async move { self.state.read(|stored| self.find(stored, release)) })
    }

    fn create<'a>(&'a self, document: &'a StateBox) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move { self.add(document) })
    }

    fn apply<'a>(
        &'a self,
        release: &'a Version,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move { self.change(release, changes) })
    }
}
