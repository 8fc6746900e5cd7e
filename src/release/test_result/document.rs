//! The result file as a document: jobs, runs and counters, read leniently.
//!
//! Upstream adds keys, leaves lists out and is edited by hand, so unknown keys and absent parts are
//! fine, key order means nothing, and ids stay text. What cannot be a result at all is refused with
//! a reason; see [`super::reading`] for the classes.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// A build as the release controller described it when its jobs were triggered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Build {
    /// The tag, such as `4.20.24`.
    pub name: String,
    /// `Accepted` or `Rejected`; a snapshot that is not refreshed.
    pub phase: Option<String>,
    /// The payload image.
    pub pull_spec: Option<String>,
    /// Where its tools are.
    pub download_url: Option<String>,
}

impl Build {
    /// Reads a latest-build pointer: a file that is one such object.
    ///
    /// Errors: `invalid` when it is not JSON or names no build.
    pub fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text)
            .map_err(|cause| Error::invalid("the pointer is not valid JSON").because(cause))?;
        Self::from_value(&value).map_err(Error::invalid)
    }

    /// Reads the object, or the text of one: two files of 2024 hold it as a string.
    pub(super) fn from_value(value: &Value) -> Result<Self, String> {
        let parsed;
        let value = match value {
            Value::String(text) => {
                parsed = serde_json::from_str(text)
                    .map_err(|_| "`build` is text that is not JSON".to_owned())?;
                &parsed
            }
            other => other,
        };
        let Some(build) = value.as_object() else {
            return Err("`build` is not an object".to_owned());
        };
        Ok(Self {
            name: text(build, "name").ok_or_else(|| "`build` has no `name`".to_owned())?,
            phase: text(build, "phase"),
            pull_spec: text(build, "pullSpec"),
            download_url: text(build, "downloadURL"),
        })
    }
}

/// One result file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TestResult {
    /// The build.
    pub build: Build,
    /// The jobs that were triggered, in file order. Jobs whose trigger failed are not here.
    pub jobs: Vec<Job>,
    /// The stored flag "every job is complete"; absent in flight.
    pub aggregated: Option<bool>,
    /// The stored decision of the acceptance rule; absent in flight.
    pub accepted: Option<bool>,
    /// Whether a person promoted the build.
    pub is_promoted_by_hand: bool,
    /// The SHA-256 of the file in hex: a decision about it is about these bytes only.
    pub identity: String,
}

/// One job: its first run and the runs that were started because the first one failed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Job {
    /// The full Prow job name.
    pub name: String,
    /// The first attempt.
    pub first: Run,
    /// The retries; list elements count, even when one id appears twice.
    pub retries: Vec<Run>,
}

impl Job {
    /// All attempts with their labels: `first`, `retry 1`, `retry 2`, …
    pub fn attempts(&self) -> impl Iterator<Item = (String, &Run)> {
        std::iter::once(("first".to_owned(), &self.first)).chain(
            self.retries
                .iter()
                .enumerate()
                .map(|(index, run)| (format!("retry {}", index + 1), run)),
        )
    }
}

/// One run of a job.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Run {
    /// The ProwJob id.
    pub id: Option<String>,
    /// The state; absent right after triggering.
    pub state: Option<RunState>,
    /// Where a person looks at it; absent until its pod is scheduled.
    pub url: Option<String>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended, if that can be read.
    pub completed_at: Option<Timestamp>,
    /// Whether it carries a completion time, which is what makes it complete, whatever its state.
    pub is_complete: bool,
    /// The suites of its test report; none when the run left no report.
    pub suites: Option<Vec<Suite>>,
}

impl Run {
    /// Whole minutes from start to end.
    pub fn duration_minutes(&self) -> Option<i64> {
        let took = self.completed_at?.duration_since(self.started_at?);
        Some(took.as_mins())
    }

    /// Whether it succeeded.
    pub fn is_success(&self) -> bool {
        self.state == Some(RunState::Success)
    }

    /// The word of its state, `unknown` when the file has none.
    pub fn state_word(&self) -> &str {
        self.state.as_ref().map_or("unknown", RunState::word)
    }
}

/// The state of a run, in Prow's words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RunState {
    /// Created, waits for the scheduler.
    Scheduling,
    /// Scheduled, does not run yet.
    Triggered,
    /// Runs.
    Pending,
    /// Ended well.
    Success,
    /// Ended badly.
    Failure,
    /// Killed early.
    Aborted,
    /// Could not run.
    Error,
    /// A word this program does not know.
    Other(String),
}

impl RunState {
    /// The word, lower case.
    pub fn word(&self) -> &str {
        match self {
            Self::Scheduling => "scheduling",
            Self::Triggered => "triggered",
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Aborted => "aborted",
            Self::Error => "error",
            Self::Other(word) => word,
        }
    }

    fn parse(word: &str) -> Self {
        let known = [
            Self::Scheduling,
            Self::Triggered,
            Self::Pending,
            Self::Success,
            Self::Failure,
            Self::Aborted,
            Self::Error,
        ];
        let word = word.to_ascii_lowercase();
        known
            .into_iter()
            .find(|state| state.word() == word)
            .unwrap_or(Self::Other(word))
    }
}

/// The counters of one suite of a run.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Suite {
    /// Such as `openshift-extended-test`.
    pub name: String,
    /// Tests.
    pub total: u64,
    /// Failed tests.
    pub failures: u64,
    /// Tests that ended in an error.
    pub errors: u64,
    /// Skipped tests.
    pub skipped: u64,
    /// Names of failed tests; may be fewer than `failures`.
    pub failing_scenarios: Vec<String>,
}

impl TestResult {
    /// Reads the document; the error says why its layout is not supported.
    pub(super) fn from_value(value: &Value, identity: String) -> Result<Self, String> {
        let Some(top) = value.as_object() else {
            return Err("it is not a JSON object".to_owned());
        };
        let Some(entries) = top.get("result") else {
            return Err("it has no `result` list".to_owned());
        };
        let Some(entries) = entries.as_array() else {
            return Err("`result` is not a list".to_owned());
        };
        let Some(build) = top.get("build") else {
            return Err("it has no `build`".to_owned());
        };
        let flag = |key: &str| top.get(key).and_then(Value::as_bool);
        let is_promoted_by_hand = top
            .get("manual_promotion")
            .is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)));
        Ok(Self {
            build: Build::from_value(build)?,
            jobs: entries
                .iter()
                .enumerate()
                .map(|(index, entry)| {
                    job(entry).ok_or_else(|| format!("`result[{index}]` is not a job"))
                })
                .collect::<Result<_, _>>()?,
            aggregated: flag("aggregated"),
            accepted: flag("accepted"),
            is_promoted_by_hand,
            identity,
        })
    }

    /// When its jobs were triggered: the earliest start of a first run.
    pub fn triggered_at(&self) -> Option<Timestamp> {
        self.jobs
            .iter()
            .filter_map(|job| job.first.started_at)
            .min()
    }
}

fn job(entry: &Value) -> Option<Job> {
    let entry = entry.as_object()?;
    let first = match entry.get("firstJob") {
        None | Some(Value::Null) => Run::default(),
        Some(value) => run(value.as_object()?),
    };
    let retries = match entry.get("retriedJobs") {
        None | Some(Value::Null) => Vec::new(),
        Some(value) => value
            .as_array()?
            .iter()
            .map(|retry| retry.as_object().map(run))
            .collect::<Option<_>>()?,
    };
    Some(Job {
        name: text(entry, "jobName")?,
        first,
        retries,
    })
}

fn run(run: &Map<String, Value>) -> Run {
    let completion = text(run, "jobCompletionTime");
    let time = |text: String| text.parse::<Timestamp>().ok();
    Run {
        id: text(run, "jobID"),
        state: text(run, "jobState").map(|word| RunState::parse(&word)),
        url: text(run, "jobURL"),
        started_at: text(run, "jobStartTime").and_then(time),
        is_complete: completion.is_some(),
        completed_at: completion.and_then(time),
        suites: run
            .get("testResultSummary")
            .and_then(Value::as_object)
            .map(|suites| {
                suites
                    .iter()
                    .map(|(name, counters)| suite(name, counters))
                    .collect()
            }),
    }
}

fn suite(name: &str, counters: &Value) -> Suite {
    let count = |key: &str| counters.get(key).and_then(Value::as_u64).unwrap_or(0);
    let scenarios = counters.get("failingScenarios").and_then(Value::as_array);
    Suite {
        name: name.to_owned(),
        total: count("total"),
        failures: count("failures"),
        errors: count("errors"),
        skipped: count("skipped"),
        failing_scenarios: scenarios
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    }
}

/// Text that is there and not empty, without characters that move a cursor; numbers are taken as
/// they are written.
fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    let text = match object.get(key)? {
        Value::String(text) => text.chars().filter(|c| !c.is_control()).collect(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}
