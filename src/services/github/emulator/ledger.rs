//! Files and commits in the documents of the simulated world, by branch.
//!
//! The stand-in and whoever else writes to the repository in a simulated world use it, so a commit
//! looks the same whoever made it.

use std::collections::BTreeMap;

use git2::{ObjectType, Oid};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::SERVICE;

/// A commit to be made: one file of a branch is written, or removed when there is no text.
pub(crate) struct Change<'a> {
    pub(crate) branch: &'a str,
    pub(crate) path: &'a str,
    pub(crate) text: Option<&'a str>,
    pub(crate) message: &'a str,
    pub(crate) author: &'a str,
    pub(crate) at: Timestamp,
}

/// Makes a commit on a branch that is there, and returns its record: `sha`, `message`, `author`
/// (an account), `path`, `at`, `blob` (of the file, null when removed), `parent`, `tree`.
pub(crate) fn commit(documents: &mut Value, change: &Change<'_>) -> Value {
    let before = tip(documents, change.branch);
    let github = &mut documents[SERVICE];
    let files = &mut github["branches"][change.branch];
    match change.text {
        Some(text) => files[change.path] = text.into(),
        None => {
            if let Some(files) = files.as_object_mut() {
                files.shift_remove(change.path);
            }
        }
    }
    let blob = change.text.map(blob_sha);
    let tree = tree_sha(documents, change.branch);
    let mut record = json!({
        "message": change.message,
        "author": change.author,
        "path": change.path,
        "at": change.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "blob": blob,
        "parent": before,
        "tree": tree,
    });
    record["sha"] = hash(ObjectType::Commit, &record.to_string()).into();
    let commits = &mut documents[SERVICE]["commits"][change.branch];
    match commits.as_array_mut() {
        Some(commits) => commits.push(record.clone()),
        None => *commits = json!([record]),
    }
    record
}

/// The commits of a branch that were recorded, oldest first.
pub(super) fn commits(documents: &Value, branch: &str) -> Vec<Value> {
    let commits = documents[SERVICE]["commits"][branch].as_array();
    commits.cloned().unwrap_or_default()
}

/// What identifies the newest commit of a branch: that of the last record, unless somebody has
/// changed the files by hand since.
pub(super) fn tip(documents: &Value, branch: &str) -> Option<String> {
    files_in(documents, branch)?;
    let tree = tree_sha(documents, branch);
    let last = documents[SERVICE]["commits"][branch]
        .as_array()
        .and_then(|commits| commits.last());
    match last {
        Some(last) if last["tree"] == tree.as_str() => last["sha"].as_str().map(str::to_owned),
        _ => Some(hash(ObjectType::Commit, &tree)),
    }
}

/// The text of a file, if the branch has it.
pub(crate) fn text<'a>(documents: &'a Value, branch: &str, path: &str) -> Option<&'a str> {
    files_in(documents, branch)?.get(path)?.as_str()
}

/// The files of a branch in the order of their paths, if there is such a branch.
pub(super) fn files<'a>(documents: &'a Value, branch: &str) -> Option<BTreeMap<&'a str, &'a str>> {
    let files = files_in(documents, branch)?;
    let files = files
        .iter()
        .filter_map(|(path, text)| Some((path.as_str(), text.as_str()?)));
    Some(files.collect())
}

/// The branches, in their order.
pub(super) fn branches(documents: &Value) -> Vec<&str> {
    let branches = documents[SERVICE]["branches"].as_object();
    branches
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
        .collect()
}

/// Git's name of a content.
pub(crate) fn blob_sha(text: &str) -> String {
    hash(ObjectType::Blob, text)
}

fn files_in<'a>(documents: &'a Value, branch: &str) -> Option<&'a Map<String, Value>> {
    documents[SERVICE]["branches"].get(branch)?.as_object()
}

/// Stands for the top folder: it differs when any file does.
fn tree_sha(documents: &Value, branch: &str) -> String {
    let files = files(documents, branch).unwrap_or_default();
    let listing: Vec<_> = files
        .iter()
        .map(|(path, text)| format!("{} {path}", blob_sha(text)))
        .collect();
    hash(ObjectType::Tree, &listing.join("\n"))
}

fn hash(kind: ObjectType, text: &str) -> String {
    Oid::hash_object(kind, text.as_bytes())
        .map(|id| id.to_string())
        .unwrap_or_default()
}
