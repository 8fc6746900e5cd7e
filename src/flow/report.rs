//! What a pass found: the state of every node, and the release as a whole.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::graph::{Node, NodeKind};
use crate::release::{Ending, Outcome, Version, metadata::Drift};

/// Where a node stands.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Done and good.
    Done,
    /// A pass would run it now.
    Ready,
    /// Something of ours runs outside.
    Running,
    /// Somebody, something or another node must move first.
    Waiting,
    /// A person must act.
    Blocked,
    /// Done and not good.
    Failed,
    /// Does not apply.
    Skipped,
    /// A person must choose.
    NeedsDecision,
    /// Cannot be known here.
    Unknown,
}

impl State {
    /// The word that JSON and tables show.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::NeedsDecision => "needs_decision",
            Self::Unknown => "unknown",
        }
    }

    /// Whether what comes after may start.
    pub fn opens_the_way(self) -> bool {
        matches!(self, Self::Done | Self::Skipped)
    }
}

impl From<Ending> for State {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Pass => Self::Done,
            Ending::Fail => Self::Failed,
            Ending::InProgress => Self::Running,
            Ending::Waiting => Self::Waiting,
            Ending::Skipped => Self::Skipped,
            Ending::NeedsDecision => Self::NeedsDecision,
            Ending::Blocked => Self::Blocked,
        }
    }
}

/// Where one node stands and why.
#[derive(Clone, Debug, Serialize)]
pub struct NodeReport {
    /// The node.
    pub name: String,
    /// Its phase.
    pub phase: String,
    /// Task or check.
    pub kind: NodeKind,
    /// Where it stands.
    pub state: State,
    /// Why, in one line.
    pub reason: String,
    /// Who or what is waited for.
    pub owner: Option<String>,
    /// When it is looked at again.
    pub recheck_at: Option<Timestamp>,
    /// What comes before it.
    pub after: Vec<String>,
    /// Since when it stands there, if that is known.
    pub since: Option<Timestamp>,
    /// Where a person looks at it.
    pub link: Option<String>,
    /// The next step for a person.
    pub next: Option<String>,
    /// How long it usually takes.
    pub typical: Option<String>,
    /// Whether its end holds nothing back.
    pub informs: bool,
    /// The whole error report, when the node ended in an error of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl NodeReport {
    /// Makes a report without anything but state and reason.
    pub fn new(node: &Node, state: State, reason: impl Into<String>) -> Self {
        Self {
            name: node.name.clone(),
            phase: node.phase.clone(),
            kind: node.kind,
            state,
            reason: reason.into(),
            owner: None,
            recheck_at: None,
            after: node.after.iter().map(|(name, _)| name.clone()).collect(),
            since: None,
            link: None,
            next: None,
            typical: node.typical.clone(),
            informs: node.is_informing,
            error: None,
        }
    }

    /// Puts release and task into a next step that names them as RELEASE and TASK, so that it can
    /// be typed as it stands.
    fn fill_in(&mut self, release: &Version) {
        if let Some(next) = &mut self.next
            && next.contains("oar-script")
        {
            *next = next
                .replace(" RELEASE", &format!(" {release}"))
                .replace(" TASK", &format!(" {}", self.name));
        }
    }

    /// Takes over what an outcome says.
    pub fn of_outcome(node: &Node, outcome: &Outcome, now: Timestamp) -> Self {
        let mut report = Self::new(node, outcome.status.into(), outcome.reason.clone());
        report.owner.clone_from(&outcome.owner);
        report.next.clone_from(&outcome.next);
        report.link = outcome.link.clone().or_else(|| {
            outcome
                .remote
                .as_ref()
                .and_then(|remote| remote.url.clone())
        });
        if matches!(outcome.status, Ending::InProgress | Ending::Waiting) {
            let wait = outcome.recheck_secs.unwrap_or(node.recheck.as_secs());
            let wait = i64::try_from(wait).unwrap_or(i64::MAX / 2);
            report.recheck_at = now.checked_add(jiff::SignedDuration::from_secs(wait)).ok();
        }
        report
    }
}

/// How a pass ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PassOutcome {
    /// Everything that holds the release is done.
    Complete,
    /// Nothing to do until later.
    Waiting,
    /// A person must act.
    Blocked,
    /// A task failed.
    Failed,
    /// A pass would act now (plans only).
    Ready,
    /// What comes next depends on facts that are not known here (plans only).
    Unknown,
}

impl PassOutcome {
    /// The word that JSON and people see.
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
            Self::Ready => "ready",
            Self::Unknown => "unknown",
        }
    }

    /// The exit code of the program.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Complete | Self::Ready | Self::Unknown => 0,
            Self::Waiting => 3,
            Self::Blocked => 4,
            Self::Failed => 5,
        }
    }
}

/// What a pass found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The release.
    pub release: Version,
    /// When the pass ended.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: PassOutcome,
    /// When to come back, if something moves by then without a person.
    pub back_at: Option<Timestamp>,
    /// Every node, in the order of the flow.
    pub nodes: Vec<NodeReport>,
    /// What people should know beside the nodes: limited mode, open issues, alerts.
    pub notes: Vec<String>,
    /// Where the build data differ from what the state recorded; what is acted on is the former.
    pub drift: Vec<Drift>,
    /// When each node was last looked at.
    pub looked_at: HashMap<String, Timestamp>,
}

impl Report {
    /// Judges the release as a whole from its nodes.
    pub fn new(
        release: Version,
        at: Timestamp,
        mut nodes: Vec<NodeReport>,
        notes: Vec<String>,
    ) -> Self {
        for node in &mut nodes {
            node.fill_in(&release);
        }
        let back_at = nodes.iter().filter_map(|node| node.recheck_at).min();
        let outcome = judge(&nodes);
        Self {
            release,
            at,
            outcome,
            back_at,
            nodes,
            notes,
            drift: Vec::new(),
            looked_at: HashMap::new(),
        }
    }

    /// The node of this name.
    pub fn node(&self, name: &str) -> Option<&NodeReport> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The nodes that a person must do something about, those that hold the release first.
    pub fn for_a_person(&self) -> Vec<&NodeReport> {
        let mut nodes: Vec<_> = self
            .nodes
            .iter()
            .filter(|node| {
                matches!(
                    node.state,
                    State::Blocked | State::Failed | State::NeedsDecision
                )
            })
            .collect();
        nodes.sort_by_key(|node| node.informs);
        nodes
    }

    /// The report in one line: what to do next and when.
    pub fn headline(&self) -> String {
        let release = &self.release;
        let person = self.for_a_person();
        let gating = person.iter().find(|node| !node.informs);
        let back = self.come_back();
        match self.outcome {
            PassOutcome::Complete => format!("{release} is approved: nothing is left to do"),
            PassOutcome::Ready => {
                let names = self.names(State::Ready);
                format!("{release} can go on: the next pass runs {names}")
            }
            PassOutcome::Unknown => {
                let names = self.names(State::Unknown);
                format!("{release} depends on facts that are not known here: {names}")
            }
            PassOutcome::Waiting => {
                let first = self
                    .nodes
                    .iter()
                    .filter(|node| node.recheck_at.is_some())
                    .min_by_key(|node| node.recheck_at);
                let what = first.map_or(String::new(), |node| {
                    let owner = node
                        .owner
                        .as_ref()
                        .map_or(String::new(), |owner| format!(" ({owner})"));
                    format!(" for {}{owner}", node.name)
                });
                format!("{release} waits{what}{back}")
            }
            PassOutcome::Blocked | PassOutcome::Failed => {
                let what = gating.map_or(String::new(), |node| {
                    let next = node
                        .next
                        .as_ref()
                        .map_or(String::new(), |next| format!("; next: {next}"));
                    format!(" at {}: {}{next}", node.name, node.reason)
                });
                let word = if self.outcome == PassOutcome::Failed {
                    "failed"
                } else {
                    "needs a person"
                };
                format!("{release} {word}{what}{back}")
            }
        }
    }

    /// When to come back, as the end of a sentence: `; come back at 2027-03-01 09:10 UTC, in 10 min`. Empty when nothing moves without a person.
    pub fn come_back(&self) -> String {
        let Some(at) = self.back_at else {
            return String::new();
        };
        // Who comes back at the minute that was said should not be too early.
        let at = at
            .checked_add(jiff::SignedDuration::from_secs(59))
            .unwrap_or(at);
        let minutes = at.duration_since(self.at).as_mins().max(0);
        let span = match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
            (0, 0, minutes) => format!("{minutes} min"),
            (0, hours, 0) => format!("{hours} h"),
            (0, hours, minutes) => format!("{hours} h {minutes} min"),
            (days, 0, _) => format!("{days} d"),
            (days, hours, _) => format!("{days} d {hours} h"),
        };
        format!(
            "; come back at {}, in {span}",
            at.strftime("%Y-%m-%d %H:%M UTC")
        )
    }

    /// The report as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "release": self.release,
            "at": self.at,
            "outcome": self.outcome,
            "headline": self.headline(),
            "back_at": self.back_at,
            "nodes": self.nodes,
            "notes": self.notes,
            "drift": self.drift,
        })
    }

    fn names(&self, state: State) -> String {
        let names: Vec<_> = self
            .nodes
            .iter()
            .filter(|node| node.state == state)
            .map(|node| node.name.as_str())
            .collect();
        names.join(", ")
    }
}

fn is_last(nodes: &[NodeReport], node: &NodeReport) -> bool {
    !nodes.iter().any(|other| other.after.contains(&node.name))
}

fn judge(nodes: &[NodeReport]) -> PassOutcome {
    let has = |states: &[State]| {
        nodes
            .iter()
            .any(|node| !node.informs && states.contains(&node.state))
    };
    let is_done = nodes
        .iter()
        .all(|node| node.informs || node.state.opens_the_way());
    // A check at the end that could not be looked at takes nothing back from what is recorded.
    let is_recorded = nodes.iter().all(|node| {
        let is_unseen = node.state == State::Unknown && node.kind == NodeKind::Check;
        node.informs || node.state.opens_the_way() || (is_unseen && is_last(nodes, node))
    });
    if is_done || is_recorded {
        PassOutcome::Complete
    } else if has(&[State::Failed]) {
        PassOutcome::Failed
    } else if has(&[State::Blocked, State::NeedsDecision]) {
        PassOutcome::Blocked
    } else if nodes.iter().any(|node| node.state == State::Ready) {
        PassOutcome::Ready
    } else if has(&[State::Unknown]) && !nodes.iter().any(|node| node.recheck_at.is_some()) {
        PassOutcome::Unknown
    } else {
        PassOutcome::Waiting
    }
}
