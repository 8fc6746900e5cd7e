//! Comments on merge requests, which GitLab calls notes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Client, refused, request_path};
use crate::{
    error::Result,
    release::shipment::{Address, Comment},
};

/// A comment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Note {
    /// Its number.
    pub id: u64,
    /// What it says, in Markdown.
    pub body: String,
    /// Whether GitLab wrote it itself, such as about a push.
    #[serde(default)]
    pub system: bool,
    /// Who wrote it.
    pub author: Author,
    /// When.
    pub created_at: Timestamp,
}

/// Who wrote a comment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Author {
    /// The name of the account.
    pub username: String,
}

/// What became of something to say.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Said {
    /// The comment that says it.
    pub note: Note,
    /// Whether it was written now.
    pub is_new: bool,
}

impl Client {
    /// Returns the comments of a merge request, the newest first.
    ///
    /// Calls `GET /projects/{p}/merge_requests/{iid}/notes`, as many pages as there are.
    pub async fn notes(&self, address: &Address) -> Result<Vec<Note>> {
        let path = format!("{}/notes", request_path(address));
        let order = [("order_by", "created_at"), ("sort", "desc")];
        let mut notes: Vec<Note> = self.all(&path, &order).await?;
        // Comments of one moment have no order of their own; their numbers grow.
        notes.sort_by_key(|note| std::cmp::Reverse((note.created_at, note.id)));
        Ok(notes)
    }

    /// Says something, unless the newest comment on the subject says so already.
    ///
    /// An error is ambiguous when the answer was lost; calling again finds the comment then.
    /// Calls `GET …/notes` and `POST …/notes`.
    pub async fn comment(&self, address: &Address, comment: &Comment) -> Result<Said> {
        let notes = self.notes(address).await?;
        let newest = notes
            .into_iter()
            .find(|note| !note.system && comment.is_about_the_same(&note.body));
        if let Some(note) = newest.filter(|note| comment.is_same(&note.body)) {
            return Ok(Said {
                note,
                is_new: false,
            });
        }
        let path = format!("{}/notes", request_path(address));
        let request = self.caller.post(&path);
        let request = request.json(&json!({ "body": comment.body() }))?;
        let note = request.send_json().await.map_err(refused)?;
        Ok(Said { note, is_new: true })
    }
}
