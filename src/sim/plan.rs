//! What will happen to a release in a simulated world: the plan a scenario changes, and the
//! schedule it becomes.
//!
//! Times in the plan count from the start of the world, those of promoted tests from promotion.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    build_data,
    results::{Tests, revisions},
    seed::{Identity, Seed, merge_request, merge_requests, result_path, text},
    sheet, shipment,
    state::{Due, Fault, PreparedAnswer, Stored, set},
    trackers,
    tracking::announce,
};
use crate::{
    error::Result,
    release::{
        TaskStatus,
        sheet::Layout,
        statebox::{Change, Metadata, StateBox},
        task::WORKFLOW_TASKS,
    },
};

/// A release and what will happen to it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the release is made from.
    pub seed: Seed,
    /// What identifies it at the services.
    pub identity: Identity,
    /// The documents of the first day.
    pub documents: Value,
    /// When the promoted build is in which phase; none means that it is never promoted.
    pub phases: Vec<(SignedDuration, String)>,
    /// The tests of the promoted build.
    pub promoted_tests: Option<TestPlan>,
    /// The tests of the candidate; `None` when they were accepted before the world began.
    pub candidate_tests: Option<TestPlan>,
    /// When the stage-release pipeline is in which state.
    pub stage_release: Vec<(SignedDuration, String)>,
    /// The merge requests that took the place of the first one, and when.
    pub later_requests: Vec<(SignedDuration, u64)>,
    /// When the payload metadata address can be reached.
    pub metadata_url: Option<SignedDuration>,
    /// What else happens.
    pub schedule: Vec<(SignedDuration, Vec<String>, Value)>,
    /// Faults.
    pub faults: Vec<Fault>,
    /// Prepared answers.
    pub answers: Vec<PreparedAnswer>,
    /// Whether every task was done before the world began.
    pub is_done: bool,
    acts: u64,
}

/// When the result file of a build appears and is complete.
#[derive(Clone, Copy, Debug)]
pub struct TestPlan {
    /// How the tests go.
    pub tests: Tests,
    /// When the file appears.
    pub created: SignedDuration,
    /// When the last job has ended.
    pub aggregated: SignedDuration,
}

impl Default for TestPlan {
    fn default() -> Self {
        Self {
            tests: Tests::Accepted,
            created: SignedDuration::from_hours(1),
            aggregated: SignedDuration::from_hours(6),
        }
    }
}

impl Plan {
    /// Returns the plan of a release that goes well.
    pub fn new(seed: Seed, identity: Identity) -> Self {
        let hours = SignedDuration::from_hours;
        let mut plan = Self {
            documents: seed.documents(&identity),
            seed,
            identity,
            phases: Vec::new(),
            promoted_tests: Some(TestPlan::default()),
            candidate_tests: None,
            stage_release: vec![
                (hours(4), "running".to_owned()),
                (hours(10), "success".to_owned()),
            ],
            later_requests: Vec::new(),
            metadata_url: Some(hours(30)),
            schedule: Vec::new(),
            faults: Vec::new(),
            answers: Vec::new(),
            is_done: false,
            acts: 0,
        };
        plan.promote(hours(8));
        plan.set_owner(super::seed::OWNER);
        plan
    }

    /// Has the build promoted after a time; its verification begins two hours before.
    pub fn promote(&mut self, after: SignedDuration) {
        let verification = (after - SignedDuration::from_hours(2)).max(SignedDuration::ZERO);
        self.phases = vec![
            (verification, "Ready".to_owned()),
            (after, "Accepted".to_owned()),
        ];
    }

    /// Says who owns the release; nobody when it is empty.
    pub fn set_owner(&mut self, address: &str) {
        self.answers.retain(|answer| answer.about != "owner");
        let owner = if address.is_empty() {
            Value::Null
        } else {
            self.answers.push(PreparedAnswer {
                about: "owner".to_owned(),
                word: address.to_owned(),
                reason: String::new(),
            });
            address.into()
        };
        self.documents["people"]["owner"] = owner;
    }

    /// Takes the shipment away: the release goes the older way over advisories alone.
    pub fn use_errata_flow(&mut self) {
        self.identity.merge_request = None;
        self.identity.shipment_mr = String::new();
        self.stage_release.clear();
        self.show_identity();
        trackers::move_to_advisory(self);
    }

    /// Gives the release an advisory of each of these kinds.
    pub fn use_advisories(&mut self, kinds: &[String]) {
        let first = self
            .identity
            .advisories
            .first()
            .map_or(180_000, |(_, id)| *id);
        self.identity.advisories = kinds.iter().cloned().zip(first..).collect();
        self.documents["errata"]["advisories"] = self.seed.advisories(&self.identity);
        self.show_identity();
    }

    /// Lets the shipment have so many files.
    pub fn use_shipment_files(&mut self, count: usize) {
        let branch = shipment::branch(&self.seed);
        let way = path(&[
            "gitlab",
            "projects",
            shipment::PROJECT,
            "branches",
            &branch,
            "files",
        ]);
        for (file, text) in shipment::more_files(&self.seed, count) {
            let mut way = way.clone();
            way.push(file);
            self.set(&way, text);
        }
    }

    /// Writes the identity into the documents again after it changed.
    pub fn show_identity(&mut self) {
        let assembly = build_data::assembly(&self.identity);
        self.set(&build_data::way(&self.seed.version), assembly);
        self.documents["gitlab"]["merge_requests"] = merge_requests(&self.seed, &self.identity);
    }

    /// Has another merge request take the place of the shipment's: the one before is closed.
    pub fn replace_request(&mut self, after: SignedDuration, number: u64) {
        let last = self.later_requests.last().map(|(_, number)| *number);
        if let Some(before) = last.or(self.identity.merge_request) {
            let way = path(&["gitlab", "merge_requests", &before.to_string(), "state"]);
            self.schedule.push((after, way, "closed".into()));
        }
        self.later_requests.push((after, number));
    }

    /// Has a person do something at the state store after a time.
    pub fn act(&mut self, after: SignedDuration, mut act: Value) {
        self.acts += 1;
        act["release"] = self.seed.version.to_string().into();
        act["at"] = self.time(after).to_string().into();
        let name = format!("{}-{}", self.seed.version, self.acts);
        self.schedule
            .push((after, path(&["people", "acts", &name]), act));
    }

    /// The StateBox that the world begins with, if it has one already.
    pub fn statebox(&self) -> Result<Option<String>> {
        if !self.is_done {
            return Ok(None);
        }
        let metadata = self.metadata();
        let begun = self.time(SignedDuration::from_hours(-72));
        let ended = self.time(SignedDuration::from_hours(-24));
        let mut document = StateBox::new(&self.seed.version, metadata, begun);
        for task in WORKFLOW_TASKS {
            let change = Change::SetTask {
                name: task.to_owned(),
                status: TaskStatus::Pass,
                result: Some("done before this world began".to_owned()),
                started_at: Some(begun),
                completed_at: Some(ended),
                is_reset: false,
            };
            document.apply(&change, ended)?;
        }
        Ok(Some(document.to_yaml()))
    }

    fn metadata(&self) -> Metadata {
        let identity = &self.identity;
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Metadata {
            jira_ticket: some(&identity.jira_ticket),
            advisory_ids: identity
                .advisories
                .iter()
                .filter_map(|(kind, id)| Some((kind.clone(), i64::try_from(*id).ok()?)))
                .collect(),
            release_date: some(&identity.release_date),
            candidate_builds: identity
                .candidate
                .iter()
                .map(|candidate| ("x86_64".to_owned(), candidate.clone()))
                .collect(),
            shipment_mr: some(&identity.shipment_mr),
        }
    }

    /// Sets a value in the documents of the first day.
    pub fn set(&mut self, way: &[String], value: Value) {
        set(&mut self.documents, way, value);
    }

    /// Returns the point in time `after` the start.
    pub fn time(&self, after: SignedDuration) -> Timestamp {
        self.seed
            .start
            .saturating_add(after)
            .unwrap_or(Timestamp::MAX)
    }

    /// Turns the plan into what a world keeps.
    pub fn into_stored(mut self) -> Stored {
        let schedule = self.due();
        self.add_report();
        let mut documents = self.documents;
        announce(&mut documents, &self.seed.version, &self.identity);
        let mut stored = Stored {
            scenario: self.seed.scenario.clone(),
            seed: self.seed.seed,
            ids: 0,
            now: self.seed.start,
            documents,
            schedule: Vec::new(),
            faults: self.faults,
            answers: self.answers,
        };
        // What happens at the start is already there when the world begins.
        for due in schedule {
            if due.at <= stored.now {
                set(&mut stored.documents, &due.path, due.value);
            } else {
                stored.schedule.push(due);
            }
        }
        stored
    }

    /// Adds the sheet of the y-stream, and the tab of a release that is tracked there alone.
    fn add_report(&mut self) {
        let metadata = self.metadata();
        let release = self.seed.version.clone();
        if self.documents["statebox"]["is_missing"] == true {
            sheet::add_tab(&mut self.documents, &release, &metadata);
        } else if sheet::has_document(&release) {
            sheet::add_document(&mut self.documents, &release, Layout::of(&metadata));
        }
    }

    fn due(&self) -> Vec<Due> {
        let mut schedule = self.build_phases();
        schedule.extend(self.test_files());
        schedule.extend(self.shipment());
        schedule.extend(self.schedule.iter().map(|(after, way, value)| Due {
            at: self.time(*after),
            path: way.clone(),
            value: value.clone(),
        }));
        schedule.sort_by_key(|due| due.at);
        schedule
    }

    fn build_phases(&self) -> Vec<Due> {
        let version = self.seed.version.to_string();
        let stream = self.seed.version.stable_stream();
        let created = self.phases.first().map(|(after, _)| self.time(*after));
        self.phases
            .iter()
            .map(|(after, phase)| Due {
                at: self.time(*after),
                path: path(&["release_controller", "streams", &stream, &version]),
                value: self
                    .seed
                    .tag(&version, phase, created.unwrap_or(self.seed.start)),
            })
            .collect()
    }

    fn test_files(&self) -> Vec<Due> {
        let mut files = Vec::new();
        if let (Some(candidate), Some(tests)) = (&self.identity.candidate, self.candidate_tests) {
            files.extend(self.revisions(candidate, tests, self.seed.start));
        }
        let promoted_at = self
            .phases
            .iter()
            .find(|(_, phase)| phase == "Accepted")
            .map(|(after, _)| self.time(*after));
        if let (Some(promoted_at), Some(tests)) = (promoted_at, self.promoted_tests) {
            let version = self.seed.version.to_string();
            files.push(Due {
                at: promoted_at + tests.created.min(SignedDuration::from_mins(50)),
                path: record(&format!(
                    "_releases/ocp-latest-{}-stable-amd64.json",
                    self.seed.version.y_stream()
                )),
                value: text(&super::seed::build(&version)).into(),
            });
            files.extend(self.revisions(&version, tests, promoted_at));
        }
        files
    }

    fn revisions(&self, build: &str, plan: TestPlan, from: Timestamp) -> Vec<Due> {
        let at = |after| from.saturating_add(after).unwrap_or(Timestamp::MAX);
        let (created, aggregated) = (at(plan.created), at(plan.aggregated));
        revisions(&self.seed, build, plan.tests, created, aggregated)
            .into_iter()
            .map(|(at, file)| Due {
                at,
                path: record(&result_path(build)),
                value: text(&file).into(),
            })
            .collect()
    }

    fn shipment(&self) -> Vec<Due> {
        let mut changes = Vec::new();
        if let Some(after) = self.metadata_url {
            let page = self.seed.page(&self.seed.version.to_string());
            changes.push(Due {
                at: self.time(after),
                path: path(&["portal", "pages", &page, "is_public"]),
                value: true.into(),
            });
        }
        if let Some(number) = self.identity.merge_request {
            changes.extend(self.pipelines(SignedDuration::ZERO, number));
        }
        for (begin, number) in &self.later_requests {
            changes.push(Due {
                at: self.time(*begin),
                path: path(&["gitlab", "merge_requests", &number.to_string()]),
                value: merge_request(&self.seed, &self.identity, self.time(*begin)),
            });
            changes.extend(self.pipelines(*begin, *number));
        }
        changes
    }

    /// What the pipelines of a merge request do; one that is opened late has the same history.
    fn pipelines(&self, begin: SignedDuration, number: u64) -> Vec<Due> {
        let number = number.to_string();
        let mut changes = Vec::new();
        let mut field = |after: SignedDuration, key: &str, value: Value| {
            changes.push(Due {
                at: self.time(after.max(begin)),
                path: path(&["gitlab", "merge_requests", &number, key]),
                value,
            });
        };
        for (after, word) in &self.stage_release {
            field(*after, "stage_release", word.as_str().into());
            if word == "success" {
                field(*after, "labels", json!(["stage-release-success"]));
            }
        }
        if let Some(after) = self.metadata_url {
            field(after, "prod_release", "success".into());
            field(
                after,
                "labels",
                json!(["stage-release-success", "prod-release-success"]),
            );
        }
        changes
    }
}

/// Returns a path of keys.
pub fn path(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

fn record(file: &str) -> Vec<String> {
    path(&["github", "branches", "record", file])
}
