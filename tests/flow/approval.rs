//! The rules of final approval.

use std::sync::Arc;

use oar_script::{
    call::{Operation, Permit},
    error::{Error, Kind},
    flow::{Drive, Fact, approval, watch},
    release::{Ending, TaskStatus, Version, statebox::Change, task::REQUIRED_FOR_APPROVAL},
};
use serde_json::{Value, json};

use super::desk::{Desk, release, set};

/// A release that lacks nothing: all tasks passed, the gate was passed on the file `one`.
fn ready() -> (Desk, Arc<Drive>) {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let changes = REQUIRED_FOR_APPROVAL
        .iter()
        .map(|task| set(task, TaskStatus::Pass));
    drive.write(changes.collect()).expect("a written state");
    desk.results("one", true);
    assert_eq!(approval::gate(&drive).expect("a gate").status, Ending::Pass);
    (desk, drive)
}

fn ask(desk: &Desk, release: &str) -> Result<(), Error> {
    let name = "oar.change_advisory_status";
    ask_for(desk, name, json!({ "release": release }))
}

fn ask_for(desk: &Desk, name: &str, arguments: Value) -> Result<(), Error> {
    let drive = desk.drive("a");
    approval::Guard::new(move |asked: &Version| {
        assert_eq!(*asked, super::desk::release());
        Ok(drive.clone())
    })
    .check(&Operation {
        name: name.to_owned(),
        arguments,
        is_changing: true,
        node: None,
    })
}

fn is_held(desk: &Desk, missing: &str) {
    let error = ask(desk, &release().to_string()).expect_err("approval is held back");
    assert_eq!(error.kind, Kind::Refused);
    assert!(error.message.contains(missing), "{error}");
    assert!(
        error
            .hint
            .is_some_and(|hint| hint.contains("oar-script override 4.20.28 --why TEXT"))
    );
}

#[test]
fn a_release_that_lacks_nothing_is_approved() {
    let (desk, _) = ready();
    ask(&desk, "4.20.28").unwrap();
}

#[test]
fn everything_that_is_missing_is_named() {
    let desk = Desk::new();
    for task in REQUIRED_FOR_APPROVAL {
        is_held(&desk, &format!("{task} is Not Started"));
    }
    is_held(&desk, "the gate was not passed");
}

#[test]
fn saying_that_approval_was_given_is_held_to_the_same_rules() {
    let setting = |name: &str, task: &str, status: &str| {
        let key = match name {
            "oar.update_task_status" => "task_name",
            _ => "task",
        };
        (
            name.to_owned(),
            json!({"release": release().to_string(), key: task, "status": status}),
        )
    };
    let lacking = Desk::new();
    let (ready, _drive) = ready();
    for name in ["oar.update_task_status", "statebox.set_task"] {
        let (name, approved) = setting(name, "change-advisory-status", "Pass");
        let error = ask_for(&lacking, &name, approved.clone()).unwrap_err();
        assert_eq!(error.kind, Kind::Refused, "{name}");
        assert!(error.message.contains("stage-testing is Not Started"));
        ask_for(&ready, &name, approved).unwrap();
        for (task, status) in [
            ("change-advisory-status", "Fail"),
            ("change-advisory-status", "In Progress"),
            ("stage-testing", "Pass"),
        ] {
            let (name, other) = setting(&name, task, status);
            ask_for(&lacking, &name, other).unwrap();
        }
    }
}

#[test]
fn a_call_that_names_no_release_is_refused() {
    let (desk, drive) = ready();
    let guard = approval::Guard::new(move |_: &Version| Ok(drive.clone()));
    let operation = Operation {
        name: "errata.change_state".to_owned(),
        arguments: json!({}),
        is_changing: true,
        node: None,
    };
    assert_eq!(guard.check(&operation).unwrap_err().kind, Kind::Refused);
    drop(desk);
}

#[test]
fn an_open_blocker_holds_approval_until_it_is_resolved() {
    let (desk, drive) = ready();
    let text = "the registry is stale".to_owned();
    let blocker = Change::AddIssue {
        text: text.clone(),
        is_blocker: true,
        related_tasks: Vec::new(),
    };
    drive.write(vec![blocker]).unwrap();
    is_held(&desk, "open blocker: the registry is stale");
    let resolution = "it was rebuilt".to_owned();
    drive
        .write(vec![Change::ResolveIssue { text, resolution }])
        .unwrap();
    ask(&desk, "4.20.28").unwrap();
}

#[test]
fn a_result_file_that_changed_after_the_gate_holds_approval() {
    let (desk, _) = ready();
    desk.results("two", true);
    is_held(&desk, "the result file changed after the gate was passed");
}

#[test]
fn a_person_who_rejects_the_build_after_the_gate_holds_approval() {
    let (desk, drive) = ready();
    watch::decide(
        &drive,
        "analyze-promoted-build",
        "reject",
        "it does not boot",
    )
    .unwrap();
    is_held(&desk, "rejected 4.20.28: it does not boot");
    let gate = approval::gate(&desk.drive("a")).unwrap();
    assert_eq!(gate.status, Ending::Blocked);
    watch::decide(&drive, "gate", "accept", "it does after all").unwrap();
    ask(&desk, "4.20.28").unwrap();
}

#[test]
fn a_person_can_set_the_rules_aside_and_is_named() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let (rule, why, who) = ("approval".to_owned(), "agreed".to_owned(), "ann".to_owned());
    drive.record(Fact::Override { rule, why, who }).unwrap();
    ask(&desk, "4.20.28").unwrap();
    assert_eq!(
        approval::overridden(&desk.drive("a")).as_deref(),
        Some("agreed (ann)")
    );
}

#[test]
fn a_decision_counts_for_the_file_it_was_made_on_and_lapses_with_it() {
    let desk = Desk::new();
    desk.results("one", false);
    let drive = desk.drive("a");
    assert_eq!(
        approval::gate(&drive).unwrap().status,
        Ending::NeedsDecision
    );
    watch::decide(&drive, "analyze-promoted-build", "accept", "known trouble").unwrap();
    assert_eq!(approval::gate(&drive).unwrap().status, Ending::Pass);
    desk.results("two", false);
    drive.begin_pass().expect("the journal can be read");
    assert_eq!(
        approval::gate(&drive).unwrap().status,
        Ending::NeedsDecision
    );
}

#[test]
fn a_decision_needs_a_reason() {
    let desk = Desk::new();
    desk.results("one", false);
    let error = watch::decide(&desk.drive("a"), "gate", "accept", " ").unwrap_err();
    assert_eq!(error.message, "a decision needs a reason");
}

#[test]
fn the_gate_is_written_down_once() {
    let (_desk, drive) = ready();
    let lines = drive.journal.entries().len();
    approval::gate(&drive).unwrap();
    assert_eq!(drive.journal.entries().len(), lines);
}
