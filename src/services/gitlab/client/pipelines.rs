//! Pipelines of merge requests.

use futures_util::future::try_join_all;

use super::{Client, project_path, request_path};
use crate::{
    error::Result,
    release::shipment::{Address, Job, Pipeline, Readiness, Stage, readiness},
};

impl Client {
    /// Returns the pipelines of a merge request, all pages of them.
    ///
    /// Calls `GET /projects/{p}/merge_requests/{iid}/pipelines`.
    pub async fn pipelines(&self, address: &Address) -> Result<Vec<Pipeline>> {
        self.all(&format!("{}/pipelines", request_path(address)), &[])
            .await
    }

    /// Returns the jobs of a pipeline and then its bridges, all pages of them. Of a job that was
    /// repeated only the last try is there.
    ///
    /// Calls `GET /projects/{p}/pipelines/{id}/jobs` and `GET /projects/{p}/pipelines/{id}/bridges`.
    pub async fn jobs(&self, pipeline: &Pipeline) -> Result<Vec<Job>> {
        let project = project_path(&pipeline.project_id.to_string());
        let project = &project;
        let lists = ["jobs", "bridges"].map(|list| async move {
            let path = format!("{project}/pipelines/{}/{list}", pipeline.id);
            self.all::<Job>(&path, &[]).await
        });
        Ok(try_join_all(lists).await?.concat())
    }

    /// Says whether a release of the shipment has been made, as everything stands now.
    ///
    /// Calls `GET …/merge_requests/{iid}`; without the label also for its newest pipeline.
    pub async fn readiness(&self, address: &Address, stage: Stage) -> Result<Readiness> {
        let request = self.merge_request(address).await?;
        self.readiness_of(address, &request.labels, stage).await
    }

    /// The same for a merge request that was just read and has these labels.
    ///
    /// Without the label calls for its newest pipeline.
    pub async fn readiness_of(
        &self,
        address: &Address,
        labels: &[String],
        stage: Stage,
    ) -> Result<Readiness> {
        if labels.iter().any(|label| label == stage.label()) {
            return Ok(readiness(stage, labels, None));
        }
        let Some(newest) = Pipeline::newest(self.pipelines(address).await?) else {
            return Ok(readiness(stage, labels, None));
        };
        let jobs = self.jobs(&newest).await?;
        Ok(readiness(stage, labels, Some((&newest, &jobs))))
    }
}
