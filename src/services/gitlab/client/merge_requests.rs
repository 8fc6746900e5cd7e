//! Merge requests, their labels and the files they change.

use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use super::{Client, project_path, refused, request_path};
use crate::{
    error::{Error, Result},
    release::shipment::{Address, State},
};

/// A merge request as it stands.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct MergeRequest {
    /// Its number in its project.
    pub iid: u64,
    /// The project it would be merged into.
    pub project_id: u64,
    /// The project its changes come from; `None` when that fork is gone.
    pub source_project_id: Option<u64>,
    /// Its title.
    pub title: String,
    /// Its state, exactly.
    pub state: State,
    /// Whether it is still being prepared.
    #[serde(default)]
    pub draft: bool,
    /// Its labels.
    pub labels: Vec<String>,
    /// The branch with its changes.
    pub source_branch: String,
    /// The branch it would be merged into.
    pub target_branch: String,
    /// The commit its source branch ends with; `None` while it has none.
    pub sha: Option<String>,
    /// Whether it can be merged, in a word of GitLab.
    #[serde(default)]
    pub merge_status: String,
    /// How many files it changes; ends with `+` when GitLab did not count to the end.
    #[serde(default)]
    pub changes_count: Option<String>,
    /// When it was merged.
    #[serde(default)]
    pub merged_at: Option<Timestamp>,
    /// Its page.
    pub web_url: String,
}

impl MergeRequest {
    /// The commit its source branch ends with. Fails with `invalid` while it has none.
    pub fn head(&self) -> Result<&str> {
        self.sha.as_deref().ok_or_else(|| {
            Error::invalid(format!("merge request {} has no commit yet", self.iid))
                .service(super::super::ROW.name)
        })
    }

    /// The project its files are in. Fails with `not_found` when that fork is gone.
    pub fn source(&self) -> Result<String> {
        let id = self.source_project_id.map(|id| id.to_string());
        id.ok_or_else(|| {
            Error::not_found(format!(
                "the project that merge request {} comes from is gone",
                self.iid
            ))
            .service(super::super::ROW.name)
        })
    }
}

/// A file that a merge request changes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Change {
    /// Its path before.
    pub old_path: String,
    /// Its path after.
    pub new_path: String,
    /// Whether it is taken away.
    #[serde(default)]
    pub deleted_file: bool,
}

/// Which merge requests are looked for.
#[derive(Clone, Debug, Default)]
pub struct Search<'a> {
    /// Part of the title, in any case.
    pub title: &'a str,
    /// In this state, or in any.
    pub state: Option<State>,
}

impl Client {
    /// Returns a merge request as it stands now.
    ///
    /// Fails with `not_found` when there is none or the token may not see it.
    /// Calls `GET /projects/{p}/merge_requests/{iid}`.
    pub async fn merge_request(&self, address: &Address) -> Result<MergeRequest> {
        self.caller.get(&request_path(address)).send_json().await
    }

    /// Returns the merge requests of a project that fit, all pages of them.
    ///
    /// Calls `GET /projects/{p}/merge_requests`.
    pub async fn merge_requests(
        &self,
        project: &str,
        search: &Search<'_>,
    ) -> Result<Vec<MergeRequest>> {
        let mut query = Vec::new();
        if !search.title.is_empty() {
            query.extend([("search", search.title), ("in", "title")]);
        }
        if let Some(state) = search.state {
            query.push(("state", state.word()));
        }
        let path = format!("{}/merge_requests", project_path(project));
        self.all(&path, &query).await
    }

    /// Returns the files a merge request changes, all pages of them.
    ///
    /// Calls `GET /projects/{p}/merge_requests/{iid}/diffs`.
    pub async fn changes(&self, address: &Address) -> Result<Vec<Change>> {
        self.all(&format!("{}/diffs", request_path(address)), &[])
            .await
    }

    /// Adds labels to a merge request and returns all it has then.
    ///
    /// Labels it has already do no harm. Fails with `invalid` for a label without text or with a comma.
    /// Calls `PUT /projects/{p}/merge_requests/{iid}`.
    pub async fn add_labels(&self, address: &Address, labels: &[&str]) -> Result<Vec<String>> {
        let request = self.change_labels(address, "add_labels", labels).await?;
        match labels
            .iter()
            .find(|label| !request.labels.iter().any(|other| other == *label))
        {
            None => Ok(request.labels),
            Some(label) => Err(self.wrong(format!("{address} did not take the label `{label}`"))),
        }
    }

    /// Takes labels from a merge request and returns those it has then.
    ///
    /// Calls `PUT /projects/{p}/merge_requests/{iid}`.
    pub async fn remove_labels(&self, address: &Address, labels: &[&str]) -> Result<Vec<String>> {
        let request = self.change_labels(address, "remove_labels", labels).await?;
        Ok(request.labels)
    }

    async fn change_labels(
        &self,
        address: &Address,
        how: &str,
        labels: &[&str],
    ) -> Result<MergeRequest> {
        let is_label = |label: &&&str| !label.trim().is_empty() && !label.contains(',');
        if labels.is_empty() || labels.iter().filter(is_label).count() < labels.len() {
            return Err(self.wrong(format!("`{}` are no labels", labels.join("`, `"))));
        }
        let body = Map::from_iter([(how.to_owned(), json!(labels.join(",")))]);
        let path = request_path(address);
        let request = self.caller.request(Method::PUT, &path).json(&body)?;
        request.send_json().await.map_err(refused)
    }
}
