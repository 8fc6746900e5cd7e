//! What is true of a release now that people may want to be told: a function of the report, the state
//! and the journal.

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::late::is_late;
use crate::{
    flow::{
        graph::NodeKind,
        journal::{Entry, Fact},
        report::{NodeReport, PassOutcome, Report, State},
    },
    release::{Ending, Outcome, TaskStatus, Version, statebox::StateBox},
};

/// The release is done.
const COMPLETE: &str = "complete";

/// What changed for people.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A node is done and good.
    Passed,
    /// A node is done and not good.
    Failed,
    /// A person must act.
    Blocked,
    /// A person must choose.
    Undecided,
    /// A person must find out whether something was started.
    InDoubt,
    /// Somebody or something else must move first.
    Waiting,
    /// It runs or waits for longer than it usually does.
    Late,
    /// The build data are not what the state recorded.
    Drift,
    /// Nothing is left to do.
    Complete,
}

/// One thing that changed for people. Scripts get it as a map with the same keys.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Change {
    /// What it is.
    pub kind: Kind,
    /// What identifies it for every operator and every process.
    pub key: String,
    /// The release.
    pub release: Version,
    /// Who owns the release.
    pub lead: Option<String>,
    /// The node it is about; none for the release as a whole.
    pub task: Option<String>,
    /// Why, in one line.
    pub reason: String,
    /// Who or what is waited for, or must act.
    pub owner: Option<String>,
    /// The next step for a person.
    pub next: Option<String>,
    /// Where a person looks at it.
    pub link: Option<String>,
    /// Since when, if that is known.
    pub since: Option<Timestamp>,
    /// How long it usually takes.
    pub typical: Option<String>,
    /// Whether it holds nothing back.
    pub informs: bool,
}

/// Lists what is true now and of interest to people, in the order of the flow. `document` is the
/// StateBox, `entries` the journal, `lead` the owner of the release.
///
/// A pass or a wait is listed only for who has seen it end that way: what stood there before this
/// journal began is no change.
pub fn changes(
    report: &Report,
    document: Option<&StateBox>,
    entries: &[Entry],
    lead: Option<&str>,
) -> Vec<Change> {
    let whole = |kind: Kind, key: String, reason: String| Change {
        kind,
        key,
        release: report.release.clone(),
        lead: lead.map(str::to_owned),
        task: None,
        reason,
        owner: None,
        next: None,
        link: None,
        since: None,
        typical: None,
        informs: false,
    };
    let mut found = Vec::new();
    for drift in &report.drift {
        let line = drift.line();
        let key = format!("drift/{}", short(&line));
        found.push(whole(Kind::Drift, key, line));
    }
    for node in &report.nodes {
        let seen = Seen {
            node,
            document,
            entries,
        };
        let named = seen.named(report.at);
        found.extend(named.into_iter().map(|(kind, key)| Change {
            task: Some(node.name.clone()),
            owner: node.owner.clone(),
            next: node.next.clone(),
            link: node.link.clone(),
            since: node.since,
            typical: node.typical.clone(),
            informs: node.informs,
            ..whole(kind, key, seen.reason(kind))
        }));
    }
    if report.outcome == PassOutcome::Complete && has_worked(report, entries) {
        let reason = "everything is where it should be".to_owned();
        found.push(whole(Kind::Complete, COMPLETE.to_owned(), reason));
    }
    found
}

/// A node and what is known of it.
struct Seen<'a> {
    node: &'a NodeReport,
    document: Option<&'a StateBox>,
    entries: &'a [Entry],
}

impl Seen<'_> {
    /// What a node is in the eyes of people, each with its key.
    fn named(&self, now: Timestamp) -> Vec<(Kind, String)> {
        let name = &self.node.name;
        match self.node.state {
            State::Done => self.passed().into_iter().collect(),
            State::Failed => vec![self.trouble(Kind::Failed)],
            State::NeedsDecision => vec![self.trouble(Kind::Undecided)],
            State::Blocked => {
                let is_in_doubt = self.outcome().is_some_and(|outcome| {
                    outcome.is_in_doubt && outcome.status == Ending::Blocked
                });
                let kind = if is_in_doubt {
                    Kind::InDoubt
                } else {
                    Kind::Blocked
                };
                vec![self.trouble(kind)]
            }
            State::Running | State::Waiting => {
                let mut found = Vec::new();
                let since = self.node.since.filter(|_| self.node.recheck_at.is_some());
                if let (Some(since), Some(typical)) = (since, &self.node.typical)
                    && is_late(now.duration_since(since), typical)
                {
                    found.push((Kind::Late, format!("{name}/late")));
                }
                if self.node.state == State::Waiting
                    && let Some(owner) = self.outcome().and_then(|outcome| outcome.owner.as_ref())
                {
                    found.push((Kind::Waiting, format!("{name}/waiting/{}", short(owner))));
                }
                found
            }
            State::Ready | State::Skipped | State::Unknown => Vec::new(),
        }
    }

    fn passed(&self) -> Option<(Kind, String)> {
        let name = &self.node.name;
        if self.outcome()?.status != Ending::Pass {
            return None;
        }
        // The gate is passed anew on every version of the result file.
        let key = self
            .entries
            .iter()
            .rev()
            .find_map(|entry| match &entry.fact {
                Fact::Gate { identity, .. } if name == "gate" => {
                    Some(format!("gate/passed/{}", short(identity)))
                }
                _ => None,
            });
        Some((
            Kind::Passed,
            key.unwrap_or_else(|| format!("{name}/passed")),
        ))
    }

    /// What a person must do something about. What the state holds (a failure, an issue) is the same for
    /// every operator. Anything else is new when what is to be done is, or after it was done once.
    fn trouble(&self, kind: Kind) -> (Kind, String) {
        let name = &self.node.name;
        let failed = self
            .document
            .and_then(|document| document.task(name))
            .filter(|task| task.status == TaskStatus::Fail);
        if let Some(task) = failed.filter(|_| matches!(kind, Kind::Failed | Kind::Blocked)) {
            let at = task.completed_at.as_deref().unwrap_or_default();
            return (kind, format!("{name}/failed/{at}"));
        }
        let issue = self.document.and_then(|document| document.blocker_of(name));
        if let Some(issue) = issue.filter(|_| kind == Kind::Blocked) {
            let at = issue.reported_at.as_deref().unwrap_or_default();
            let what = short(&format!("{} {at}", issue.text.trim()));
            return (kind, format!("{name}/issue/{what}"));
        }
        let word = match kind {
            Kind::Failed => "failed",
            Kind::Undecided => "undecided",
            Kind::InDoubt => "in-doubt",
            _ => "blocked",
        };
        let owner = self.node.owner.as_deref().unwrap_or_default();
        let next = self.node.next.as_deref().unwrap_or_default();
        let what = short(&format!("{owner}\n{next}"));
        (kind, format!("{name}/{word}/{what}/{}", self.turns()))
    }

    /// How often a node has passed, or a person has said something about it: after that the same trouble
    /// is another one.
    fn turns(&self) -> usize {
        let name = &self.node.name;
        let mut turns = 0;
        let mut before = None;
        for entry in self.entries {
            match &entry.fact {
                Fact::Outcome { node, outcome } if node == name => {
                    let passes = outcome.status == Ending::Pass && before != Some(Ending::Pass);
                    turns += usize::from(passes);
                    before = Some(outcome.status);
                }
                Fact::Retry { task, .. } | Fact::Decision { task, .. } if task == name => {
                    turns += 1;
                }
                _ => {}
            }
        }
        turns
    }

    /// A node that is not asked again stands with another reason than the one it passed for.
    fn reason(&self, kind: Kind) -> String {
        let passed = self.outcome().filter(|_| kind == Kind::Passed);
        passed
            .map_or(&self.node.reason, |outcome| &outcome.reason)
            .clone()
    }

    fn outcome(&self) -> Option<&Outcome> {
        self.entries
            .iter()
            .rev()
            .find_map(|entry| match &entry.fact {
                Fact::Outcome { node, outcome } if *node == self.node.name => Some(outcome),
                _ => None,
            })
    }
}

/// Whether a task ended in this journal, or a pass before it was complete: else the release was done
/// before anybody looked here.
fn has_worked(report: &Report, entries: &[Entry]) -> bool {
    entries.iter().any(|entry| match &entry.fact {
        Fact::Outcome { node, .. } => report
            .node(node)
            .is_some_and(|node| node.kind == NodeKind::Task),
        Fact::Pass { outcome, .. } => outcome != COMPLETE,
        _ => false,
    })
}

/// A few letters that stand for a text.
fn short(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(5).fold(String::new(), |mut short, byte| {
        short.push_str(&format!("{byte:02x}"));
        short
    })
}
