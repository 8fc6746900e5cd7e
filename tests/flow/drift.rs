//! What a pass acts on when the build data are not what the state recorded, or cannot be read.

use std::time::Duration;

use oar_script::{
    error::{Error, Kind},
    flow::{
        Data, Drive, Fact, Graph, Node, NodeKind, Plan, Report, approval,
        pass::{Runner, Trouble, pass},
    },
    release::{Ending, Metadata, Outcome, metadata::Drift},
};

use super::desk::{Desk, facts, recorded};

struct Waits;

impl Runner for Waits {
    fn run(&self, _node: &Node) -> Result<Outcome, Trouble> {
        Ok(Outcome::new(Ending::Waiting, "not yet"))
    }
}

fn look(drive: &Drive) -> Report {
    let mut graph = Graph::default();
    graph
        .add("stage-testing", NodeKind::Task, None)
        .expect("a name");
    pass(drive, &graph, &Waits, None).expect("a pass")
}

fn changed(change: impl FnOnce(&mut Metadata)) -> Metadata {
    let mut metadata = recorded();
    change(&mut metadata);
    metadata
}

fn without_rhcos() -> Metadata {
    changed(|metadata| metadata.advisories.retain(|kind, _| kind != "rhcos"))
}

fn away() -> Error {
    Error::new(Kind::Unreachable, "nobody answers").service("build_data")
}

fn fields(drift: &[Drift]) -> Vec<String> {
    drift.iter().map(Drift::field).collect()
}

/// What was written down about the build data.
fn written(drive: &Drive) -> Vec<Vec<String>> {
    let of_data = |fact| match fact {
        Fact::BuildData { changes, .. } => Some(changes),
        _ => None,
    };
    facts(drive).into_iter().filter_map(of_data).collect()
}

#[test]
fn what_is_as_recorded_is_neither_said_nor_written() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let report = look(&drive);
    assert!(report.drift.is_empty() && written(&drive).is_empty());
    assert_eq!(report.to_json()["drift"], serde_json::json!([]));
}

#[test]
fn a_dropped_advisory_is_dropped_in_the_pass_and_said_in_every_report() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    desk.build_data(Ok(without_rhcos()));
    for _ in 0..2 {
        let report = look(&drive);
        assert_eq!(fields(&report.drift), ["advisories.rhcos"]);
        assert_eq!(drive.metadata().unwrap(), without_rhcos());
        let told = &report.to_json()["drift"][0]["text"];
        assert!(
            told.as_str()
                .unwrap()
                .starts_with("advisory rhcos: recorded ")
        );
    }
    let written = written(&drive);
    assert_eq!(written.len(), 1);
    assert!(written[0][0].contains("it was dropped"));
}

#[test]
fn a_change_back_is_news_again() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    desk.build_data(Ok(without_rhcos()));
    look(&drive);
    desk.build_data(Ok(recorded()));
    let report = look(&drive);
    assert!(report.drift.is_empty());
    let written = written(&drive);
    assert!(
        written[1][0].starts_with("advisory rhcos: recorded none, now"),
        "{written:?}"
    );
}

#[test]
fn a_new_process_knows_what_was_acted_on() {
    let desk = Desk::new();
    desk.build_data(Ok(without_rhcos()));
    look(&desk.drive("a"));
    let again = desk.drive("a");
    look(&again);
    assert_eq!(written(&again).len(), 1);
}

#[test]
fn build_data_that_cannot_be_read_leave_what_was_recorded_and_the_report_says_so() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    desk.build_data(Err(away()));
    let report = look(&drive);
    assert_eq!(drive.metadata().unwrap(), recorded());
    assert_eq!(
        report.notes[0],
        "the build data cannot be read, what the state recorded is used: build_data: nobody answers"
    );
    assert!(written(&drive).is_empty());
}

#[test]
fn what_an_earlier_pass_read_counts_more_than_what_was_recorded() {
    let desk = Desk::new();
    desk.build_data(Ok(without_rhcos()));
    look(&desk.drive("a"));
    desk.build_data(Err(away()));
    let drive = desk.drive("a");
    let report = look(&drive);
    assert_eq!(drive.metadata().unwrap(), without_rhcos());
    assert_eq!(fields(&report.drift), ["advisories.rhcos"]);
    assert!(report.notes[0].contains("what an earlier pass read is used"));
}

#[test]
fn the_next_step_about_a_broken_file_is_in_the_note() {
    let error = Error::invalid("line 3 is broken").hint("tell ART");
    let data = Data::settle(Some(recorded()), None, Some(Err(error))).unwrap();
    assert!(data.note.unwrap().ends_with("line 3 is broken; tell ART"));
}

#[test]
fn with_nothing_known_the_trouble_is_the_answer() {
    let error = Data::settle(None, None, Some(Err(away()))).unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
    let offline = Data::settle(None, None, None).unwrap_err();
    assert_eq!(offline.message, "depends on build_data.metadata");
}

#[test]
fn a_stopped_run_is_no_trouble_to_work_around() {
    let error = Error::new(Kind::Cancelled, "the run was stopped");
    assert!(Data::settle(Some(recorded()), None, Some(Err(error))).is_err());
}

#[test]
fn a_day_that_is_gone_stays_in_force() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    desk.build_data(Ok(changed(|metadata| metadata.release_date = None)));
    for _ in 0..2 {
        let report = look(&drive);
        assert_eq!(fields(&report.drift), ["release_date"]);
        assert_eq!(
            drive.metadata().unwrap().release_date,
            recorded().release_date
        );
    }
    assert!(written(&drive).is_empty());
}

#[test]
fn a_shipment_that_is_gone_changes_the_flow_and_holds_approval_back() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let held = |drive: &Drive| {
        let missing = approval::missing(drive).unwrap();
        missing
            .iter()
            .any(|why| why.contains("from konflux to errata"))
    };
    look(&drive);
    assert!(!held(&drive));
    desk.build_data(Ok(changed(|metadata| metadata.shipment_mr = None)));
    look(&drive);
    assert_eq!(drive.metadata().unwrap().flow(), "errata");
    assert!(held(&drive));
    desk.wait(Duration::from_secs(60));
    assert!(held(&desk.drive("b")));
}

#[test]
fn an_offline_plan_takes_the_record_and_asks_nobody() {
    let desk = Desk::new();
    desk.build_data(Ok(without_rhcos()));
    let plan = Plan {
        is_offline: true,
        ..Plan::default()
    };
    let drive = desk.planned("a", Some(plan));
    let report = look(&drive);
    assert_eq!(drive.metadata().unwrap(), recorded());
    assert!(report.drift.is_empty());
    assert!(!report.notes.iter().any(|note| note.contains("build data")));
}

#[test]
fn a_plan_shows_what_differs_and_writes_nothing() {
    let desk = Desk::new();
    desk.build_data(Ok(without_rhcos()));
    let drive = desk.planned("a", Some(Plan::default()));
    assert_eq!(fields(&look(&drive).drift), ["advisories.rhcos"]);
    assert!(facts(&drive).is_empty());
}
