//! The branch that state documents live on, in a git repository on this machine.

use std::path::Path;

use git2::{ErrorCode, Oid, Repository, Signature};

use crate::release::Version;

/// The branch.
pub(super) const BRANCH: &str = "refs/heads/z-stream";

/// Moves the branch from `old` to `new` under its lock; false when it is not at `old` or locked.
pub(super) fn move_branch(
    repository: &Repository,
    old: Option<Oid>,
    new: Oid,
    author: &Signature<'_>,
    message: &str,
) -> Result<bool, git2::Error> {
    let mut transaction = repository.transaction()?;
    match transaction.lock_ref(BRANCH) {
        Ok(()) => {}
        Err(error) if error.code() == ErrorCode::Locked => {
            std::thread::yield_now();
            return Ok(false);
        }
        Err(error) => return Err(error),
    }
    if head(repository)? != old {
        return Ok(false);
    }
    let subject = message.lines().next().unwrap_or_default();
    transaction.set_target(BRANCH, new, Some(author), subject)?;
    transaction.commit()?;
    Ok(true)
}

/// The commit the branch is at, if there is one.
pub(super) fn head(repository: &Repository) -> Result<Option<Oid>, git2::Error> {
    match repository.refname_to_id(BRANCH) {
        Ok(id) => Ok(Some(id)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The file of a release in a commit, if it is there.
pub(super) fn blob_at(
    repository: &Repository,
    commit: Oid,
    release: &Version,
) -> Result<Option<Oid>, git2::Error> {
    let tree = repository.find_commit(commit)?.tree()?;
    match tree.get_path(Path::new(&path_of(release))) {
        Ok(entry) => Ok(Some(entry.id())),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The file of a release, the same in every store that is a repository.
pub(crate) fn path_of(release: &Version) -> String {
    format!("_releases/{}/statebox/{release}.yaml", release.y_stream())
}
