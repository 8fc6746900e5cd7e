//! What is said on a shipment, and how it is found again.
//!
//! A comment has a subject: among those with the same subject the newest one counts. So saying the
//! same twice is not needed, and going back to what was said earlier is.

use crate::error::{Error, Result};

const LEAD: &str = "QE Release Lead is @";

/// Something to say on a merge request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Comment {
    subject: Subject,
    body: String,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Subject {
    /// The text begins so.
    Beginning(String),
    /// A line that readers do not see.
    Line(String),
}

impl Comment {
    /// Names the QE release lead, in the words that people and the Python tool look for.
    ///
    /// Fails with `invalid` for a text that is not the name of an account.
    pub fn lead(username: &str) -> Result<Self> {
        let is_name = !username.is_empty()
            && username
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if !is_name {
            return Err(Error::invalid(format!(
                "`{username}` is not the name of an account"
            )));
        }
        Ok(Self {
            subject: Subject::Beginning(LEAD.to_owned()),
            body: format!("{LEAD}{username}"),
        })
    }

    /// Says `text` about `key`, such as `4.20.1/image-health`, which goes along unseen.
    ///
    /// Fails with `invalid` for an empty text, a line that GitLab takes for an
    /// order, or a key with more than letters, digits and `-._/`.
    pub fn keyed(key: &str, text: &str) -> Result<Self> {
        let is_key = !key.is_empty()
            && !key.contains("--")
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte));
        if !is_key {
            return Err(Error::invalid(format!(
                "`{key}` cannot be the key of a comment"
            )));
        }
        if text.trim().is_empty() {
            return Err(Error::invalid("there is nothing to say in the comment"));
        }
        // GitLab carries out such a line (`/merge`, `/approve`) instead of showing it.
        if let Some(order) = text.lines().find(|line| line.trim_start().starts_with('/')) {
            return Err(Error::invalid(format!(
                "the line `{order}` of the comment would be an order to GitLab"
            )));
        }
        let line = format!("<!-- oar-script: {key} -->");
        Ok(Self {
            body: format!("{}\n\n{line}", text.trim_end()),
            subject: Subject::Line(line),
        })
    }

    /// What is written.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Whether another text is about the same.
    pub fn is_about_the_same(&self, body: &str) -> bool {
        match &self.subject {
            Subject::Beginning(text) => body.starts_with(text.as_str()),
            Subject::Line(line) => body.lines().any(|other| other.trim() == line),
        }
    }

    /// Whether another text says the same; how its lines end does not matter.
    pub fn is_same(&self, body: &str) -> bool {
        let lines = |text: &str| -> Vec<String> {
            let text = text.trim_end();
            text.lines()
                .map(|line| line.trim_end().to_owned())
                .collect()
        };
        lines(&self.body) == lines(body)
    }
}
