//! The tab of a release in the test report, for tools that keep lists there.
//!
//! A tab is read once and written once. The statuses in it are not the business of tools.

use std::sync::Arc;

use super::Native;
use crate::{
    error::Result,
    release::{
        Version,
        sheet::{Block, Layout, Report},
    },
    state::sheet::Tabs,
};

/// A tab as it was read.
pub(super) struct Tab {
    tabs: Arc<Tabs>,
    release: Version,
    /// What it shows.
    pub report: Report,
}

impl Tab {
    /// Reads the tab of a release; `None` when nobody keeps one. No request is made when the settings
    /// name no sheet for its y-stream.
    pub async fn read(native: &Native, release: &Version, layout: Layout) -> Result<Option<Self>> {
        let Ok(tabs) = native.client::<Tabs>() else {
            return Ok(None);
        };
        let Some(grid) = tabs.cells(release).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            report: Report::read(&release.to_string(), layout, &grid)?,
            tabs,
            release: release.clone(),
        }))
    }

    /// Writes cells, all or none; without any nothing is sent. What is written is said outright and
    /// not added to, so writing it twice does no harm.
    pub async fn write(&self, blocks: &[Block]) -> Result<()> {
        if blocks.is_empty() {
            return Ok(());
        }
        match self.tabs.write(&self.release, blocks).await {
            Err(lost) if lost.is_ambiguous => self.tabs.write(&self.release, blocks).await,
            ended => ended,
        }
    }
}
