//! Writes one file in one commit, if it still is what the writer has read.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{Client, contents_route, wire::Ask};
use crate::error::{Error, Kind, Result};

/// A file to write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Write {
    /// Its path from the top of the repository.
    pub path: String,
    /// The branch the commit goes to.
    pub branch: String,
    /// The commit message.
    pub message: String,
    /// The whole new text.
    pub text: String,
    /// Git's name of the content it replaces; `None` to create the file.
    pub sha: Option<String>,
}

/// A write that has landed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written {
    /// Git's name of the new content.
    pub sha: String,
    /// The commit.
    pub commit: String,
}

#[derive(Deserialize)]
struct Landed {
    content: Named,
    commit: Named,
}

#[derive(Deserialize)]
struct Named {
    sha: String,
}

impl Client {
    /// Writes a file of `repository` (owner and name) in one commit, and never a second time.
    ///
    /// Fails with `conflict` when the file is not at `sha`, exists although it should be created,
    /// or the branch moved at this moment; `not_found` when there is no such branch or repository;
    /// `denied` when the token may not write; `busy` with the time to stay away when GitHub asks to
    /// send less. An error is ambiguous when the commit may have been made all the same.
    /// Calls `PUT /repos/{repository}/contents/{path}`, and when that is answered with 404
    /// `GET /repos/{repository}/branches/{branch}`, because GitHub hides what may not be written.
    pub async fn write(&self, repository: &str, write: &Write) -> Result<Written> {
        let mut body = json!({
            "message": write.message,
            "content": BASE64_STANDARD.encode(&write.text),
            "branch": write.branch,
        });
        if let Some(sha) = &write.sha {
            body["sha"] = json!(sha);
        }
        let ask = Ask {
            method: Method::PUT,
            route: &contents_route(repository, &write.path),
            query: &[],
            body: Some(&body),
            known: None,
            is_changing: true,
        };
        let answer = match self.send(&ask).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.explain(repository, write, error).await),
        };
        let landed: Landed = self.understand(&answer).map_err(Error::ambiguous)?;
        self.remember(repository, &write.branch);
        Ok(Written {
            sha: landed.content.sha,
            commit: landed.commit.sha,
        })
    }

    async fn explain(&self, repository: &str, write: &Write, error: Error) -> Error {
        let Write { path, branch, .. } = write;
        if is_rule(&error) {
            let message = format!("a rule of `{repository}` keeps commits off `{branch}`");
            return self.remade(Kind::Denied, message, error).hint(
                "let `GITHUB_TOKEN` belong to somebody who may commit to the branch directly",
            );
        }
        match error.status {
            Some(409) => {
                let message =
                    format!("`{path}` on `{branch}` was changed by somebody else meanwhile");
                self.remade(Kind::Conflict, message, error)
            }
            Some(422) if answered(&error).contains("sha") => {
                let message = if write.sha.is_none() {
                    format!("`{path}` on `{branch}` exists already")
                } else {
                    format!("`{path}` on `{branch}` is not what was read before")
                };
                self.remade(Kind::Conflict, message, error)
            }
            Some(404) if names_branch(&error) => self.no_branch(repository, branch).because(error),
            Some(404) => match self.must_have_branch(repository, branch).await {
                Ok(()) => self.may_not_write(repository, error),
                Err(missing) => missing,
            },
            Some(401 | 403) if error.kind == Kind::Denied => self.may_not_write(repository, error),
            _ => error,
        }
    }

    fn may_not_write(&self, repository: &str, error: Error) -> Error {
        let message = format!("`{repository}` may not be written to");
        self.remade(Kind::Denied, message, error).hint(
            "set `GITHUB_TOKEN` to a token that has the permission \"contents: write\" for the \
             repository",
        )
    }

    fn remade(&self, kind: Kind, message: String, cause: Error) -> Error {
        let mut error = Error::new(kind, message);
        error.status = cause.status;
        self.caller.finish(error.because(cause))
    }
}

/// Branch protection is answered with 403, 409 or 422; trying again helps with none of them.
fn is_rule(error: &Error) -> bool {
    let text = answered(error);
    matches!(error.status, Some(403 | 409 | 422))
        && (text.contains("rule violations") || text.contains("protected branch"))
}

fn names_branch(error: &Error) -> bool {
    let text = answered(error);
    text.contains("Branch") && text.contains("not found")
}

/// The start of the answer, without the request in front of it.
fn answered(error: &Error) -> &str {
    let request_ends = error.message.find(" was answered with ");
    request_ends.map_or("", |place| &error.message[place..])
}
