//! Reads tickets with all that was said and changed, for rules over time.

use serde_json::{Value, json};

use super::{Client, MOST_PAGES, PAGE, ROOT};
use crate::{
    error::{Error, Result},
    http::segment,
    release::escalation::{Change, Said, Waiting},
    services::jira::document::{FIELDS, Issue, zoned},
};

impl Client {
    /// Returns the tickets that a query finds with their comments and changes, all pages of it.
    ///
    /// A search may cut what it embeds; what is missing is read ticket by ticket.
    /// Calls `GET /rest/api/2/search/jql` for each hundred, and `GET …/issue/{key}/comment` and
    /// `GET …/issue/{key}/changelog` for what was cut.
    pub async fn watched(&self, query: &str) -> Result<Vec<Waiting>> {
        let mut watched = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut request = self
                .caller
                .get(&format!("{ROOT}/search/jql"))
                .query("jql", query)
                .query("fields", format!("{},comment", FIELDS.join(",")))
                .query("expand", "changelog")
                .query("maxResults", PAGE);
            if let Some(token) = &next {
                request = request.query("nextPageToken", token);
            }
            let mut page: Value = request.send_json().await?;
            let Some(issues) = page["issues"].as_array_mut() else {
                return Err(self.incomplete(query));
            };
            for issue in issues {
                watched.push(self.waiting(issue.take()).await?);
            }
            next = page["nextPageToken"].as_str().map(str::to_owned);
            if next.is_none() {
                return Ok(watched);
            }
        }
        let what = format!("the search `{query}` finds more than {MOST_PAGES} pages of tickets");
        Err(self.wrong(Error::invalid(what).hint("narrow the search")))
    }

    /// Puts a label on a ticket or takes it off; other labels stay, whoever changes them meanwhile.
    ///
    /// Calls `PUT /rest/api/2/issue/{key}`.
    pub async fn label(&self, key: &str, label: &str, is_wanted: bool) -> Result<()> {
        self.check(key)?;
        let verb = if is_wanted { "add" } else { "remove" };
        let path = format!("{ROOT}/issue/{}", segment(key));
        let body = json!({"fields": {}, "update": {"labels": [{verb: label}]}});
        self.caller.put(&path).json(&body)?.send().await.map(|_| ())
    }

    async fn waiting(&self, mut document: Value) -> Result<Waiting> {
        let key = document["key"].as_str().unwrap_or_default().to_owned();
        self.check(&key)?;
        let said = document["fields"]["comment"].take();
        let changed = document["changelog"].take();
        let path = format!("{ROOT}/issue/{}", segment(&key));
        let comments = match is_cut(&said, "comments") {
            true => self.pages(&format!("{path}/comment"), "comments").await?,
            false => said["comments"].as_array().cloned().unwrap_or_default(),
        };
        let changes = match is_cut(&changed, "histories") {
            true => self.pages(&format!("{path}/changelog"), "values").await?,
            false => changed["histories"].as_array().cloned().unwrap_or_default(),
        };
        let issue: Issue = serde_json::from_value(document)
            .map_err(|error| self.incomplete(&key).because(error))?;
        let comments: Option<Vec<Said>> = comments.iter().map(comment).collect();
        let changes: Option<Vec<Vec<Change>>> = changes.iter().map(entries).collect();
        let (Some(ticket), Some(comments), Some(changes)) = (issue.ticket(), comments, changes)
        else {
            return Err(self.incomplete(&key));
        };
        Ok(Waiting {
            ticket,
            changes: changes.into_iter().flatten().collect(),
            comments,
        })
    }
}

/// Whether a list has more entries than came with it.
fn is_cut(list: &Value, entries: &str) -> bool {
    let embedded = list[entries].as_array().map_or(0, Vec::len) as u64;
    list["total"].as_u64().is_some_and(|total| total > embedded)
}

fn comment(value: &Value) -> Option<Said> {
    Some(Said {
        at: zoned(value["created"].as_str()?)?,
        body: value["body"].as_str().unwrap_or_default().to_owned(),
    })
}

fn entries(value: &Value) -> Option<Vec<Change>> {
    let at = zoned(value["created"].as_str()?)?;
    let items = value["items"].as_array().into_iter().flatten();
    let changes = items.map(|item| Change {
        at: at.clone(),
        field: item["field"].as_str().unwrap_or_default().to_owned(),
        to: item["toString"].as_str().unwrap_or_default().to_owned(),
    });
    Some(changes.collect())
}
