//! Merge requests as the API shows them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::world::{PAGES, files_at, head, source_of, target_of, user};

/// How long GitLab looks whether a new merge request can be merged.
const CHECKING: SignedDuration = SignedDuration::from_secs(10);

/// A merge request, wherever in the documents it is.
pub struct Found<'a> {
    /// All documents.
    pub gitlab: &'a Value,
    /// Its number.
    pub iid: &'a str,
    /// Its document.
    pub stored: &'a Value,
}

impl<'a> Found<'a> {
    /// Finds the merge request of a project.
    pub fn of(gitlab: &'a Value, project: &str, iid: &'a str) -> Option<Self> {
        let stored = gitlab["merge_requests"].get(iid)?;
        (target_of(stored) == project).then_some(Self {
            gitlab,
            iid,
            stored,
        })
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.iid.parse().unwrap_or_default()
    }

    fn text(&self, key: &str, otherwise: &str) -> String {
        self.stored[key].as_str().unwrap_or(otherwise).to_owned()
    }

    /// The branch with its changes.
    pub fn source_branch(&self) -> String {
        self.text("source_branch", "main")
    }

    /// The branch it would be merged into.
    pub fn target_branch(&self) -> String {
        self.text("target_branch", "main")
    }

    /// The commit its branch ends with.
    pub fn head(&self) -> Option<String> {
        head(self.gitlab, source_of(self.stored), &self.source_branch())
    }

    /// When it was made.
    pub fn created_at(&self) -> Timestamp {
        let text = self.stored["created_at"].as_str();
        text.and_then(|text| text.parse().ok())
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Its page.
    pub fn page(&self) -> String {
        let project = target_of(self.stored);
        format!("{PAGES}/{project}/-/merge_requests/{}", self.iid)
    }

    /// Its labels: those the rest of the world sets, and those that were added here.
    pub fn labels(&self) -> Vec<String> {
        let mut labels: Vec<String> = Vec::new();
        for key in ["labels", "own_labels"] {
            let list = self.stored[key].as_array().into_iter().flatten();
            for label in list.filter_map(Value::as_str) {
                if !labels.iter().any(|other| other == label) {
                    labels.push(label.to_owned());
                }
            }
        }
        labels
    }

    /// The differences between its branch and the one it would be merged into.
    pub fn changes(&self) -> Vec<Value> {
        let at = |project: &str, branch: &str| {
            files_at(self.gitlab, project, branch).unwrap_or_default()
        };
        let new = at(source_of(self.stored), &self.source_branch());
        let old = at(target_of(self.stored), &self.target_branch());
        let paths: std::collections::BTreeSet<_> = new.keys().chain(old.keys()).collect();
        let mut changes = Vec::new();
        for path in paths {
            let (was, is) = (old.get(path), new.get(path));
            if was == is {
                continue;
            }
            let signed = |sign: &str, text: Option<&String>| -> String {
                let lines = text.into_iter().flat_map(|text| text.lines());
                lines.map(|line| format!("{sign}{line}\n")).collect()
            };
            changes.push(json!({
                "old_path": path,
                "new_path": path,
                "a_mode": if was.is_some() { "100644" } else { "0" },
                "b_mode": if is.is_some() { "100644" } else { "0" },
                "new_file": was.is_none(),
                "renamed_file": false,
                "deleted_file": is.is_none(),
                "diff": format!("@@ @@\n{}{}", signed("-", was), signed("+", is)),
            }));
        }
        changes
    }

    /// The merge request.
    pub fn shown(&self, now: Timestamp) -> Value {
        let stored = self.stored;
        let title = self.text("title", &format!("Merge request {}", self.iid));
        let base = head(self.gitlab, target_of(stored), &self.target_branch());
        let is_new = now.duration_since(self.created_at()) < CHECKING;
        let status = if is_new { "checking" } else { "can_be_merged" };
        let source = &self.gitlab["projects"][source_of(stored)]["id"];
        json!({
            "id": 9_000_000 + self.number(),
            "iid": self.number(),
            "project_id": self.gitlab["projects"][target_of(stored)]["id"],
            "title": title,
            "description": self.text("description", ""),
            "state": self.text("state", "opened"),
            "draft": title.starts_with("Draft:"),
            "source_branch": self.source_branch(),
            "target_branch": self.target_branch(),
            "source_project_id": source,
            "target_project_id": self.gitlab["projects"][target_of(stored)]["id"],
            "labels": self.labels(),
            "author": user(self.gitlab, stored["author"].as_str().unwrap_or("art-bot")),
            "merge_status": status,
            "detailed_merge_status": if self.approvals_left() > 0 { "not_approved" } else { "mergeable" },
            "merge_when_pipeline_succeeds": stored["auto_merge"] == true,
            "squash": stored["squash"] == true,
            "sha": self.head(),
            "diff_refs": {"base_sha": base, "start_sha": base, "head_sha": self.head()},
            "changes_count": self.changes().len().to_string(),
            "user_notes_count": stored["notes"].as_array().map_or(0, Vec::len),
            "created_at": self.created_at().to_string(),
            "merged_at": stored["merged_at"],
            "web_url": self.page(),
        })
    }

    /// The accounts that approved it.
    pub fn approvers(&self) -> Vec<&str> {
        let names = self.stored["approved_by"].as_array().into_iter().flatten();
        names.filter_map(Value::as_str).collect()
    }

    fn approvals_required(&self) -> u64 {
        self.stored["approvals_required"].as_u64().unwrap_or(3)
    }

    /// How many approvals it still needs.
    pub fn approvals_left(&self) -> u64 {
        let given = self.approvers().len() as u64;
        self.approvals_required().saturating_sub(given)
    }

    /// Whether an account could approve it now.
    pub fn may_approve(&self, name: &str) -> bool {
        let is_eligible = match self.stored["approvers"].as_array() {
            Some(names) => names.iter().any(|other| other == name),
            None => true,
        };
        self.stored["state"].as_str().unwrap_or("opened") == "opened"
            && is_eligible
            && !self.approvers().contains(&name)
    }

    /// Its approvals, as `name` sees them.
    pub fn approvals(&self, name: &str) -> Value {
        let by: Vec<_> = self
            .approvers()
            .iter()
            .map(|other| json!({"user": user(self.gitlab, other)}))
            .collect();
        json!({
            "id": 9_000_000 + self.number(),
            "iid": self.number(),
            "project_id": self.gitlab["projects"][target_of(self.stored)]["id"],
            "state": self.stored["state"].as_str().unwrap_or("opened"),
            "merge_status": "can_be_merged",
            "approved": self.approvals_left() == 0,
            "approvals_required": self.approvals_required(),
            "approvals_left": self.approvals_left(),
            "user_has_approved": self.approvers().contains(&name),
            "user_can_approve": self.may_approve(name),
            "approved_by": by,
        })
    }

    /// Its comments, the oldest first. Those the rest of the world wrote are plain texts.
    pub fn notes(&self) -> Vec<Value> {
        let mut at = self.created_at();
        let stored = self.stored["notes"].as_array().into_iter().flatten();
        let notes = stored.enumerate().map(|(place, note)| {
            let time = note["created_at"].as_str();
            at = at.max(time.and_then(|time| time.parse().ok()).unwrap_or(at));
            let author = note["author"].as_str().unwrap_or("oar-bot");
            json!({
                "id": self.number() * 1_000 + place as u64 + 1,
                "type": null,
                "body": note.as_str().or(note["body"].as_str()).unwrap_or_default(),
                "author": user(self.gitlab, author),
                "system": note["system"] == true,
                "noteable_id": 9_000_000 + self.number(),
                "noteable_type": "MergeRequest",
                "noteable_iid": self.number(),
                "resolvable": false,
                "created_at": at.to_string(),
                "updated_at": at.to_string(),
            })
        });
        notes.collect()
    }
}
