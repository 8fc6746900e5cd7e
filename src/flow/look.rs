//! What is known about a node before it runs: from the state store, the journal and what comes
//! before it.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    graph::{Graph, Node, NodeKind},
    journal::{Entry, Fact},
    report::{NodeReport, State},
};
use crate::{
    oar::outcome::{Attempt, recorded},
    release::{
        Ending, Outcome, TaskStatus, Version,
        statebox::{StateBox, time},
        task::WORKFLOW_TASKS,
    },
    state::Snapshot,
};

/// What is known about the release while nodes are looked at.
pub struct Known<'a> {
    /// Its state, if there is a document.
    pub snapshot: Option<&'a Snapshot>,
    /// The record.
    pub entries: &'a [Entry],
    /// `konflux` or `errata`, if that is known.
    pub flow: Option<&'a str>,
}

/// Whether a node runs now.
#[derive(Debug)]
pub enum Look {
    /// It does not: this is where it stands.
    Stands(Box<NodeReport>),
    /// Its turn has come.
    Runs,
}

impl Known<'_> {
    /// Where a node stands whatever comes before it: done, or not for this release.
    pub fn is_settled(&self, graph: &Graph, node: &Node) -> Option<NodeReport> {
        if let (Some(only), Some(flow)) = (&node.only_for, self.flow)
            && only != flow
        {
            return Some(NodeReport::new(
                node,
                State::Skipped,
                format!("only for {only} releases"),
            ));
        }
        if node.kind == NodeKind::Check {
            let mut followers = graph.followers(&node.name).peekable();
            let is_past = followers.peek().is_some()
                && followers.all(|next| self.is_settled(graph, next).is_some());
            return is_past.then(|| {
                let why = "not asked again: everything that comes after it is done";
                NodeReport::new(node, State::Done, why)
            });
        }
        let (reason, since) = self.passed(&node.name)?;
        let mut report = NodeReport::new(node, State::Done, reason);
        report.since = since;
        Some(report)
    }

    /// Looks at a node that is not settled. `reports` holds the nodes that stand already.
    pub fn look(&self, graph: &Graph, node: &Node, reports: &HashMap<String, NodeReport>) -> Look {
        if self.runs_outside(&node.name) {
            // What runs is followed, whatever has become of what came before it.
            return Look::Runs;
        }
        let document = self.snapshot.map(|snapshot| &snapshot.document);
        if let Some(issue) = document.and_then(|document| document.blocker_of(&node.name)) {
            // A person's rejection opened it: there is more to do than to resolve it.
            let is_mended_with_it = |report: &NodeReport| {
                report
                    .next
                    .as_deref()
                    .is_some_and(|next| next.contains("oar-script resolve"))
            };
            if let Some(report) = self.failed(node).filter(is_mended_with_it) {
                return Look::Stands(Box::new(report));
            }
            let text = issue.text.lines().next().unwrap_or_default();
            let mut report = NodeReport::new(node, State::Blocked, format!("blocker: {text}"));
            report.owner = Some("whoever can resolve the issue".to_owned());
            report.next = Some(resolving(&issue.text, document));
            return Look::Stands(Box::new(report));
        }
        if let Some(report) = self.failed(node) {
            return Look::Stands(Box::new(report));
        }
        let mut missing = Vec::new();
        for (name, _) in &node.after {
            add_missing(graph, name, reports, &mut missing);
        }
        if !missing.is_empty() {
            let reason = format!("after {}", missing.join(", "));
            return Look::Stands(Box::new(NodeReport::new(node, State::Waiting, reason)));
        }
        Look::Runs
    }

    /// Whether the state names something that runs outside for a task.
    fn runs_outside(&self, name: &str) -> bool {
        let Some(document) = self.snapshot.map(|snapshot| &snapshot.document) else {
            return false;
        };
        let Some(task) = document
            .task(name)
            .filter(|task| task.status == TaskStatus::InProgress)
        else {
            return false;
        };
        let judgement = recorded(name, task.status, task.result.as_deref());
        matches!(judgement.attempt, Attempt::Started | Attempt::Running)
            && judgement.outcome.remote.is_some()
    }

    fn passed(&self, name: &str) -> Option<(String, Option<Timestamp>)> {
        if WORKFLOW_TASKS.contains(&name) {
            let document = &self.snapshot?.document;
            if document.status(name) != TaskStatus::Pass {
                return None;
            }
            let task = document.task(name)?;
            let ours = last_outcome(self.entries, name)
                .filter(|(outcome, _)| outcome.status == Ending::Pass);
            // The sheet of the limited mode tells no times.
            let since = match self.snapshot.is_some_and(|snapshot| snapshot.is_limited) {
                true => ours.map(|(_, at)| at),
                false => instant(task.completed_at.as_deref()),
            };
            let reason = ours
                .map(|(outcome, _)| outcome.reason.clone())
                .or_else(|| last_line(task.result.as_deref()));
            return Some((reason.unwrap_or_else(|| "passed".to_owned()), since));
        }
        if name == "create-test-report"
            && let Some(snapshot) = self.snapshot
        {
            if snapshot.is_limited {
                return Some(("the report is the sheet".to_owned(), None));
            }
            let since = instant(snapshot.document.created_at());
            return Some(("the StateBox exists".to_owned(), since));
        }
        last_outcome(self.entries, name)
            .filter(|(outcome, _)| outcome.status == Ending::Pass)
            .map(|(outcome, at)| (outcome.reason.clone(), Some(at)))
    }

    fn failed(&self, node: &Node) -> Option<NodeReport> {
        let document = &self.snapshot?.document;
        if document.status(&node.name) != TaskStatus::Fail {
            return None;
        }
        let task = document.task(&node.name)?;
        let text = task.result.as_deref().unwrap_or_default();
        let judgement = recorded(&node.name, TaskStatus::Fail, Some(text));
        if judgement.attempt.may_start()
            || judgement.outcome.status != Ending::Fail
            || self.may_be_tried_again(&node.name, instant(task.completed_at.as_deref()), document)
        {
            return None;
        }
        // Our own record says best why; another tool's text is all there is for what it did.
        let ours = last_outcome(self.entries, &node.name)
            .map(|(outcome, _)| outcome)
            .filter(|outcome| outcome.status == Ending::Fail);
        let outcome = ours.unwrap_or(&judgement.outcome);
        let mut report = NodeReport::new(node, State::Failed, outcome.reason.clone());
        report.since = instant(task.completed_at.as_deref());
        report.owner = Some("the release lead".to_owned());
        report.link = outcome.link.clone().or_else(|| {
            outcome
                .remote
                .as_ref()
                .and_then(|remote| remote.url.clone())
        });
        report.next = Some(retrying(
            document.release(),
            &node.name,
            outcome.next.as_deref(),
        ));
        Some(report)
    }

    /// A person's retry or the end of the blocker that stood for the failure reopens a task.
    fn may_be_tried_again(
        &self,
        name: &str,
        failed_at: Option<Timestamp>,
        document: &StateBox,
    ) -> bool {
        let is_later = |at: Timestamp| failed_at.is_none_or(|failed_at| at >= failed_at);
        let failed_in_journal = self
            .entries
            .iter()
            .rposition(|entry| {
                matches!(&entry.fact, Fact::Outcome { node, outcome } if node == name && outcome.status == Ending::Fail)
            });
        let was_retried = self.entries.iter().enumerate().any(|(place, entry)| {
            matches!(&entry.fact, Fact::Retry { task, .. } if task == name)
                && match failed_in_journal {
                    Some(failed) => place > failed,
                    None => true,
                }
        });
        was_retried
            || document.issues().iter().any(|issue| {
                issue.is_blocker
                    && issue.is_resolved
                    && issue.related_tasks.iter().any(|task| task == name)
                    && instant(issue.resolved_at.as_deref()).is_some_and(is_later)
            })
    }
}

/// Whether what comes after a node may start: it is done, or it only informs and was looked at.
fn is_out_of_the_way(graph: &Graph, name: &str, reports: &HashMap<String, NodeReport>) -> bool {
    let Some(report) = reports.get(name) else {
        return false;
    };
    let was_looked_at = report.state != State::Waiting || report.recheck_at.is_some();
    let only_informs = graph.get(name).is_some_and(|node| node.is_informing);
    report.state.opens_the_way() || (only_informs && was_looked_at)
}

/// The last line of a text that says something, without the log prefix. `None` when it says no more
/// than the status does.
pub fn last_line(text: Option<&str>) -> Option<String> {
    let line = text?
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty())?;
    let said = line
        .splitn(3, ": ")
        .nth(2)
        .filter(|_| line.contains("Z: "))
        .unwrap_or(line);
    (!said.contains("status is changed to [")).then(|| said.to_owned())
}

/// What a person does about a failed task: what the outcome says, then the command.
pub fn retrying(release: &Version, task: &str, first: Option<&str>) -> String {
    let retry = format!("oar-script retry {release} {task} --why TEXT");
    match first {
        Some(first) if first.contains("oar-script ") => first.to_owned(),
        Some(first) => format!("{first}; when the cause is gone: {retry}"),
        None => format!("when the cause is gone: {retry}"),
    }
}

/// What a person does about a blocker: the command that resolves it.
fn resolving(text: &str, document: Option<&StateBox>) -> String {
    let start = text.lines().next().unwrap_or_default().replace('"', "\\\"");
    match document {
        Some(document) => format!(
            "when it is mended: oar-script resolve {} \"{start}\" --how TEXT",
            document.release()
        ),
        None => "resolve the issue, then run again".to_owned(),
    }
}

/// What must end before whatever comes after `name` may start. A node that is not for this release
/// hands on what it waits for itself.
fn add_missing<'a>(
    graph: &Graph,
    name: &'a str,
    reports: &'a HashMap<String, NodeReport>,
    missing: &mut Vec<&'a str>,
) {
    match reports.get(name) {
        Some(report) if report.state == State::Skipped => {
            for before in &report.after {
                add_missing(graph, before, reports, missing);
            }
        }
        _ if is_out_of_the_way(graph, name, reports) => {}
        _ if missing.contains(&name) => {}
        _ => missing.push(name),
    }
}

fn last_outcome<'a>(entries: &'a [Entry], name: &str) -> Option<(&'a Outcome, Timestamp)> {
    entries.iter().rev().find_map(|entry| match &entry.fact {
        Fact::Outcome { node, outcome } if node == name => Some((outcome, entry.at)),
        _ => None,
    })
}

fn instant(text: Option<&str>) -> Option<Timestamp> {
    time::parse(text?)
}
