//! Gives the tree of a document its types, or says which key has the wrong shape.
//!
//! A key that is absent is tolerated where the Python tool tolerates it; a value that cannot be
//! understood never becomes a default.

use indexmap::IndexMap;

use super::{
    Issue, Metadata, SCHEMA_VERSION, StateBox, Task,
    node::{Node, ScalarKind},
    read::read,
};
use crate::{
    error::{Error, Result},
    release::{TaskStatus, Version},
};

const RESTORE: &str = "correct it in the file, or restore the file from its history";

/// Reads a document, and checks that it is about `release` when one is given.
pub(super) fn document(text: &str, release: Option<&Version>) -> Result<StateBox> {
    let document = StateBox::from_root(read(text)?)?;
    match release {
        Some(expected) if *expected != document.release => Err(Error::invalid(format!(
            "the state document is about release `{}`, not `{expected}`",
            document.release
        ))
        .hint("look for a file that was copied or renamed")),
        _ => Ok(document),
    }
}

impl StateBox {
    /// Types a tree.
    pub(super) fn from_root(root: Node) -> Result<Self> {
        let top = At::new(&root, "the state document".to_owned());
        top.map()?;
        let schema = top.required_text("schema_version")?;
        if schema != SCHEMA_VERSION {
            return Err(Error::invalid(format!(
                "the state document has the unknown schema version `{schema}`"
            ))
            .hint(format!(
                "this program knows version {SCHEMA_VERSION}; is there a newer program?"
            )));
        }
        let release = top
            .required_text("release")?
            .parse()
            .map_err(|error: Error| {
                Error::invalid("the key `release` of the state document is not a release")
                    .hint(RESTORE)
                    .because(error)
            })?;
        top.optional_text("created_at")?;
        top.optional_text("updated_at")?;
        let metadata = match top.child("metadata") {
            Some(node) => metadata(&node)?,
            None => Metadata::default(),
        };
        let tasks = top.items("tasks", task)?;
        for (place, task) in tasks.iter().enumerate() {
            if tasks[..place].iter().any(|known| known.name == task.name) {
                return Err(Error::invalid(format!(
                    "the state document has the task `{}` twice",
                    task.name
                ))
                .hint("remove the entry that is out of date"));
            }
        }
        let issues = top.items("issues", issue)?;
        Ok(Self {
            release,
            metadata,
            tasks,
            issues,
            root,
        })
    }
}

fn metadata(node: &At<'_>) -> Result<Metadata> {
    node.map()?;
    Ok(Metadata {
        jira_ticket: node.optional_text("jira_ticket")?,
        advisory_ids: node.entries("advisory_ids", |value| {
            let number = value.node.as_text().and_then(|text| text.parse().ok());
            number.ok_or_else(|| value.wrong("the number of an advisory"))
        })?,
        release_date: node.optional_text("release_date")?,
        candidate_builds: node.entries("candidate_builds", At::text)?,
        shipment_mr: node.optional_text("shipment_mr")?,
    })
}

fn task(node: &At<'_>) -> Result<Task> {
    node.map()?;
    let status = match node.child("status") {
        Some(status) => status
            .text()?
            .parse()
            .map_err(|_| status.wrong("one of Not Started, In Progress, Pass and Fail"))?,
        None => TaskStatus::default(),
    };
    Ok(Task {
        name: node.required_text("name")?,
        status,
        started_at: node.optional_text("started_at")?,
        completed_at: node.optional_text("completed_at")?,
        result: node.optional_text("result")?,
    })
}

fn issue(node: &At<'_>) -> Result<Issue> {
    node.map()?;
    let resolved = node.child("resolved");
    Ok(Issue {
        text: node.required_text("issue")?,
        reported_at: node.optional_text("reported_at")?,
        is_resolved: resolved.ok_or_else(|| node.missing("resolved"))?.flag()?,
        resolution: node.optional_text("resolution")?,
        is_blocker: node
            .child("blocker")
            .map_or(Ok(false), |flag| flag.flag())?,
        related_tasks: node.items("related_tasks", At::text)?,
        resolved_at: node.optional_text("resolved_at")?,
    })
}

/// A value and where it stands, for messages.
struct At<'a> {
    node: &'a Node,
    path: String,
}

impl<'a> At<'a> {
    fn new(node: &'a Node, path: String) -> Self {
        Self { node, path }
    }

    fn child(&self, key: &str) -> Option<At<'a>> {
        self.node
            .get(key)
            .map(|node| At::new(node, self.path_of(key)))
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.contains(' ') {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn map(&self) -> Result<&'a [(Node, Node)]> {
        match self.node {
            Node::Map(entries) => Ok(entries),
            _ => Err(self.wrong("a map")),
        }
    }

    fn text(&self) -> Result<String> {
        match self.node.as_text() {
            Some(text) => Ok(text.to_owned()),
            None => Err(self.wrong("a text")),
        }
    }

    fn flag(&self) -> Result<bool> {
        match self.node {
            Node::Scalar(scalar) => match scalar.kind {
                ScalarKind::Bool(flag) => Ok(flag),
                _ => Err(self.wrong("true or false")),
            },
            _ => Err(self.wrong("true or false")),
        }
    }

    fn required_text(&self, key: &str) -> Result<String> {
        self.child(key).ok_or_else(|| self.missing(key))?.text()
    }

    fn optional_text(&self, key: &str) -> Result<Option<String>> {
        match self.child(key) {
            Some(value) if !value.node.is_null() => value.text().map(Some),
            _ => Ok(None),
        }
    }

    fn items<T>(&self, key: &str, read: impl Fn(&At<'a>) -> Result<T>) -> Result<Vec<T>> {
        let Some(list) = self.child(key) else {
            return Ok(Vec::new());
        };
        let Node::List(items) = list.node else {
            return Err(list.wrong("a list"));
        };
        items
            .iter()
            .enumerate()
            .map(|(place, item)| read(&At::new(item, format!("{}[{place}]", list.path))))
            .collect()
    }

    fn entries<T>(
        &self,
        key: &str,
        read: impl Fn(&At<'a>) -> Result<T>,
    ) -> Result<IndexMap<String, T>> {
        let Some(map) = self.child(key).filter(|map| !map.node.is_null()) else {
            return Ok(IndexMap::new());
        };
        map.map()?
            .iter()
            .map(|(name, value)| {
                let name = name.key_text();
                let value = read(&At::new(value, map.path_of(&name)))?;
                Ok((name, value))
            })
            .collect()
    }

    fn wrong(&self, expected: &str) -> Error {
        let what = if self.path.contains(' ') {
            self.path.clone()
        } else {
            format!("the key `{}` of the state document", self.path)
        };
        Error::invalid(format!("{what} is not {expected}")).hint(RESTORE)
    }

    fn missing(&self, key: &str) -> Error {
        Error::invalid(format!(
            "the key `{}` of the state document is missing",
            self.path_of(key)
        ))
        .hint(RESTORE)
    }
}
