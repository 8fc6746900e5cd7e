//! The rules for adding and resolving issues.
//!
//! Issues have no identity but their text, so texts are compared as people read them: without case,
//! outer space and addresses.

use jiff::Timestamp;

use super::{Issue, StateBox, mask::mask_emails, node::Node, time};
use crate::error::{Error, Kind, Result};

const MAX_ISSUE_CHARS: usize = 1000;

impl Issue {
    /// Whether it says `text`, as people read it: without case, outer space and addresses.
    pub fn says(&self, text: &str) -> bool {
        says_the_same(&self.text, text)
    }
}

impl StateBox {
    pub(super) fn add_issue(
        &self,
        draft: &mut Node,
        text: &str,
        is_blocker: bool,
        related_tasks: &[String],
        now: Timestamp,
    ) -> Result<bool> {
        let text = mask_emails(text);
        check_issue_text(&text)?;
        let mut unresolved = self.issues.iter().filter(|issue| !issue.is_resolved);
        if unresolved.any(|issue| says_the_same(&issue.text, &text)) {
            return Ok(false);
        }
        if is_blocker {
            for task in related_tasks {
                if let Some(blocker) = self.blocker_of(task) {
                    return Err(Error::new(
                        Kind::Refused,
                        format!(
                            "Task '{task}' already has unresolved blocker: {}",
                            blocker.text
                        ),
                    )
                    .hint("resolve that issue first, or add this one without a task"));
                }
            }
        }
        let issues = draft.list_mut("issues").expect("the document was typed");
        issues.push(Node::map([
            ("issue", Node::text(text)),
            ("reported_at", Node::text(time::format(now))),
            ("resolved", Node::bool(false)),
            ("resolution", Node::null()),
            ("blocker", Node::bool(is_blocker)),
            (
                "related_tasks",
                Node::List(related_tasks.iter().map(Node::text).collect()),
            ),
        ]));
        Ok(true)
    }

    pub(super) fn resolve_issue(
        &self,
        draft: &mut Node,
        text: &str,
        resolution: &str,
        now: Timestamp,
    ) -> Result<bool> {
        check_issue_text(text)?;
        let Some(place) = self.unresolved(text)? else {
            let is_done = self.issues.iter().any(|issue| {
                says_the_same(&issue.text, text) && issue.resolution.as_deref() == Some(resolution)
            });
            return if is_done {
                Ok(false)
            } else {
                Err(self.no_such_issue(text))
            };
        };
        let issues = draft.list_mut("issues").expect("the document was typed");
        let entry = &mut issues[place];
        entry.set("resolved", Node::bool(true));
        entry.set("resolution", Node::text(resolution));
        entry.set("resolved_at", Node::text(time::format(now)));
        Ok(true)
    }

    /// The place of the one unresolved issue that is, or else contains, `text`.
    fn unresolved(&self, text: &str) -> Result<Option<usize>> {
        let open: Vec<(usize, &Issue)> = self
            .issues
            .iter()
            .enumerate()
            .filter(|(_, issue)| !issue.is_resolved)
            .collect();
        if let Some((place, _)) = open
            .iter()
            .find(|(_, issue)| says_the_same(&issue.text, text))
        {
            return Ok(Some(*place));
        }
        let matching: Vec<_> = open
            .iter()
            .filter(|(_, issue)| contains(&issue.text, text))
            .collect();
        match matching.as_slice() {
            [] => Ok(None),
            [(place, _)] => Ok(Some(*place)),
            several => {
                let lines: String = several
                    .iter()
                    .map(|(_, issue)| format!("  - {}\n", issue.text))
                    .collect();
                Err(Error::invalid(format!(
                    "Multiple issues match '{text}':\n{lines}\
                     Please provide more specific text to uniquely identify the issue."
                )))
            }
        }
    }

    fn no_such_issue(&self, text: &str) -> Error {
        let open: Vec<String> = self
            .issues
            .iter()
            .filter(|issue| !issue.is_resolved)
            .map(|issue| quoted(&issue.text))
            .collect();
        Error::not_found(format!(
            "Issue not found: '{text}'\nUnresolved issues: [{}]",
            open.join(", ")
        ))
        .hint("give the text of an unresolved issue, or a part that only one of them has")
    }
}

fn check_issue_text(text: &str) -> Result<()> {
    let message = if text.is_empty() {
        "issue description must be a non-empty string".to_owned()
    } else if text.trim().is_empty() {
        "issue description cannot be whitespace only".to_owned()
    } else if text.chars().count() > MAX_ISSUE_CHARS {
        format!("issue description too long (max {MAX_ISSUE_CHARS} characters)")
    } else {
        return Ok(());
    };
    Err(Error::invalid(message).hint("say in a few lines what is wrong"))
}

/// Whether two issue texts are the same to people. A document may hold addresses that we mask.
fn says_the_same(stored: &str, text: &str) -> bool {
    folded(stored) == folded(text) || folded(&mask_emails(stored)) == folded(&mask_emails(text))
}

fn contains(stored: &str, text: &str) -> bool {
    folded(stored).contains(&folded(text))
        || folded(&mask_emails(stored)).contains(&folded(&mask_emails(text)))
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The text in quotes, as the Python tool lists it.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut quoted = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' => quoted.push_str("\\\\"),
            _ if letter == quote => {
                quoted.push('\\');
                quoted.push(letter);
            }
            _ => quoted.push(letter),
        }
    }
    quoted.push(quote);
    quoted
}
