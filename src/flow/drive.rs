//! What a drive of one release works with: its journal, its state store, and the facts that a pass
//! has read, each at most once.

use std::{
    collections::{HashMap, HashSet},
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    data::{Data, last_known},
    journal::{Fact, Journal},
    plan::{Plan, would},
};
use crate::{
    call::{Control, Session},
    error::Result,
    release::{Metadata, Version, statebox::Change},
    state::{Snapshot, StateStore},
    world::{BoxFuture, Event, What},
};

/// How long to stay away before a write is made again that met a store that was away.
const WRITE_WAITS: [Duration; 3] = [
    Duration::from_mins(1),
    Duration::from_mins(2),
    Duration::from_mins(4),
];

/// Where a drive gets facts that are not in the state store.
pub trait Sources: Send + Sync {
    /// Hears that a pass begins: what was read before may have changed.
    fn begin_pass(&self, _session: &Session) {}

    /// Returns what the build data say about a release.
    fn metadata<'a>(
        &'a self,
        session: &'a Session,
        release: &'a Version,
    ) -> BoxFuture<'a, Result<Metadata>>;

    /// Hears that the build data of a release changed, so that no other copy of them is used.
    fn forget(&self, _session: &Session, _release: &Version) -> Result<()> {
        Ok(())
    }

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
    noted: Mutex<Option<String>>,
    said: Mutex<HashSet<String>>,
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
    /// What the build data said; the inner `None` when nobody may be asked.
    build_data: Option<Option<Result<Metadata>>>,
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
            noted: Mutex::default(),
            said: Mutex::default(),
            queue: Mutex::default(),
            writing: Mutex::default(),
        }
    }

    /// Forgets what was read, for the next pass, and hears what people said meanwhile.
    pub fn begin_pass(&self) -> Result<()> {
        *self.facts() = Facts::default();
        self.stores.primary.begin_pass();
        self.sources.begin_pass(&self.session);
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
        let found = self.session.wait(self.read_state())?;
        Ok(self.keep_state(found))
    }

    /// Reads the state first, from the store that has it, and says whether that is the fallback.
    async fn read_state(&self) -> Result<(Option<Snapshot>, bool)> {
        let found = self.stores.primary.read(&self.release).await?;
        match (&self.stores.fallback, found) {
            (Some(fallback), None) => Ok((fallback.read(&self.release).await?, true)),
            (_, found) => Ok((found, false)),
        }
    }

    fn keep_state(&self, (snapshot, is_fallback): (Option<Snapshot>, bool)) -> Option<Snapshot> {
        let mut facts = self.facts();
        facts.is_fallback = is_fallback;
        facts.snapshot = Some(snapshot.clone());
        snapshot
    }

    /// Reads what a pass begins with, the state and the build data, at the same time.
    pub fn read(&self) -> Result<()> {
        if self.is_offline() {
            self.facts().build_data = Some(None);
            return self.snapshot().map(|_| ());
        }
        let (build_data, state) = self.ask_build_data(async {
            tokio::join!(
                hasty(self.sources.metadata(&self.session, &self.release)),
                self.read_state()
            )
        })?;
        self.facts().build_data = Some(Some(build_data));
        self.keep_state(state?);
        Ok(())
    }

    fn ask_build_data<T>(&self, question: impl Future<Output = T>) -> Result<T> {
        let arguments = json!({ "release": self.release });
        self.session
            .call("build_data.metadata", arguments, false, async {
                Ok(question.await)
            })
    }

    fn is_offline(&self) -> bool {
        self.plan.as_ref().is_some_and(|plan| plan.is_offline)
    }

    /// What the release consists of: see [`Drive::data`].
    pub fn metadata(&self) -> Result<Metadata> {
        Ok(self.data()?.metadata)
    }

    /// What the release consists of and how that was found. The build data are read once in a pass,
    /// what was recorded is as fresh as the state.
    pub fn data(&self) -> Result<Data> {
        let recorded = self
            .snapshot()?
            .filter(|snapshot| !snapshot.is_limited)
            .map(|snapshot| Metadata::of_statebox(snapshot.document.metadata()));
        let last = self.journal.look(last_known);
        let is_known = recorded.is_some() || last.is_some();
        let read = self.build_data(is_known)?;
        Data::settle(recorded, last, read)
    }

    /// Whether this says something else about the reading of the build data than the pass before.
    pub fn is_noted_anew(&self, note: Option<&str>) -> bool {
        let mut noted = self
            .noted
            .lock()
            .expect("no thread panics while it holds what was noted");
        let is_new = noted.as_deref() != note;
        *noted = note.map(str::to_owned);
        is_new
    }

    /// Tells a person something, once in this run however often it is true.
    pub fn say_once(&self, text: &str) {
        let mut said = self
            .said
            .lock()
            .expect("no thread panics while it holds what was said");
        if said.insert(text.to_owned()) {
            drop(said);
            self.say(text);
        }
    }

    /// Tells a person something.
    pub fn say(&self, text: &str) {
        let world = self.session.world();
        world.say(&Event {
            at: world.now(),
            node: None,
            what: What::Notice(text.to_owned()),
        });
    }

    /// What the build data say. While something else is known nobody waits for a service that is away.
    fn build_data(&self, is_known: bool) -> Result<Option<Result<Metadata>>> {
        let read = self.facts().build_data.clone();
        match read {
            None if self.is_offline() => return Ok(None),
            Some(Some(Err(error))) if error.is_retryable() && !is_known => {}
            Some(read) => return Ok(read),
            None => {}
        }
        let question = self.sources.metadata(&self.session, &self.release);
        let read = match is_known {
            true => self.ask_build_data(hasty(question))?,
            false => self.ask_build_data(question)?,
        };
        self.facts().build_data = Some(Some(read.clone()));
        Ok(Some(read))
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

    /// The same without another try when the store is away: for what may as well be written later.
    pub fn write_now(&self, changes: Vec<Change>) -> Result<()> {
        match self.plan {
            Some(_) => Err(would("would write to the state of the release")),
            None => self.write_once(changes),
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

/// Runs a future that only looks: what it meets on the way is not tried again later.
async fn hasty<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    poll_fn(|context| {
        let control = Control {
            is_hasty: true,
            ..Control::current()
        };
        control.scope(|| future.as_mut().poll(context))
    })
    .await
}
