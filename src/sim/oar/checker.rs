//! The background checker: waits for the payload metadata, moves the advisories, and writes the end
//! into the StateBox.
//!
//! ```text
//! started -> check every 30 minutes -> passed | failed
//!                                   -> two days over: failed
//! ```
//!
//! Nothing wakes it: it does what it would have done by now whenever somebody looks. One runs at a
//! time; a checker marked `is_dead` holds its lock and does nothing.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    outside::Outside,
    server::Running,
    text::{Log, stamp},
    worksheet::Worksheet,
};
use crate::{
    error::Result,
    release::{
        TaskStatus, Version,
        statebox::{Change, StateBox},
    },
    state::{Snapshot, StateStore},
    world::BoxFuture,
};

const TASK: &str = "change-advisory-status";
const INTERVAL_MINS: i64 = 30;
const LIMIT_MINS: i64 = 2 * 24 * 60;

/// A state store whose readers see what the checker has written by now.
pub struct Watched {
    store: Arc<dyn StateStore>,
    server: Arc<Running>,
}

impl Watched {
    /// Wraps the store that `server` writes to.
    pub fn new(store: Arc<dyn StateStore>, server: Arc<Running>) -> Self {
        Self { store, server }
    }
}

impl StateStore for Watched {
    fn read<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, Result<Option<Snapshot>>> {
        Box::pin(async move {
            self.server.settle().await;
            self.store.read(release).await
        })
    }

    fn create<'a>(&'a self, document: &'a StateBox) -> BoxFuture<'a, Result<Snapshot>> {
        self.store.create(document)
    }

    fn apply<'a>(
        &'a self,
        release: &'a Version,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move {
            self.server.settle().await;
            self.store.apply(release, changes).await
        })
    }

    fn begin_pass(&self) {
        self.store.begin_pass();
    }

    fn end_pass<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, ()> {
        self.store.end_pass(release)
    }
}

/// Lets the checker do what it would have done by now.
pub(super) async fn settle(outside: &Outside) {
    let _one_at_a_time = outside.settling().await;
    let checker = outside.get(&["oar", "checker"]);
    if !checker.is_object() || checker["is_dead"] == true {
        return;
    }
    let (Some(release), Some(started)) = (
        checker["release"].as_str().map(str::to_owned),
        checker["started_at"]
            .as_str()
            .and_then(|text| text.parse::<Timestamp>().ok()),
    ) else {
        return;
    };
    let passed = outside.now().duration_since(started).as_mins();
    let checks = passed.min(LIMIT_MINS - 1) / INTERVAL_MINS;
    let before = checker["checks"].as_i64().unwrap_or(0);
    let is_reachable = outside
        .announcement(&release)
        .is_some_and(|page| page.is_public);
    if checks > before && is_reachable {
        let at = started + SignedDuration::from_mins(checks * INTERVAL_MINS);
        return succeed(outside, &release, started, at, checks).await;
    }
    if passed >= LIMIT_MINS {
        let at = started + SignedDuration::from_mins(LIMIT_MINS);
        return time_out(outside, &release, started, at, checks).await;
    }
    if checks > before {
        outside.set(&["oar", "checker", "checks"], checks.into());
    }
}

/// Moves every advisory that is in QE to `REL_PREP`.
pub(super) fn move_advisories(
    outside: &Outside,
    advisories: &[(String, String)],
    log: &mut Log,
) -> Result<(), String> {
    for (_, id) in advisories {
        let advisory = outside.get(&["errata", "advisories", id]);
        let state = advisory["state"].as_str().unwrap_or_default();
        if state != "QE" {
            log.warning(format!(
                "cannot change state of advisory {id} from REL_PREP to {state}, skip"
            ));
            continue;
        }
        if advisory["type"] == "RHBA" {
            log.warning(format!("RHBA advisory {id} does not have secalerts"));
        } else if advisory["content_alerts"]["blocking"] == true {
            log.info(format!("found blocking secalert on advisory {id}"));
            return Err(format!(
                "advisory {id} has blocking secalerts, please contact prodsec team"
            ));
        } else {
            log.info(format!(
                "RHSA advisory {id} does not have blocking secalert"
            ));
        }
        outside.set(&["errata", "advisories", id, "state"], "REL_PREP".into());
        outside.count(&["oar", "triggers", "move_advisory"]);
        log.info(format!("advisory {id} state is updated to REL_PREP"));
    }
    Ok(())
}

async fn succeed(outside: &Outside, release: &str, started: Timestamp, at: Timestamp, checks: i64) {
    let mut lines = first_lines(outside, release, started, checks);
    lines.push(line(at, "INFO", "Payload metadata URL is now accessible"));
    lines.push(line(at, "INFO", "Scheduler lock released"));
    lines.push(line(at, "INFO", "All scheduled jobs cleared"));
    let data = outside.fresh_build_data(release).unwrap_or_default();
    let advisories = advisories(&data);
    let mut unseen = Log::new(at);
    let status = match move_advisories(outside, &advisories, &mut unseen) {
        Ok(()) => {
            lines.push(line(at, "INFO", "Release approval completed. Payload metadata URL is now accessible and advisories have been moved to REL_PREP."));
            TaskStatus::Pass
        }
        Err(_) => {
            let error = "change advisory status failed";
            lines.push(line(
                at,
                "ERROR",
                &format!("Background metadata checker failed: {error}"),
            ));
            lines.push(line(
                at,
                "ERROR",
                &format!("Release approval failed with error: {error}"),
            ));
            TaskStatus::Fail
        }
    };
    end(outside, release, &data, status, &lines).await;
}

async fn time_out(
    outside: &Outside,
    release: &str,
    started: Timestamp,
    at: Timestamp,
    checks: i64,
) {
    let mut lines = first_lines(outside, release, started, checks + 1);
    lines.push(line(
        at,
        "WARNING",
        "Timeout reached after 2 days, payload metadata URL still not accessible",
    ));
    lines.push(line(
        at,
        "WARNING",
        "Release approval timeout. Payload metadata URL still not accessible after 2 days.",
    ));
    let data = outside.fresh_build_data(release).unwrap_or_default();
    end(outside, release, &data, TaskStatus::Fail, &lines).await;
}

async fn end(outside: &Outside, release: &str, data: &Value, status: TaskStatus, lines: &[String]) {
    outside.set(&["oar", "checker"], Value::Null);
    let text = lines.join("\n");
    if let Ok(worksheet) = Worksheet::find(outside, release) {
        worksheet.set(TASK, status.word());
    }
    let written = match outside.is_in_sheet_alone(release) {
        true => Ok(()),
        false => {
            let (book, now) = (outside.book(), outside.now());
            book.record(release, data, TASK, status, Some(&text), now)
                .await
        }
    };
    if let Err(error) = written {
        tracing::warn!(
            "the simulated checker could not record its end: {}",
            error.chain()
        );
    }
    let last = lines.last().map_or("", String::as_str);
    if let Err(error) = outside.slack("#team-qe-release", &format!("{release}: {last}")) {
        tracing::debug!("the simulated checker told nobody: {error}");
    }
}

fn first_lines(outside: &Outside, release: &str, started: Timestamp, checks: i64) -> Vec<String> {
    let until = started + SignedDuration::from_mins(LIMIT_MINS);
    let y_stream = super::outside::y_stream(release);
    let mut lines = Vec::new();
    if let Err(error) = Worksheet::find(outside, release) {
        let text =
            format!("Google Sheets worksheet not found (expected for StateBox releases): {error}");
        lines.push(line(started, "INFO", &text));
    }
    lines.extend([
        line(started, "INFO", "Scheduler lock acquired"),
        line(
            started,
            "INFO",
            "Scheduler started: Checking payload metadata URL every 30 minutes",
        ),
        line(
            started,
            "INFO",
            &format!(
                "Scheduler will run until {} or until URL becomes accessible",
                until.strftime("%Y-%m-%d %H:%M:%S")
            ),
        ),
    ]);
    for number in 1..=checks {
        let slept = started + SignedDuration::from_mins((number - 1) * INTERVAL_MINS);
        let at = started + SignedDuration::from_mins(number * INTERVAL_MINS);
        let left = until.duration_since(slept);
        lines.push(line(
            slept,
            "INFO",
            &format!(
                "Scheduler sleeping for 1800 seconds (timeout in {})",
                python_duration(left)
            ),
        ));
        if number * INTERVAL_MINS >= LIMIT_MINS {
            break;
        }
        lines.push(line(at, "INFO", &format!("Scheduler check #{number}: Checking payload metadata URL accessibility for release {y_stream}")));
        if number < checks {
            lines.push(line(
                at,
                "INFO",
                &format!("Scheduler check #{number}: Payload metadata URL still not accessible"),
            ));
        }
    }
    lines
}

fn line(at: Timestamp, level: &str, message: &str) -> String {
    format!("{}: {level}: {message}", stamp(at))
}

fn python_duration(left: SignedDuration) -> String {
    let secs = left.as_secs();
    let (days, rest) = (secs / 86_400, secs % 86_400);
    let clock = format!("{}:{:02}:{:02}", rest / 3600, rest % 3600 / 60, rest % 60);
    match days {
        0 => clock,
        1 => format!("1 day, {clock}"),
        days => format!("{days} days, {clock}"),
    }
}

fn advisories(data: &Value) -> Vec<(String, String)> {
    data["advisories"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(kind, id)| (kind.clone(), id.to_string().trim_matches('"').to_owned()))
        .collect()
}
