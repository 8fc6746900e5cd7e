//! Files of a project, and those of a shipment.

use std::sync::Arc;

use futures_util::future::try_join_all;
use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};

use super::{Client, MergeRequest, Text, project_path};
use crate::{
    error::{Error, Kind, Result},
    http::segment,
    release::shipment::{Address, Shipment, file::counts},
};

/// How many files at commits are kept before they are forgotten.
const MOST_TEXTS: usize = 1_000;

/// A project.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Project {
    /// Its number.
    pub id: u64,
    /// Its full path.
    pub path_with_namespace: String,
    /// The branch others start from; `None` in an empty project.
    #[serde(default)]
    pub default_branch: Option<String>,
    /// Its page.
    pub web_url: String,
}

/// A file or folder in the tree of a project.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Entry {
    /// Its path from the top.
    pub path: String,
    /// `blob` for a file, `tree` for a folder.
    #[serde(rename(deserialize = "type"))]
    pub kind: String,
}

impl Client {
    /// Returns a project by its full path or number.
    ///
    /// Calls `GET /projects/{p}`.
    pub async fn project(&self, project: &str) -> Result<Project> {
        self.caller.get(&project_path(project)).send_json().await
    }

    /// Returns what is below a folder at a branch or commit, folders of folders included.
    ///
    /// Fails with `not_found` when there is no such folder, branch or project.
    /// Calls `GET /projects/{p}/repository/tree`, as many pages as there are.
    pub async fn tree(&self, project: &str, folder: &str, at: &str) -> Result<Vec<Entry>> {
        let path = format!("{}/repository/tree", project_path(project));
        let mut query = vec![("ref", at), ("recursive", "true"), ("pagination", "keyset")];
        if !folder.is_empty() {
            query.push(("path", folder));
        }
        self.all(&path, &query).await
    }

    /// Returns the text of a file at a branch or commit, or `None` when it is not there.
    ///
    /// At a commit, named by its 40 digits, a file is read once. Fails with `not_found` when there is no
    /// such branch or project, `invalid` when the file is not text.
    /// Calls `GET /projects/{p}/repository/files/{path}/raw`.
    pub async fn file(&self, project: &str, path: &str, at: &str) -> Result<Option<String>> {
        let is_commit = at.len() == 40 && at.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_commit {
            return self.read(project, path, at).await;
        }
        let text = self.text(project, path, at);
        let read = text.get_or_try_init(|| self.read(project, path, at));
        read.await.cloned()
    }

    /// Returns the shipment that a merge request carries, with the merge request it was read from.
    ///
    /// All files are read at the one commit the branch ended with, many at once. Fails with `conflict`
    /// when the branch moved meanwhile or GitLab does not list all files, `not_found` when the fork is
    /// gone.
    pub async fn shipment(&self, address: &Address) -> Result<(MergeRequest, Shipment)> {
        let request = self.merge_request(address).await?;
        let (head, source) = (request.head()?, request.source()?);
        let changes = self.changes(address).await?;
        if let Some(count) = &request.changes_count
            && *count != changes.len().to_string()
        {
            let lists = format!("lists {} of {count} changed files", changes.len());
            return Err(self.unsettled(address, &lists));
        }
        let paths: Vec<_> = changes
            .into_iter()
            .filter(|change| counts(&change.new_path, change.deleted_file))
            .map(|change| change.new_path)
            .collect();
        let texts = try_join_all(paths.iter().map(|path| self.file(&source, path, head))).await?;
        // The list of files has no commit of its own, so the head must not have moved since.
        if self.merge_request(address).await?.sha.as_deref() != Some(head) {
            return Err(self.unsettled(address, "was pushed to while it was read"));
        }
        let mut files = Vec::new();
        for (path, text) in paths.iter().zip(&texts) {
            let Some(text) = text else {
                return Err(self.unsettled(address, &format!("has no file `{path}` at its head")));
            };
            files.push((path.as_str(), text.as_str()));
        }
        let shipment = Shipment::of(files);
        Ok((request, shipment))
    }

    fn unsettled(&self, address: &Address, what: &str) -> Error {
        Error::new(Kind::Conflict, format!("{address} {what}"))
            .service(self.caller.service())
            .hint("read it again in a minute")
    }

    fn text(&self, project: &str, path: &str, at: &str) -> Text {
        let key = (project.to_owned(), at.to_owned(), path.to_owned());
        let mut texts = self
            .texts
            .lock()
            .expect("no thread panics while it holds the files");
        if texts.len() >= MOST_TEXTS && !texts.contains_key(&key) {
            texts.clear();
        }
        Arc::clone(texts.entry(key).or_default())
    }

    async fn read(&self, project: &str, path: &str, at: &str) -> Result<Option<String>> {
        let route = format!(
            "{}/repository/files/{}/raw",
            project_path(project),
            segment(path)
        );
        let answer = match self.caller.get(&route).query("ref", at).send().await {
            Ok(answer) => answer,
            // The same status stands for a project or a branch that is not there.
            Err(error) if error.kind == Kind::NotFound && error.message.contains("404 File") => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let kind = answer.headers.get(CONTENT_TYPE);
        let is_page = kind
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
        if is_page {
            let message = format!("`{path}` was answered with a page instead of the file");
            return Err(Error::new(Kind::Unexpected, message)
                .service(self.caller.service())
                .hint(
                    "a proxy or a login page may have answered; check the address of the service",
                ));
        }
        match std::str::from_utf8(&answer.body) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(error) => Err(self
                .wrong(format!("`{path}` at `{at}` is not text"))
                .because(error)),
        }
    }
}
