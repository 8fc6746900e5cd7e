//! Whether a release to stage or production has been made: labels first, then pipelines.
//!
//! A label outlives the pipeline that set it: a later push starts a new pipeline, and what was released
//! stays released. Without the label the newest pipeline tells. Each of its stages has jobs and trigger
//! jobs (bridges), which count alike.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A release that the pipelines of a shipment make.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// To the stage environment, by itself.
    Stage,
    /// To production, when ART starts it.
    Prod,
}

impl Stage {
    /// The name of the stage in a pipeline.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stage => "stage-release-triggers",
            Self::Prod => "prod-release-triggers",
        }
    }

    /// The label that says it has succeeded.
    pub fn label(self) -> &'static str {
        match self {
            Self::Stage => "stage-release-success",
            Self::Prod => "prod-release-success",
        }
    }
}

/// How a pipeline or a job stands.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "String", into = "String")]
pub enum Status {
    /// It has not begun, or runs: the word says how.
    Underway(String),
    /// It waits for a person to start it.
    Manual,
    /// It went well.
    Success,
    /// It failed.
    Failed,
    /// Somebody stopped it.
    Canceled,
    /// It was left out because of what came before it.
    Skipped,
    /// A word nobody here knows.
    Other(String),
}

impl From<String> for Status {
    fn from(word: String) -> Self {
        match word.as_str() {
            "created"
            | "waiting_for_resource"
            | "waiting_for_callback"
            | "preparing"
            | "pending"
            | "running"
            | "scheduled"
            | "canceling" => Self::Underway(word),
            "manual" => Self::Manual,
            "success" => Self::Success,
            "failed" => Self::Failed,
            "canceled" => Self::Canceled,
            "skipped" => Self::Skipped,
            _ => Self::Other(word),
        }
    }
}

impl From<Status> for String {
    fn from(status: Status) -> Self {
        status.to_string()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Underway(word) | Self::Other(word) => word,
            Self::Manual => "manual",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Skipped => "skipped",
        })
    }
}

/// One run of the checks and releases of a merge request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Pipeline {
    /// Its number.
    pub id: u64,
    /// The project it runs in; for a fork this is not the project of the merge request.
    pub project_id: u64,
    /// How it stands.
    pub status: Status,
    /// The commit it runs on.
    pub sha: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its page.
    pub web_url: String,
}

impl Pipeline {
    /// Returns the newest one; of two made at the same time the one with the higher number.
    pub fn newest(pipelines: Vec<Self>) -> Option<Self> {
        let age = |pipeline: &Self| (pipeline.created_at, pipeline.id);
        pipelines.into_iter().max_by_key(age)
    }
}

/// A job or a bridge of a pipeline.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The stage it is part of.
    pub stage: String,
    /// How it stands.
    pub status: Status,
    /// Whether its failure does not matter.
    #[serde(default)]
    pub allow_failure: bool,
    /// Its page; a bridge may have none.
    #[serde(default)]
    pub web_url: Option<String>,
    /// The pipeline a bridge has started.
    #[serde(default)]
    pub downstream_pipeline: Option<Downstream>,
}

/// A pipeline that a bridge has started.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Downstream {
    /// Its number.
    pub id: u64,
    /// Its page.
    #[serde(default)]
    pub web_url: Option<String>,
}

/// Whether a release has been made, and what it lacks if not.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Readiness {
    /// It has.
    Ready {
        /// What says so: `label` or `pipeline`.
        by: &'static str,
    },
    /// It will, without anybody here doing anything; this is no failure.
    Waiting {
        /// What it waits for.
        why: String,
        /// Where to look.
        link: Option<String>,
    },
    /// A person must act.
    Blocked {
        /// What went wrong.
        why: String,
        /// Who mends it.
        owner: &'static str,
        /// Where to look.
        link: String,
    },
}

/// Who looks after the pipelines.
const OWNER: &str = "ART";

/// Says whether `stage` has been made: `labels` are those of the merge request, `newest` is its newest
/// pipeline with all its jobs and bridges.
pub fn readiness(
    stage: Stage,
    labels: &[String],
    newest: Option<(&Pipeline, &[Job])>,
) -> Readiness {
    if labels.iter().any(|label| label == stage.label()) {
        return Readiness::Ready { by: "label" };
    }
    let Some((pipeline, jobs)) = newest else {
        return Readiness::Waiting {
            why: "the shipment has no pipeline yet".to_owned(),
            link: None,
        };
    };
    let mine: Vec<_> = jobs
        .iter()
        .filter(|job| job.stage == stage.name())
        .collect();
    let counting = |job: &&&Job| !(job.allow_failure && job.status != Status::Success);
    let ended_badly = |job: &&&Job| matches!(job.status, Status::Failed | Status::Canceled);
    if let Some(job) = mine.iter().filter(counting).find(ended_badly) {
        return blocked(
            format!(
                "`{}` of `{}` {}",
                job.name,
                stage.name(),
                ended(&job.status)
            ),
            page_of(job, pipeline),
        );
    }
    let is_over = matches!(pipeline.status, Status::Failed | Status::Canceled);
    let never_ran = mine.iter().all(|job| job.status == Status::Skipped);
    if is_over && never_ran {
        let why = format!(
            "the pipeline {} before `{}`",
            ended(&pipeline.status),
            stage.name()
        );
        return blocked(why, page_of_failure(jobs, pipeline));
    }
    let waits = |why: String| Readiness::Waiting {
        why,
        link: Some(pipeline.web_url.clone()),
    };
    if mine.is_empty() {
        return waits(format!("`{}` is not in the pipeline yet", stage.name()));
    }
    match mine
        .iter()
        .filter(counting)
        .find(|job| job.status != Status::Success)
    {
        None if mine.iter().any(|job| job.status == Status::Success) => {
            Readiness::Ready { by: "pipeline" }
        }
        None => waits(format!("nothing in `{}` has succeeded", stage.name())),
        Some(job) if job.status == Status::Manual => {
            waits(format!("`{}` is started by {OWNER}", job.name))
        }
        Some(job) => waits(format!("`{}` is {}", job.name, job.status)),
    }
}

fn blocked(why: String, link: String) -> Readiness {
    Readiness::Blocked {
        why,
        owner: OWNER,
        link,
    }
}

fn ended(status: &Status) -> &'static str {
    match status {
        Status::Canceled => "was canceled",
        _ => "failed",
    }
}

/// Where to see why a job ended badly: the pipeline it started, else its own page.
fn page_of(job: &Job, pipeline: &Pipeline) -> String {
    let downstream = job.downstream_pipeline.as_ref();
    downstream
        .and_then(|downstream| downstream.web_url.clone())
        .or_else(|| job.web_url.clone())
        .unwrap_or_else(|| pipeline.web_url.clone())
}

fn page_of_failure(jobs: &[Job], pipeline: &Pipeline) -> String {
    let failed = |job: &&Job| job.status == Status::Failed && !job.allow_failure;
    match jobs.iter().find(failed) {
        Some(job) => page_of(job, pipeline),
        None => pipeline.web_url.clone(),
    }
}
