//! What a drive of one release works with: its journal, its state store, and the facts that a pass
//! has read, each at most once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    journal::{Fact, Journal},
    plan::{Plan, would},
};
use crate::{
    call::{Control, Session},
    error::Result,
    release::{
        Metadata, Version,
        statebox::{Change, time::parse_day},
    },
    state::{Snapshot, StateStore},
    world::{Event, What},
};

/// How long to stay away before a write is made again that met a store that was away.
const WRITE_WAITS: [Duration; 3] = [
    Duration::from_mins(1),
    Duration::from_mins(2),
    Duration::from_mins(4),
];

/// Where a drive gets facts that are not in the state store.
pub trait Sources: Send + Sync {
    /// Returns what the build data says about a release.
    fn metadata(&self, session: &Session, release: &Version) -> Result<Metadata>;

    /// Returns what the result file of a build says, or `None` when there is no file.
    fn evidence(&self, session: &Session, build: &str) -> Result<Option<Evidence>>;
}

/// What the result file of a build says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Evidence {
    /// The build.
    pub build: String,
    /// What identifies this version of the file.
    pub identity: String,
    /// Whether all jobs are done and counted.
    pub is_aggregated: bool,
    /// Whether the acceptance rule holds, as the file says.
    pub is_accepted: bool,
    /// In one line.
    pub summary: String,
    /// `ACCEPT`, `REJECT`, `INVESTIGATE` or `WAIT`.
    pub verdict: String,
    /// Where a person reads the file.
    pub link: String,
}

/// Where the state of the release is kept: the first store that has it.
pub struct Stores {
    /// The store that new documents go to.
    pub primary: Arc<dyn StateStore>,
    /// What is read when the first has no document: fewer facts, said so.
    pub fallback: Option<Arc<dyn StateStore>>,
}

/// What a drive of one release works with.
pub struct Drive {
    /// The way outside.
    pub session: Session,
    /// The release.
    pub release: Version,
    /// The record.
    pub journal: Journal,
    /// The state.
    pub stores: Stores,
    /// Other facts.
    pub sources: Arc<dyn Sources>,
    /// The owner named on the command line.
    pub owner: Option<String>,
    /// Look only, under these conditions.
    pub plan: Option<Plan>,
    facts: Mutex<Facts>,
    queue: Mutex<Vec<Arc<Waiting>>>,
    writing: Mutex<()>,
}

/// Changes of one branch on their way to the store.
struct Waiting {
    changes: Vec<Change>,
    ended: OnceLock<Result<()>>,
}

/// What one pass has read.
#[derive(Default)]
struct Facts {
    snapshot: Option<Option<Snapshot>>,
    is_fallback: bool,
    metadata: Option<Metadata>,
    evidence: HashMap<String, Option<Evidence>>,
}

impl Drive {
    /// Gathers what a drive works with; reads nothing yet.
    pub fn new(
        session: Session,
        release: Version,
        journal: Journal,
        stores: Stores,
        sources: Arc<dyn Sources>,
        owner: Option<String>,
        plan: Option<Plan>,
    ) -> Self {
        Self {
            session,
            release,
            journal,
            stores,
            sources,
            owner,
            plan,
            facts: Mutex::default(),
            queue: Mutex::default(),
            writing: Mutex::default(),
        }
    }

    /// Forgets what was read, for the next pass, and hears what people said meanwhile.
    pub fn begin_pass(&self) -> Result<()> {
        *self.facts() = Facts::default();
        self.stores.primary.begin_pass();
        self.journal.catch_up()
    }

    /// Lets the store write what waited for the end of the pass. Nobody waits for a service that is
    /// away: what is missing then is written another time. A plan writes nothing.
    pub fn end_pass(&self) {
        if self.plan.is_some() {
            return;
        }
        let hasty = Control {
            is_hasty: true,
            ..Control::current()
        };
        hasty.scope(|| {
            let ending = self.session.wait(async {
                self.stores.primary.end_pass(&self.release).await;
                Ok(())
            });
            if let Err(error) = ending {
                tracing::debug!("the pass ended early: {}", error.chain());
            }
        });
    }

    /// The state of the release as this pass read it, and after every write of ours.
    pub fn snapshot(&self) -> Result<Option<Snapshot>> {
        if let Some(snapshot) = &self.facts().snapshot {
            return Ok(snapshot.clone());
        }
        self.refresh()
    }

    /// Reads the state of the release anew.
    pub fn refresh(&self) -> Result<Option<Snapshot>> {
        let (snapshot, is_fallback) = self.session.wait(async {
            let found = self.stores.primary.read(&self.release).await?;
            match (&self.stores.fallback, found) {
                (Some(fallback), None) => Ok((fallback.read(&self.release).await?, true)),
                (_, found) => Ok((found, false)),
            }
        })?;
        let mut facts = self.facts();
        facts.is_fallback = is_fallback;
        facts.snapshot = Some(snapshot.clone());
        Ok(snapshot)
    }

    /// What is known about the release: from its state, or from the build data when there is none.
    pub fn metadata(&self) -> Result<Metadata> {
        if let Some(metadata) = &self.facts().metadata {
            return Ok(metadata.clone());
        }
        let metadata = match self.snapshot()? {
            Some(snapshot) if !snapshot.is_limited => {
                Metadata::of_statebox(snapshot.document.metadata())
            }
            _ => self.sources.metadata(&self.session, &self.release)?,
        };
        self.facts().metadata = Some(metadata.clone());
        Ok(metadata)
    }

    /// What the result file of a build says; asked for once in a pass.
    pub fn evidence(&self, build: &str) -> Result<Option<Evidence>> {
        if let Some(known) = self.facts().evidence.get(build) {
            return Ok(known.clone());
        }
        let assumed = self
            .plan
            .as_ref()
            .filter(|_| build == self.release.to_string())
            .and_then(|plan| plan.evidence(build));
        let evidence = match assumed {
            Some(evidence) => evidence,
            None => self.sources.evidence(&self.session, build)?,
        };
        self.facts()
            .evidence
            .insert(build.to_owned(), evidence.clone());
        Ok(evidence)
    }

    /// Who owns the release: the command line, else what was recorded.
    pub fn known_owner(&self) -> Option<String> {
        self.owner.clone().or_else(|| {
            self.journal.look(|entries| {
                entries.iter().rev().find_map(|entry| match &entry.fact {
                    Fact::Owner { email } => Some(email.clone()),
                    _ => None,
                })
            })
        })
    }

    /// Writes a fact into the journal; a plan writes none.
    pub fn record(&self, fact: Fact) -> Result<()> {
        if self.plan.is_some() {
            return Ok(());
        }
        self.journal.append(&self.release, fact)
    }

    /// Writes changes to the state store. Changes that other branches queue at the same moment
    /// travel in the same write; when the store refuses that, each goes alone, so that a refusal
    /// reaches only the branch it is meant for.
    pub fn write(&self, changes: Vec<Change>) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        if self.plan.is_some() {
            return Err(would("would write to the state of the release"));
        }
        let world = self.session.world().clone();
        let mut waits = WRITE_WAITS.into_iter();
        loop {
            let error = match self.write_once(changes.clone()) {
                Err(error) if error.is_retryable() => error,
                ended => return ended,
            };
            // A change says what it makes of the freshest document, so it can be made again.
            let Some(wait) = waits.next() else {
                return Err(error);
            };
            world.say(&Event {
                at: world.now(),
                node: Control::current().node,
                what: What::Retrying(error.chain(), wait.as_secs()),
            });
            self.session.wait(async {
                world.sleep(wait).await;
                Ok(())
            })?;
        }
    }

    /// Writes without waiting for a service that is away: nobody may sleep while others wait for
    /// the writer.
    fn write_once(&self, changes: Vec<Change>) -> Result<()> {
        let mine = Arc::new(Waiting {
            changes,
            ended: OnceLock::new(),
        });
        self.queue().push(mine.clone());
        let _writer = self
            .writing
            .lock()
            .expect("no thread panics while it writes");
        if mine.ended.get().is_none() {
            let batch = std::mem::take(&mut *self.queue());
            let hasty = Control {
                is_hasty: true,
                ..Control::current()
            };
            hasty.scope(|| self.write_batch(&batch));
        }
        let ended = mine.ended.get().cloned();
        ended.expect("a batch is taken out of the queue whole and every part of it is answered")
    }

    fn write_batch(&self, batch: &[Arc<Waiting>]) {
        if let Err(error) = self.snapshot() {
            // Whoever waits must not take silence for a write.
            for waiting in batch {
                let _ = waiting.ended.set(Err(error.clone()));
            }
            return;
        }
        // What was read is written: the store that has the release.
        let is_fallback = self.facts().is_fallback;
        let store = match (&self.stores.fallback, is_fallback) {
            (Some(fallback), true) => fallback,
            _ => &self.stores.primary,
        };
        let apply = |changes: &[Change]| -> Result<()> {
            let snapshot = self.session.wait(store.apply(&self.release, changes))?;
            self.facts().snapshot = Some(Some(snapshot));
            Ok(())
        };
        let together: Vec<Change> = batch
            .iter()
            .flat_map(|waiting| waiting.changes.iter().cloned())
            .collect();
        let ended = apply(&together);
        let goes_alone = batch.len() > 1 && ended.is_err();
        for waiting in batch {
            let ended = if goes_alone {
                apply(&waiting.changes)
            } else {
                ended.clone()
            };
            // Each is set once: a batch is taken out of the queue whole.
            let _ = waiting.ended.set(ended);
        }
    }

    fn queue(&self) -> MutexGuard<'_, Vec<Arc<Waiting>>> {
        self.queue
            .lock()
            .expect("no thread panics while it holds the queue")
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts
            .lock()
            .expect("no thread panics while it holds the facts")
    }
}

/// Reads the answer of the metadata tool.
pub fn metadata_from_json(value: &Value) -> Metadata {
    let text = |key: &str| {
        value
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let entries = |key: &str| {
        value
            .get(key)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
    };
    Metadata {
        jira_ticket: text("jira_ticket"),
        advisories: entries("advisories")
            .filter_map(|(kind, id)| Some((kind.clone(), id.as_i64()?)))
            .collect(),
        candidate_builds: entries("candidate_builds")
            .filter_map(|(arch, build)| Some((arch.clone(), build.as_str()?.to_owned())))
            .collect(),
        shipment_mr: text("shipment_mr"),
        release_date: text("release_date").and_then(|text| parse_day(&text)),
    }
}
