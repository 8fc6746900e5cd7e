//! GitHub: the repository that keeps test results and the state of releases.
//!
//! Files are read over the contents API, or from a clone on this machine when `github.local_clone`
//! is set; the state is only read and written over the API. Rules over what a file says are left to
//! [`crate::release`], when to write to [`crate::state`].

pub mod binding;
pub mod client;
pub mod emulator;
pub mod local;

use std::sync::Arc;

use git2::{ObjectType, Oid};

use super::{Checkup, Row};
use crate::{
    error::{Error, Result},
    http::Auth,
};

pub use client::{Client, Commit, Read, Write, Written};
pub use local::LocalClone;

/// The environment variable of the credential; reading works without, 60 times an hour.
const CREDENTIAL: &str = "GITHUB_TOKEN";

/// The branch that holds test results.
const RECORD: &str = "record";

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: "github",
    title: "GitHub",
    endpoint: "https://api.github.com",
    credentials: &[CREDENTIAL],
    health: "the branch `record` of the repository can be read",
    check: |checkup| Box::pin(check(checkup)),
    module: binding::module,
    emulator: |state| emulator::router(state).into(),
    seed: include_str!("seed.json"),
    install: |session, setup| {
        let auth = Auth::bearer_if(CREDENTIAL, setup.world.secret(CREDENTIAL));
        let caller = setup.http.service(ROW.name, setup.endpoint(&ROW)?, auth);
        let client = Arc::new(Client::new(caller));
        let repository = &setup.config.github.repository;
        let branch = &setup.config.state.branch;
        session.put(Arc::new(GitHub::new(client.clone(), repository, branch)));
        let clone = setup.config.github.local_clone.as_ref();
        let source = match clone.filter(|_| setup.world.endpoint(ROW.name).is_none()) {
            Some(folder) => Source::Clone(LocalClone::new(folder, repository)),
            None => Source::Api(client),
        };
        session.put(Arc::new(Files {
            source,
            repository: repository.clone(),
        }));
        Ok(())
    },
};

/// The newest commit on the branch with test results.
async fn check(checkup: &Checkup<'_>) -> Result<String> {
    let github = checkup.session.get::<GitHub>()?;
    let (client, repository) = (github.client(), github.repository());
    client.commits(repository, "_releases", RECORD, 1).await?;
    Ok(format!("`{RECORD}` of {repository} can be read"))
}

/// A file as it stands on a branch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct File {
    /// What it says.
    pub text: String,
    /// Git's name of this content.
    pub sha: String,
}

impl File {
    /// Returns git's name of a content.
    pub fn sha_of(text: &str) -> String {
        Oid::hash_object(ObjectType::Blob, text.as_bytes())
            .map(|id| id.to_string())
            .unwrap_or_default()
    }
}

/// The repository that the settings name, over GitHub's API, and the branch with state documents.
#[derive(Clone, Debug)]
pub struct GitHub {
    client: Arc<Client>,
    repository: String,
    branch: String,
}

impl GitHub {
    /// Names the repository (owner and name) and the branch that holds state documents.
    pub fn new(client: Arc<Client>, repository: &str, branch: &str) -> Self {
        Self {
            client,
            repository: repository.to_owned(),
            branch: branch.to_owned(),
        }
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Owner and name of the repository.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The branch that holds state documents, such as `z-stream`.
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// Where a person looks at the file at `path` on `branch`.
    pub fn page(&self, path: &str, branch: &str) -> String {
        let site = self.client.site();
        format!("{site}/{}/blob/{branch}/{path}", self.repository)
    }
}

/// The files of the repository that the settings name, wherever they are read from.
#[derive(Debug)]
pub struct Files {
    source: Source,
    repository: String,
}

#[derive(Debug)]
enum Source {
    Api(Arc<Client>),
    Clone(LocalClone),
}

impl Files {
    /// Returns the file at `path` on `branch`, or `None` when the branch has no such file.
    ///
    /// Fails with `not_found` when there is no such branch or repository, `invalid` when `path` is
    /// a folder, leaves the repository, or the file is not text.
    pub async fn file(&self, path: &str, branch: &str) -> Result<Option<File>> {
        check_path(path)?;
        match &self.source {
            Source::Api(client) => client.file(&self.repository, path, branch).await,
            Source::Clone(clone) => clone.file(path, branch).await,
        }
    }

    /// Returns the test result of a build on an architecture (`amd64`, …), or `None` when there is
    /// none, or none any more.
    pub async fn test_result(&self, build: &str, arch: &str) -> Result<Option<File>> {
        self.file(&test_result_path(build, arch)?, RECORD).await
    }

    /// Owner and name of the repository.
    pub fn repository(&self) -> &str {
        &self.repository
    }
}

/// Returns where the test result of a build is kept on the branch `record`.
///
/// Fails with `invalid` for names that cannot be part of a file name.
pub fn test_result_path(build: &str, arch: &str) -> Result<String> {
    for (what, name) in [("build", build), ("architecture", arch)] {
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !is_name {
            return Err(
                Error::invalid(format!("`{name}` is not the name of a {what}")).service(ROW.name),
            );
        }
    }
    Ok(format!("_releases/ocp-test-result-{build}-{arch}.json"))
}

/// A path stands below the top of the repository and says so plainly.
fn check_path(path: &str) -> Result<()> {
    let is_plain = path
        .split('/')
        .all(|part| !matches!(part, "" | "." | "..") && !part.contains('\0'));
    if is_plain {
        return Ok(());
    }
    let error = Error::invalid(format!(
        "`{path}` is not the path of a file in a repository"
    ));
    Err(error
        .service(ROW.name)
        .hint("write it from the top of the repository, such as `_releases/name.json`"))
}
