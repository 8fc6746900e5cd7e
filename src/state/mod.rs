//! Where the status of tasks lives.
//!
//! A store holds one document per release. It is read once in a pass and changed by operations
//! that are re-applied to the freshest document, so two writers never lose each other's changes.

pub mod binding;
pub(crate) mod branch;
pub(crate) mod commit;
pub mod first;
pub mod fixed;
pub mod github;
pub mod local;
pub mod mirror;
pub mod newest;
pub mod sheet;
mod view;

use std::{fmt, sync::Arc};

use crate::{
    error::Result,
    release::{
        Version,
        statebox::{Change, StateBox},
    },
    world::BoxFuture,
};

/// A place that keeps the state of releases.
pub trait StateStore: Send + Sync {
    /// Returns the document of a release, or `None` when there is none yet.
    fn read<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, Result<Option<Snapshot>>>;

    /// Creates the document of a release.
    ///
    /// Fails with `conflict` when there is one already.
    fn create<'a>(&'a self, document: &'a StateBox) -> BoxFuture<'a, Result<Snapshot>>;

    /// Applies changes to the freshest document, all in one write, and returns what was written.
    ///
    /// A change that alters nothing writes nothing; when one fails none is written. Fails with
    /// `not_found` when there is no document, with what [`StateBox::apply`] fails with, and with
    /// `conflict` when others were faster too often. Its time is that of the world.
    fn apply<'a>(
        &'a self,
        release: &'a Version,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Snapshot>>;

    /// Says that a pass begins. What is only a copy of the state may wait for its end.
    fn begin_pass(&self) {}

    /// What people should know about the state of a release beside the document itself, such as a
    /// copy that is behind.
    fn notes(&self, _release: &Version) -> Vec<String> {
        Vec::new()
    }

    /// Says that a pass has ended, however it did; what waited for that is written.
    ///
    /// A store around another one hands both on.
    fn end_pass<'a>(&'a self, _release: &'a Version) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

/// The store of a session: the part through which tools and scripts reach the state of releases.
#[derive(Clone)]
pub struct Kept(pub Arc<dyn StateStore>);

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

/// A document as it stood at one revision.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The document.
    pub document: StateBox,
    /// What identifies this revision in the store.
    pub revision: String,
    /// Where a person looks at it.
    pub link: Option<String>,
    /// Whether the store keeps only statuses: no results, issues or identities.
    pub is_limited: bool,
}
