//! The operations on a document, and the rules they keep.
//!
//! A change is one fact ("this task passed"), not a new document, so it can be applied again to
//! whatever the document has become. Applied twice it alters nothing the second time.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{StateBox, Task, claim, mask::mask_emails, node::Node, time};
use crate::{
    error::{Error, Kind, Result},
    release::{TaskStatus, task::STATEBOX_TASKS},
};

const MAX_TASK_CHARS: usize = 200;
const MAX_SUBJECT_CHARS: usize = 50;

/// The metadata whose entries are merged one by one.
const MERGED_METADATA: [&str; 2] = ["advisory_ids", "candidate_builds"];

/// One change to a document, re-applied to the freshest one when it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Sets the status and, when given, the result of a task.
    SetTask {
        /// The task.
        name: String,
        /// The new status.
        status: TaskStatus,
        /// The new result; the old one stays when absent.
        result: Option<String>,
        /// When the work began, if it is known.
        started_at: Option<Timestamp>,
        /// When it ended, if it is known.
        completed_at: Option<Timestamp>,
        /// Whether a person asked for it by name; only then `Pass` becomes something else.
        is_reset: bool,
    },
    /// Adds an issue, unless an unresolved one says the same.
    AddIssue {
        /// The text.
        text: String,
        /// Whether it blocks.
        is_blocker: bool,
        /// The tasks it is about; none for the whole release.
        related_tasks: Vec<String>,
    },
    /// Resolves the unresolved issue that matches.
    ResolveIssue {
        /// The text, or a part that only one unresolved issue has.
        text: String,
        /// How.
        resolution: String,
    },
    /// Replaces metadata entries; maps are merged entry by entry.
    PatchMetadata(Map<String, Value>),
    /// Says that somebody is about to start the work of a task; a second one is turned away until
    /// the claim has run out. The status stays as it is.
    Claim {
        /// The task.
        task: String,
        /// What identifies the work everywhere.
        token: String,
        /// Who is about to start it.
        holder: String,
        /// When the claim runs out.
        until: Timestamp,
    },
    /// Says that somebody tells people something; a second one is turned away.
    Tell {
        /// What they are told, the same for every operator.
        about: String,
        /// What identifies the message.
        token: String,
    },
}

impl Change {
    /// The subject of the commit that carries the change, without e-mail addresses.
    pub fn subject(&self) -> String {
        match self {
            Self::SetTask { name, .. } => format!("Update task: {}", first_line(name)),
            Self::AddIssue { text, .. } => format!("Add issue: {}", first_line(text)),
            Self::ResolveIssue { text, .. } => format!("Resolve issue: {}", first_line(text)),
            Self::PatchMetadata(_) => "Update metadata".to_owned(),
            Self::Claim { task, .. } => format!("Claim task: {}", first_line(task)),
            Self::Tell { about, .. } => format!("Tell people: {}", first_line(about)),
        }
    }
}

impl StateBox {
    /// Who is about to start the work of a task, as far as the claim on it has not run out.
    pub fn claimed_by(&self, task: &str, now: Timestamp) -> Option<&str> {
        claim::holder(self.task(task)?.result.as_deref()?, "", now)
    }

    /// Applies a change, and says whether it altered anything.
    ///
    /// The document is as before after an error: `invalid` for names, texts and values that are
    /// not accepted, `refused` when `Pass` would be taken back or a task has an open blocker
    /// already, `not_found` when no unresolved issue matches, `conflict` when a task is claimed or
    /// under way already, or somebody else tells people the same.
    pub fn apply(&mut self, change: &Change, now: Timestamp) -> Result<bool> {
        let mut draft = self.root.clone();
        let is_altered = match change {
            Change::SetTask {
                name,
                status,
                result,
                started_at,
                completed_at,
                is_reset,
            } => {
                let work = Work {
                    status: *status,
                    result: result.as_deref().map(mask_emails),
                    started_at: *started_at,
                    completed_at: *completed_at,
                    is_reset: *is_reset,
                };
                self.set_task(&mut draft, name, &work, now)?
            }
            Change::AddIssue {
                text,
                is_blocker,
                related_tasks,
            } => self.add_issue(&mut draft, text, *is_blocker, related_tasks, now)?,
            Change::ResolveIssue { text, resolution } => {
                self.resolve_issue(&mut draft, text, &mask_emails(resolution), now)?
            }
            Change::PatchMetadata(entries) => patch_metadata(&mut draft, entries),
            Change::Claim {
                task,
                token,
                holder,
                until,
            } => {
                let line = claim::line(token, &mask_emails(holder), *until);
                self.claim(&mut draft, task, token, line, now)?
            }
            Change::Tell { about, token } => self.tell(&mut draft, about, token)?,
        };
        if is_altered {
            draft.set("updated_at", Node::text(time::format(now)));
            let document = Self::from_root(draft)?;
            if matches!(change, Change::PatchMetadata(_)) {
                // Values of any shape come in here, so what is written is read once.
                Self::parse_any(&document.to_yaml())?;
            }
            *self = document;
        }
        Ok(is_altered)
    }

    fn claim(
        &self,
        draft: &mut Node,
        name: &str,
        token: &str,
        line: String,
        now: Timestamp,
    ) -> Result<bool> {
        let before = self.task(name);
        let status = before.map_or(TaskStatus::NotStarted, |task| task.status);
        let text = before
            .and_then(|task| task.result.as_deref())
            .unwrap_or_default();
        if matches!(status, TaskStatus::Pass | TaskStatus::InProgress) {
            let what = format!("`{name}` of {} is {status} already", self.release);
            return Err(Error::new(Kind::Conflict, what));
        }
        if let Some(holder) = claim::holder(text, token, now) {
            let what = format!(
                "`{name}` of {} is about to be started by {holder}",
                self.release
            );
            return Err(Error::new(Kind::Conflict, what));
        }
        let kept = claim::without(text);
        let result = if kept.is_empty() {
            line
        } else {
            format!("{kept}\n{line}")
        };
        let work = Work {
            status,
            result: Some(result),
            started_at: before.and_then(Task::started),
            completed_at: before.and_then(Task::completed),
            is_reset: false,
        };
        self.set_task(draft, name, &work, now)
    }

    fn set_task(&self, draft: &mut Node, name: &str, work: &Work, now: Timestamp) -> Result<bool> {
        check_task_name(name)?;
        let place = self.tasks.iter().position(|task| task.name == name);
        let before = place.map(|place| &self.tasks[place]);
        let old_status = before.map_or(TaskStatus::NotStarted, |task| task.status);
        let old_result = before.and_then(|task| task.result.as_ref());
        if old_status == work.status
            && (work.result.is_none() || work.result.as_ref() == old_result)
        {
            return Ok(false);
        }
        if old_status == TaskStatus::Pass && work.status != TaskStatus::Pass && !work.is_reset {
            return Err(Error::new(
                Kind::Refused,
                format!(
                    "the task `{name}` of {} is Pass and does not become {}",
                    self.release, work.status
                ),
            )
            .hint("reset the task by name if its work must be done again"));
        }

        let old_start = before.and_then(|task| task.started_at.clone());
        let (started_at, completed_at) = match work.status {
            TaskStatus::NotStarted => (None, None),
            TaskStatus::InProgress => {
                let kept = old_start.filter(|_| old_status == TaskStatus::InProgress);
                let began = work.started_at.unwrap_or(now);
                (Some(kept.unwrap_or_else(|| time::format(began))), None)
            }
            TaskStatus::Pass | TaskStatus::Fail => {
                let ended = work.completed_at.unwrap_or(now);
                let given = work.started_at.map(time::format);
                let start = given
                    .or(old_start)
                    .unwrap_or_else(|| time::format(ended.min(now)));
                let ended = time::parse(&start).map_or(ended, |began| ended.max(began));
                (Some(start), Some(time::format(ended)))
            }
        };

        let tasks = draft.list_mut("tasks").expect("the document was typed");
        let place = place.unwrap_or_else(|| {
            tasks.push(Node::map([
                ("name", Node::text(name)),
                ("status", Node::text(TaskStatus::NotStarted.word())),
                ("started_at", Node::null()),
                ("completed_at", Node::null()),
                ("result", Node::null()),
            ]));
            tasks.len() - 1
        });
        let entry = &mut tasks[place];
        entry.set("status", Node::text(work.status.word()));
        entry.set("started_at", Node::optional_text(started_at));
        entry.set("completed_at", Node::optional_text(completed_at));
        if let Some(result) = &work.result {
            entry.set("result", Node::text(result));
        } else if entry.get("result").is_none() {
            entry.set("result", Node::null());
        }
        Ok(true)
    }
}

/// What is to be written about a task.
struct Work {
    status: TaskStatus,
    result: Option<String>,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    is_reset: bool,
}

fn patch_metadata(draft: &mut Node, entries: &Map<String, Value>) -> bool {
    if draft.get("metadata").is_none() {
        draft.set("metadata", Node::Map(Vec::new()));
    }
    let before = draft.get("metadata").cloned();
    let metadata = draft.get_mut("metadata").expect("it was just added");
    for (key, value) in entries {
        match (metadata.get_mut(key), value) {
            (Some(stored @ Node::Map(_)), Value::Object(added))
                if MERGED_METADATA.contains(&key.as_str()) =>
            {
                for (name, value) in added {
                    stored.set(name, Node::from_json(value));
                }
            }
            _ => metadata.set(key, Node::from_json(value)),
        }
    }
    Some(&*metadata) != before.as_ref()
}

fn check_task_name(name: &str) -> Result<()> {
    let message = if name.is_empty() {
        "task name must be a non-empty string".to_owned()
    } else if name.trim().is_empty() {
        "task name cannot be whitespace only".to_owned()
    } else if name.chars().count() > MAX_TASK_CHARS {
        format!("task name too long (max {MAX_TASK_CHARS} characters)")
    } else if !STATEBOX_TASKS.contains(&name) {
        format!("unsupported task name: `{name}`")
    } else {
        return Ok(());
    };
    Err(Error::invalid(message).hint(format!("must be one of: {}", STATEBOX_TASKS.join(", "))))
}

/// The first fifty characters without addresses, up to a line break.
fn first_line(text: &str) -> String {
    let text = mask_emails(text.trim_start_matches(['\n', '\r']));
    let cut: String = text.chars().take(MAX_SUBJECT_CHARS).collect();
    let line = cut.split(['\n', '\r']).next().unwrap_or_default();
    line.replace(char::is_control, " ").trim_end().to_owned()
}
