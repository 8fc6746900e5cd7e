//! The tabs of releases: one spreadsheet document a y-stream, one tab a release.

use std::{collections::BTreeMap, sync::Arc};

use sha2::{Digest, Sha256};

use super::requests;
use crate::{
    error::{Error, Kind, Result},
    release::{
        TaskStatus, Version,
        sheet::{self, Block, Layout, Report},
        statebox::Metadata,
    },
    services::sheets::{Cells, Client, Grid},
};

/// The tabs of all releases.
#[derive(Clone, Debug)]
pub struct Tabs {
    client: Arc<Client>,
    documents: Arc<BTreeMap<String, String>>,
}

impl Tabs {
    /// Looks for tabs in `documents`: the id of a document by y-stream.
    pub fn new(client: Arc<Client>, documents: BTreeMap<String, String>) -> Self {
        Self {
            client,
            documents: Arc::new(documents),
        }
    }

    /// The id of the document that the tab of a release is in.
    ///
    /// Fails with `not_found` when the settings name none for its y-stream.
    pub fn document(&self, release: &Version) -> Result<&str> {
        let y_stream = release.y_stream();
        self.documents
            .get(&y_stream)
            .map(String::as_str)
            .ok_or_else(|| {
                Error::not_found(format!("no sheet is known for {y_stream}"))
                    .service("sheets")
                    .hint(format!(
                        "name its document in `sheets.documents.\"{y_stream}\"`"
                    ))
            })
    }

    /// Where a person looks at the document of a release.
    pub fn link(&self, release: &Version) -> Option<String> {
        let document = self.document(release).ok()?;
        Some(format!("https://docs.google.com/spreadsheets/d/{document}"))
    }

    /// Returns what the tab of a release shows, or `None` when there is no tab or no document is
    /// named for its y-stream. One request.
    ///
    /// Fails with `not_found` when the named document does not exist.
    pub async fn cells(&self, release: &Version) -> Result<Option<Grid>> {
        let Ok(document) = self.document(release) else {
            return Ok(None);
        };
        match self.grid(document, &release.to_string()).await {
            Ok(grid) => Ok(Some(grid)),
            Err(error) if is_without_tab(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes cells into the tab of a release, all or none. One request, or none without cells.
    pub async fn write(&self, release: &Version, blocks: &[Block]) -> Result<()> {
        let tab = release.to_string();
        let cells: Vec<_> = blocks
            .iter()
            .map(|block| Cells {
                range: block.range(&tab),
                rows: block.rows.clone(),
            })
            .collect();
        self.client.write(self.document(release)?, &cells).await
    }

    /// Makes the tab of a release from the template, with its head, links and statuses, and returns
    /// what it shows.
    ///
    /// All of it is one change of the document, so there never is half a tab. Fails with `conflict`
    /// when there is a tab already, `not_found` when the document or the tab `template` is missing,
    /// `invalid` when the template has the rows of the other layout. Three requests.
    pub async fn create(
        &self,
        release: &Version,
        metadata: &Metadata,
        statuses: &[(&str, TaskStatus)],
    ) -> Result<Report> {
        let document = self.document(release)?;
        let title = release.to_string();
        let found = self.client.spreadsheet(document).await?;
        if found.tabs.iter().any(|tab| tab.title == title) {
            return Err(taken(release));
        }
        let template = found.tabs.iter().find(|tab| tab.title == sheet::TEMPLATE);
        let template = template.ok_or_else(|| without_template(release))?;
        let source = tab_number(template.id)?;
        let grid = self.grid(document, sheet::TEMPLATE).await;
        let grid = grid.map_err(|error| match is_without_tab(&error) {
            true => without_template(release),
            false => error,
        })?;
        let layout = Layout::of(metadata);
        let mut report = Report::read(sheet::TEMPLATE, layout, &grid)?;

        let is_taken = |number: i32| found.tabs.iter().any(|tab| tab.id == i64::from(number));
        let number = free_number(&title, is_taken);
        let mut changes = vec![requests::duplicate(source, number, &title)];
        for (row, content) in sheet::head(metadata) {
            changes.push(requests::update(number, 'B', row, &content));
        }
        for (row, content) in sheet::links(release, metadata) {
            changes.push(requests::update(number, 'A', row, &content));
        }
        for block in sheet::status_blocks(&report, statuses) {
            changes.push(requests::block(number, &block));
        }
        match self.client.update(document, changes).await {
            Ok(_) => {}
            // Somebody made it between our look and our request.
            Err(error) if error.kind == Kind::Conflict => return Err(taken(release).because(error)),
            Err(error) => return Err(error),
        }
        report.set(statuses);
        Ok(report)
    }

    async fn grid(&self, document: &str, tab: &str) -> Result<Grid> {
        let range = sheet::range_of(tab, sheet::CELLS);
        let grids = self.client.values(document, &[range]).await?;
        Ok(grids.into_iter().next().unwrap_or_default())
    }
}

/// Google answers 404 about a document, and 400 about a range in a tab that is not there.
fn is_without_tab(error: &Error) -> bool {
    error.kind == Kind::NotFound && error.status == Some(400)
}

fn taken(release: &Version) -> Error {
    Error::new(Kind::Conflict, format!("{release} has a tab already")).service("sheets")
}

fn without_template(release: &Version) -> Error {
    let y_stream = release.y_stream();
    let message = format!("the sheet of {y_stream} has no tab `{}`", sheet::TEMPLATE);
    Error::not_found(message)
        .service("sheets")
        .hint("copy the tab `template` from the sheet of another y-stream into it")
}

fn tab_number(id: i64) -> Result<i32> {
    i32::try_from(id)
        .map_err(|_| Error::invalid(format!("{id} is not the number of a tab")).service("sheets"))
}

/// A number for a new tab. It follows from the title, so two who make the same tab at once clash.
fn free_number(title: &str, is_taken: impl Fn(i32) -> bool) -> i32 {
    let hash: [u8; 32] = Sha256::digest(title.as_bytes()).into();
    let [one, two, three, four, ..] = hash;
    let first = i32::from_be_bytes([one & 0x7f, two, three, four]);
    let mut number = first.max(1);
    while is_taken(number) {
        number = number.checked_add(1).unwrap_or(1);
    }
    number
}
