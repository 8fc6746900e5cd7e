//! One evaluation of the flow, with node functions made up by the test.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use jiff::SignedDuration;
use oar_script::{
    flow::{
        Drive, Fact, Graph, Node, NodeKind, Report, State,
        pass::{Runner, Trouble, pass},
        watch::{self, Manner},
    },
    release::{Ending, Outcome, TaskStatus, statebox::Change},
};

use super::desk::{Desk, release};

/// The log of the tool that records a wait as a failure.
const NOT_READY: &str = "2027-03-01T09:00:00Z: INFO: job id is not set, will trigger stage testing\n\
    2027-03-01T09:00:01Z: ERROR: Stage release failed with status running\n\
    2027-03-01T09:00:01Z: INFO: stage release pipeline is not success, will not trigger stage test";

/// The log of the tool that started a build.
const STARTED: &str = "2027-03-01T09:00:00Z: INFO: task [Stage Testing] status is changed to [In Progress]\n\
    2027-03-01T09:00:01Z: INFO: triggered stage pipeline job: <https://jenkins.example.com/job/zstreams/job/Stage-Pipeline/1501/>";

struct Made<F>(F);

impl<F: Fn(&Node) -> Outcome + Sync> Runner for Made<F> {
    fn run(&self, node: &Node) -> Result<Outcome, Trouble> {
        Ok((self.0)(node))
    }
}

fn graph(names: &[&str]) -> Graph {
    let mut graph = Graph::default();
    for name in names {
        graph.add(name, NodeKind::Task, None).expect("a name");
    }
    graph
}

fn record(drive: &Drive, status: TaskStatus, text: &str) {
    let change = Change::SetTask {
        name: "stage-testing".to_owned(),
        status,
        result: Some(text.to_owned()),
        started_at: None,
        completed_at: None,
        is_reset: false,
    };
    drive.write(vec![change]).expect("it is written");
}

fn not_ready() -> Outcome {
    Outcome::new(Ending::Waiting, "the stage release is not ready").output(NOT_READY)
}

/// Runs a pass in which the state becomes this while the node ends as a wait.
fn status_after_a_wait(status: TaskStatus, text: &str) -> TaskStatus {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let runner = Made(|_: &Node| {
        record(&desk.drive("b"), status, text);
        not_ready()
    });
    let report = pass(&drive, &graph(&["stage-testing"]), &runner, None).expect("a pass");
    assert_eq!(state(&report, "stage-testing"), State::Waiting);
    desk.state().document.status("stage-testing")
}

fn state(report: &Report, name: &str) -> State {
    report.node(name).expect("a node").state
}

#[test]
fn a_wait_recorded_as_a_failure_is_set_back() {
    assert_eq!(
        status_after_a_wait(TaskStatus::Fail, NOT_READY),
        TaskStatus::NotStarted
    );
}

#[test]
fn what_another_operator_started_meanwhile_is_left_alone() {
    assert_eq!(
        status_after_a_wait(TaskStatus::InProgress, STARTED),
        TaskStatus::InProgress
    );
}

#[test]
fn a_pass_in_which_nothing_moved_leaves_no_line() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let runner = Made(|_: &Node| not_ready());
    let graph = graph(&["stage-testing"]);
    pass(&drive, &graph, &runner, None).expect("a pass");
    let lines = drive.journal.entries().len();
    pass(&drive, &graph, &runner, None).expect("a pass");
    assert_eq!(drive.journal.entries().len(), lines);
}

#[test]
fn a_node_that_panics_is_run_once_and_ends_the_pass() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let runs = AtomicU32::new(0);
    let runner = Made(|_: &Node| {
        runs.fetch_add(1, Ordering::SeqCst);
        panic!("on purpose")
    });
    let graph = graph(&["stage-testing"]);
    let ended = catch_unwind(AssertUnwindSafe(|| pass(&drive, &graph, &runner, None)));
    assert!(ended.is_err());
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_watch_hears_within_minutes_what_a_person_says_in_another_process() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let began = desk.world().now();
    let runner = Made(
        |_: &Node| match drive.journal.entries().iter().any(is_retry) {
            true => Outcome::new(Ending::Pass, "done"),
            false => {
                Outcome::new(Ending::Waiting, "later").recheck(Duration::from_secs(3 * 86_400))
            }
        },
    );
    let manner = Manner {
        is_watching: true,
        asks: false,
    };
    let says = |report: &Report| {
        if state(report, "image-signed-check") == State::Waiting {
            let word = Fact::Retry {
                task: "image-signed-check".to_owned(),
                why: "now".to_owned(),
                who: "lead".to_owned(),
            };
            let other = desk.drive("a");
            other
                .journal
                .append(&release(), word)
                .expect("it is written");
        }
    };
    let graph = graph(&["image-signed-check"]);
    let report = watch::drive(&drive, &graph, &runner, manner, says).expect("it ends");
    assert_eq!(state(&report, "image-signed-check"), State::Done);
    assert!(report.at.duration_since(began) <= SignedDuration::from_mins(5));
}

fn is_retry(entry: &oar_script::flow::journal::Entry) -> bool {
    matches!(entry.fact, Fact::Retry { .. })
}
