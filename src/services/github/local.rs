//! Reads files from a clone on this machine.
//!
//! A branch is looked up at the remote whose address holds the repository's name, whatever that
//! remote is called, and then among the branches of the clone itself. A remote that is a folder on
//! this machine is fetched before every read; any other is as fresh as its last `git fetch`.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, ObjectType, Oid, Repository};

use super::File;
use crate::error::{Error, Kind, Result};

const SERVICE: &str = "github";

/// A clone of the repository.
#[derive(Clone, Debug)]
pub struct LocalClone {
    folder: PathBuf,
    repository: String,
}

impl LocalClone {
    /// Names the clone in `folder`; `repository` is the owner and name to look for in the addresses
    /// of its remotes.
    pub fn new(folder: &Path, repository: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            repository: repository.to_owned(),
        }
    }

    /// Returns the file at `path` on `branch`, or `None` when the branch has no such file.
    ///
    /// Fails with `not_found` when there is no clone or no such branch in it, `invalid` when `path`
    /// is a folder or the file is not text.
    pub async fn file(&self, path: &str, branch: &str) -> Result<Option<File>> {
        let (clone, path, branch) = (self.clone(), path.to_owned(), branch.to_owned());
        tokio::task::spawn_blocking(move || clone.read(&path, &branch))
            .await
            .map_err(|error| {
                Error::new(Kind::Unexpected, "reading the clone was cut short")
                    .service(SERVICE)
                    .because(error)
            })?
    }

    fn read(&self, path: &str, branch: &str) -> Result<Option<File>> {
        let repository = self.open()?;
        let commit = self.tip(&repository, branch)?;
        let failed = |error| self.failed(&format!("cannot read `{path}` on `{branch}`"), error);
        let tree = repository
            .find_commit(commit)
            .and_then(|commit| commit.tree())
            .map_err(failed)?;
        let entry = match tree.get_path(Path::new(path)) {
            Ok(entry) => entry,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let wrong = |trouble: &str| {
            Error::invalid(format!("`{path}` on `{branch}` is not {trouble}")).service(SERVICE)
        };
        if entry.kind() != Some(ObjectType::Blob) {
            return Err(wrong("a file"));
        }
        let blob = repository.find_blob(entry.id()).map_err(failed)?;
        let text = String::from_utf8(blob.content().to_vec()).map_err(|_| wrong("text"))?;
        Ok(Some(File {
            text,
            sha: entry.id().to_string(),
        }))
    }

    fn open(&self) -> Result<Repository> {
        Repository::open(&self.folder).map_err(|error| {
            let message = format!("`{}` is not a git clone", self.folder.display());
            let kind = match error.code() {
                ErrorCode::NotFound => Kind::NotFound,
                ErrorCode::Owner => Kind::Denied,
                _ => Kind::Unexpected,
            };
            Error::new(kind, message)
                .service(SERVICE)
                .hint("look at the setting `github.local_clone`")
                .because(error)
        })
    }

    /// The newest commit of a branch.
    fn tip(&self, repository: &Repository, branch: &str) -> Result<Oid> {
        let remote = self.remote(repository)?;
        if let Some(remote) = &remote {
            self.fetch_if_near(repository, remote, branch)?;
        }
        let remote_branch = remote
            .as_ref()
            .map(|remote| format!("refs/remotes/{remote}/{branch}"));
        let places = remote_branch
            .into_iter()
            .chain([format!("refs/heads/{branch}")]);
        for place in places {
            let tip = repository
                .find_reference(&place)
                .and_then(|reference| reference.peel_to_commit());
            match tip {
                Ok(commit) => return Ok(commit.id()),
                Err(error) if error.code() == ErrorCode::NotFound => {}
                Err(error) => return Err(self.failed(&format!("cannot read `{place}`"), error)),
            }
        }
        let folder = self.folder.display();
        let remote = remote.as_deref().unwrap_or("origin");
        Err(
            Error::not_found(format!("`{folder}` has no branch `{branch}`"))
                .service(SERVICE)
                .hint(format!(
                    "run `git -C {folder} fetch {remote} {branch}:refs/remotes/{remote}/{branch}`"
                )),
        )
    }

    /// The remote whose address holds the name of the repository.
    fn remote(&self, repository: &Repository) -> Result<Option<String>> {
        let failed = |error| self.failed("cannot list the remotes", error);
        let names = repository.remotes().map_err(failed)?;
        for name in names.iter() {
            let Ok(Some(name)) = name else {
                continue;
            };
            let remote = repository.find_remote(name).map_err(failed)?;
            if remote.url().is_ok_and(|url| url.contains(&self.repository)) {
                return Ok(Some(name.to_owned()));
            }
        }
        Ok(None)
    }

    fn fetch_if_near(&self, repository: &Repository, name: &str, branch: &str) -> Result<()> {
        let failed = |error| self.failed(&format!("cannot fetch `{branch}` from `{name}`"), error);
        let mut remote = repository.find_remote(name).map_err(failed)?;
        let is_near = remote
            .url()
            .is_ok_and(|url| url.starts_with('/') || url.starts_with("file://"));
        if !is_near {
            return Ok(());
        }
        let what = format!("+refs/heads/{branch}:refs/remotes/{name}/{branch}");
        match remote.fetch(&[what], None, None) {
            Err(error) if error.code() != ErrorCode::NotFound => Err(failed(error)),
            _ => Ok(()),
        }
    }

    fn failed(&self, what: &str, error: git2::Error) -> Error {
        Error::new(
            Kind::Unexpected,
            format!("{what} in `{}`", self.folder.display()),
        )
        .service(SERVICE)
        .because(error)
    }
}
