//! A release that `drive.rhai` brings to its end with the tools of this program.

use serde_json::Value;

use crate::support::{
    program::{Program, QUICK},
    shared::subjects,
};

/// The messages that say this.
fn messages(documents: &Value, part: &str) -> usize {
    let messages = documents["slack"]["messages"].as_array();
    let messages = messages.into_iter().flatten();
    let says = |message: &&Value| {
        let text = message["text"].as_str();
        text.is_some_and(|text| text.contains(part))
    };
    messages.filter(says).count()
}

fn is_done(program: &Program) {
    let documents = program.documents();
    for (id, advisory) in documents["errata"]["advisories"].as_object().unwrap() {
        assert_eq!(advisory["state"], "REL_PREP", "{id}");
    }
    let request = &documents["gitlab"]["merge_requests"]["901"];
    assert_eq!(request["approved_by"], serde_json::json!(["oar-bot"]));
    let issues = documents["jira"]["issues"].as_object().unwrap();
    for (key, issue) in issues
        .iter()
        .filter(|(_, issue)| issue["parent"].is_string())
    {
        assert_eq!(issue["status"], "Closed", "{key}");
    }
    assert_eq!(
        messages(&documents, "release approval of [4.20.1] is completed"),
        1
    );
    assert_eq!(program.statuses()["change-advisory-status"], "Pass");
    // The server had nothing to do with it.
    let calls = documents["oar"]["calls"].as_array().unwrap();
    let approval = |call: &&Value| call["tool"] == "oar_change_advisory_status";
    assert_eq!(calls.iter().filter(approval).count(), 0);
}

#[test]
fn a_release_ends_approved_moved_closed_and_told() {
    let program = Program::quick();
    program.drive(&["--watch"]).ends_with(0);
    is_done(&program);
}

#[test]
fn an_approval_that_waits_makes_no_commit_and_no_record_for_each_look() {
    let text = QUICK.replace(
        "world.metadata_url(minutes(1));",
        "world.metadata_url(days(3));",
    );
    let program = Program::with_scenario(&text);
    // Until it waits.
    let mut passes = 0;
    while !program.has_state() || program.statuses()["change-advisory-status"] != "In Progress" {
        program.drive(&[]);
        program.run(&["sim", "advance", "10m"]);
        passes += 1;
        assert!(passes < 40, "it never waits");
    }
    let sha = program.documents()["gitlab"]["merge_requests"]["901"]["approved_by"].clone();
    assert_eq!(sha, serde_json::json!(["oar-bot"]));
    let (commits, journal) = (subjects(&program), program.journal_text());
    for _ in 0..3 {
        program.run(&["sim", "advance", "31m"]);
        program.drive(&[]).ends_with(3);
    }
    assert_eq!(subjects(&program), commits);
    assert_eq!(program.journal_text(), journal);
    program.drive(&["--watch"]).ends_with(0);
    is_done(&program);
}
