//! Reads CVE trackers and how they moved.

use serde::Deserialize;
use serde_json::Value;

use super::{
    super::document::{TRACKER_FIELDS, time},
    Client, Issue, MOST_PAGES, PAGE, ROOT,
};
use crate::{
    error::{Kind, Result},
    http::segment,
    release::{ticket::StatusChange, tracker::Tracker},
};

/// A page of the history of a ticket.
#[derive(Deserialize)]
struct History {
    values: Vec<Change>,
    total: usize,
}

#[derive(Deserialize)]
struct Change {
    created: String,
    #[serde(default)]
    items: Vec<Value>,
}

impl Client {
    /// Returns the trackers that a query finds, all pages of it.
    ///
    /// Fails with `invalid` for a query that Jira does not understand, also when it names a version that
    /// is none. Calls `GET /rest/api/2/search/jql` for each hundred.
    pub async fn trackers(&self, query: &str) -> Result<Vec<Tracker>> {
        self.search_for(query, &TRACKER_FIELDS, Issue::tracker)
            .await
    }

    /// Returns the tickets with these keys as trackers. One that is not there, or that the account may
    /// not see, is left out.
    ///
    /// Calls `GET /rest/api/2/search/jql` for each hundred keys, and `GET /rest/api/2/issue/{key}` for
    /// each key that the search does not answer.
    pub async fn trackers_with_keys(&self, keys: &[String]) -> Result<Vec<Tracker>> {
        for key in keys {
            self.check(key)?;
        }
        let mut trackers: Vec<Tracker> = Vec::new();
        for keys in keys.chunks(PAGE) {
            let query = format!("key in ({})", keys.join(", "));
            match self.trackers(&query).await {
                Ok(some) => trackers.extend(some),
                // A search that names one unknown key is refused as a whole.
                Err(error) if error.kind == Kind::Invalid && error.status == Some(400) => {}
                Err(error) => return Err(error),
            }
            for key in keys {
                if trackers.iter().any(|tracker| tracker.key == *key) {
                    continue;
                }
                let path = format!("{ROOT}/issue/{}", segment(key));
                let request = self
                    .caller
                    .get(&path)
                    .query("fields", TRACKER_FIELDS.join(","));
                match request.send_json::<Issue>().await {
                    Ok(issue) => {
                        trackers.push(issue.tracker().ok_or_else(|| self.incomplete(key))?);
                    }
                    Err(error)
                        if matches!(error.kind, Kind::NotFound | Kind::Denied)
                            && error.status != Some(401) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(trackers)
    }

    /// Returns how a ticket moved from status to status, oldest first.
    ///
    /// Calls `GET /rest/api/2/issue/{key}/changelog` for each hundred changes.
    pub async fn status_changes(&self, key: &str) -> Result<Vec<StatusChange>> {
        self.check(key)?;
        let path = format!("{ROOT}/issue/{}/changelog", segment(key));
        let mut changes = Vec::new();
        let mut seen = 0;
        for _ in 0..MOST_PAGES {
            let request = self
                .caller
                .get(&path)
                .query("startAt", seen)
                .query("maxResults", PAGE);
            let page: History = request.send_json().await?;
            if page.values.is_empty() && seen < page.total {
                break;
            }
            seen += page.values.len();
            for change in &page.values {
                let at = time(&change.created).ok_or_else(|| self.incomplete(key))?;
                let moves = change.items.iter().filter(|item| item["field"] == "status");
                changes.extend(moves.map(|item| StatusChange {
                    at,
                    from: item["fromString"].as_str().unwrap_or_default().to_owned(),
                    to: item["toString"].as_str().unwrap_or_default().to_owned(),
                }));
            }
            if seen >= page.total {
                changes.sort_by_key(|change| change.at);
                return Ok(changes);
            }
        }
        Err(self.incomplete(key))
    }
}
