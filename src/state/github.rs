//! Keeps the state of releases where teams share it: files on a branch of a repository on GitHub.
//!
//! Each write is one commit that names the content it replaces, so GitHub turns it away when
//! somebody else was faster; then the changes are applied again to what stands there now. A write
//! whose answer was lost is looked up before it is made again: it landed when the file is what was
//! written, or when the history names it. What GitHub may not show at once costs another look, never
//! a change made twice.
//!
//! A file that is deleted between the last read and a write comes back with the change: GitHub does
//! not compare with what is not there.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use super::{
    Snapshot, StateStore,
    branch::path_of,
    commit::{apply_all, creation, exists_already, message, no_document},
};
use crate::{
    call::Control,
    error::{Error, Kind, Result},
    release::{
        Version,
        statebox::{Change, StateBox},
    },
    services::github::{File, GitHub, Read, Write},
    world::{BoxFuture, World},
};

/// How long to wait before each further try; there is one try more than waits.
const WAITS: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// How many commits one look into the history shows; nobody makes as many while we look.
const COMMITS: usize = 100;

/// What a commit of ours ends with: the contents before and after it.
const TRAILER: &str = "StateBox-Change: ";

/// Where [`World::point`] is called between reading the file and writing it.
pub const BEFORE_WRITE: &str = "state.github.before_write";
/// Where [`World::point`] is called once a write has landed.
pub const AFTER_WRITE: &str = "state.github.after_write";

/// A store on a branch of a repository on GitHub.
#[derive(Clone)]
pub struct GithubStore {
    github: Arc<GitHub>,
    world: Arc<dyn World>,
    known: Arc<Mutex<HashMap<Version, Known>>>,
}

/// A document as it was read or written last.
#[derive(Clone)]
struct Known {
    snapshot: Snapshot,
    /// The entity tag to read it with; what was written has none.
    tag: Option<String>,
}

/// A write of which nobody knows whether it landed.
struct Doubt {
    /// The content it replaces, if it replaces one.
    before: Option<String>,
    /// The content it makes.
    after: String,
    error: Error,
}

impl GithubStore {
    /// Keeps documents on the state branch of `github`. Sends nothing yet.
    pub fn new(github: Arc<GitHub>, world: Arc<dyn World>) -> Self {
        Self {
            github,
            world,
            known: Arc::default(),
        }
    }

    async fn fetch(&self, release: &Version) -> Result<Option<Snapshot>> {
        let before = self.known().get(release).cloned();
        let tag = before.as_ref().and_then(|known| known.tag.as_deref());
        let (repository, branch) = (self.github.repository(), self.github.branch());
        let path = path_of(release);
        let client = self.github.client();
        let read = client.read(repository, &path, branch, tag).await?;
        match (read, before) {
            (Read::File { file, tag }, _) => {
                let document = StateBox::parse(&file.text, release).map_err(|error| {
                    let page = self.github.page(&path, branch);
                    Error::invalid(format!("`{page}` is not a state document of {release}"))
                        .hint(error.hint.clone().unwrap_or_default())
                        .because(error)
                })?;
                let snapshot = self.snapshot(document, file.sha);
                self.remember(snapshot.clone(), tag);
                Ok(Some(snapshot))
            }
            (Read::Unchanged, Some(known)) => Ok(Some(known.snapshot)),
            // Without something known there was no tag to send.
            (Read::Missing | Read::Unchanged, _) => {
                self.known().remove(release);
                Ok(None)
            }
        }
    }

    async fn change(&self, release: &Version, changes: &[Change]) -> Result<Snapshot> {
        let mut writing = Writing::new(self, release);
        let mut is_fresh = false;
        loop {
            let known = self
                .known()
                .get(release)
                .map(|known| known.snapshot.clone());
            let current = match known.filter(|_| !is_fresh && writing.tries == 0) {
                Some(known) => Some(known),
                None => {
                    is_fresh = true;
                    writing.look().await?
                }
            };
            if let Some(landed) = writing.settle(current.as_ref()).await? {
                return Ok(landed);
            }
            let Some(mut current) = current else {
                return Err(no_document(release).hint(format!(
                    "it is no longer on `{}`; restore it from the history of the branch, or create \
                     it anew",
                    self.github.branch()
                )));
            };
            let before = current.revision.clone();
            let now = self.world.now();
            let subjects = match apply_all(&mut current.document, changes, now) {
                Ok(subjects) if !subjects.is_empty() => subjects,
                // What was known may be out of date.
                _ if !is_fresh => {
                    is_fresh = true;
                    continue;
                }
                Ok(_) => return Ok(current),
                Err(error) => return Err(error),
            };
            let message = message(&subjects);
            let written = writing
                .write(current.document, Some(before), message)
                .await?;
            if let Some(written) = written {
                return Ok(written);
            }
        }
    }

    async fn add(&self, document: &StateBox) -> Result<Snapshot> {
        let release = document.release();
        let mut writing = Writing::new(self, release);
        loop {
            if writing.tries > 0 {
                let current = writing.look().await?;
                if let Some(landed) = writing.settle(current.as_ref()).await? {
                    return Ok(landed);
                }
                if current.is_some() {
                    return Err(exists_already(release));
                }
            }
            let message = creation(release);
            let written = writing.write(document.clone(), None, message).await?;
            if let Some(written) = written {
                return Ok(written);
            }
        }
    }

    fn snapshot(&self, document: StateBox, revision: String) -> Snapshot {
        let path = path_of(document.release());
        Snapshot {
            link: Some(self.github.page(&path, self.github.branch())),
            document,
            revision,
            is_limited: false,
        }
    }

    fn remember(&self, snapshot: Snapshot, tag: Option<String>) {
        let release = snapshot.document.release().clone();
        self.known().insert(release, Known { snapshot, tag });
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Version, Known>> {
        self.known
            .lock()
            .expect("no thread panics while it holds the documents")
    }
}

/// One write on its way: its tries, and what became of them.
struct Writing<'a> {
    store: &'a GithubStore,
    release: &'a Version,
    tries: usize,
    doubts: Vec<Doubt>,
}

impl<'a> Writing<'a> {
    fn new(store: &'a GithubStore, release: &'a Version) -> Self {
        Self {
            store,
            release,
            tries: 0,
            doubts: Vec::new(),
        }
    }

    /// Reads the document, after the wait that is due.
    async fn look(&mut self) -> Result<Option<Snapshot>> {
        if let Some(place) = self.tries.checked_sub(1) {
            let Some(wait) = WAITS.get(place) else {
                return Err(self.give_up());
            };
            // Who may not wait tries again at once: others may be waiting for this write.
            if !Control::current().is_hasty {
                self.store.world.sleep(*wait).await;
            }
        }
        match self.store.fetch(self.release).await {
            Err(error) => Err(self.doubtful(error)),
            found => found,
        }
    }

    /// Sends one try. `None` when somebody was faster, or nobody knows what became of it.
    async fn write(
        &mut self,
        document: StateBox,
        before: Option<String>,
        message: String,
    ) -> Result<Option<Snapshot>> {
        let store = self.store;
        let text = document.to_yaml();
        let after = File::sha_of(&text);
        let message = with_trailer(&message, before.as_deref(), &after);
        store.world.point(BEFORE_WRITE);
        self.tries += 1;
        let write = Write {
            path: path_of(self.release),
            branch: store.github.branch().to_owned(),
            message,
            text,
            sha: before.clone(),
        };
        let client = store.github.client();
        match client.write(store.github.repository(), &write).await {
            Ok(written) => {
                store.world.point(AFTER_WRITE);
                let snapshot = store.snapshot(document, written.sha);
                store.remember(snapshot.clone(), None);
                Ok(Some(snapshot))
            }
            Err(error) if error.is_ambiguous => {
                self.doubts.push(Doubt {
                    before,
                    after,
                    error,
                });
                Ok(None)
            }
            Err(error) if error.kind == Kind::Conflict => Ok(None),
            Err(error) => Err(self.doubtful(error)),
        }
    }

    /// Returns the document when a write in doubt is in it, after looking where it left a trace.
    async fn settle(&mut self, current: Option<&Snapshot>) -> Result<Option<Snapshot>> {
        let revision = current.map(|snapshot| snapshot.revision.as_str());
        // Where nothing moved, it has not landed; if it still does, GitHub turns the next one away.
        let (mut open, mut is_landed) = (false, false);
        for doubt in &self.doubts {
            is_landed |= revision == Some(&doubt.after);
            open |= revision != doubt.before.as_deref();
        }
        let Some(current) = current.filter(|_| open || is_landed) else {
            return Ok(None);
        };
        if !is_landed && !self.is_in_history().await? {
            // Others moved the file from what these wanted to replace: they cannot land any more.
            let revision = Some(current.revision.as_str());
            self.doubts
                .retain(|doubt| doubt.before.as_deref() == revision);
            return Ok(None);
        }
        self.store.world.point(AFTER_WRITE);
        Ok(Some(current.clone()))
    }

    async fn is_in_history(&self) -> Result<bool> {
        let github = &self.store.github;
        let path = path_of(self.release);
        let (repository, branch) = (github.repository(), github.branch());
        let client = github.client();
        let commits = client
            .commits(repository, &path, branch, COMMITS)
            .await
            .map_err(|error| self.doubtful(error))?;
        let is_ours = |message: &str| {
            let names =
                |doubt: &Doubt| message.ends_with(&trailer(doubt.before.as_deref(), &doubt.after));
            self.doubts.iter().any(names)
        };
        if commits
            .iter()
            .any(|commit| is_ours(commit.message.trim_end()))
        {
            return Ok(true);
        }
        // The file is there, so a history without commits is not up to date.
        if commits.is_empty() {
            return Err(self.give_up());
        }
        Ok(false)
    }

    /// An error of ours, unless a write is in doubt: then that is what matters.
    fn doubtful(&self, error: Error) -> Error {
        match self.doubts.last() {
            None => error,
            Some(_) => self.give_up(),
        }
    }

    fn give_up(&self) -> Error {
        let release = self.release;
        if let Some(doubt) = self.doubts.last() {
            let message = format!("nobody knows whether the state of {release} was written");
            let error = Error::new(doubt.error.kind, message).ambiguous();
            return error
                .hint("look at the document before the same is written again")
                .because(doubt.error.clone());
        }
        let tries = self.tries;
        let message = format!(
            "the state of {release} was changed by others {tries} times while it was written"
        );
        Error::new(Kind::Conflict, message).hint(format!(
            "try again; the history of `{}` says who writes so often",
            path_of(release)
        ))
    }
}

fn with_trailer(message: &str, before: Option<&str>, after: &str) -> String {
    format!("{}\n\n{}", message.trim_end(), trailer(before, after))
}

fn trailer(before: Option<&str>, after: &str) -> String {
    format!("{TRAILER}{}..{after}", before.unwrap_or("none"))
}

impl StateStore for GithubStore {
    fn read<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, Result<Option<Snapshot>>> {
        Box::pin(self.fetch(release))
    }

    fn create<'a>(&'a self, document: &'a StateBox) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(self.add(document))
    }

    fn apply<'a>(
        &'a self,
        release: &'a Version,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(self.change(release, changes))
    }
}

impl fmt::Debug for GithubStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GithubStore({})", self.github.repository())
    }
}
