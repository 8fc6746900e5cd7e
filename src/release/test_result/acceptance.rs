//! The acceptance rule: which jobs won, and whether that accepts the build.
//!
//! A job wins when its first run succeeded, or when all retries are complete and more than half of
//! them succeeded. A build is accepted when all required jobs won. The stored flag stays the
//! official value; this explains it and finds edits by hand.

use serde::Serialize;

use super::{
    document::{Job, RunState, TestResult},
    registry::{JobList, Registry},
};

/// What the rule makes of one job.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JobEvaluation {
    /// The full job name.
    pub name: String,
    /// How many retries the file holds.
    pub retries: usize,
    /// How many of them succeeded.
    pub wins: usize,
    /// How many must succeed; 0 without retries.
    pub wins_needed: usize,
    /// Whether the first run and all retries are complete.
    pub is_completed: bool,
    /// Whether the job won.
    pub is_success: bool,
    /// Whether it is complete, failed first and did not win by retries.
    pub is_failed: bool,
}

/// The state of a job in one word.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobWord {
    /// Won.
    Success,
    /// Lost by failed runs.
    Failed,
    /// Complete, but neither won nor failed: the first run could not run at all, or has no end
    /// state. Such a job is never retried and rejects the build.
    Error,
    /// Not complete.
    Pending,
}

impl JobWord {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Pending => "pending",
        }
    }
}

impl JobEvaluation {
    /// Applies the rule to one job.
    pub fn of(job: &Job) -> Self {
        let retries = job.retries.len();
        let wins = job.retries.iter().filter(|run| run.is_success()).count();
        let wins_needed = if retries == 0 { 0 } else { retries / 2 + 1 };
        let are_retries_complete = job.retries.iter().all(|run| run.is_complete);
        let is_retry_success = retries > 0 && are_retries_complete && wins >= wins_needed;
        let is_completed = job.first.is_complete && are_retries_complete;
        let has_failed_first =
            matches!(job.first.state, Some(RunState::Failure | RunState::Aborted));
        Self {
            name: job.name.clone(),
            retries,
            wins,
            wins_needed,
            is_completed,
            is_success: job.first.is_success() || is_retry_success,
            is_failed: is_completed && has_failed_first && !is_retry_success,
        }
    }

    /// Its state in one word.
    pub fn word(&self) -> JobWord {
        if self.is_success {
            JobWord::Success
        } else if !self.is_completed {
            JobWord::Pending
        } else if self.is_failed {
            JobWord::Failed
        } else {
            JobWord::Error
        }
    }

    /// Whether the job won only by its retries.
    pub fn needed_retries(&self) -> bool {
        self.is_success && self.retries > 0
    }
}

/// What the rule makes of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Acceptance {
    /// Every entry of the file, in its order.
    pub jobs: Vec<JobEvaluation>,
    /// How many entries the file has.
    pub total: usize,
    /// How many counted jobs are complete.
    pub completed: usize,
    /// How many counted jobs won.
    pub success: usize,
    /// How many counted jobs failed.
    pub failed: usize,
    /// How many counted jobs must win.
    pub required: usize,
    /// Whether all entries are counted and complete, so that the aggregator decides.
    pub is_all_completed: bool,
    /// Whether the rule accepts the build; none until all jobs are complete.
    pub accepted: Option<bool>,
}

impl Acceptance {
    /// Applies the rule to a file.
    ///
    /// With a registry, jobs it does not list are skipped (and so keep the file open for ever), and
    /// its optional jobs must finish but cannot reject. Without one, every job counts and is
    /// required.
    pub fn of(result: &TestResult, registry: Option<&Registry>) -> Self {
        let list = JobList::of_build(&result.build.name);
        let jobs: Vec<_> = result.jobs.iter().map(JobEvaluation::of).collect();
        // Whether a job is required; none for one that does not count.
        let role = |job: &JobEvaluation| match registry {
            None => Some(true),
            Some(registry) => registry.job(list, &job.name).map(|job| !job.is_optional),
        };
        let counted: Vec<_> = jobs
            .iter()
            .filter_map(|job| Some((job, role(job)?)))
            .collect();
        let count = |test: &dyn Fn(&JobEvaluation, bool) -> bool| {
            counted
                .iter()
                .filter(|(job, is_required)| test(job, *is_required))
                .count()
        };
        let total = jobs.len();
        let completed = count(&|job, _| job.is_completed);
        let required = count(&|_, is_required| is_required);
        let won = count(&|job, is_required| is_required && job.is_success);
        let is_all_completed = total > 0 && completed == total;
        Self {
            total,
            completed,
            success: count(&|job, _| job.is_success),
            failed: count(&|job, _| job.is_failed),
            required,
            is_all_completed,
            accepted: is_all_completed.then_some(required > 0 && won == required),
            jobs,
        }
    }

    /// The jobs that did not win, complete or not.
    pub fn lost(&self) -> impl Iterator<Item = &JobEvaluation> {
        self.jobs.iter().filter(|job| !job.is_success)
    }

    /// The jobs that won only by retries.
    pub fn retried(&self) -> impl Iterator<Item = &JobEvaluation> {
        self.jobs.iter().filter(|job| job.needed_retries())
    }
}
