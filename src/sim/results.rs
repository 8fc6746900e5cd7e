//! Test-result files as they grow: triggered, pending, retried, aggregated.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::seed::{Seed, build, nightly_jobs, stable_jobs};

/// How the tests of a build go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tests {
    /// Every job succeeds at once.
    Accepted,
    /// One job fails first and wins both retries; accepted.
    Flaky,
    /// A promoted build loses one upgrade job; a nightly loses the same test on two platforms.
    Rejected,
    /// Only the first job was ever triggered; it succeeds, so the build is accepted with a gap.
    OneJob,
    /// The jobs start and never end.
    Never,
}

impl Tests {
    /// The words scenarios use.
    pub const WORDS: [(&str, Self); 5] = [
        ("accepted", Self::Accepted),
        ("flaky", Self::Flaky),
        ("rejected", Self::Rejected),
        ("one_job", Self::OneJob),
        ("never", Self::Never),
    ];

    /// Returns the kind a scenario names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, tests)| *tests)
    }
}

/// Returns the revisions of a build's result file: when each is written, and what is in it.
pub fn revisions(
    seed: &Seed,
    name: &str,
    tests: Tests,
    created: Timestamp,
    aggregated: Timestamp,
) -> Vec<(Timestamp, Value)> {
    let file = File {
        seed,
        name,
        tests,
        created,
        aggregated: aggregated.max(created + SignedDuration::from_mins(3)),
    };
    let span = file.span();
    let mut revisions = vec![
        (created, file.at(Stage::Triggered)),
        (created + span / 3, file.at(Stage::Running)),
    ];
    if tests != Tests::Never {
        revisions.push((created + span / 3 * 2, file.at(Stage::Retrying)));
        revisions.push((file.aggregated, file.at(Stage::Aggregated)));
    }
    revisions
}

/// Returns the file of a build whose tests are over since `aggregated`.
pub fn finished(seed: &Seed, name: &str, tests: Tests, aggregated: Timestamp) -> Value {
    let created = aggregated - SignedDuration::from_hours(5);
    File {
        seed,
        name,
        tests,
        created,
        aggregated,
    }
    .at(Stage::Aggregated)
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Triggered,
    Running,
    Retrying,
    Aggregated,
}

struct File<'a> {
    seed: &'a Seed,
    name: &'a str,
    tests: Tests,
    created: Timestamp,
    aggregated: Timestamp,
}

impl File<'_> {
    fn span(&self) -> SignedDuration {
        self.aggregated.duration_since(self.created)
    }

    fn at(&self, stage: Stage) -> Value {
        let mut jobs = if self.name.contains("nightly") {
            nightly_jobs(&self.seed.version)
        } else {
            stable_jobs(&self.seed.version)
        };
        if self.tests == Tests::OneJob {
            jobs.truncate(1);
        }
        let result: Vec<_> = jobs
            .iter()
            .enumerate()
            .map(|(place, job)| self.entry(job, self.fate(place, jobs.len()), stage))
            .collect();
        let mut file = json!({ "result": result, "build": build(self.name) });
        if stage == Stage::Aggregated {
            file["aggregated"] = true.into();
            file["accepted"] = (self.tests != Tests::Rejected).into();
        }
        file
    }

    fn fate(&self, place: usize, count: usize) -> Fate {
        let is_last = place + 1 == count;
        let is_lost = if self.name.contains("nightly") {
            place < 2
        } else {
            is_last
        };
        match self.tests {
            Tests::Rejected if is_lost => Fate::Lost,
            Tests::Flaky if is_last => Fate::Recovered,
            Tests::Never => Fate::Hangs,
            _ => Fate::Won,
        }
    }

    fn entry(&self, job: &str, fate: Fate, stage: Stage) -> Value {
        let half = self.span() / 2;
        let is_won = fate == Fate::Won;
        let first = match (stage, fate) {
            (Stage::Triggered, _) => Run::Triggered,
            (Stage::Running, _) | (_, Fate::Hangs) => Run::Pending,
            _ => Run::Ended { is_won },
        };
        let first_run = self.run(job, 0, first, self.created, half);
        if stage == Stage::Triggered {
            return json!({ "jobName": job, "firstJob": first_run });
        }
        let retry = match (stage, fate) {
            (Stage::Retrying, Fate::Lost | Fate::Recovered) => Some(Run::Triggered),
            (Stage::Aggregated, Fate::Lost) => Some(Run::Ended { is_won: false }),
            (Stage::Aggregated, Fate::Recovered) => Some(Run::Ended { is_won: true }),
            _ => None,
        };
        let retries: Vec<_> = retry
            .into_iter()
            .flat_map(|run| [(1, run), (2, run)])
            .map(|(attempt, run)| self.run(job, attempt, run, self.created + half, half))
            .collect();
        json!({ "jobName": job, "firstJob": first_run, "retriedJobs": retries })
    }

    fn run(
        &self,
        job: &str,
        attempt: u64,
        run: Run,
        started: Timestamp,
        duration: SignedDuration,
    ) -> Value {
        let purpose = format!("{}/{job}/{attempt}", self.name);
        let id = uuid::Uuid::new_v5(
            &uuid::Uuid::NAMESPACE_OID,
            format!("{}/{purpose}", self.seed.number(&purpose)).as_bytes(),
        );
        let mut entries = Map::new();
        if run == Run::Triggered {
            entries.insert("jobID".to_owned(), id.to_string().into());
            return entries.into();
        }
        let number =
            2_000_000_000_000_000_000 + self.seed.number(&purpose) % 99_999_999_999_999_999;
        let started = started + SignedDuration::from_secs(20 + 5 * attempt as i64);
        entries.insert("jobStartTime".to_owned(), stamp(started));
        entries.insert("jobID".to_owned(), id.to_string().into());
        entries.insert(
            "jobURL".to_owned(),
            format!("https://qe-private-deck-ci.apps.ci.l2s4.p1.openshiftapps.com/view/gs/qe-private-deck/logs/{job}/{number}").into(),
        );
        let Run::Ended { is_won } = run else {
            entries.insert("jobState".to_owned(), "pending".into());
            return entries.into();
        };
        let word = if is_won { "success" } else { "failure" };
        entries.insert("jobState".to_owned(), word.into());
        entries.insert(
            "jobCompletionTime".to_owned(),
            stamp((started + duration).min(self.aggregated)),
        );
        if !job.contains("-upgrade-from-") {
            entries.insert("testResultSummary".to_owned(), summary(job, is_won));
        }
        entries.into()
    }
}

/// What becomes of a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Won,
    Recovered,
    Lost,
    Hangs,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Run {
    Triggered,
    Pending,
    Ended { is_won: bool },
}

fn stamp(at: Timestamp) -> Value {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
}

fn summary(job: &str, is_won: bool) -> Value {
    let suite = if job.contains("disruptive") {
        "openshift-extended-test-disruptive"
    } else {
        "openshift-extended-test"
    };
    let mut counters = json!({
        "total": 115,
        "failures": u64::from(!is_won),
        "errors": 0,
        "skipped": 24,
    });
    if !is_won {
        counters["failingScenarios"] = json!([
            "[sig-storage] STORAGE Author:lead-LEVEL0-Critical-50918-[CSI-Driver] a volume is mounted again after a restart"
        ]);
    }
    json!({ suite: counters })
}
