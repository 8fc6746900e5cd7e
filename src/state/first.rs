//! Two stores behind one: a release is where it was found first.
//!
//! A release that the first store does not have may be tracked in the second, such as a sheet that
//! keeps only statuses. It is read and changed there. New documents go to the first store, and only
//! for a release that neither has.

use std::{fmt, sync::Arc};

use super::{Snapshot, StateStore};
use crate::{
    error::{Error, Kind, Result},
    release::{
        Version,
        statebox::{Change, StateBox},
    },
    world::BoxFuture,
};

/// A store that looks into a second one for what the first does not have.
pub struct FirstOf {
    first: Arc<dyn StateStore>,
    second: Arc<dyn StateStore>,
}

impl FirstOf {
    /// Looks into `first`, then into `second`.
    pub fn new(first: Arc<dyn StateStore>, second: Arc<dyn StateStore>) -> Self {
        Self { first, second }
    }
}

impl StateStore for FirstOf {
    fn begin_pass(&self) {
        self.first.begin_pass();
        self.second.begin_pass();
    }

    fn end_pass<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.first.end_pass(release).await;
            self.second.end_pass(release).await;
        })
    }

    fn notes(&self, release: &Version) -> Vec<String> {
        [&self.first, &self.second]
            .iter()
            .flat_map(|store| store.notes(release))
            .collect()
    }

    fn read<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, Result<Option<Snapshot>>> {
        Box::pin(async move {
            match self.first.read(release).await? {
                Some(snapshot) => Ok(Some(snapshot)),
                None => self.second.read(release).await,
            }
        })
    }

    fn create<'a>(&'a self, document: &'a StateBox) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move {
            let release = document.release();
            if self.second.read(release).await?.is_some() {
                return Err(Error::new(
                    Kind::Conflict,
                    format!("{release} is tracked elsewhere already"),
                )
                .hint("go on where it is tracked, or end the tracking there first"));
            }
            self.first.create(document).await
        })
    }

    fn apply<'a>(
        &'a self,
        release: &'a Version,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move {
            match self.first.apply(release, changes).await {
                // Without a document nothing was written, so the change may go to the second store.
                Err(error) if error.kind == Kind::NotFound => {
                    if self.first.read(release).await?.is_some() {
                        return Err(error);
                    }
                    self.second.apply(release, changes).await
                }
                ended => ended,
            }
        })
    }
}

impl fmt::Debug for FirstOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FirstOf")
    }
}
