//! The job definitions of a minor release, and whether a result file covers them.
//!
//! A job whose trigger failed leaves no entry in the result file, so `accepted` alone does not mean
//! that all required jobs ran. Only the comparison with the registry shows the gap.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{document::TestResult, file_name, job_name::Place, known_jobs};
use crate::error::{Error, Result};

const DEFAULT_RETRIES: u64 = 2;

/// Which list of a registry a build is tested with.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobList {
    /// Nightly builds.
    Nightly,
    /// Everything else: releases, release candidates, early candidates.
    Stable,
}

impl JobList {
    /// Both lists.
    pub const ALL: [Self; 2] = [Self::Nightly, Self::Stable];

    /// The list of a build.
    pub fn of_build(build: &str) -> Self {
        if file_name::is_nightly(build) {
            Self::Nightly
        } else {
            Self::Stable
        }
    }

    /// The key in the registry.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nightly => "nightly",
            Self::Stable => "stable",
        }
    }
}

impl fmt::Display for JobList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One job definition.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegistryJob {
    /// The full Prow job name.
    pub name: String,
    /// Whether the job upgrades to the build under test.
    pub is_upgrade: bool,
    /// Whether it must finish but cannot reject.
    pub is_optional: bool,
    /// Whether it is no longer triggered.
    pub is_disabled: bool,
    /// How many retries a failed first run gets; always even.
    pub retries: u64,
}

impl RegistryJob {
    /// Makes a required job with the default retries.
    pub fn new(name: impl Into<String>, is_upgrade: bool) -> Self {
        Self {
            name: name.into(),
            is_upgrade,
            is_optional: false,
            is_disabled: false,
            retries: DEFAULT_RETRIES,
        }
    }

    /// Whether a build needs it: triggered, and counted for acceptance.
    pub fn is_required(&self) -> bool {
        !self.is_optional && !self.is_disabled
    }

    fn from_value(value: &Value) -> Option<Self> {
        let flag = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or(false);
        Some(Self {
            name: value.get("prowJob")?.as_str()?.to_owned(),
            is_upgrade: flag("upgrade"),
            is_optional: flag("optional"),
            is_disabled: flag("disabled"),
            retries: retries(value.get("retries")),
        })
    }
}

/// The job definitions of one minor release on one architecture.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Registry {
    /// Jobs of nightly builds.
    pub nightly: Vec<RegistryJob>,
    /// Jobs of all other builds.
    pub stable: Vec<RegistryJob>,
}

impl Registry {
    /// The name of the file on branch `main`, such as `ocp-4.20-test-jobs-amd64.json`.
    pub fn file_name(minor: &str, arch: &str) -> String {
        format!("ocp-{minor}-test-jobs-{arch}.json")
    }

    /// The path of the file on branch `main`.
    pub fn path(minor: &str, arch: &str) -> String {
        format!("_releases/{}", Self::file_name(minor, arch))
    }

    /// Reads a registry document; an absent list is empty.
    ///
    /// Errors: `invalid` when it is not JSON, has neither list, or holds an entry without `prowJob`.
    pub fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text)
            .map_err(|cause| Error::invalid("the job registry is not valid JSON").because(cause))?;
        if JobList::ALL
            .iter()
            .all(|list| value.get(list.word()).is_none())
        {
            return Err(Error::invalid(
                "the job registry has no `nightly` and no `stable` list",
            ));
        }
        let list = |list: JobList| {
            let entries = value.get(list.word()).and_then(Value::as_array);
            entries
                .into_iter()
                .flatten()
                .enumerate()
                .map(|(index, entry)| {
                    RegistryJob::from_value(entry).ok_or_else(|| {
                        Error::invalid(format!(
                            "`{list}[{index}]` of the job registry has no `prowJob`"
                        ))
                    })
                })
                .collect::<Result<Vec<_>>>()
        };
        Ok(Self {
            nightly: list(JobList::Nightly)?,
            stable: list(JobList::Stable)?,
        })
    }

    /// The jobs of a list.
    pub fn jobs(&self, list: JobList) -> &[RegistryJob] {
        match list {
            JobList::Nightly => &self.nightly,
            JobList::Stable => &self.stable,
        }
    }

    /// The definition of a job, by name.
    pub fn job(&self, list: JobList, name: &str) -> Option<&RegistryJob> {
        self.jobs(list).iter().find(|job| job.name == name)
    }
}

/// How far a result file covers the jobs its build needs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Coverage {
    /// How many jobs the build needs; none when no registry is known for it.
    pub required: Option<usize>,
    /// Required jobs that the file lacks, sorted.
    pub missing: Vec<String>,
    /// Jobs of the file that the registry does not list (any more), in file order.
    pub unknown: Vec<String>,
    /// Jobs of the file that the registry calls optional, in file order.
    pub optional: Vec<String>,
}

impl Coverage {
    /// Compares a file with `registry`, or with the job set this version knows.
    ///
    /// A job counts as present when its name is there, or when a job that the registry does not
    /// list takes its place ([`Place`]): names change while a file stays as it is. Without a
    /// registry, files of a time or an architecture whose job set is not known have no gap.
    pub fn of(result: &TestResult, arch: &str, registry: Option<&Registry>) -> Self {
        let list = JobList::of_build(&result.build.name);
        let known;
        let jobs = match registry {
            Some(registry) => registry.jobs(list),
            None => match known_jobs::jobs_at(&result.build.name, arch, result.triggered_at()) {
                Some(jobs) => {
                    known = jobs;
                    &known
                }
                None => return Self::default(),
            },
        };
        let is_listed = |name: &str| jobs.iter().any(|job| job.name == name);
        let unknown: Vec<&str> = result
            .jobs
            .iter()
            .map(|job| job.name.as_str())
            .filter(|name| !is_listed(name))
            .collect();
        let is_present = |wanted: &RegistryJob| {
            let place = Place::of(&wanted.name);
            result.jobs.iter().any(|job| job.name == wanted.name)
                || place.is_some() && unknown.iter().any(|name| Place::of(name) == place)
        };
        let required: Vec<_> = jobs.iter().filter(|job| job.is_required()).collect();
        let is_optional = |name: &str| jobs.iter().any(|job| job.name == name && job.is_optional);
        let optional = result.jobs.iter().filter(|job| is_optional(&job.name));
        let mut missing: Vec<_> = required
            .iter()
            .filter(|job| !is_present(job))
            .map(|job| job.name.clone())
            .collect();
        missing.sort();
        Self {
            required: Some(required.len()),
            missing,
            optional: optional.map(|job| job.name.clone()).collect(),
            unknown: unknown.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Whether a required job never ran.
    pub fn has_gap(&self) -> bool {
        !self.missing.is_empty()
    }

    /// The gap in words, such as `coverage gap: 1 of 3 required jobs ran`.
    pub fn gap(&self) -> Option<String> {
        let required = self.required?;
        self.has_gap().then(|| {
            let present = required.saturating_sub(self.missing.len());
            format!("coverage gap: only {present} of {required} required jobs were started")
        })
    }
}

/// An even number of retries, so that the total of runs is odd.
fn retries(value: Option<&Value>) -> u64 {
    let number = match value {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    match number {
        Some(number) if number > DEFAULT_RETRIES => number - number % 2,
        _ => DEFAULT_RETRIES,
    }
}
