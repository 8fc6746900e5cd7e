//! Makes tickets, each once.
//!
//! Jira has no key of ours to refuse a second ticket by, so the summary is the key: it is searched
//! for before a ticket is made, and again when the answer was lost. Its index may lag, so a search that
//! finds nothing after a lost answer proves nothing.

use serde_json::{Value, json};

use super::{Client, ROOT};
use crate::{error::Result, release::ticket::number};

/// A ticket to make.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Draft {
    /// The key of the project, such as `CVP`.
    pub project: String,
    /// `Bug`, …
    pub kind: String,
    /// `Blocker`, …
    pub priority: String,
    /// What it is about; no other ticket of the project has the same.
    pub summary: String,
    /// Its description.
    pub description: String,
}

/// The ticket with the summary of a draft.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Made {
    /// Its key; that of the oldest when there are several.
    pub key: String,
    /// Whether it was made by this call.
    pub is_new: bool,
    /// Younger tickets with the same summary: somebody was as fast as we.
    pub twins: Vec<String>,
}

impl Client {
    /// Returns the ticket with the summary of a draft, and makes it when there is none.
    ///
    /// Fails with `invalid` for a draft that Jira does not take, and with an ambiguous error when the
    /// answer was lost and the ticket cannot be found: search again later, before another try.
    /// Calls `GET /rest/api/2/search/jql` and `POST /rest/api/2/issue`.
    pub async fn create_once(&self, draft: &Draft) -> Result<Made> {
        if let Some(made) = self.titled(draft, false).await? {
            return Ok(made);
        }
        let fields = json!({
            "project": {"key": draft.project},
            "issuetype": {"name": draft.kind},
            "priority": {"name": draft.priority},
            "summary": draft.summary,
            "description": draft.description,
        });
        let request = self.caller.post(&format!("{ROOT}/issue"));
        let sent = request.json(&json!({"fields": fields}))?.send().await;
        let key = match sent {
            Ok(answer) => answer
                .json::<Value>()
                .ok()
                .and_then(|document| document["key"].as_str().map(str::to_owned))
                .ok_or_else(|| self.incomplete("the new ticket").ambiguous()),
            Err(error) => Err(error),
        };
        let key = match key {
            Ok(key) => key,
            Err(lost) if lost.is_ambiguous => {
                let found = self.titled(draft, true).await.ok().flatten();
                return found.ok_or_else(|| {
                    lost.hint(format!(
                        "see whether a ticket `{}` is there before it is made again",
                        draft.summary
                    ))
                });
            }
            Err(error) => return Err(error),
        };
        // Of two who make it at once the older one counts, for both of them.
        let Ok(Some(mut made)) = self.titled(draft, true).await else {
            return Ok(Made {
                key,
                is_new: true,
                twins: Vec::new(),
            });
        };
        if number(&made.key) > number(&key) {
            made.twins.insert(0, std::mem::replace(&mut made.key, key));
        } else if made.key != key {
            made.is_new = false;
            if !made.twins.contains(&key) {
                made.twins.push(key);
            }
        }
        Ok(made)
    }

    /// The oldest ticket with the summary of a draft.
    async fn titled(&self, draft: &Draft, is_new: bool) -> Result<Option<Made>> {
        let query = format!(
            "project = \"{}\" AND summary ~ \"{}\"",
            draft.project,
            words(&draft.summary)
        );
        let mut found = self.search(&query).await?;
        // The index finds words, so it finds too much.
        found.retain(|ticket| ticket.summary == draft.summary);
        found.sort_by_key(|ticket| number(&ticket.key));
        let mut keys = found.into_iter().map(|ticket| ticket.key);
        Ok(keys.next().map(|key| Made {
            key,
            is_new,
            twins: keys.collect(),
        }))
    }

    /// Returns the names of a project's versions that are in use, such as `4.20.z`.
    ///
    /// A search that names another version is refused as a whole.
    /// Fails with `not_found` when there is no such project.
    /// Calls `GET /rest/api/2/project/{project}/versions`.
    pub async fn versions(&self, project: &str) -> Result<Vec<String>> {
        let path = format!("{ROOT}/project/{}/versions", crate::http::segment(project));
        let versions: Vec<Value> = self.caller.get(&path).send_json().await?;
        let names = versions
            .iter()
            .filter(|version| version["archived"] != true)
            .filter_map(|version| version["name"].as_str());
        Ok(names.map(str::to_owned).collect())
    }
}

/// The words of a summary as the query language takes them; brackets have a meaning there.
fn words(summary: &str) -> String {
    let plain: String = summary
        .chars()
        .filter(|letter| !r#"[]{}()"\+&|!^~*?:"#.contains(*letter))
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}
