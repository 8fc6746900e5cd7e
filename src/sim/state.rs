//! The state of a simulated world: documents per service, what is due to happen, faults, and the
//! record of requests.
//!
//! All emulators of a world share one state and its clock. A change is on disk before the emulator
//! answers, so a killed process finds the outside as it left it.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the disk of the simulated outside"
)]

use std::{
    path::PathBuf,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::shipping;
use crate::{
    error::{Error, Kind, Result},
    world::clock::VirtualClock,
};

/// The documents, clock and schedule of one simulated world.
#[derive(Debug)]
pub struct SimState {
    clock: VirtualClock,
    file: Option<PathBuf>,
    tokens: AtomicU64,
    inner: Mutex<Stored>,
}

/// What is kept on disk.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Stored {
    /// The name of the scenario it was made from.
    pub scenario: String,
    /// What random choices start from.
    pub seed: u64,
    /// How many identities were handed out.
    #[serde(default)]
    pub ids: u64,
    /// The time its clock shows.
    pub now: Timestamp,
    /// One document per service, under the service's name.
    pub documents: Value,
    /// What will happen, in no particular order.
    #[serde(default)]
    pub schedule: Vec<Due>,
    /// Faults still to come.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// What a person answers when asked, by subject: each answer is used once, the last stays.
    #[serde(default)]
    pub answers: Vec<PreparedAnswer>,
}

/// Something that happens at a time.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// Where in the documents: keys from the service down. Missing maps on the way are made.
    pub path: Vec<String>,
    /// The new value; `null` removes the entry.
    pub value: Value,
}

/// A fault that an emulator shows instead of, or while, answering.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Fault {
    /// The service.
    pub service: String,
    /// The operation (the client method or tool), or `*`.
    pub operation: String,
    /// What happens, such as `refused`, `reset`, `timeout`, `status:503`, `html`, `truncated`.
    pub kind: String,
    /// How many more times.
    pub times: u32,
    /// How many calls pass before the first one that fails.
    #[serde(default)]
    pub after: u32,
}

/// A person's answer, prepared by a scenario.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PreparedAnswer {
    /// The subject of the question.
    pub about: String,
    /// The word.
    pub word: String,
    /// The reason.
    #[serde(default)]
    pub reason: String,
}

impl SimState {
    /// Makes a state on `clock`; kept in `file` when one is given.
    pub fn new(stored: Stored, clock: VirtualClock, file: Option<PathBuf>) -> Self {
        Self {
            clock,
            file,
            tokens: AtomicU64::new(0),
            inner: Mutex::new(stored),
        }
    }

    /// The clock that world and emulators share.
    pub fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// Looks at the documents, after everything due has happened.
    pub fn read<T>(&self, look: impl FnOnce(&Stored) -> T) -> T {
        let mut stored = self.lock();
        self.catch_up(&mut stored);
        look(&stored)
    }

    /// Changes the documents; the change is on disk when this returns.
    pub fn change<T>(&self, change: impl FnOnce(&mut Stored) -> T) -> Result<T> {
        let mut stored = self.lock();
        self.catch_up(&mut stored);
        let answer = change(&mut stored);
        stored.now = self.clock.now();
        self.keep(&stored)?;
        Ok(answer)
    }

    /// Takes the fault that this call meets, if one does. `*` stands for every operation, not for
    /// what goes on inside of one (`tool:exception`).
    pub fn fault(&self, service: &str, operation: &str) -> Option<Fault> {
        let mut stored = self.lock();
        let fault = stored.faults.iter_mut().find(|fault| {
            fault.service == service
                && (fault.operation == operation
                    || (fault.operation == "*" && !operation.contains(':')))
                && fault.times > 0
        })?;
        let met = if fault.after > 0 {
            fault.after -= 1;
            None
        } else {
            fault.times -= 1;
            Some(fault.clone())
        };
        self.keep_if_possible(&mut stored);
        met
    }

    /// Takes the prepared answer about a subject; the last one about it stays.
    pub fn answer(&self, about: &str) -> Option<PreparedAnswer> {
        let mut stored = self.lock();
        let is_about = |answer: &PreparedAnswer| answer.about == about;
        let place = stored.answers.iter().position(is_about)?;
        if stored
            .answers
            .iter()
            .filter(|answer| is_about(answer))
            .count()
            == 1
        {
            return Some(stored.answers[place].clone());
        }
        let answer = stored.answers.remove(place);
        self.keep_if_possible(&mut stored);
        Some(answer)
    }

    /// Whether anything outside still changes by itself: something is on the schedule, or slow
    /// work (`started_at` and `minutes`) has not ended.
    pub fn can_change(&self) -> bool {
        let now = self.clock.now();
        self.read(|stored| !stored.schedule.is_empty() || is_busy(&stored.documents, now))
    }

    /// Returns an identity that is new in this world and the same in every run of it.
    pub fn fresh_id(&self) -> uuid::Uuid {
        let mut stored = self.lock();
        stored.ids += 1;
        self.keep_if_possible(&mut stored);
        let name = format!("{}/{}/{}", stored.scenario, stored.seed, stored.ids);
        uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes())
    }

    /// Returns a number that no caller had before. Not kept: who checks tokens forgets them as
    /// well when the process ends.
    pub fn next_token(&self) -> u64 {
        self.tokens.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Keeps everything on disk, also the time.
    pub fn save(&self) -> Result<()> {
        self.change(|_| ())
    }

    fn lock(&self) -> MutexGuard<'_, Stored> {
        self.inner
            .lock()
            .expect("no thread panics while it holds the simulated state")
    }

    fn catch_up(&self, stored: &mut Stored) {
        let now = self.clock.now();
        let mut due: Vec<_> = Vec::new();
        stored.schedule.retain(|entry| {
            let is_due = entry.at <= now;
            if is_due {
                due.push(entry.clone());
            }
            !is_due
        });
        due.sort_by_key(|entry| entry.at);
        for entry in due {
            set(&mut stored.documents, &entry.path, entry.value);
        }
        shipping::settle(&mut stored.documents, now);
    }

    /// Keeps what a killed process would otherwise do twice. A full disk shows at the next change.
    fn keep_if_possible(&self, stored: &mut Stored) {
        stored.now = self.clock.now();
        let _ = self.keep(stored);
    }

    fn keep(&self, stored: &Stored) -> Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let failed = |error: std::io::Error| {
            Error::new(
                Kind::Unexpected,
                format!("cannot keep the simulated world in `{}`", file.display()),
            )
            .because(error)
        };
        let text = serde_json::to_vec(stored).expect("stored documents have text keys only");
        let beside = file.with_extension("new");
        std::fs::write(&beside, text).map_err(failed)?;
        std::fs::rename(&beside, file).map_err(failed)
    }
}

/// How long the approval checker looks, when its document does not say.
const CHECKER_MINUTES: i64 = 48 * 60;

fn is_busy(document: &Value, now: Timestamp) -> bool {
    match document {
        Value::Object(entries) => {
            let end = entries
                .get("started_at")
                .and_then(Value::as_str)
                .and_then(|text| text.parse::<Timestamp>().ok())
                .and_then(|started_at| {
                    let minutes = match entries.get("minutes") {
                        None => CHECKER_MINUTES,
                        Some(minutes) => minutes.as_i64()?,
                    };
                    started_at
                        .checked_add(SignedDuration::from_mins(minutes))
                        .ok()
                });
            end.is_some_and(|end| end > now) || entries.values().any(|value| is_busy(value, now))
        }
        Value::Array(items) => items.iter().any(|item| is_busy(item, now)),
        _ => false,
    }
}

/// Sets the value at `path`, making maps on the way; `null` removes the entry.
pub fn set(document: &mut Value, path: &[String], value: Value) {
    let Some((last, way)) = path.split_last() else {
        *document = value;
        return;
    };
    let mut place = document;
    for key in way {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[key];
    }
    if !place.is_object() {
        *place = json!({});
    }
    let map = place.as_object_mut().expect("it was just made an object");
    if value.is_null() {
        map.shift_remove(last);
    } else {
        map.insert(last.clone(), value);
    }
}
