//! Which releases are being worked on, and where each stands in a few words.
//!
//! Only the newest announced release of a y-stream is a candidate. It is active from the moment it
//! has a StateBox until some days after its date, whatever its tasks say: an older release that is
//! late disappears with the next one, and a late one a day after its date.

use jiff::civil::Date;
use serde::Serialize;

use super::{
    TaskStatus,
    statebox::{Issue, StateBox, Task},
    task::WORKFLOW_TASKS,
};

/// The tasks that lead to approval, in the order of the flow. The analysis of the candidate is
/// advice, which nothing waits for.
const FLOW_ORDER: [&str; 8] = [
    "take-ownership",
    "check-cve-tracker-bug",
    "push-to-cdn-staging",
    "image-consistency-check",
    "stage-testing",
    "analyze-promoted-build",
    "image-signed-check",
    "change-advisory-status",
];

const OWNERSHIP: &str = "take-ownership";
const APPROVAL: &str = "change-advisory-status";

/// Why a release is not being worked on.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Inactive {
    /// Nothing was announced in the y-stream.
    NothingTracked,
    /// Its StateBox was not made yet.
    NoStatebox,
    /// Its StateBox has no date.
    NoDate,
    /// Its StateBox has a date that is none.
    UnreadableDate {
        /// What stands there.
        text: String,
    },
    /// Its date is over.
    Over {
        /// How many days.
        days: i64,
    },
}

impl Inactive {
    /// Why, for people.
    pub fn reason(&self) -> String {
        match self {
            Self::NothingTracked => "no release is announced".to_owned(),
            Self::NoStatebox => "no StateBox yet".to_owned(),
            Self::NoDate => "the StateBox has no release date".to_owned(),
            Self::UnreadableDate { text } => format!("the release date `{text}` is none"),
            Self::Over { days: 1 } => "its date was yesterday".to_owned(),
            Self::Over { days } => format!("its date was {days} days ago"),
        }
    }
}

/// Says why the newest release of a y-stream is not active; `None` when it is.
///
/// `today` is the day where the reader is. A release stays active `keep_days` days after its date;
/// there is no bound in the other direction.
pub fn inactive(document: Option<&StateBox>, today: Date, keep_days: u32) -> Option<Inactive> {
    let Some(document) = document else {
        return Some(Inactive::NoStatebox);
    };
    let metadata = document.metadata();
    let Some(text) = metadata.release_date.as_deref() else {
        return Some(Inactive::NoDate);
    };
    let Some(day) = metadata.release_day() else {
        let text = text.to_owned();
        return Some(Inactive::UnreadableDate { text });
    };
    let days = -days_between(today, day);
    (days > i64::from(keep_days)).then_some(Inactive::Over { days })
}

/// The status of a release as a whole, derived from its StateBox: the first that fits, in this order.
///
/// Whether a complete release has shipped cannot be told from its StateBox.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The advisories are approved.
    Complete,
    /// A blocker is open or a task failed.
    Blocked,
    /// Somebody owns it.
    InProgress,
    /// Nobody does.
    NotStarted,
}

impl Standing {
    /// Derives it.
    pub fn of(document: &StateBox) -> Self {
        let has_failed = |task: &Task| task.status == TaskStatus::Fail;
        if document.status(APPROVAL) == TaskStatus::Pass {
            Self::Complete
        } else if !document.open_blockers().is_empty() || document.tasks().iter().any(has_failed) {
            Self::Blocked
        } else if document.status(OWNERSHIP) == TaskStatus::Pass {
            Self::InProgress
        } else {
            Self::NotStarted
        }
    }

    /// The words as people know them, such as `IN PROGRESS`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "COMPLETE",
            Self::Blocked => "BLOCKED",
            Self::InProgress => "IN PROGRESS",
            Self::NotStarted => "NOT STARTED",
        }
    }
}

/// Where a release stands, in a few words.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Overview {
    /// The status of the whole.
    pub standing: Standing,
    /// What runs, else the task that ended last, else `Not started`.
    pub phase: String,
    /// What comes next; `None` when nothing does.
    pub next: Option<String>,
    /// The open blockers, with the tasks they are about.
    pub blockers: Vec<String>,
    /// How many of the nine tasks have passed.
    pub passed: usize,
    /// The day of release.
    pub release_day: Option<Date>,
    /// How many days are left until then; negative when it is over.
    pub days_left: Option<i64>,
    /// Whether the day is over and the release is not complete.
    pub is_overdue: bool,
}

impl Overview {
    /// Derives it; `today` is the day where the reader is.
    pub fn of(document: &StateBox, today: Date) -> Self {
        let standing = Standing::of(document);
        let release_day = document.metadata().release_day();
        let days_left = release_day.map(|day| days_between(today, day));
        let has_passed = |task: &&&str| document.status(task) == TaskStatus::Pass;
        Self {
            standing,
            phase: phase(document),
            next: next_step(document, standing),
            blockers: document.open_blockers().into_iter().map(told).collect(),
            passed: WORKFLOW_TASKS.iter().filter(has_passed).count(),
            release_day,
            days_left,
            is_overdue: standing != Standing::Complete && days_left.is_some_and(|days| days < 0),
        }
    }

    /// What a list is sorted by: what needs a person first.
    pub fn rank(&self) -> u8 {
        match self.standing {
            Standing::Blocked => 0,
            Standing::InProgress | Standing::NotStarted if self.is_overdue => 1,
            Standing::InProgress => 2,
            Standing::NotStarted => 3,
            Standing::Complete => 4,
        }
    }
}

fn phase(document: &StateBox) -> String {
    let running: Vec<_> = running(document).collect();
    if !running.is_empty() {
        return running.join(", ");
    }
    let ended = document
        .tasks()
        .iter()
        .filter_map(|task| Some((task.completed()?, &task.name)));
    // Of tasks that ended in the same second the last in the file counts.
    match ended.max_by_key(|(at, _)| *at) {
        Some((_, name)) => name.clone(),
        None => "Not started".to_owned(),
    }
}

fn running(document: &StateBox) -> impl Iterator<Item = &str> {
    let tasks = document.tasks().iter();
    tasks
        .filter(|task| task.status == TaskStatus::InProgress)
        .map(|task| task.name.as_str())
}

fn next_step(document: &StateBox, standing: Standing) -> Option<String> {
    if standing == Standing::Complete {
        return None;
    }
    let failed = document
        .tasks()
        .iter()
        .find(|task| task.status == TaskStatus::Fail);
    if let Some(task) = failed {
        return Some(format!("look at {}, which failed", task.name));
    }
    if let Some(issue) = document.open_blockers().first() {
        return Some(match issue.related_tasks.first() {
            Some(task) => format!("resolve what blocks {task}"),
            None => "resolve what blocks the release".to_owned(),
        });
    }
    let running: Vec<_> = running(document).collect();
    if !running.is_empty() {
        return Some(format!("wait for {}", running.join(", ")));
    }
    let open = FLOW_ORDER
        .iter()
        .find(|task| document.status(task) == TaskStatus::NotStarted)?;
    Some((*open).to_owned())
}

fn told(issue: &Issue) -> String {
    let text = issue.text.split_whitespace().collect::<Vec<_>>().join(" ");
    match issue.related_tasks.as_slice() {
        [] => text,
        tasks => format!("{}: {text}", tasks.join(", ")),
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_hours() / 24
}
