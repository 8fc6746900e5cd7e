//! What people are told in Slack while a release is driven: each thing once, however it is driven.
#![expect(
    clippy::disallowed_methods,
    reason = "the journals of two people change places"
)]

use std::fs;

use serde_json::Value;

use crate::support::program::{Program, RELEASE};

/// What a release that goes well has to tell.
const USUAL: [&str; 2] = [
    "*the gate is passed*: accepted",
    "*the release is complete*: everything is where it should be",
];

/// The messages that the flow posted.
fn messages(program: &Program) -> Vec<Value> {
    let documents = program.documents();
    let messages = documents["slack"]["messages"].as_array().cloned();
    let is_ours = |message: &Value| {
        let text = message["text"].as_str().unwrap_or_default();
        text.starts_with(&format!("[{RELEASE}] Hello"))
    };
    let mut messages = messages.unwrap_or_default();
    messages.retain(is_ours);
    messages
}

#[test]
fn a_release_that_goes_well_tells_two_things_watched_or_step_by_step() {
    let watched = Program::quick();
    watched.drive(&["--watch"]).ends_with(0);
    assert_eq!(watched.notices(), USUAL);
    let steps = Program::quick();
    let is_done = (0..60).any(|_| steps.drive(&[]).code() == Some(0));
    assert!(is_done, "it does not end");
    assert_eq!(steps.notices(), USUAL);
    steps.drive(&[]).ends_with(0);
    assert_eq!(steps.notices(), USUAL);
}

#[test]
fn two_people_who_take_turns_tell_everything_once() {
    let program = Program::quick();
    let ended = ["ann", "bob"].iter().cycle().take(60).any(|person| {
        let (here, away) = (program.path("world/journal"), program.path(person));
        if away.is_dir() {
            fs::rename(&away, &here).expect("a journal that comes");
        }
        let ran = program.drive(&[]);
        if here.is_dir() {
            fs::rename(&here, &away).expect("a journal that goes");
        }
        ran.code() == Some(0)
    });
    assert!(ended, "it does not end");
    assert_eq!(program.notices(), USUAL);
}

#[test]
fn a_person_reads_what_was_told_in_the_history() {
    let program = Program::quick();
    program.drive(&["--watch"]).ends_with(0);
    let history = program.run(&["history", RELEASE]).ends_with(0).stdout;
    for told in [
        "told #team-qe-release: gate passed",
        "told #team-qe-release: complete",
    ] {
        assert_eq!(history.matches(told).count(), 1, "{history}");
    }
    assert!(!history.contains("will tell"), "{history}");
}

#[test]
fn a_failure_is_told_with_release_task_why_link_and_next_step() {
    let program = Program::quick_but("world.stage_pipeline([\"FAILURE\"], 5);");
    program.drive(&["--watch"]).ends_with(5);
    let messages = messages(&program);
    let texts = messages
        .iter()
        .filter_map(|message| message["text"].as_str());
    let failures: Vec<&str> = texts
        .filter(|text| text.contains("*stage-testing failed*"))
        .collect();
    let [failure] = failures[..] else {
        panic!("{messages:?}");
    };
    for part in [
        "[4.20.1] Hello <!subteam^S0LEADS>,",
        "ended as FAILURE",
        "Owner of the release: <@U0LEAD>",
        "oar-script retry 4.20.1 stage-testing --why TEXT",
    ] {
        assert!(failure.contains(part), "{failure}");
    }
}

#[test]
fn slack_that_is_down_delays_no_task() {
    let smooth = Program::quick();
    smooth.drive(&["--watch"]).ends_with(0);
    let down = Program::quick_but(
        "world.at(minutes(12), [\"slack\", \"is_down\"], true);
         world.at(hours(20), [\"slack\", \"is_down\"], false);",
    );
    down.drive(&["--watch"])
        .ends_with(0)
        .says(&["#team-qe-release was not told, a later pass tries again"]);
    assert_eq!(down.statuses(), smooth.statuses());
    assert_eq!(down.triggers(), smooth.triggers());
    // The clock of a release that is complete does not move by itself.
    down.run(&["sim", "advance", "1d"]).ends_with(0);
    down.drive(&[]).ends_with(0);
    down.drive(&[]).ends_with(0);
    assert_eq!(down.notices(), USUAL);
}

#[test]
fn a_setting_switches_notices_off() {
    let program = Program::quick();
    program.put("oar-script.toml", "[notices]\nenabled = false\n");
    program.drive(&["--watch"]).ends_with(0);
    assert_eq!(program.notices(), Vec::<String>::new());
    assert!(!program.journal_text().contains("notice_intent"));
}

#[test]
fn a_setting_that_is_no_flag_is_refused_with_its_place() {
    let program = Program::quick();
    program.put("oar-script.toml", "[notices]\nenabled = \"maybe\"\n");
    program.drive(&[]).ends_with(1).says(&[
        "notices.enabled",
        "oar-script.toml:2",
        "true or false",
    ]);
}

#[test]
fn a_person_replaces_what_is_told_and_whom() {
    let program = Program::quick();
    program.put(
        "oar-scripts/overrides/ours.rhai",
        "fn notice_text(change) {
             if change.kind == \"passed\" && change.task == \"stage-testing\" {
                 return `${change.release}: tested`;
             }
         }
         fn notice_contact(change) { \"art\" }\n",
    );
    program.drive(&["--watch"]).ends_with(0);
    let mut ours = messages(&program);
    // What a tool says about its own work is no notice.
    ours.retain(|message| {
        !message["text"]
            .as_str()
            .is_some_and(|text| text.contains("owner of"))
    });
    assert_eq!(ours.len(), 1, "{ours:?}");
    assert_eq!(ours[0]["channel"], "forum-ocp-release");
    let text = "[4.20.1] Hello <!subteam^S0ART>,\n4.20.1: tested";
    assert_eq!(ours[0]["text"], text);
}

#[test]
fn an_override_that_fails_is_shown_to_who_runs_it_and_harms_nothing() {
    let program = Program::quick();
    program.put(
        "oar-scripts/overrides/ours.rhai",
        "fn notice_text(change) { throw \"out of words\" }\n",
    );
    let ran = program.drive(&["--watch"]).ends_with(0);
    ran.says(&["people were not told about `gate/passed", "out of words"]);
    assert_eq!(program.notices(), Vec::<String>::new());
}

#[test]
fn notify_elsewhere_is_an_error_that_says_what_to_do() {
    let program = Program::quick();
    program.put("mine.rhai", "notify(\"art\", \"x\");\n");
    let ran = program.run(&["mine.rhai"]).ends_with(1);
    ran.says(&["`notify` is for `tell_change(change)`", "slack::post"]);
}

#[test]
fn a_plan_lists_what_would_be_told() {
    let program = Program::quick_but("world.owner(\"\");");
    let ran = program.drive(&["--dry-run"]);
    assert!(!ran.stdout.contains("would tell"), "{ran:?}");
    program.put("oar-script.toml", "[notices]\nenabled = false\n");
    program.drive(&[]).ends_with(4);
    program.put("oar-script.toml", "");
    let before = program.files();
    let plan = program.run(&["plan", RELEASE]).ends_with(0).stdout;
    assert!(
        plan.contains("would tell #team-qe-release: *take-ownership needs a decision*"),
        "{plan}"
    );
    assert_eq!(program.files(), before);
    program.drive(&[]).ends_with(4);
    assert_eq!(program.notices().len(), 1);
}

#[test]
fn a_watch_outlasts_channels_that_are_gone() {
    // Days before the release nothing else is due, and what could not be told is tried again and again.
    let program =
        Program::quick_but("world.release_date(6); world.set([\"slack\", \"channels\"], #{});");
    program.drive(&["--watch"]).ends_with(0);
    assert_eq!(program.approvals(), 1);
}
