//! Reads and writes files over GitHub's contents API, lists commits and asks its GraphQL API.
//!
//! The requests are octocrab's, on the shared connection pool.

mod commits;
mod graphql;
mod labels;
mod wire;
mod write;

use std::{collections::HashSet, sync::Mutex};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use octocrab::Octocrab;
use reqwest::{
    StatusCode,
    header::{ETAG, HeaderMap},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::File;
use crate::{
    error::{Error, Kind, Result},
    http::{Answer, Caller, found, segment},
};
use wire::Ask;

pub use commits::Commit;
pub use write::{Write, Written};

/// Reads from and writes to GitHub.
#[derive(Debug)]
pub struct Client {
    caller: Caller,
    octocrab: OnceCell<Octocrab>,
    /// Repository and branch that are known to exist.
    known: Mutex<HashSet<(String, String)>>,
}

/// What one conditional read found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Read {
    /// The file is as it was when the caller got its entity tag.
    Unchanged,
    /// The branch has no such file.
    Missing,
    /// The file, and the entity tag to read it with next time.
    File {
        /// The file.
        file: File,
        /// The entity tag of this answer.
        tag: Option<String>,
    },
}

/// What the contents API says about a file. `content` is empty and `encoding` `none` above 1 MB.
#[derive(Deserialize)]
struct Contents {
    sha: String,
    #[serde(default)]
    encoding: String,
    #[serde(default)]
    content: String,
}

#[derive(Deserialize)]
struct Blob {
    content: String,
}

impl Client {
    /// Makes a client. Nothing is sent and no connection pool is made before it is used.
    pub fn new(caller: Caller) -> Self {
        Self {
            caller,
            octocrab: OnceCell::new(),
            known: Mutex::default(),
        }
    }

    /// Returns the file at `path` on `branch` of `repository` (owner and name), or `None` when the
    /// branch has no such file. Fails and calls as [`Client::read`] does.
    pub async fn file(&self, repository: &str, path: &str, branch: &str) -> Result<Option<File>> {
        match self.read(repository, path, branch, None).await? {
            Read::File { file, .. } => Ok(Some(file)),
            Read::Missing | Read::Unchanged => Ok(None),
        }
    }

    /// Reads the text file at `path` on `branch` of `repository` (owner and name), unless it still
    /// has the entity tag `known`.
    ///
    /// An answer that nothing changed costs nothing of a token's hourly allowance.
    /// Fails with `not_found` when there is no such branch or repository, `invalid` when `path` is
    /// a folder or the file is not text. Calls `GET /repos/{repository}/contents/{path}`, for files
    /// above 1 MB `GET /repos/{repository}/git/blobs/{sha}` too, and the first time that a file is
    /// missing `GET /repos/{repository}/branches/{branch}`.
    pub async fn read(
        &self,
        repository: &str,
        path: &str,
        branch: &str,
        known: Option<&str>,
    ) -> Result<Read> {
        let route = contents_route(repository, path);
        let query = [("ref", branch)];
        let ask = Ask {
            known,
            ..Ask::get(&route, &query)
        };
        let Some(answer) = found(self.send(&ask).await)? else {
            self.must_have_branch(repository, branch).await?;
            return Ok(Read::Missing);
        };
        self.remember(repository, branch);
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(Read::Unchanged);
        }
        let document: Value = self.understand(&answer)?;
        // A folder is answered with an array.
        if document.is_array() || document["type"] != "file" {
            return Err(self.wrong(format!("`{path}` on `{branch}` is not a file")));
        }
        let contents: Contents = self.understand(&answer)?;
        let encoded = if contents.encoding == "base64" {
            contents.content
        } else {
            let route = format!("{}/git/blobs/{}", below(repository), segment(&contents.sha));
            let answer = self.send(&Ask::get(&route, &[])).await?;
            self.understand::<Blob>(&answer)?.content
        };
        let text = decoded(&encoded)
            .ok_or_else(|| self.wrong(format!("`{path}` on `{branch}` is not readable text")))?;
        Ok(Read::File {
            file: File {
                text,
                sha: contents.sha,
            },
            tag: tag_of(&answer.headers),
        })
    }

    /// Where people look at repositories: the usual site, or that of an enterprise whose API is
    /// `https://HOST/api/v3`.
    pub(super) fn site(&self) -> String {
        let base = self.caller.base();
        match (base.path().trim_end_matches('/'), base.host_str()) {
            ("/api/v3", Some(host)) => format!("{}://{host}", base.scheme()),
            _ => "https://github.com".to_owned(),
        }
    }

    /// Fails with `not_found` and says what is missing, unless the branch exists.
    async fn must_have_branch(&self, repository: &str, branch: &str) -> Result<()> {
        if self.knows(repository, branch) {
            return Ok(());
        }
        let route = format!("{}/branches/{}", below(repository), segment(branch));
        let Err(error) = self.send(&Ask::get(&route, &[])).await else {
            self.remember(repository, branch);
            return Ok(());
        };
        if error.kind != Kind::NotFound {
            return Err(error);
        }
        if error.message.contains("Branch not found") {
            return Err(self.no_branch(repository, branch).because(error));
        }
        let hint = self.caller.auth().hint().unwrap_or_default();
        let message = format!("there is no repository `{repository}`, or it may not be seen");
        Err(self.caller.finish(
            Error::not_found(message)
                .status(404)
                .hint(format!("look at `github.repository`, and {hint}"))
                .because(error),
        ))
    }

    fn no_branch(&self, repository: &str, branch: &str) -> Error {
        self.caller.finish(
            Error::not_found(format!("`{repository}` has no branch `{branch}`"))
                .status(404)
                .hint("look at `github.repository` and the name of the branch in the settings"),
        )
    }

    fn understand<T: serde::de::DeserializeOwned>(&self, answer: &Answer) -> Result<T> {
        answer.json().map_err(|error| self.caller.finish(error))
    }

    fn wrong(&self, message: String) -> Error {
        self.caller.finish(Error::invalid(message))
    }

    fn knows(&self, repository: &str, branch: &str) -> bool {
        self.known()
            .contains(&(repository.to_owned(), branch.to_owned()))
    }

    fn remember(&self, repository: &str, branch: &str) {
        self.known()
            .insert((repository.to_owned(), branch.to_owned()));
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<(String, String)>> {
        self.known
            .lock()
            .expect("no thread panics while it holds the branches")
    }
}

fn below(repository: &str) -> String {
    let encoded: Vec<_> = repository.split('/').map(segment).collect();
    format!("/repos/{}", encoded.join("/"))
}

fn contents_route(repository: &str, path: &str) -> String {
    let encoded: Vec<_> = path.split('/').map(segment).collect();
    format!("{}/contents/{}", below(repository), encoded.join("/"))
}

fn tag_of(headers: &HeaderMap) -> Option<String> {
    let tag = headers.get(ETAG)?.to_str().ok()?;
    Some(tag.to_owned())
}

/// Base64 with line breaks, as GitHub sends it.
fn decoded(content: &str) -> Option<String> {
    let joined: String = content.split_ascii_whitespace().collect();
    let bytes = BASE64_STANDARD.decode(joined).ok()?;
    String::from_utf8(bytes).ok()
}
