//! What people are told in Slack while a release is driven: each thing once, however it is driven.
#![expect(
    clippy::disallowed_methods,
    reason = "the journals of two people change places"
)]

use std::fs;

use serde_json::Value;

use crate::support::program::{Program, RELEASE};

/// What a release that goes well has to tell.
fn are_usual(notices: &[String]) {
    let has = |what: &str| notices.iter().filter(|text| text.contains(what)).count();
    assert_eq!(has("*the gate is passed*"), 1, "{notices:?}");
    assert_eq!(has("*the release is complete*"), 1, "{notices:?}");
    assert_eq!(notices.len(), 2, "{notices:?}");
}

#[test]
fn a_release_that_goes_well_tells_two_things_watched_or_step_by_step() {
    let watched = Program::quick();
    watched.drive(&["--watch"]).ends_with(0);
    are_usual(&watched.notices());
    let steps = Program::quick();
    while steps.drive(&[]).code() == Some(3) {}
    are_usual(&steps.notices());
    steps.drive(&[]).ends_with(0);
    are_usual(&steps.notices());
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
    are_usual(&program.notices());
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
    let notices = program.notices();
    let failure = notices
        .iter()
        .find(|text| text.contains("*stage-testing failed*"))
        .unwrap_or_else(|| panic!("{notices:?}"));
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
    down.drive(&["--watch"]).ends_with(0);
    assert_eq!(down.statuses(), smooth.statuses());
    down.drive(&["--watch"]).ends_with(0);
    are_usual(&down.notices());
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
    let documents = program.documents();
    let messages = documents["slack"]["messages"].as_array().cloned();
    let ours: Vec<Value> = messages
        .unwrap_or_default()
        .into_iter()
        .filter(|message| {
            message["text"]
                .as_str()
                .unwrap_or_default()
                .starts_with('[')
        })
        .collect();
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
