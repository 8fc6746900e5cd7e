//! Shows the statuses of a store in the test report too, for people who look there.
//!
//! The store behind it decides; the tab is a copy. What the copy costs is little: nothing while the
//! tab shows what the document says, else one read and one write. During a pass
//! changes are gathered and written when it ends, outside of one they are written at once. Trouble
//! with the sheet never fails a change: it is said once and kept, and the next write catches
//! up, because statuses are compared with what the tab shows.
//!
//! Tasks without an entry in the document are left alone: the tab may know of work that began there.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    Snapshot, StateStore,
    sheet::{Tabs, statuses_of},
};
use crate::{
    error::{Error, Result},
    release::{
        Version,
        sheet::{Layout, Report, status_blocks},
        statebox::{Change, StateBox},
    },
    world::{BoxFuture, Event, What, World},
};

/// A store whose statuses are shown in a sheet as well.
pub struct Mirror {
    primary: Arc<dyn StateStore>,
    tabs: Tabs,
    world: Arc<dyn World>,
    is_in_pass: AtomicBool,
    copies: Mutex<BTreeMap<Version, Copied>>,
    copying: tokio::sync::Mutex<()>,
}

/// What is known about the copy of one release.
#[derive(Default)]
struct Copied {
    /// The document as it was last read or written.
    document: Option<StateBox>,
    /// What the tab shows as far as we know.
    shown: Option<Report>,
    /// Why the tab does not show the document.
    trouble: Option<Error>,
}

impl Mirror {
    /// Shows in `tabs` what `primary` keeps. A release without a tab gets one from the template.
    pub fn new(primary: Arc<dyn StateStore>, tabs: Tabs, world: Arc<dyn World>) -> Self {
        Self {
            primary,
            tabs,
            world,
            is_in_pass: AtomicBool::new(false),
            copies: Mutex::default(),
            copying: tokio::sync::Mutex::default(),
        }
    }

    /// Why tabs do not show what the store says, by release; empty when all do.
    pub fn troubles(&self) -> Vec<(Version, Error)> {
        let copies = self.copies();
        let troubles = copies.iter().filter_map(|(release, copied)| {
            let trouble = copied.trouble.clone()?;
            Some((release.clone(), trouble))
        });
        troubles.collect()
    }

    /// Takes note of a document that was read or written.
    fn note(&self, snapshot: &Snapshot) {
        if snapshot.is_limited {
            // It came from the sheet itself.
            return;
        }
        let document = snapshot.document.clone();
        let mut copies = self.copies();
        let copied = copies.entry(document.release().clone()).or_default();
        copied.document = Some(document);
    }

    /// Takes note of a document that was written, and shows it unless a pass is going on.
    async fn written(&self, ended: Result<Snapshot>) -> Result<Snapshot> {
        let snapshot = ended?;
        self.note(&snapshot);
        if !self.is_in_pass.load(Ordering::SeqCst) {
            self.copy(snapshot.document.release()).await;
        }
        Ok(snapshot)
    }

    /// Makes the tab show the document; trouble is said and kept.
    fn copy<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, ()> {
        Box::pin(self.copy_now(release))
    }

    async fn copy_now(&self, release: &Version) {
        let _one_at_a_time = self.copying.lock().await;
        let (document, shown) = match self.copies().get(release) {
            Some(copied) => (copied.document.clone(), copied.shown.clone()),
            None => return,
        };
        let Some(document) = document else { return };
        let ended = self.bring_up_to_date(&document, shown).await;
        let mut copies = self.copies();
        let copied = copies.entry(release.clone()).or_default();
        let before = copied.trouble.take();
        match ended {
            Ok(shown) => copied.shown = Some(shown),
            Err(error) => {
                // Who knows what it shows now.
                copied.shown = None;
                let is_news = before.is_none_or(|before| before.chain() != error.chain());
                copied.trouble = Some(error.clone());
                drop(copies);
                if is_news {
                    self.say(release, &error);
                }
            }
        }
    }

    /// Returns what the tab shows in the end.
    async fn bring_up_to_date(&self, document: &StateBox, shown: Option<Report>) -> Result<Report> {
        let release = document.release();
        let statuses = statuses_of(document);
        if let Some(shown) = shown.filter(|shown| status_blocks(shown, &statuses).is_empty()) {
            return Ok(shown);
        }
        self.tabs.document(release)?;
        let metadata = document.metadata();
        // Others write there too, so it is read before it is written.
        let Some(grid) = self.tabs.cells(release).await? else {
            return self.tabs.create(release, metadata, &statuses).await;
        };
        let mut report = Report::read(&release.to_string(), Layout::of(metadata), &grid)?;
        let blocks = status_blocks(&report, &statuses);
        if !blocks.is_empty() {
            self.tabs.write(release, &blocks).await?;
            report.set(&statuses);
        }
        Ok(report)
    }

    fn say(&self, release: &Version, error: &Error) {
        let mut text = format!(
            "the sheet does not show the state of {release}: {}",
            error.chain()
        );
        if let Some(hint) = &error.hint {
            text.push_str(&format!(" ({hint})"));
        }
        self.world.say(&Event {
            at: self.world.now(),
            node: None,
            what: What::Notice(text),
        });
    }

    fn copies(&self) -> MutexGuard<'_, BTreeMap<Version, Copied>> {
        self.copies
            .lock()
            .expect("no thread panics while it holds the copies")
    }
}

impl StateStore for Mirror {
    fn notes(&self, release: &Version) -> Vec<String> {
        let troubles = self.troubles().into_iter();
        troubles
            .filter(|(of, _)| of == release)
            .map(|(_, error)| format!("the sheet does not show the state: {}", error.chain()))
            .collect()
    }

    fn read<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, Result<Option<Snapshot>>> {
        Box::pin(async move {
            let snapshot = self.primary.read(release).await?;
            if let Some(snapshot) = &snapshot {
                self.note(snapshot);
            }
            Ok(snapshot)
        })
    }

    fn create<'a>(&'a self, document: &'a StateBox) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move {
            let ended = self.primary.create(document).await;
            self.written(ended).await
        })
    }

    fn apply<'a>(
        &'a self,
        release: &'a Version,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move {
            let ended = self.primary.apply(release, changes).await;
            self.written(ended).await
        })
    }

    fn begin_pass(&self) {
        self.is_in_pass.store(true, Ordering::SeqCst);
        self.primary.begin_pass();
    }

    fn end_pass<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.is_in_pass.store(false, Ordering::SeqCst);
            self.primary.end_pass(release).await;
            self.copy(release).await;
        })
    }
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mirror")
    }
}
