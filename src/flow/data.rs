//! What a release consists of, as a pass acts on it.
//!
//! The build data of now count. Where they cannot be read, what was last known counts, and that is
//! said. Nothing here reads or writes.

use super::journal::{Entry, Fact};
use crate::{
    error::{Error, Kind, Result},
    release::{
        Metadata,
        metadata::{Drift, drift},
    },
};

/// What a release consists of, and how that was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// The values that are acted upon.
    pub metadata: Metadata,
    /// Where they differ from what the state recorded.
    pub drift: Vec<Drift>,
    /// Where they differ from what an earlier pass acted on.
    pub changed: Vec<Drift>,
    /// Whether they were read now and are not in the journal yet.
    pub is_news: bool,
    /// What people should know about the reading itself.
    pub note: Option<String>,
}

impl Data {
    /// Decides what counts. `recorded` is what the state says, `last` what the journal says, `read`
    /// what the build data say; `None` where there is no such thing or nobody was asked.
    ///
    /// A day that is gone from the build data stays in force, so that approval is not given early.
    /// Fails with the error of the reading when nothing else is known.
    pub fn settle(
        recorded: Option<Metadata>,
        last: Option<Metadata>,
        read: Option<Result<Metadata>>,
    ) -> Result<Self> {
        let known = last.as_ref().or(recorded.as_ref());
        let (current, note) = match read {
            // Offline: the state speaks for itself.
            None => {
                let metadata = recorded.as_ref().or(last.as_ref()).cloned();
                let metadata =
                    metadata.ok_or_else(|| super::plan::depends_on("build_data.metadata"))?;
                return Ok(Self {
                    metadata,
                    ..Self::default()
                });
            }
            Some(Ok(current)) => (current, None),
            Some(Err(error)) => match known {
                Some(known) if error.kind != Kind::Cancelled => {
                    (known.clone(), Some(unread(&error, last.is_some())))
                }
                _ => return Err(error),
            },
        };
        let drift_from = |before: &Option<Metadata>, now: &Metadata| {
            before
                .as_ref()
                .map_or_else(Vec::new, |before| drift(before, now))
        };
        let found = drift_from(&recorded, &current);
        let mut metadata = current;
        if let Some(recorded) = &recorded {
            metadata.release_date = metadata.release_date.or(recorded.release_date);
        }
        Ok(Self {
            drift: found,
            changed: drift_from(&last, &metadata),
            is_news: note.is_none() && known != Some(&metadata),
            metadata,
            note,
        })
    }

    /// Where the values differ from what was acted on before, or else from what was recorded; empty
    /// when that is no news.
    pub fn news(&self) -> &[Drift] {
        match (self.is_news, self.changed.is_empty()) {
            (false, _) => &[],
            (true, true) => &self.drift,
            (true, false) => &self.changed,
        }
    }

    /// Why final approval has to wait for a person: steps that the recorded values ask for have
    /// fallen away.
    pub fn holds_approval(&self) -> Option<String> {
        let loosening = self.drift.iter().find(|drift| drift.loosens_flow())?;
        Some(loosening.line())
    }
}

/// What the journal says that a pass acted on last.
pub fn last_known(entries: &[Entry]) -> Option<Metadata> {
    entries.iter().rev().find_map(|entry| match &entry.fact {
        Fact::BuildData { metadata, .. } => Some(metadata.clone()),
        _ => None,
    })
}

fn unread(error: &Error, is_of_pass: bool) -> String {
    let used = match is_of_pass {
        true => "what an earlier pass read is used",
        false => "what the state recorded is used",
    };
    let next = error
        .hint
        .as_ref()
        .filter(|_| !error.is_retryable())
        .map_or(String::new(), |hint| format!("; {hint}"));
    format!(
        "the build data cannot be read, {used}: {}{next}",
        error.chain()
    )
}
