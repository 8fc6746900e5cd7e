//! One document that somebody read from a file, to look at and not to change.

use super::{Snapshot, StateStore};
use crate::{
    error::{Error, Kind, Result},
    release::{
        Version,
        statebox::{Change, StateBox},
    },
    world::BoxFuture,
};

/// A store with one document that cannot be changed.
pub struct FixedStore {
    document: StateBox,
    link: String,
}

impl FixedStore {
    /// Holds `document`; `link` says where it was read from.
    pub fn new(document: StateBox, link: impl Into<String>) -> Self {
        Self {
            document,
            link: link.into(),
        }
    }

    fn refusal() -> Error {
        Error::new(
            Kind::Refused,
            "this state was read from a file and is only looked at",
        )
    }
}

impl StateStore for FixedStore {
    fn read<'a>(&'a self, _release: &'a Version) -> BoxFuture<'a, Result<Option<Snapshot>>> {
        Box::pin(async {
            Ok(Some(Snapshot {
                document: self.document.clone(),
                revision: "file".to_owned(),
                link: Some(self.link.clone()),
                is_limited: false,
            }))
        })
    }

    fn create<'a>(&'a self, _document: &'a StateBox) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async { Err(Self::refusal()) })
    }

    fn apply<'a>(
        &'a self,
        _release: &'a Version,
        _changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async { Err(Self::refusal()) })
    }
}
