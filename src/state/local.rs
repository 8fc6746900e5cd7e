//! Keeps the state of releases in a local bare git repository, in the layout of the shared branch.
//!
//! Each write is one commit on `z-stream`. A write reads the freshest commit, applies its changes,
//! and moves the branch only if it still is where it was read, under git's own lock of the branch;
//! otherwise it begins again. So two writers, in one process or in two, never lose each other's
//! changes. Nothing here speaks to another machine.

use std::{
    panic,
    path::{Path, PathBuf},
    sync::Arc,
};

use git2::{
    ErrorCode, FileMode, Oid, Repository, RepositoryInitOptions, Signature, Time,
    build::TreeUpdateBuilder,
};
use jiff::Timestamp;

use super::{
    Snapshot, StateStore,
    branch::{blob_at, head, move_branch, path_of},
    commit::{apply_all, creation, exists_already, message, no_document},
};
use crate::{
    error::{Error, Kind, Result},
    release::{
        Version,
        statebox::{Change, StateBox},
    },
    world::{BoxFuture, World},
};

const AUTHOR: (&str, &str) = ("oar-script", "oar-script@example.com");

/// How often a write begins again before it gives up.
const MAX_ATTEMPTS: usize = 50;

/// Where [`World::point`] is called between reading the branch and moving it.
pub const BEFORE_WRITE: &str = "state.local.before_write";
/// Where [`World::point`] is called once a write has landed.
pub const AFTER_WRITE: &str = "state.local.after_write";

/// A store in a local bare git repository.
#[derive(Clone, Debug)]
pub struct LocalStore {
    path: PathBuf,
    world: Arc<dyn World>,
}

impl LocalStore {
    /// Opens the repository at `path`, and makes it when there is nothing.
    ///
    /// Fails with `invalid` when something else is there.
    pub fn open(path: &Path, world: Arc<dyn World>) -> Result<Self> {
        let store = Self {
            path: path.to_owned(),
            world,
        };
        match Repository::open_ext(
            path,
            git2::RepositoryOpenFlags::NO_SEARCH,
            &[] as &[&std::ffi::OsStr],
        ) {
            Ok(repository) if repository.is_bare() => return Ok(store),
            Ok(_) => {
                let message = format!("`{}` has a work tree", path.display());
                return Err(Error::invalid(message).hint("name a bare repository or a new folder"));
            }
            Err(error) if error.code() == ErrorCode::NotFound => {}
            Err(error) => return Err(store.trouble("open", error)),
        }
        if path.is_file() || store.world.list(path).is_ok_and(|files| !files.is_empty()) {
            let message = format!("`{}` is not a git repository", path.display());
            return Err(Error::invalid(message).hint("name a bare repository or a new folder"));
        }
        let mut options = RepositoryInitOptions::new();
        options.bare(true).mkpath(true).initial_head("z-stream");
        Repository::init_opts(path, &options).map_err(|error| store.trouble("create", error))?;
        Ok(store)
    }

    /// Puts a given document into the repository, byte for byte, as one commit.
    ///
    /// For the seed of a world; blocks for as long as the disk does. Fails with `invalid` when it
    /// is no document and with `conflict` when its release has one already.
    pub fn import(&self, text: &str) -> Result<Snapshot> {
        let document = StateBox::parse_any(text)?;
        let message = format!("Import StateBox for release {}", document.release());
        self.add(&document, text, &message)
    }

    /// Returns the subject and time of every commit that wrote the document of `release`, oldest
    /// first. Blocks for as long as the disk does.
    pub fn history(&self, release: &Version) -> Result<Vec<(String, Timestamp)>> {
        let repository = self.repository()?;
        let read = || -> Result<Vec<_>, git2::Error> {
            let mut commits = Vec::new();
            let mut next = head(&repository)?;
            while let Some(id) = next {
                let commit = repository.find_commit(id)?;
                next = commit.parent_ids().next();
                let parent = next.map(|id| blob_at(&repository, id, release));
                if blob_at(&repository, id, release)? != parent.transpose()?.flatten() {
                    let subject = commit.summary()?.unwrap_or_default().to_owned();
                    commits.push((subject, commit.time().seconds()));
                }
            }
            Ok(commits)
        };
        let commits = read().map_err(|error| self.trouble("read the history of", error))?;
        commits
            .into_iter()
            .rev()
            .map(|(subject, seconds)| match Timestamp::from_second(seconds) {
                Ok(time) => Ok((subject, time)),
                Err(error) => {
                    Err(Error::invalid(format!("`{subject}` has no proper time")).because(error))
                }
            })
            .collect()
    }

    fn find(&self, release: &Version) -> Result<Option<Snapshot>> {
        let repository = self.repository()?;
        match self.head(&repository)? {
            Some(head) => self.snapshot_at(&repository, head, release),
            None => Ok(None),
        }
    }

    fn add(&self, document: &StateBox, text: &str, message: &str) -> Result<Snapshot> {
        let release = document.release();
        let repository = self.repository()?;
        for _ in 0..MAX_ATTEMPTS {
            let head = self.head(&repository)?;
            if let Some(head) = head
                && self.blob(&repository, head, release)?.is_some()
            {
                return Err(exists_already(release));
            }
            self.world.point(BEFORE_WRITE);
            if let Some(blob) = self.commit(&repository, head, release, text, message)? {
                self.world.point(AFTER_WRITE);
                return Ok(snapshot(document.clone(), blob));
            }
        }
        Err(gave_up(release))
    }

    fn change(&self, release: &Version, changes: &[Change]) -> Result<Snapshot> {
        let repository = self.repository()?;
        for _ in 0..MAX_ATTEMPTS {
            let head = self.head(&repository)?;
            let current = match head {
                Some(head) => self.snapshot_at(&repository, head, release)?,
                None => None,
            };
            let Some(mut current) = current else {
                return Err(no_document(release));
            };
            let subjects = apply_all(&mut current.document, changes, self.world.now())?;
            if subjects.is_empty() {
                return Ok(current);
            }
            self.world.point(BEFORE_WRITE);
            let text = current.document.to_yaml();
            let message = message(&subjects);
            if let Some(blob) = self.commit(&repository, head, release, &text, &message)? {
                self.world.point(AFTER_WRITE);
                return Ok(snapshot(current.document, blob));
            }
        }
        Err(gave_up(release))
    }

    /// Writes a commit upon `head` and moves the branch there. `None` when the branch has moved
    /// meanwhile or somebody else moves it right now.
    fn commit(
        &self,
        repository: &Repository,
        head: Option<Oid>,
        release: &Version,
        text: &str,
        message: &str,
    ) -> Result<Option<Oid>> {
        let write = || -> Result<Option<Oid>, git2::Error> {
            let parent = head.map(|id| repository.find_commit(id)).transpose()?;
            let base = match &parent {
                Some(parent) => parent.tree()?,
                None => repository.find_tree(repository.treebuilder(None)?.write()?)?,
            };
            let blob = repository.blob(text.as_bytes())?;
            let tree = TreeUpdateBuilder::new()
                .upsert(path_of(release), blob, FileMode::Blob)
                .create_updated(repository, &base)?;
            let tree = repository.find_tree(tree)?;
            let time = Time::new(self.world.now().as_second(), 0);
            let author = Signature::new(AUTHOR.0, AUTHOR.1, &time)?;
            let parents: Vec<_> = parent.iter().collect();
            let commit = repository.commit(None, &author, &author, message, &tree, &parents)?;
            let is_moved = move_branch(repository, head, commit, &author, message)?;
            Ok(is_moved.then_some(blob))
        };
        write().map_err(|error| self.trouble("write to", error))
    }

    fn snapshot_at(
        &self,
        repository: &Repository,
        commit: Oid,
        release: &Version,
    ) -> Result<Option<Snapshot>> {
        let Some(id) = self.blob(repository, commit, release)? else {
            return Ok(None);
        };
        let blob = repository
            .find_blob(id)
            .map_err(|error| self.trouble("read", error))?;
        let text = std::str::from_utf8(blob.content()).map_err(|error| {
            Error::invalid(format!("`{}` is not UTF-8 text", path_of(release)))
                .hint("restore the file from its history")
                .because(error)
        })?;
        Ok(Some(snapshot(StateBox::parse(text, release)?, id)))
    }

    fn repository(&self) -> Result<Repository> {
        Repository::open_bare(&self.path).map_err(|error| self.trouble("open", error))
    }

    fn head(&self, repository: &Repository) -> Result<Option<Oid>> {
        head(repository).map_err(|error| self.trouble("read", error))
    }

    fn blob(&self, repository: &Repository, commit: Oid, release: &Version) -> Result<Option<Oid>> {
        blob_at(repository, commit, release).map_err(|error| self.trouble("read", error))
    }

    fn trouble(&self, what: &str, error: git2::Error) -> Error {
        let path = self.path.display();
        Error::new(
            Kind::Unexpected,
            format!("could not {what} the repository `{path}`"),
        )
        .hint("see whether the folder is there, is yours and has room")
        .because(error)
    }

    /// Does blocking work: on a thread for it when there is a runtime, else here.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return work(&store);
        };
        match runtime.spawn_blocking(move || work(&store)).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(cause) => panic::resume_unwind(cause),
                Err(error) => Err(Error::new(Kind::Cancelled, "the run has ended").because(error)),
            },
        }
    }
}

impl StateStore for LocalStore {
    fn read<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, Result<Option<Snapshot>>> {
        let release = release.clone();
        Box::pin(self.blocking(move |store| store.find(&release)))
    }

    fn create<'a>(&'a self, document: &'a StateBox) -> BoxFuture<'a, Result<Snapshot>> {
        let document = document.clone();
        Box::pin(self.blocking(move |store| {
            let message = creation(document.release());
            store.add(&document, &document.to_yaml(), &message)
        }))
    }

    fn apply<'a>(
        &'a self,
        release: &'a Version,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Snapshot>> {
        let (release, changes) = (release.clone(), changes.to_owned());
        Box::pin(self.blocking(move |store| store.change(&release, &changes)))
    }
}

fn snapshot(document: StateBox, blob: Oid) -> Snapshot {
    Snapshot {
        link: Some(path_of(document.release())),
        document,
        revision: blob.to_string(),
        is_limited: false,
    }
}

fn gave_up(release: &Version) -> Error {
    Error::new(
        Kind::Conflict,
        format!("the state of {release} was changed by others {MAX_ATTEMPTS} times while it was written"),
    )
    .hint("try again; if nobody writes, remove a stale `refs/heads/z-stream.lock` from the repository")
}
