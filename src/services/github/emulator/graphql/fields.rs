//! What the fields of a query are in the documents.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Trouble,
    parse::{Argument, Field, Operation, Selection},
};
use crate::services::github::emulator::{
    DEFAULT_BRANCH, REPOSITORY, is_here,
    ledger::{self, blob_sha},
};

type Result<T> = std::result::Result<T, Trouble>;

/// One query being answered.
pub(super) struct Query<'a> {
    documents: &'a Value,
    variables: &'a Map<String, Value>,
    login: &'a str,
    now: Timestamp,
    path: Vec<String>,
    troubles: Vec<Trouble>,
}

/// What stands at a place of the answer.
#[derive(Clone, Copy)]
enum Thing<'a> {
    Query,
    Viewer,
    Limit,
    Repository,
    Ref {
        branch: &'a str,
    },
    Commit {
        branch: &'a str,
    },
    Tree {
        branch: &'a str,
        folder: &'a str,
    },
    Blob {
        text: &'a str,
    },
    Entry {
        branch: &'a str,
        path: &'a str,
        is_folder: bool,
    },
}

impl Thing<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Viewer => "User",
            Self::Limit => "RateLimit",
            Self::Repository => "Repository",
            Self::Ref { .. } => "Ref",
            Self::Commit { .. } => "Commit",
            Self::Tree { .. } => "Tree",
            Self::Blob { .. } => "Blob",
            Self::Entry { .. } => "TreeEntry",
        }
    }
}

/// What every object in git has, whichever kind it is.
const GIT_OBJECT: [&str; 3] = ["__typename", "oid", "abbreviatedOid"];

impl<'a> Query<'a> {
    pub(super) fn new(
        documents: &'a Value,
        variables: &'a Map<String, Value>,
        login: &'a str,
        now: Timestamp,
    ) -> Self {
        Self {
            documents,
            variables,
            login,
            now,
            path: Vec::new(),
            troubles: Vec::new(),
        }
    }

    pub(super) fn answer(&mut self, operation: &Operation) -> Result<Map<String, Value>> {
        let mut data = Map::new();
        self.select(Thing::Query, false, &operation.selections, &mut data)?;
        Ok(data)
    }

    /// What was not found on the way.
    pub(super) fn troubles(self) -> Vec<Trouble> {
        self.troubles
    }

    /// Fills in what is selected of a thing. Where it is known only as an object in git, a field of
    /// its kind needs `... on Kind`.
    fn select(
        &mut self,
        thing: Thing<'a>,
        is_any_object: bool,
        selections: &[Selection],
        into: &mut Map<String, Value>,
    ) -> Result<()> {
        for selection in selections {
            match selection {
                Selection::On(kind, selections) => {
                    let is_of_kind = kind == thing.kind() || (kind == "GitObject" && is_any_object);
                    if is_of_kind {
                        self.select(thing, kind == "GitObject", selections, into)?;
                    }
                }
                Selection::Field(field) => {
                    if is_any_object && !GIT_OBJECT.contains(&field.name.as_str()) {
                        return Err(no_field(&field.name, "GitObject"));
                    }
                    self.path.push(field.key.clone());
                    let value = self.value(thing, field)?;
                    self.path.pop();
                    into.insert(field.key.clone(), value);
                }
            }
        }
        Ok(())
    }

    fn value(&mut self, thing: Thing<'a>, field: &Field) -> Result<Value> {
        if field.name == "__typename" {
            return Ok(thing.kind().into());
        }
        let oid = |this: &Self| this.oid(thing).unwrap_or_default();
        let value = match (thing, field.name.as_str()) {
            (Thing::Query, "repository") => {
                let owner = self.text_argument(field, "owner")?;
                let name = self.text_argument(field, "name")?;
                if is_here(&owner, &name) {
                    return self.below(Some(Thing::Repository), false, field);
                }
                self.troubles.push(Trouble {
                    message: format!(
                        "Could not resolve to a Repository with the name '{owner}/{name}'."
                    ),
                    kind: Some("NOT_FOUND"),
                    path: self.path.clone(),
                });
                return Ok(Value::Null);
            }
            (Thing::Query, "viewer") => return self.below(Some(Thing::Viewer), false, field),
            (Thing::Query, "rateLimit") => return self.below(Some(Thing::Limit), false, field),
            (Thing::Repository, "object") => {
                let expression = self.text_argument(field, "expression")?;
                let found = self.object(&expression);
                return self.below(found, true, field);
            }
            (Thing::Repository, "ref") => {
                let name = self.text_argument(field, "qualifiedName")?;
                let found = self.branch(name.trim_start_matches("refs/heads/"));
                return self.below(found.map(|branch| Thing::Ref { branch }), false, field);
            }
            (Thing::Repository, "defaultBranchRef") => {
                let found = self.branch(DEFAULT_BRANCH);
                return self.below(found.map(|branch| Thing::Ref { branch }), false, field);
            }
            (Thing::Ref { branch }, "target") => {
                return self.below(Some(Thing::Commit { branch }), true, field);
            }
            (Thing::Tree { branch, folder }, "entries") => {
                let entries = self.entries(branch, folder).into_iter();
                let shown = entries.map(|entry| self.below(Some(entry), false, field));
                return shown.collect();
            }
            (
                Thing::Entry {
                    branch,
                    path,
                    is_folder,
                },
                "object",
            ) => {
                let folder = path;
                let found = if is_folder {
                    Some(Thing::Tree { branch, folder })
                } else {
                    let text = ledger::text(self.documents, branch, path);
                    text.map(|text| Thing::Blob { text })
                };
                return self.below(found, true, field);
            }
            (Thing::Viewer, "login") => self.login.into(),
            (Thing::Limit, "limit" | "remaining") => 5000.into(),
            (Thing::Limit, "cost") => 1.into(),
            (Thing::Limit, "used") => 0.into(),
            (Thing::Limit, "resetAt") => {
                let reset = self.now.as_second() + 3600;
                let reset = Timestamp::from_second(reset).unwrap_or(self.now);
                reset.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
            }
            (Thing::Repository, "name") => REPOSITORY.1.into(),
            (Thing::Repository, "nameWithOwner") => {
                format!("{}/{}", REPOSITORY.0, REPOSITORY.1).into()
            }
            (Thing::Ref { branch }, "name") => branch.into(),
            (
                Thing::Commit { .. }
                | Thing::Tree { .. }
                | Thing::Blob { .. }
                | Thing::Entry { .. },
                "oid",
            ) => oid(self).into(),
            (Thing::Commit { .. } | Thing::Tree { .. } | Thing::Blob { .. }, "abbreviatedOid") => {
                oid(self).chars().take(7).collect::<String>().into()
            }
            (Thing::Commit { branch }, "message" | "committedDate") => {
                let key = if field.name == "message" {
                    "message"
                } else {
                    "at"
                };
                let last = ledger::commits(self.documents, branch).pop();
                last.map_or(Value::Null, |last| last[key].clone())
            }
            (Thing::Blob { text }, "text") => text.into(),
            (Thing::Blob { text }, "byteSize") => text.len().into(),
            (Thing::Blob { .. }, "isBinary" | "isTruncated") => false.into(),
            (Thing::Entry { path, .. }, "name") => {
                path.rsplit('/').next().unwrap_or_default().into()
            }
            (Thing::Entry { path, .. }, "path") => path.into(),
            (Thing::Entry { is_folder, .. }, "type") => {
                if is_folder { "tree" } else { "blob" }.into()
            }
            (thing, name) => return Err(no_field(name, thing.kind())),
        };
        if field.selections.is_empty() {
            Ok(value)
        } else {
            Err(Trouble::invalid(format!(
                "Selections can't be made on scalars (field '{}')",
                field.name
            )))
        }
    }

    fn below(
        &mut self,
        thing: Option<Thing<'a>>,
        is_any_object: bool,
        field: &Field,
    ) -> Result<Value> {
        if field.selections.is_empty() {
            return Err(Trouble::invalid(format!(
                "Field must have selections (field '{}')",
                field.name
            )));
        }
        let Some(thing) = thing else {
            return Ok(Value::Null);
        };
        let mut document = Map::new();
        self.select(thing, is_any_object, &field.selections, &mut document)?;
        Ok(document.into())
    }

    fn text_argument(&self, field: &Field, name: &str) -> Result<String> {
        let given = field.arguments.iter().find(|(key, _)| key == name);
        let value = match given {
            Some((_, Argument::Literal(value))) => value,
            Some((_, Argument::Variable(variable))) => {
                self.variables.get(variable).ok_or_else(|| {
                    Trouble::invalid(format!("Variable ${variable} is used but not declared"))
                })?
            }
            None => &Value::Null,
        };
        value.as_str().map(str::to_owned).ok_or_else(|| {
            let field = &field.name;
            Trouble::invalid(format!(
                "Argument '{name}' on Field '{field}' has an invalid value. Expected type 'String'."
            ))
        })
    }

    /// What `branch`, `branch:` or `branch:path` names.
    fn object(&self, expression: &str) -> Option<Thing<'a>> {
        let (branch, path) = match expression.split_once(':') {
            Some((branch, path)) => (branch, Some(path.trim_end_matches('/'))),
            None => (expression, None),
        };
        let branch = self.branch(branch.trim_start_matches("refs/heads/"))?;
        let Some(path) = path else {
            return Some(Thing::Commit { branch });
        };
        if let Some(text) = ledger::text(self.documents, branch, path) {
            return Some(Thing::Blob { text });
        }
        let files = ledger::files(self.documents, branch)?;
        if path.is_empty() {
            return Some(Thing::Tree { branch, folder: "" });
        }
        let folder = files.keys().find_map(|file| {
            let rest = file.strip_prefix(path)?;
            rest.starts_with('/').then(|| &file[..path.len()])
        })?;
        Some(Thing::Tree { branch, folder })
    }

    fn branch(&self, name: &str) -> Option<&'a str> {
        let branches = ledger::branches(self.documents);
        branches.into_iter().find(|branch| *branch == name)
    }

    /// What stands directly in a folder, in the order of the names.
    fn entries(&self, branch: &'a str, folder: &str) -> Vec<Thing<'a>> {
        let start = if folder.is_empty() {
            0
        } else {
            folder.len() + 1
        };
        let files = ledger::files(self.documents, branch).unwrap_or_default();
        let mut entries = BTreeMap::new();
        for file in files.into_keys() {
            let is_below = folder.is_empty() || file.starts_with(&format!("{folder}/"));
            if !is_below {
                continue;
            }
            let end = file[start..].find('/').map(|length| start + length);
            let path = &file[..end.unwrap_or(file.len())];
            let is_folder = end.is_some();
            entries.insert(
                path,
                Thing::Entry {
                    branch,
                    path,
                    is_folder,
                },
            );
        }
        entries.into_values().collect()
    }

    fn oid(&self, thing: Thing<'_>) -> Option<String> {
        match thing {
            Thing::Commit { branch } => ledger::tip(self.documents, branch),
            Thing::Blob { text } => Some(blob_sha(text)),
            Thing::Entry {
                branch,
                path,
                is_folder: false,
            } => ledger::text(self.documents, branch, path).map(blob_sha),
            Thing::Tree {
                branch,
                folder: path,
            }
            | Thing::Entry {
                branch,
                path,
                is_folder: true,
            } => {
                let files = ledger::files(self.documents, branch)?;
                let folder = if path.is_empty() {
                    String::new()
                } else {
                    format!("{path}/")
                };
                let below = files.iter().filter(|(file, _)| file.starts_with(&folder));
                let listing = below.map(|(file, text)| json!([file, blob_sha(text)]));
                Some(blob_sha(&listing.collect::<Value>().to_string()))
            }
            _ => None,
        }
    }
}

fn no_field(name: &str, kind: &str) -> Trouble {
    Trouble::invalid(format!("Field '{name}' doesn't exist on type '{kind}'"))
}
