//! Keeps statuses in the test report of a release, a tab of a Google sheet (limited mode).
//!
//! A tab has room for one word a task. It keeps no results, issues, identities and claims, and Google
//! offers no compare-and-swap: of two who write the same cell at the same moment the last one wins,
//! and neither hears of it. What keeps two operators apart is that every write reads the statuses
//! right before, refuses to take back a `Pass`, and stops when somebody else has begun a task
//! since this store last looked. The moment between that read and the write stays open; teams
//! that work at once need a StateBox.

mod requests;
mod tabs;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use sha2::{Digest, Sha256};

pub use tabs::Tabs;

use super::{Snapshot, StateStore};
use crate::{
    error::{Error, Kind, Result},
    release::{
        TaskStatus, Version,
        sheet::{Layout, Report, status_blocks},
        statebox::{Change, Metadata, StateBox},
    },
    world::{BoxFuture, World},
};

/// Tells what the build data say about a release: a tab does not keep it.
pub type MetadataSource =
    Arc<dyn for<'a> Fn(&'a Version) -> BoxFuture<'a, Result<Metadata>> + Send + Sync>;

/// A store in the tabs of Google sheets.
pub struct SheetStore {
    tabs: Tabs,
    metadata: MetadataSource,
    world: Arc<dyn World>,
    seen: Mutex<BTreeMap<Version, Seen>>,
}

/// The statuses of a release when this store last looked or wrote.
type Seen = BTreeMap<&'static str, TaskStatus>;

impl SheetStore {
    /// Makes a store over `tabs`; `metadata` tells the rest.
    pub fn new(tabs: Tabs, metadata: MetadataSource, world: Arc<dyn World>) -> Self {
        Self {
            tabs,
            metadata,
            world,
            seen: Mutex::default(),
        }
    }

    /// Reads the tab of a release: one request for the cells, none when its y-stream has no sheet.
    async fn look(&self, release: &Version) -> Result<Option<(Metadata, Report)>> {
        let Some(grid) = self.tabs.cells(release).await? else {
            return Ok(None);
        };
        let metadata = (self.metadata)(release).await?;
        let report = Report::read(&release.to_string(), Layout::of(&metadata), &grid)?;
        Ok(Some((metadata, report)))
    }

    async fn find(&self, release: &Version) -> Result<Option<Snapshot>> {
        let Some((metadata, report)) = self.look(release).await? else {
            return Ok(None);
        };
        self.remember(release, &report);
        self.snapshot(release, metadata, &report).map(Some)
    }

    async fn add(&self, document: &StateBox) -> Result<Snapshot> {
        let release = document.release();
        let metadata = document.metadata();
        let statuses = statuses_of(document);
        let report = self.tabs.create(release, metadata, &statuses).await?;
        self.remember(release, &report);
        self.snapshot(release, metadata.clone(), &report)
    }

    async fn change(&self, release: &Version, changes: &[Change]) -> Result<Snapshot> {
        self.tabs.document(release)?;
        let Some((metadata, mut report)) = self.look(release).await? else {
            return Err(Error::not_found(format!("{release} has no tab"))
                .service("sheets")
                .hint("create its report first"));
        };
        let now = self.world.now();
        let mut document = self.document(release, metadata.clone(), &report)?;
        let seen = self.seen().get(release).cloned();
        // What was found counts as seen from here on, also when this write is turned away.
        self.remember(release, &report);
        let mut statuses = Vec::new();
        for change in changes {
            let (name, change) = status_only(change, report.layout)?;
            if let Some(seen) = &seen {
                check_nobody_began(release, &change, &report, seen)?;
            }
            if document.apply(&change, now)? {
                statuses.push((name, document.status(name)));
            }
        }
        let blocks = status_blocks(&report, &statuses);
        report.set(&statuses);
        // Also when the answer gets lost: what is found next time is then our own.
        self.remember(release, &report);
        if !blocks.is_empty() {
            self.tabs.write(release, &blocks).await?;
        }
        self.snapshot(release, metadata, &report)
    }

    fn snapshot(&self, release: &Version, metadata: Metadata, report: &Report) -> Result<Snapshot> {
        Ok(Snapshot {
            document: self.document(release, metadata, report)?,
            revision: revision(report),
            link: self.tabs.link(release),
            is_limited: true,
        })
    }

    /// Makes a document from the statuses. The tab tells no times, so they are those of the reading.
    fn document(&self, release: &Version, metadata: Metadata, report: &Report) -> Result<StateBox> {
        let now = self.world.now();
        let mut document = StateBox::new(release, metadata, now);
        for (task, status) in report.tasks() {
            if status == TaskStatus::NotStarted {
                continue;
            }
            let change = Change::SetTask {
                name: task.to_owned(),
                status,
                result: None,
                started_at: None,
                completed_at: None,
                is_reset: false,
            };
            document.apply(&change, now)?;
        }
        Ok(document)
    }

    fn remember(&self, release: &Version, report: &Report) {
        let statuses = report.tasks().collect();
        self.seen().insert(release.clone(), statuses);
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<Version, Seen>> {
        self.seen
            .lock()
            .expect("no thread panics while it holds what was seen")
    }
}

impl StateStore for SheetStore {
    fn read<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, Result<Option<Snapshot>>> {
        Box::pin(self.find(release))
    }

    fn create<'a>(&'a self, document: &'a StateBox) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(self.add(document))
    }

    fn apply<'a>(
        &'a self,
        release: &'a Version,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(self.change(release, changes))
    }
}

impl fmt::Debug for SheetStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SheetStore")
    }
}

/// The statuses that a document has an entry for.
pub(super) fn statuses_of(document: &StateBox) -> Vec<(&str, TaskStatus)> {
    let tasks = document.tasks().iter();
    tasks
        .map(|task| (task.name.as_str(), task.status))
        .collect()
}

/// The part of a change that a tab can keep, with the task it is about.
fn status_only(change: &Change, layout: Layout) -> Result<(&str, Change)> {
    let what = match change {
        Change::SetTask {
            name,
            status,
            is_reset,
            ..
        } => {
            if layout.row(name).is_none() {
                return Err(cannot(&format!("the status of `{name}`")));
            }
            let change = Change::SetTask {
                name: name.clone(),
                status: *status,
                result: None,
                started_at: None,
                completed_at: None,
                is_reset: *is_reset,
            };
            return Ok((name, change));
        }
        Change::AddIssue { .. } | Change::ResolveIssue { .. } => "issues",
        Change::PatchMetadata(_) => "metadata",
        Change::Claim { .. } => "claims",
        Change::Tell { .. } => "who tells people",
    };
    Err(cannot(what))
}

/// Stops who would write over a task that somebody has begun since this store last looked. `Pass`
/// is no guess about what runs, and a person's reset is meant.
fn check_nobody_began(
    release: &Version,
    change: &Change,
    report: &Report,
    seen: &Seen,
) -> Result<()> {
    let Change::SetTask {
        name,
        status,
        is_reset,
        ..
    } = change
    else {
        return Ok(());
    };
    let name = name.as_str();
    let is_new = report.status(name) == TaskStatus::InProgress
        && seen.get(name) != Some(&TaskStatus::InProgress);
    if !is_new || *status == TaskStatus::Pass || *is_reset {
        return Ok(());
    }
    Err(Error::new(
        Kind::Conflict,
        format!("`{name}` of {release} was begun by somebody else meanwhile"),
    )
    .service("sheets")
    .hint("see who works on it, then run again"))
}

fn cannot(what: &str) -> Error {
    Error::new(Kind::Refused, format!("a sheet cannot keep {what}"))
        .service("sheets")
        .hint("create a StateBox for the release: set `state.store` to `github` or `local`")
}

/// What identifies the statuses that were read.
fn revision(report: &Report) -> String {
    let words: Vec<_> = report.tasks().map(|(_, status)| status.word()).collect();
    let text = format!("{}/{}", report.overall, words.join("/"));
    let digest = Sha256::digest(text.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sheet:{}", &hex[..16])
}
