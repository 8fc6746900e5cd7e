//! A pass that only looks.
//!
//! A plan runs the same nodes with the same scripts, but every call that would change something is
//! refused before it leaves, and offline every call is. A refusal says what the node would have done,
//! so the plan shows the decisions of the scripts themselves. Nothing is written, not even the journal.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    drive::{Drive, Evidence},
    graph::{Graph, Node, NodeKind, nearest},
    pass::Trouble,
    report::{NodeReport, State},
};
use crate::{
    call::{Operation, Permit},
    error::{Error, Kind, Result},
    release::TaskStatus,
};

/// Marks the refusal of a change, so that it is told from other refusals.
const PLANNED: &str = "plan";
/// Marks the refusal of a read that an offline plan cannot make.
const OFFLINE: &str = "offline";

/// What a plan may do and what it takes for granted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Whether no service may be asked.
    pub is_offline: bool,
    /// Facts given by a person: node and word.
    pub assumed: BTreeMap<String, String>,
}

impl Plan {
    /// Reads facts such as `build-promotion=accepted,test-results=running`.
    pub fn assume(&mut self, text: &str) -> Result<()> {
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let (node, word) = part.split_once('=').ok_or_else(|| {
                Error::invalid(format!("`{part}` is not a fact"))
                    .hint("write NODE=WORD, such as build-promotion=accepted")
            })?;
            state_of(word.trim())?;
            self.assumed
                .insert(node.trim().to_owned(), word.trim().to_owned());
        }
        Ok(())
    }

    /// Fails when a fact is about a node that does not exist.
    pub fn check(&self, graph: &Graph) -> Result<()> {
        for name in self.assumed.keys() {
            if graph.get(name).is_none() {
                let names = graph.nodes().map(|node| node.name.as_str());
                let hint = nearest(name, names)
                    .map_or("`plan` lists the nodes".to_owned(), |near| {
                        format!("did you mean `{near}`?")
                    });
                return Err(
                    Error::invalid(format!("the flow has no node `{name}` to assume")).hint(hint),
                );
            }
        }
        Ok(())
    }

    /// The result file that is taken for granted for the promoted build, if one is.
    pub fn evidence(&self, build: &str) -> Option<Option<Evidence>> {
        let word = self.assumed.get("test-results")?;
        let (is_aggregated, is_accepted) = match word.as_str() {
            "missing" => return Some(None),
            "accepted" | "pass" | "done" => (true, true),
            "rejected" | "fail" | "failed" => (true, false),
            _ => (false, false),
        };
        Some(Some(Evidence {
            build: build.to_owned(),
            identity: "assumed".to_owned(),
            is_aggregated,
            is_accepted,
            summary: format!("assumed {word}"),
            verdict: if is_accepted { "ACCEPT" } else { "INVESTIGATE" }.to_owned(),
            link: String::new(),
        }))
    }

    /// Where an assumed node stands.
    pub fn assumed(&self, node: &Node) -> Option<NodeReport> {
        // Its scripts judge the assumed result file themselves.
        if node.name == "test-results" {
            return None;
        }
        let word = self.assumed.get(&node.name)?;
        let state = state_of(word).ok()?;
        Some(NodeReport::new(node, state, format!("assumed {word}")))
    }
}

/// Refuses what a plan may not do.
pub struct LookOnly {
    is_offline: bool,
}

impl LookOnly {
    /// Guards the calls of a plan.
    pub fn new(plan: &Plan) -> Arc<Self> {
        Arc::new(Self {
            is_offline: plan.is_offline,
        })
    }
}

impl Permit for LookOnly {
    fn check(&self, operation: &Operation) -> Result<()> {
        if operation.is_changing {
            Err(would(&format!("would call {}", operation.name)))
        } else if self.is_offline {
            Err(depends_on(&operation.name))
        } else {
            Ok(())
        }
    }
}

/// The refusal of a read that an offline plan cannot make.
pub fn depends_on(what: &str) -> Error {
    Error::new(Kind::Refused, format!("depends on {what}")).service(OFFLINE)
}

/// The refusal that says what would have been done.
pub fn would(what: &str) -> Error {
    Error::new(Kind::Refused, what).service(PLANNED)
}

/// Where a node stands whose function ended in the refusal of a plan.
pub fn refused(drive: &Drive, graph: &Graph, node: &Node, trouble: &Trouble) -> Option<NodeReport> {
    let error = &trouble.error;
    match error.service.as_deref() {
        Some(PLANNED) => {
            let document = drive.snapshot().ok().flatten();
            let is_running = document.is_some_and(|snapshot| {
                snapshot.document.status(&node.name) == TaskStatus::InProgress
            });
            let state = if is_running {
                State::Running
            } else {
                State::Ready
            };
            let reason = if is_running {
                format!("in progress; a pass {}", error.message)
            } else {
                error.message.clone()
            };
            let mut report = NodeReport::new(node, state, reason);
            if is_running {
                let wait = i64::try_from(node.recheck.as_secs()).unwrap_or(0);
                let now = drive.session.world().now();
                report.recheck_at = now.checked_add(jiff::SignedDuration::from_secs(wait)).ok();
            }
            Some(report)
        }
        Some(OFFLINE) => {
            if let Some(begun) = begun_after(drive, graph, node) {
                let reason = format!("was passed before: {begun} has begun");
                return Some(NodeReport::new(node, State::Done, reason));
            }
            let mut report = NodeReport::new(node, State::Unknown, error.message.clone());
            report.next = Some(format!("give the fact with --assume {}=WORD", node.name));
            Some(report)
        }
        _ => None,
    }
}

/// A task that comes after a check and has begun: the check was passed when it did.
fn begun_after(drive: &Drive, graph: &Graph, node: &Node) -> Option<String> {
    if node.kind != NodeKind::Check {
        return None;
    }
    let document = drive.snapshot().ok().flatten()?.document;
    graph
        .followers(&node.name)
        .find(|next| document.status(&next.name) != TaskStatus::NotStarted)
        .map(|next| next.name.clone())
}

fn state_of(word: &str) -> Result<State> {
    match word {
        "accepted" | "pass" | "passed" | "done" => Ok(State::Done),
        "rejected" | "pending" | "ready" | "waiting" | "missing" | "running" => Ok(State::Waiting),
        "fail" | "failed" => Ok(State::Failed),
        "skipped" => Ok(State::Skipped),
        _ => Err(Error::invalid(format!("`{word}` is not a word for a fact"))
            .hint("the words are accepted, rejected, pending, running, missing, waiting, failed and skipped")),
    }
}
