//! One evaluation of the flow: run all that can run, until nothing can.
//!
//! Nodes that can run, run at the same time, each on its own thread. What a node frees is started
//! as soon as it ended, so a pass takes as long as its longest chain. A node's end is in the
//! journal before it is shown, and in the state store before what follows it starts.

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread::{Builder, Scope},
};

use jiff::{SignedDuration, Timestamp};

use super::{
    drive::Drive,
    effect,
    graph::{Graph, Node, NodeKind},
    journal::{Fact, Settlement},
    look::{Known, Look, retrying},
    notes::{hear, notes},
    notice::{Change, Notice},
    plan,
    report::{NodeReport, Report, State},
};
use crate::{
    call::Control,
    error::{Error, Kind, Result},
    oar::outcome::recorded,
    release::{Ending, Outcome, TaskStatus, statebox, task::WORKFLOW_TASKS},
    world::{Event, What, World},
};

/// How long a node that waits is left alone at the most: a person may have said something.
const LONGEST_SILENCE: SignedDuration = SignedDuration::from_mins(30);

/// The stack of a thread that runs a node.
const STACK: usize = 8 << 20;

/// Runs the script function of a node.
pub trait Runner: Sync {
    /// Returns what the node ended with.
    fn run(&self, node: &Node) -> Result<Outcome, Trouble>;

    /// Returns what people are told about a change, and whom; nothing unless the script says so.
    fn notices(&self, _change: &Change) -> Result<Vec<Notice>, Trouble> {
        Ok(Vec::new())
    }
}

/// A node that ended in an error.
#[derive(Debug)]
pub struct Trouble {
    /// The error.
    pub error: Error,
    /// The error as people see it, with the place in the script.
    pub report: Option<String>,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self {
            error,
            report: None,
        }
    }
}

/// Runs one pass over the flow. What the pass before found running or waiting, and need not be looked
/// at again yet, stands as it was.
///
/// Fails when the run as a whole cannot go on: a person stopped it, the journal cannot be written,
/// the state cannot be read.
pub fn pass(
    drive: &Drive,
    graph: &Graph,
    runner: &dyn Runner,
    before: Option<&Report>,
) -> Result<Report> {
    drive.begin_pass()?;
    let ended = evaluate(drive, graph, runner, before);
    drive.end_pass();
    ended
}

fn evaluate(
    drive: &Drive,
    graph: &Graph,
    runner: &dyn Runner,
    before: Option<&Report>,
) -> Result<Report> {
    if let Some(plan) = &drive.plan {
        plan.check(graph)?;
    }
    drive.read()?;
    let data = drive.data()?;
    let flow = data.metadata.flow();
    hear(drive, &data)?;
    let pass = Pass {
        drive,
        graph,
        runner,
        flow,
        world: drive.session.world().clone(),
        control: Control::current(),
        progress: Mutex::default(),
        ended: Condvar::new(),
    };
    pass.settle_known()?;
    pass.keep_early(before);
    std::thread::scope(|scope| {
        while let Some(ended) = pass.start_ready(scope) {
            pass.world
                .wait_for_next(&mut || pass.wait_for_an_end(ended));
        }
    });
    pass.finish()
}

struct Pass<'a> {
    drive: &'a Drive,
    graph: &'a Graph,
    runner: &'a dyn Runner,
    flow: &'static str,
    world: Arc<dyn World>,
    control: Control,
    progress: Mutex<Progress>,
    ended: Condvar,
}

#[derive(Default)]
struct Progress {
    reports: HashMap<String, NodeReport>,
    looked_at: HashMap<String, Timestamp>,
    running: Vec<String>,
    ended: u64,
    fatal: Option<Error>,
}

impl<'a> Pass<'a> {
    /// Notes what is done or does not apply, whatever comes before it.
    fn settle_known(&self) -> Result<()> {
        let snapshot = self.drive.snapshot()?;
        self.drive.journal.look(|entries| {
            let known = Known {
                snapshot: snapshot.as_ref(),
                entries,
                flow: Some(self.flow),
            };
            let mut progress = self.progress();
            for node in self.graph.nodes() {
                if let Some(report) = known.is_settled(self.graph, node) {
                    progress.reports.insert(node.name.clone(), report);
                }
            }
        });
        Ok(())
    }

    /// Keeps what need not be looked at again yet.
    fn keep_early(&self, before: Option<&Report>) {
        let Some(before) = before else { return };
        let now = self.world.now();
        let is_early = |report: &&NodeReport| {
            let looked_at = before
                .looked_at
                .get(&report.name)
                .copied()
                .unwrap_or(before.at);
            report.recheck_at.is_some_and(|at| at > now)
                && now.duration_since(looked_at) < LONGEST_SILENCE
        };
        let mut progress = self.progress();
        for report in before.nodes.iter().filter(is_early) {
            progress
                .reports
                .entry(report.name.clone())
                .or_insert_with(|| report.clone());
            if let Some(at) = before.looked_at.get(&report.name) {
                progress.looked_at.insert(report.name.clone(), *at);
            }
        }
    }

    /// Starts every node whose turn has come. Returns how many had ended by then, or `None` when
    /// nothing runs any more.
    fn start_ready<'scope, 'env>(&'env self, scope: &'scope Scope<'scope, 'env>) -> Option<u64> {
        let mut progress = self.progress();
        if progress.fatal.is_none() && !self.control.token.is_cancelled() {
            self.start(scope, &mut progress);
        }
        (!progress.running.is_empty()).then_some(progress.ended)
    }

    fn start<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        progress: &mut Progress,
    ) {
        let snapshot = match self.drive.snapshot() {
            Ok(snapshot) => snapshot,
            Err(error) => {
                progress.fatal.get_or_insert(error);
                return;
            }
        };
        for (rank, node) in self.graph.nodes().enumerate() {
            if progress.running.contains(&node.name) {
                continue;
            }
            let is_open = progress
                .reports
                .get(&node.name)
                .is_none_or(|report| report.state == State::Waiting && report.recheck_at.is_none());
            if !is_open {
                continue;
            }
            let look = self.drive.journal.look(|entries| {
                let known = Known {
                    snapshot: snapshot.as_ref(),
                    entries,
                    flow: Some(self.flow),
                };
                known.look(self.graph, node, &progress.reports)
            });
            match look {
                Look::Stands(report) => {
                    progress.reports.insert(node.name.clone(), *report);
                }
                Look::Runs => {
                    let ticket = self.world.reserve_turn(rank as u64 + 1);
                    let started = Builder::new()
                        .name(node.name.clone())
                        .stack_size(STACK)
                        .spawn_scoped(scope, move || {
                            let _turn = ticket.enter();
                            let _running = Running {
                                pass: self,
                                name: &node.name,
                            };
                            self.run(node);
                        });
                    match started {
                        Ok(_) => progress.running.push(node.name.clone()),
                        Err(error) => {
                            let what = format!("cannot start a thread for `{}`", node.name);
                            progress
                                .fatal
                                .get_or_insert(Error::new(Kind::Unexpected, what).because(error));
                        }
                    }
                }
            }
        }
    }

    /// Blocks until more than `ended` nodes have ended.
    fn wait_for_an_end(&self, ended: u64) {
        let _more = self
            .ended
            .wait_while(self.progress(), |progress| progress.ended <= ended)
            .expect("no thread panics while it holds the progress");
    }

    fn run(&self, node: &Node) {
        if let Some(plan) = &self.drive.plan
            && let Some(report) = plan.assumed(node)
        {
            self.progress().reports.insert(node.name.clone(), report);
            return;
        }
        self.say(Some(node), What::Started);
        let control = Control {
            node: Some(node.name.clone()),
            ..self.control.clone()
        };
        let ended = control.scope(|| self.runner.run(node));
        // Also when the script caught it: what cannot be written down did not happen.
        if let Some(trouble) = self.drive.journal.trouble() {
            self.progress().fatal.get_or_insert(trouble);
            return;
        }
        let (outcome, error, report) = match ended {
            Ok(outcome) => (outcome, None, None),
            Err(trouble) if trouble.error.kind == Kind::Cancelled => {
                self.progress().fatal.get_or_insert(trouble.error);
                return;
            }
            Err(trouble) => {
                if self.drive.plan.is_some()
                    && let Some(report) = plan::refused(self.drive, self.graph, node, &trouble)
                {
                    self.progress().reports.insert(node.name.clone(), report);
                    return;
                }
                let outcome = of_error(&trouble.error);
                let is_ours = outcome.status == Ending::Fail;
                (
                    outcome,
                    Some(trouble.error),
                    is_ours.then_some(trouble.report).flatten(),
                )
            }
        };
        let kept = match self.drive.plan {
            Some(_) => Ok(self.drive.journal.since(&node.name, outcome.status)),
            None => self.keep(node, &outcome, error.is_some()),
        };
        let mut node_report = NodeReport::of_outcome(node, &outcome, self.world.now());
        node_report.error = report;
        if node_report.state == State::Failed && node.kind == NodeKind::Task {
            let release = &self.drive.release;
            let next = retrying(release, &node.name, node_report.next.as_deref());
            node_report.next = Some(next);
        }
        match kept {
            Ok(since) => node_report.since = since,
            Err(error) => {
                self.progress().fatal.get_or_insert(error);
                return;
            }
        }
        let word = node_report.state.word().to_owned();
        self.say(Some(node), What::Ended(word, outcome.reason));
        let mut progress = self.progress();
        progress
            .looked_at
            .insert(node.name.clone(), self.world.now());
        progress.reports.insert(node.name.clone(), node_report);
    }

    /// Writes the end of a node into the journal and the state store.
    fn keep(&self, node: &Node, outcome: &Outcome, is_error: bool) -> Result<Option<Timestamp>> {
        let drive = self.drive;
        let before = drive.journal.last_outcome(&node.name);
        let since = drive.journal.since(&node.name, outcome.status);
        if before.is_none_or(|(before, _)| is_news(&before, outcome)) {
            drive.record(Fact::Outcome {
                node: node.name.clone(),
                outcome: outcome.clone(),
            })?;
        }
        if node.kind == NodeKind::Task && WORKFLOW_TASKS.contains(&node.name.as_str()) && !is_error
        {
            self.keep_status(node, outcome)?;
            if outcome.status == Ending::Pass && !drive.journal.was_kept(&node.name) {
                let node = node.name.clone();
                drive.record(Fact::Kept { node })?;
            }
        }
        // Last: until the end of a run is in the state, it must not look as if a new one may start.
        match outcome.status {
            _ if outcome.ends_attempt => effect::settle(drive, &node.name, Settlement::Failed)?,
            Ending::Pass => effect::settle(drive, &node.name, Settlement::Done)?,
            Ending::Fail if !is_error => effect::settle(drive, &node.name, Settlement::Failed)?,
            _ => {}
        }
        Ok(Some(since.unwrap_or_else(|| self.world.now())))
    }

    fn keep_status(&self, node: &Node, outcome: &Outcome) -> Result<()> {
        let drive = self.drive;
        let status = match outcome.status {
            Ending::Pass | Ending::Skipped => TaskStatus::Pass,
            Ending::Fail => TaskStatus::Fail,
            Ending::InProgress => TaskStatus::InProgress,
            Ending::Waiting | Ending::Blocked | Ending::NeedsDecision => {
                return self.undo_false_status(node, outcome);
            }
        };
        if drive.snapshot()?.is_none() && drive.refresh()?.is_none() {
            return Ok(());
        }
        if outcome.output.is_some()
            && drive
                .snapshot()?
                .is_some_and(|snapshot| snapshot.is_limited)
        {
            // The tool may have written into the sheet itself: that was not another operator.
            drive.refresh()?;
        }
        let text = outcome
            .output
            .clone()
            .unwrap_or_else(|| outcome.reason.clone());
        let written = drive.write(vec![statebox::Change::SetTask {
            name: node.name.clone(),
            status,
            result: Some(with_identity(text, outcome)),
            started_at: None,
            completed_at: None,
            is_reset: false,
        }]);
        match written {
            // Somebody else recorded `Pass` meanwhile: that stands.
            Err(error) if error.kind == Kind::Refused => drive.refresh().map(|_| ()),
            other => other,
        }
    }

    /// A tool may have recorded a wait as `Fail` or as `In Progress` with nothing running; what
    /// waits has not started.
    fn undo_false_status(&self, node: &Node, outcome: &Outcome) -> Result<()> {
        let drive = self.drive;
        if outcome.remote.is_some() || outcome.output.is_none() {
            return Ok(());
        }
        if effect::is_running(drive, &node.name) {
            // A look that failed: the entry names what runs, and other operators need it.
            return Ok(());
        }
        let Some(snapshot) = drive.refresh()?.filter(|snapshot| !snapshot.is_limited) else {
            return Ok(());
        };
        let document = &snapshot.document;
        let status = document.status(&node.name);
        let text = document
            .task(&node.name)
            .and_then(|task| task.result.as_deref());
        // Another operator may have started it meanwhile: what the entry means decides.
        let may_start = recorded(&node.name, status, text).attempt.may_start();
        if !may_start || status == TaskStatus::NotStarted {
            return Ok(());
        }
        let written = drive.write(vec![statebox::Change::SetTask {
            name: node.name.clone(),
            status: TaskStatus::NotStarted,
            result: outcome.output.clone(),
            started_at: None,
            completed_at: None,
            is_reset: false,
        }]);
        match written {
            // Not every store can say this; what is recorded is read as the wait it is.
            Err(error) if error.kind == Kind::Refused => Ok(()),
            other => other,
        }
    }

    fn finish(self) -> Result<Report> {
        let progress = self
            .progress
            .into_inner()
            .expect("no thread panics while it holds the progress");
        if let Some(error) = progress.fatal {
            return Err(error);
        }
        if self.control.token.is_cancelled() {
            return Err(Error::new(Kind::Cancelled, "the run was stopped"));
        }
        let mut reports = progress.reports;
        let nodes: Vec<_> = self
            .graph
            .nodes()
            .filter_map(|node| reports.remove(&node.name))
            .collect();
        let data = self.drive.data()?;
        let notes = notes(self.drive, &data)?;
        let mut report = Report::new(self.drive.release.clone(), self.world.now(), nodes, notes);
        report.drift = data.drift;
        report.looked_at = progress.looked_at;
        record_pass(self.drive, &report)?;
        Ok(report)
    }

    fn say(&self, node: Option<&Node>, what: What) {
        self.world.say(&Event {
            at: self.world.now(),
            node: node.map(|node| node.name.clone()),
            what,
        });
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress
            .lock()
            .expect("no thread panics while it holds the progress")
    }
}

/// Takes a node off the list of what runs, also when its thread panics.
struct Running<'a> {
    pass: &'a Pass<'a>,
    name: &'a str,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut progress = self.pass.progress();
        progress.running.retain(|name| name != self.name);
        progress.ended += 1;
        if std::thread::panicking() {
            // Its panic is handed on when the pass ends; nothing is started after it.
            let what = format!("the node `{}` ended in a panic", self.name);
            progress
                .fatal
                .get_or_insert(Error::new(Kind::Unexpected, what));
        }
        drop(progress);
        self.pass.ended.notify_all();
    }
}

/// Whether an outcome says something else than the one before. The log text of a poll does not.
fn is_news(before: &Outcome, outcome: &Outcome) -> bool {
    let bare = |outcome: &Outcome| Outcome {
        output: None,
        recheck_secs: None,
        ..outcome.clone()
    };
    bare(before) != bare(outcome)
}

fn record_pass(drive: &Drive, report: &Report) -> Result<()> {
    let (word, headline) = (report.outcome.word(), settled_headline(report));
    let is_new = drive.journal.look(|entries| {
        entries
            .iter()
            .rev()
            .find_map(|entry| match &entry.fact {
                Fact::Pass {
                    outcome,
                    headline: before,
                } => Some(outcome != word || *before != headline),
                _ => None,
            })
            .unwrap_or(true)
    });
    if is_new {
        drive.record(Fact::Pass {
            outcome: word.to_owned(),
            headline,
        })?;
    }
    Ok(())
}

/// The headline without the time to come back, which moves with every pass.
fn settled_headline(report: &Report) -> String {
    let still = Report {
        back_at: None,
        ..report.clone()
    };
    still.headline()
}

/// A running job keeps its identity in the stored text: both tools find it there.
fn with_identity(text: String, outcome: &Outcome) -> String {
    match &outcome.remote {
        Some(remote)
            if outcome.status == Ending::InProgress
                && remote.kind == "prow-job"
                && !text.contains("Triggered image consistency check Prow job:") =>
        {
            format!(
                "Triggered image consistency check Prow job: {}\n{text}",
                remote.id
            )
        }
        _ => text,
    }
}

/// What a node ends with when an error of ours came out of it. Never a failure of the task itself,
/// unless nobody could make sense of it.
fn of_error(error: &Error) -> Outcome {
    let ending = match error.kind {
        _ if error.is_ambiguous || error.says_nothing() => Ending::Waiting,
        Kind::Busy | Kind::Unreachable | Kind::Timeout | Kind::Conflict => Ending::Waiting,
        Kind::Denied | Kind::Refused => Ending::Blocked,
        Kind::NotFound | Kind::Invalid | Kind::Unexpected | Kind::Cancelled => Ending::Fail,
    };
    let mut outcome = Outcome::new(ending, error.chain());
    outcome.owner = match ending {
        Ending::Waiting => error.service.clone(),
        _ => Some("the release lead".to_owned()),
    };
    outcome.next.clone_from(&error.hint);
    outcome.recheck_secs = error.retry_after.map(|wait| wait.as_secs());
    outcome
}
