//! A simulated world that matches a real release: its StateBox file and result files say what has
//! happened, so that an unfinished release can be driven to its end.
//!
//! What the files do not say is made up, and each such thing is noted in the document `sim`.
#![expect(
    clippy::disallowed_methods,
    reason = "the files of a real release are input of the simulated world"
)]

use std::{collections::BTreeMap, path::Path, sync::LazyLock};

use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    build_data,
    plan::{Plan, TestPlan, path},
    results::{Tests, finished},
    seed::{Identity, Seed, result_path, text},
    shipment,
};
use crate::error::{Error, Kind, Result};

/// The name of worlds made this way.
pub const NAME: &str = "real";

/// Worlds begin before the year 3000, so that no plan leaves the calendar.
const LAST_SECOND: i64 = 32_503_680_000;

/// Makes a plan from a StateBox file; returns it with the text of the file.
pub fn plan(statebox: &Path, results: Option<&Path>, seed: u64) -> Result<(Plan, String)> {
    let text = std::fs::read_to_string(statebox).map_err(|error| unreadable(statebox, error))?;
    let document: Document = serde_saphyr::from_str(&text).map_err(|error| {
        Error::invalid(format!("`{}` is not a StateBox", statebox.display())).because(error)
    })?;
    let mut plan = document.plan(seed)?;
    if let Some(results) = results {
        add_results(&mut plan, results)?;
    }
    document.settle_results(&mut plan);
    Ok((plan, text))
}

/// Puts the result and pointer files of a folder onto the branch `record`.
pub fn add_results(plan: &mut Plan, folder: &Path) -> Result<()> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    for file in files {
        let Some(name) = file.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let is_wanted = name.starts_with("ocp-test-result-") || name.starts_with("ocp-latest-");
        if !is_wanted || !name.ends_with(".json") {
            continue;
        }
        let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&file, error))?;
        let way = record(&format!("_releases/{name}"));
        plan.set(&way, text.into());
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Document {
    release: String,
    updated_at: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    tasks: Option<Vec<Task>>,
    #[serde(default)]
    issues: Option<Vec<Issue>>,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    jira_ticket: Option<String>,
    #[serde(default)]
    advisory_ids: Option<IndexMap<String, u64>>,
    #[serde(default)]
    release_date: Option<String>,
    #[serde(default)]
    candidate_builds: Option<BTreeMap<String, String>>,
    #[serde(default)]
    shipment_mr: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Task {
    name: String,
    status: String,
    #[serde(default)]
    started_at: Option<String>,
    #[serde(default)]
    result: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Issue {
    issue: String,
}

impl Document {
    fn plan(&self, seed: u64) -> Result<Plan> {
        let updated_at = time(&self.updated_at)
            .filter(|time| (0..LAST_SECOND).contains(&time.as_second()))
            .ok_or_else(|| Error::invalid(format!("`{}` is not a time", self.updated_at)))?;
        let seed = Seed {
            scenario: NAME.to_owned(),
            seed,
            version: self.release.parse()?,
            start: updated_at + SignedDuration::from_mins(5),
        };
        let identity = self.identity(&seed);
        let mut plan = Plan::new(seed, identity);
        if plan.identity.merge_request.is_none() {
            plan.use_errata_flow();
        }
        self.settle_build_data(&mut plan);
        self.settle_build(&mut plan);
        self.settle_advisories(&mut plan);
        self.settle_shipment(&mut plan);
        self.settle_consistency_check(&mut plan);
        self.settle_stage_testing(&mut plan);
        self.settle_approval(&mut plan);
        Ok(plan)
    }

    fn identity(&self, seed: &Seed) -> Identity {
        let made_up = seed.identity(&Value::Null);
        let metadata = &self.metadata;
        let shipment_mr = metadata.shipment_mr.clone().unwrap_or_default();
        let advisories: Vec<_> = metadata
            .advisory_ids
            .iter()
            .flatten()
            // Negative and zero numbers stand for advisories that do not exist.
            .filter(|(_, id)| **id > 0)
            .map(|(kind, id)| (kind.clone(), *id))
            .collect();
        Identity {
            advisories,
            merge_request: shipment_mr
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .and_then(|number| number.parse().ok()),
            shipment_mr,
            jira_ticket: metadata.jira_ticket.clone().unwrap_or(made_up.jira_ticket),
            candidate: metadata
                .candidate_builds
                .as_ref()
                .and_then(|builds| builds.get("x86_64"))
                .cloned(),
            release_date: metadata
                .release_date
                .clone()
                .unwrap_or(made_up.release_date),
        }
    }

    fn task(&self, name: &str) -> Option<&Task> {
        self.tasks
            .iter()
            .flatten()
            .find(|task| task.name == name && task.status != "Not Started")
    }

    fn is_promoted(&self) -> bool {
        [
            "image-consistency-check",
            "stage-testing",
            "analyze-promoted-build",
            "image-signed-check",
        ]
        .iter()
        .any(|name| self.task(name).is_some())
    }

    /// Has the build data say what the document recorded, no more and no less.
    fn settle_build_data(&self, plan: &mut Plan) {
        let metadata = &self.metadata;
        let mut assembly = build_data::assembly(&plan.identity);
        assembly["assembly"]["basis"]["reference_releases"] = json!(metadata.candidate_builds);
        let group = &mut assembly["assembly"]["group"];
        group["advisories"] = json!(metadata.advisory_ids);
        group["release_jira"] = json!(metadata.jira_ticket);
        group["release_date"] = json!(metadata.release_date);
        let way = build_data::way(&plan.seed.version);
        plan.set(&way, assembly);
    }

    fn settle_build(&self, plan: &mut Plan) {
        if self.is_promoted() {
            let past = SignedDuration::from_hours(-12);
            plan.phases = vec![(past, "Accepted".to_owned())];
        }
        if let Some(candidate) = plan.identity.candidate.clone() {
            // The seed named its own; the real one may be of another y-stream.
            let stream = candidate.split("-2").next().unwrap_or_default().to_owned();
            let created = plan.seed.start - SignedDuration::from_hours(48);
            let tag = plan.seed.tag(&candidate, "Accepted", created);
            let way = path(&["release_controller", "streams", &stream, &candidate]);
            plan.set(&way, tag);
        }
    }

    /// Says which result files are made up, once the real ones are there.
    fn settle_results(&self, plan: &mut Plan) {
        let done = plan.seed.start - SignedDuration::from_hours(2);
        let version = plan.seed.version.to_string();
        let has = |plan: &Plan, build: &str| {
            plan.documents["github"]["branches"]["record"]
                .get(result_path(build))
                .is_some()
        };
        if has(plan, &version) {
            plan.promoted_tests = None;
            complete(plan, &version);
        } else if self.task("analyze-promoted-build").is_some() {
            let file = finished(&plan.seed, &version, Tests::Accepted, done);
            plan.set(&record(&result_path(&version)), text(&file).into());
            plan.promoted_tests = None;
            note(plan, format!("the test results of {version} are made up"));
        } else {
            // A build promoted long ago has its tests still before it.
            let offset = plan
                .phases
                .iter()
                .find(|(_, phase)| phase == "Accepted")
                .map_or(SignedDuration::ZERO, |(after, _)| {
                    SignedDuration::ZERO - (*after).min(SignedDuration::ZERO)
                });
            let tests = TestPlan::default();
            plan.promoted_tests = Some(TestPlan {
                created: tests.created + offset,
                aggregated: tests.aggregated + offset,
                ..tests
            });
            note(plan, format!("the test results of {version} are made up"));
        }
        let Some(candidate) = plan.identity.candidate.clone() else {
            return;
        };
        let is_real = |name: &str| {
            plan.documents["github"]["branches"]["record"][name]
                .as_str()
                .is_some()
        };
        let made_up = text(&finished(
            &plan.seed,
            &candidate,
            Tests::Accepted,
            plan.seed.start - SignedDuration::from_hours(40),
        ));
        let file = result_path(&candidate);
        let is_made_up = !is_real(&file)
            || plan.documents["github"]["branches"]["record"][&file] == made_up.as_str();
        if is_made_up {
            plan.set(&record(&file), made_up.into());
            note(plan, format!("the test results of {candidate} are made up"));
        }
    }

    fn settle_advisories(&self, plan: &mut Plan) {
        static ABNORMAL: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"abnormal state \((\w+) instead of QE\): ([\d, ]+)")
                .expect("the pattern is fixed")
        });
        let is_approved = self.task("change-advisory-status").is_some_and(is_passed);
        let push = self.task("push-to-cdn-staging");
        let start = plan.seed.start;
        let ids: Vec<_> = plan.identity.advisories.iter().map(|(_, id)| *id).collect();
        for (place, id) in ids.iter().enumerate() {
            let advisory = &mut plan.documents["errata"]["advisories"][id.to_string()];
            if is_approved {
                advisory["state"] = "REL_PREP".into();
            }
            if self.task("take-ownership").is_some() {
                advisory["qa_owner"] = super::seed::OWNER.into();
            }
            let Some(push) = push else {
                continue;
            };
            let started_at = push.started_at(start);
            let result = if push.status == "Fail" {
                "FAILED"
            } else {
                "COMPLETE"
            };
            advisory["push"] = json!([{
                "id": 100_001 + place,
                "target": "cdn_stage",
                "started_at": started_at.to_string(),
                "minutes": minutes_left(push, started_at, start),
                "result": result,
            }]);
        }
        if is_approved {
            return;
        }
        for issue in self.issues.iter().flatten() {
            let Some(found) = ABNORMAL.captures(&issue.issue) else {
                continue;
            };
            for id in found[2].split([',', ' ']).filter(|id| !id.is_empty()) {
                let way = path(&["errata", "advisories", id, "state"]);
                if plan.documents["errata"]["advisories"].get(id).is_none() {
                    continue;
                }
                plan.set(&way, found[1].into());
                let after = SignedDuration::from_hours(3);
                plan.schedule.push((after, way, "QE".into()));
                note(plan, format!("advisory {id} enters QE three hours in"));
            }
        }
    }

    fn settle_shipment(&self, plan: &mut Plan) {
        let is_stage_done =
            self.task("stage-testing").is_some() || self.task("image-consistency-check").is_some();
        if is_stage_done && plan.identity.merge_request.is_some() {
            let past = SignedDuration::from_hours(-6);
            plan.stage_release = vec![(past, "success".to_owned())];
        }
    }

    fn settle_consistency_check(&self, plan: &mut Plan) {
        static JOB: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
                .expect("the pattern is fixed")
        });
        let Some(task) = self.task("image-consistency-check") else {
            return;
        };
        let Some(job) = JOB.find_iter(task.result()).last() else {
            return;
        };
        let started_at = task.started_at(plan.seed.start);
        let run = json!({
            "job": "periodic-ci-openshift-release-tests-main-image-consistency-check",
            "started_at": started_at.to_string(),
            "minutes": minutes_left(task, started_at, plan.seed.start),
            "outcome": if task.status == "Fail" { "failure" } else { "success" },
            "release": self.release,
        });
        plan.set(&path(&["prow", "jobs", job.as_str()]), run);
    }

    fn settle_stage_testing(&self, plan: &mut Plan) {
        static BUILD: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"Stage-Pipeline/(\d+)|job id: (\d+)|queue item[^\d]*(\d+)")
                .expect("the pattern is fixed")
        });
        let Some(task) = self.task("stage-testing") else {
            return;
        };
        let number = BUILD
            .captures_iter(task.result())
            .last()
            .and_then(|found| found.iter().skip(1).flatten().next())
            .and_then(|number| number.as_str().parse::<u64>().ok());
        let Some(number) = number else {
            return;
        };
        let started_at = task.started_at(plan.seed.start);
        let run = json!({
            "job": "zstreams/Stage-Pipeline",
            "release": self.release,
            "started_at": started_at.to_string(),
            "minutes": minutes_left(task, started_at, plan.seed.start),
            "outcome": if task.status == "Fail" { "FAILURE" } else { "SUCCESS" },
        });
        plan.set(&path(&["jenkins", "builds", &number.to_string()]), run);
        plan.documents["jenkins"]["next_build"] = number.saturating_add(1).into();
    }

    fn settle_approval(&self, plan: &mut Plan) {
        let Some(task) = self.task("change-advisory-status") else {
            return;
        };
        let number = plan.identity.merge_request.map(|number| number.to_string());
        if let Some(number) = &number {
            let way = path(&["gitlab", "merge_requests", number, "approved_by"]);
            plan.set(&way, json!([shipment::BOT]));
        }
        if is_passed(task) {
            plan.metadata_url = Some(SignedDuration::ZERO);
        } else if task.status == "In Progress" {
            plan.documents["oar"]["checker"] = json!({
                "release": self.release,
                "started_at": task.started_at(plan.seed.start).to_string(),
            });
            plan.metadata_url = Some(SignedDuration::from_hours(2));
        }
    }
}

impl Task {
    fn result(&self) -> &str {
        self.result.as_deref().unwrap_or_default()
    }

    fn started_at(&self, otherwise: Timestamp) -> Timestamp {
        self.started_at
            .as_deref()
            .and_then(time)
            .unwrap_or(otherwise)
            .min(otherwise)
    }
}

fn is_passed(task: &Task) -> bool {
    task.status == "Pass"
}

/// How long a piece of work takes so that it is over when its task is, or soon when it runs.
fn minutes_left(task: &Task, started_at: Timestamp, now: Timestamp) -> i64 {
    if task.status == "In Progress" {
        now.duration_since(started_at).as_mins() + 45
    } else {
        0
    }
}

/// Reads the two ways in which StateBox files write times.
fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let local: jiff::civil::DateTime = text.parse().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(local).ok()
    })
}

/// Lets the tests of a build whose result file is not complete come to a good end.
fn complete(plan: &mut Plan, build: &str) {
    let way = record(&result_path(build));
    let file = &plan.documents["github"]["branches"]["record"][result_path(build)];
    let is_aggregated = file
        .as_str()
        .and_then(|text| serde_json::from_str::<Value>(text).ok())
        .is_some_and(|file| file["aggregated"] == true);
    if is_aggregated {
        return;
    }
    let after = SignedDuration::from_hours(2);
    let file = finished(&plan.seed, build, Tests::Accepted, plan.seed.start + after);
    plan.schedule.push((after, way, text(&file).into()));
    note(
        plan,
        format!("the tests of {build} are made to end two hours in"),
    );
}

fn note(plan: &mut Plan, text: String) {
    if let Some(notes) = plan.documents["sim"]["notes"].as_array_mut() {
        notes.push(text.into());
    }
}

fn record(file: &str) -> Vec<String> {
    path(&["github", "branches", "record", file])
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => Kind::NotFound,
        std::io::ErrorKind::PermissionDenied => Kind::Denied,
        _ => Kind::Invalid,
    };
    Error::new(kind, format!("cannot read `{}`", path.display())).because(error)
}
