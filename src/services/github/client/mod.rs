//! Reads files over GitHub's contents API.
//!
//! The requests are octocrab's, on the shared connection pool; its own retries are off, because
//! ours wait on the world's clock.

use std::{collections::HashSet, sync::Mutex};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use octocrab::{Octocrab, service::middleware::retry::RetryConfig};
use reqwest::{Method, StatusCode, header::HeaderMap};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use super::File;
use crate::{
    error::{Error, Kind, Result},
    http::{
        Answer, Caller, Shown, Tried,
        classify::{status_error, wrapped_transport_error},
        found, segment,
    },
};

/// Reads from GitHub.
#[derive(Debug)]
pub struct Client {
    caller: Caller,
    octocrab: OnceCell<Octocrab>,
    /// Repository and branch that are known to exist.
    known: Mutex<HashSet<(String, String)>>,
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
    /// branch has no such file.
    ///
    /// Fails with `not_found` when there is no such branch or repository, `invalid` when `path` is
    /// a folder or the file is not text. Calls `GET /repos/{repository}/contents/{path}`, for files
    /// above 1 MB `GET /repos/{repository}/git/blobs/{sha}` too, and the first time that a file is
    /// missing `GET /repos/{repository}/branches/{branch}`.
    pub async fn file(&self, repository: &str, path: &str, branch: &str) -> Result<Option<File>> {
        let encoded: Vec<_> = path.split('/').map(segment).collect();
        let route = format!("{}/contents/{}", below(repository), encoded.join("/"));
        let query = [("ref", branch)];
        let answer = found(self.get(&route, &query).await)?;
        let Some(answer) = answer else {
            self.must_have_branch(repository, branch).await?;
            return Ok(None);
        };
        self.remember(repository, branch);
        let document: Value = self.read(&answer)?;
        // A folder is answered with an array.
        if document.is_array() || document["type"] != "file" {
            return Err(self.wrong(format!("`{path}` on `{branch}` is not a file")));
        }
        let contents: Contents = self.read(&answer)?;
        let encoded = if contents.encoding == "base64" {
            contents.content
        } else {
            let route = format!("{}/git/blobs/{}", below(repository), segment(&contents.sha));
            self.read::<Blob>(&self.get(&route, &[]).await?)?.content
        };
        let text = decoded(&encoded)
            .ok_or_else(|| self.wrong(format!("`{path}` on `{branch}` is not readable text")))?;
        Ok(Some(File {
            text,
            sha: contents.sha,
        }))
    }

    /// Fails with `not_found` and says what is missing, unless the branch exists.
    async fn must_have_branch(&self, repository: &str, branch: &str) -> Result<()> {
        if self.knows(repository, branch) {
            return Ok(());
        }
        let route = format!("{}/branches/{}", below(repository), segment(branch));
        let Err(error) = self.get(&route, &[]).await else {
            self.remember(repository, branch);
            return Ok(());
        };
        if error.kind != Kind::NotFound {
            return Err(error);
        }
        let message = if error.message.contains("Branch not found") {
            format!("`{repository}` has no branch `{branch}`")
        } else {
            format!("there is no repository `{repository}`, or it may not be seen")
        };
        let hint = self.caller.auth().hint().unwrap_or_default();
        Err(self.caller.finish(
            Error::not_found(message)
                .status(404)
                .hint(format!("look at `github.repository`, and {hint}"))
                .because(error),
        ))
    }

    async fn get(&self, route: &str, query: &[(&str, &str)]) -> Result<Answer> {
        let url = self.url(route, query)?;
        let shown = Shown::new(Method::GET, &url);
        let octocrab = self
            .octocrab
            .get_or_try_init(|| async { self.build() })
            .await?;
        let (url, shown) = (&url, &shown);
        self.caller
            .guarded(shown, false, || async move {
                let mut tried = Tried {
                    status: None,
                    bytes: 0,
                };
                let wait = self.caller.longest(None);
                let answer = self.once(octocrab, url, shown, &mut tried);
                let answer = tokio::time::timeout(wait, answer)
                    .await
                    .unwrap_or_else(|_| {
                        let message = format!("{shown} got no answer in time");
                        Err(Error::new(Kind::Unreachable, message))
                    });
                (tried, answer)
            })
            .await
    }

    async fn once(
        &self,
        octocrab: &Octocrab,
        url: &Url,
        shown: &Shown,
        tried: &mut Tried,
    ) -> Result<Answer> {
        let what = shown.to_string();
        let failed = |error: octocrab::Error| wrapped_transport_error(&what, &error);
        let response = octocrab._get(url.as_str()).await.map_err(failed)?;
        let status: StatusCode = response.status();
        let headers: HeaderMap = response.headers().clone();
        tried.status = Some(status.as_u16());
        let text = octocrab.body_to_string(response).await.map_err(failed)?;
        tried.bytes = text.len();
        if !status.is_success() {
            let auth = self.caller.auth();
            let now = self.caller.now();
            return Err(status_error(
                &what,
                status,
                &headers,
                text.as_bytes(),
                auth,
                now,
            ));
        }
        Ok(Answer {
            status,
            headers,
            body: text.into(),
            what,
        })
    }

    fn build(&self) -> Result<Octocrab> {
        let failed = |error: octocrab::Error| {
            let error = wrapped_transport_error("the client for GitHub", &error);
            self.caller.finish(error)
        };
        let mut builder = Octocrab::builder()
            .add_retry_config(RetryConfig::None)
            .base_uri(self.caller.base().as_str())
            .map_err(failed)?;
        // The library does not survive a token that no header can carry.
        self.caller
            .auth()
            .check()
            .map_err(|error| self.caller.finish(error))?;
        if let Some(token) = self.caller.auth().bare() {
            builder = builder.personal_token(token.expose_secret().trim().to_owned());
        }
        builder
            .build_with_reqwest(self.caller.pool()?)
            .map_err(failed)
    }

    fn url(&self, route: &str, query: &[(&str, &str)]) -> Result<Url> {
        query
            .iter()
            .fold(self.caller.get(route), |request, (name, value)| {
                request.query(name, value)
            })
            .url()
            .map_err(|error| self.caller.finish(error))
    }

    fn read<T: serde::de::DeserializeOwned>(&self, answer: &Answer) -> Result<T> {
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

/// Base64 with line breaks, as GitHub sends it.
fn decoded(content: &str) -> Option<String> {
    let joined: String = content.split_ascii_whitespace().collect();
    let bytes = BASE64_STANDARD.decode(joined).ok()?;
    String::from_utf8(bytes).ok()
}
