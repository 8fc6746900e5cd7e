//! What a write of the state is to a repository: one commit, with the subjects that other programs
//! look for in its history.

use jiff::Timestamp;

use crate::{
    error::{Error, Kind, Result},
    release::{
        Version,
        statebox::{Change, StateBox},
    },
};

/// Applies changes in their order, and returns the subjects of those that altered something.
///
/// Fails as [`StateBox::apply`] does; the document is of no use then.
pub(crate) fn apply_all(
    document: &mut StateBox,
    changes: &[Change],
    now: Timestamp,
) -> Result<Vec<String>> {
    let mut subjects = Vec::new();
    for change in changes {
        if document.apply(change, now)? {
            subjects.push(change.subject());
        }
    }
    Ok(subjects)
}

/// The message of a commit: the subject of the first change, the others in the body.
pub(crate) fn message(subjects: &[String]) -> String {
    match subjects {
        [subject] => subject.clone(),
        [subject, others @ ..] => format!("{subject}\n\n{}\n", others.join("\n")),
        [] => String::new(),
    }
}

/// The message of the commit that creates a document.
pub(crate) fn creation(release: &Version) -> String {
    format!("Initialize StateBox for release {release}")
}

pub(crate) fn no_document(release: &Version) -> Error {
    Error::not_found(format!("there is no state document of {release}")).hint("create it first")
}

pub(crate) fn exists_already(release: &Version) -> Error {
    Error::new(
        Kind::Conflict,
        format!("the state document of {release} exists already"),
    )
    .hint("read it instead of creating it")
}
