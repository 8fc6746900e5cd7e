//! Who tells people what, so that of two operators one does.
//!
//! It is an entry of the document as a whole, beside `tasks` and `issues`: the Python tool keeps what it
//! does not know there, also when it merges, which it does not do below `metadata`.

use super::{StateBox, node::Node};
use crate::error::{Error, Kind, Result};

const KEY: &str = "notices";

impl StateBox {
    /// Returns the token of the message in which people are told this, if somebody tells it.
    pub fn told_in(&self, about: &str) -> Option<&str> {
        self.root.get(KEY)?.get(about)?.as_text()
    }

    pub(super) fn tell(&self, draft: &mut Node, about: &str, token: &str) -> Result<bool> {
        if about.trim().is_empty() || token.trim().is_empty() {
            return Err(Error::invalid(
                "a notice is about something and has a token",
            ));
        }
        match self.told_in(about) {
            Some(other) if other == token => return Ok(false),
            Some(_) => {
                let what = format!("somebody else tells people about `{about}`");
                return Err(Error::new(Kind::Conflict, what));
            }
            None => {}
        }
        if draft.get(KEY).is_none_or(Node::is_null) {
            draft.set(KEY, Node::Map(Vec::new()));
        }
        match draft.get_mut(KEY) {
            Some(told @ Node::Map(_)) => told.set(about, Node::text(token)),
            // A person made something else of it by hand, which is not ours to throw away.
            _ => {
                let what = format!("`{KEY}` of the document is not a map");
                return Err(Error::new(Kind::Refused, what));
            }
        }
        Ok(true)
    }
}
