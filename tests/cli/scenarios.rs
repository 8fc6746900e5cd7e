//! Every shipped scenario, driven to its end, as its story says.
//!
//! Each entry of [`STORIES`] is one scenario: how a watched drive ends, what was started outside and
//! how often, and what the last report says about the nodes that matter. Where a person must act,
//! `mended` holds the scenario to the commands it prints.

#![expect(
    clippy::disallowed_methods,
    reason = "settings are written for the program"
)]

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::support::run::{Desk, commands, node, states};

const RELEASE: &str = "4.20.1";
const DRIVE: [&str; 2] = ["drive.rhai", RELEASE];

/// What a scenario must come to when it is watched to its end.
struct Story {
    name: &'static str,
    code: i32,
    /// Triggers that differ from those of a release that goes well.
    triggers: &'static [(&'static str, u64)],
    /// Node, key of its report, text that must be in it.
    says: &'static [(&'static str, &'static str, &'static str)],
    /// Text that must be in the running commentary or the report.
    told: &'static [&'static str],
}

/// What a Konflux release that goes well starts outside.
const USUAL: [(&str, u64); 6] = [
    ("oar_take_ownership", 1),
    ("oar_push_to_cdn_staging", 2),
    ("oar_image_consistency_check", 1),
    ("oar_stage_testing", 1),
    ("approve_merge_request", 1),
    ("move_advisory", 2),
];

const UNAPPROVED: [(&str, u64); 2] = [("approve_merge_request", 0), ("move_advisory", 0)];

const STORIES: &[Story] = &[
    Story {
        name: "advisory-dropped",
        code: 0,
        triggers: &[("move_advisory", 1)],
        says: &[],
        told: &["build data: advisory rhcos: recorded 180102, now none: it was dropped"],
    },
    Story {
        name: "advisory-early",
        code: 0,
        triggers: &[],
        says: &[(
            "take-ownership",
            "reason",
            "in NEW_FILES instead of QE: 180102",
        )],
        told: &[
            "push-to-cdn-staging: blocker: Advisories in abnormal state (NEW_FILES instead of QE): 180102",
        ],
    },
    Story {
        name: "already-done",
        code: 0,
        triggers: &[
            ("oar_take_ownership", 0),
            ("oar_push_to_cdn_staging", 0),
            ("oar_image_consistency_check", 0),
            ("oar_stage_testing", 0),
            ("approve_merge_request", 0),
            ("move_advisory", 0),
        ],
        says: &[("stage-testing", "reason", "done before")],
        told: &[],
    },
    Story {
        name: "approval-times-out",
        code: 0,
        triggers: &[],
        says: &[],
        told: &[
            "the payload metadata is not public yet; production is late, it has been waited for since 2027-03-02",
        ],
    },
    Story {
        name: "blocker-opened",
        code: 0,
        triggers: &[],
        says: &[],
        told: &[],
    },
    Story {
        name: "build-data-broken",
        code: 0,
        triggers: &[],
        says: &[],
        told: &[
            "the build data cannot be read, what an earlier pass read is used: build_data: `releases.yml` of `openshift-4.20` is broken in line 2",
        ],
    },
    Story {
        name: "build-data-down",
        code: 0,
        triggers: &[("move_advisory", 1)],
        says: &[],
        told: &[
            "the build data cannot be read, what an earlier pass read is used: build_data:",
            "build data: advisory rhcos: recorded 180102, now none",
        ],
    },
    Story {
        name: "build-rejected",
        code: 0,
        triggers: &[],
        says: &[],
        told: &["REJECTED by the Release Controller"],
    },
    Story {
        name: "candidate-rejected",
        code: 0,
        triggers: &[],
        says: &[
            ("analyze-candidate-build", "state", "failed"),
            (
                "analyze-candidate-build",
                "reason",
                "a storage test fails on two platforms",
            ),
            ("analyze-candidate-build", "next", "critical issues"),
        ],
        told: &[],
    },
    Story {
        name: "consistency-check-fails",
        code: 5,
        triggers: &UNAPPROVED,
        says: &[
            ("image-consistency-check", "state", "failed"),
            ("image-consistency-check", "reason", "ended as failure"),
            ("stage-testing", "state", "done"),
            (
                "image-signed-check",
                "reason",
                "after image-consistency-check",
            ),
        ],
        told: &[],
    },
    Story {
        name: "early-approval",
        code: 0,
        triggers: &[],
        says: &[("change-advisory-status", "since", "2027-03-12")],
        told: &["final approval is given one day before the release date 2027-03-13"],
    },
    Story {
        name: "errata-flow",
        code: 0,
        triggers: &[
            ("oar_image_consistency_check", 0),
            ("oar_stage_testing", 0),
            ("approve_merge_request", 0),
        ],
        says: &[
            ("check-rhcos-security-alerts", "state", "skipped"),
            ("take-ownership", "reason", "the owner is set: 2 advisories"),
        ],
        told: &["the tools need a shipment merge request, this release has none"],
    },
    Story {
        name: "missed-cve",
        code: 0,
        triggers: &[],
        says: &[],
        told: &["2 missed CVE tracker bugs: OCPBUGS-70001, OCPBUGS-70002"],
    },
    Story {
        name: "no-candidate",
        code: 0,
        triggers: &[],
        says: &[("analyze-candidate-build", "reason", "no candidate build")],
        told: &[],
    },
    Story {
        name: "oar-over-cli",
        code: 0,
        triggers: &[],
        says: &[],
        told: &[],
    },
    Story {
        name: "oar-over-mcp",
        code: 0,
        triggers: &[],
        says: &[],
        told: &[],
    },
    Story {
        name: "oar-server-down",
        code: 0,
        triggers: &[],
        says: &[],
        told: &["waiting        push-to-cdn-staging: oar:"],
    },
    Story {
        name: "owner-unknown",
        code: 4,
        triggers: &[
            ("oar_take_ownership", 0),
            ("oar_push_to_cdn_staging", 0),
            ("oar_image_consistency_check", 0),
            ("oar_stage_testing", 0),
            ("approve_merge_request", 0),
            ("move_advisory", 0),
        ],
        says: &[("take-ownership", "state", "needs_decision")],
        told: &[],
    },
    Story {
        name: "promoted-build-rejected",
        code: 5,
        triggers: &UNAPPROVED,
        says: &[
            ("analyze-promoted-build", "state", "failed"),
            (
                "analyze-promoted-build",
                "reason",
                "the upgrade on GCP is broken",
            ),
            ("gate", "reason", "after analyze-promoted-build"),
        ],
        told: &["open blocker (analyze-promoted-build): Build 4.20.1 rejected"],
    },
    Story {
        name: "promoted-build-rejected-accepted",
        code: 0,
        triggers: &[],
        says: &[("analyze-promoted-build", "reason", "known quota problem")],
        told: &["gate: accepted by"],
    },
    Story {
        name: "promoted-build-undecided",
        code: 4,
        triggers: &UNAPPROVED,
        says: &[
            ("analyze-promoted-build", "state", "needs_decision"),
            ("analyze-promoted-build", "reason", "1 of 3 jobs lost"),
            ("analyze-promoted-build", "owner", "the release lead"),
        ],
        told: &[],
    },
    Story {
        name: "promotion-late",
        code: 0,
        triggers: &[],
        says: &[],
        told: &["the build is not promoted yet"],
    },
    Story {
        name: "push-fails",
        code: 0,
        triggers: &[("oar_push_to_cdn_staging", 3)],
        says: &[],
        told: &["advisory 180101 is being pushed"],
    },
    Story {
        name: "release-date-moved",
        code: 0,
        triggers: &[],
        says: &[("change-advisory-status", "since", "2027-03-12")],
        told: &[
            "build data: release date: recorded 2027-Mar-06, now 2027-Mar-13: final approval goes by the new day",
            "final approval is given one day before the release date 2027-03-13",
        ],
    },
    Story {
        name: "results-late",
        code: 0,
        triggers: &[],
        says: &[],
        told: &["no result file of the promoted build yet"],
    },
    Story {
        name: "results-not-aggregated",
        code: 3,
        triggers: &UNAPPROVED,
        says: &[
            ("test-results", "state", "waiting"),
            ("test-results", "reason", "not aggregated yet"),
            (
                "test-results",
                "owner",
                "the test jobs of the promoted build",
            ),
        ],
        told: &[],
    },
    Story {
        name: "security-alert",
        code: 0,
        triggers: &[],
        says: &[],
        told: &[
            "1 blocking security alert(s): cve_without_fixed_build",
            "blocked        change-advisory-status: blocking security alerts",
        ],
    },
    Story {
        name: "shipment-merged",
        code: 0,
        triggers: &[],
        says: &[("change-advisory-status", "reason", "MR 901 is approved at")],
        told: &["change-advisory-status: MR 901 is approved at"],
    },
    Story {
        name: "shipment-replaced",
        code: 0,
        triggers: &[],
        says: &[("analyze-candidate-build", "state", "done")],
        told: &[
            "build data: shipment merge request: recorded",
            "build data: candidate build of x86_64: recorded",
            "build data: ART ticket: recorded ART-30001, now ART-39999",
        ],
    },
    Story {
        name: "signature-missing",
        code: 5,
        triggers: &UNAPPROVED,
        says: &[("image-signed-check", "reason", "404")],
        told: &[],
    },
    Story {
        name: "slack-down",
        code: 0,
        triggers: &[],
        says: &[],
        told: &[
            "#team-qe-release was not told, a later pass tries again: slack:",
            "told #team-qe-release: gate passed",
        ],
    },
    Story {
        name: "smooth",
        code: 0,
        triggers: &[],
        says: &[],
        told: &[],
    },
    Story {
        name: "stage-release-trouble",
        code: 0,
        triggers: &[],
        says: &[],
        told: &[
            "the stage-release pipeline of the merge request has not succeeded (it is `failed`)",
        ],
    },
    Story {
        name: "stage-testing-fails",
        code: 5,
        triggers: &UNAPPROVED,
        says: &[
            ("stage-testing", "state", "failed"),
            (
                "stage-testing",
                "reason",
                "build 1501 of the stage pipeline ended as FAILURE",
            ),
        ],
        told: &[],
    },
    Story {
        name: "statebox-missing",
        code: 0,
        triggers: &[],
        says: &[("analyze-promoted-build", "reason", "4.20.1: accepted")],
        told: &["limited mode: no StateBox"],
    },
];

#[test]
fn every_shipped_scenario_has_a_story() {
    let shipped: BTreeSet<_> = oar_script::sim::list(None)
        .into_iter()
        .map(|listed| listed.name)
        .collect();
    let told: BTreeSet<_> = STORIES.iter().map(|story| story.name.to_owned()).collect();
    assert_eq!(shipped, told);
}

// Halves, so that two of them run at a time.
#[test]
fn stories_of_the_first_half_come_true() {
    STORIES[..13].iter().for_each(comes_true);
}

#[test]
fn stories_of_the_second_half_come_true() {
    STORIES[13..].iter().for_each(comes_true);
}

fn comes_true(story: &Story) {
    let name = story.name;
    let desk = desk(name);
    let told = desk.run(&[&DRIVE[..], &["--watch"]].concat());
    assert_eq!(told.code, story.code, "{name}: {told:?}");
    for text in story.told {
        let is_told = told.stdout.contains(text) || told.stderr.contains(text);
        assert!(is_told, "{name} says nowhere `{text}`: {told:?}");
    }
    for (tool, usual) in USUAL {
        let special = story.triggers.iter().find(|(other, _)| *other == tool);
        let wanted = special.map_or(usual, |(_, count)| *count);
        assert_eq!(desk.triggers(tool), wanted, "{name}: {tool}");
    }
    for (tool, count) in story.triggers {
        assert_eq!(desk.triggers(tool), *count, "{name}: {tool}");
    }
    assert!(!told.stdout.contains("RELEASE "), "{name}: {}", told.stdout);
    // Again, asking nobody: the same end, and nothing more is started.
    let before = desk.changing_calls();
    let (code, report) = status(&desk);
    assert_eq!(code, story.code, "{name}: {report}");
    for (node_name, key, text) in story.says {
        let said = &node(&report, node_name)[key];
        let is_said = said.as_str().is_some_and(|said| said.contains(text));
        assert!(
            is_said,
            "{name}: {node_name} has {key} {said}, not `{text}`"
        );
    }
    assert_eq!(desk.changing_calls(), before, "{name}");
    if code == 0 && name != "statebox-missing" {
        for task in oar_script::release::task::REQUIRED_FOR_APPROVAL {
            assert_eq!(desk.status(RELEASE, task), "Pass", "{name}: {task}");
        }
        assert_eq!(
            desk.status(RELEASE, "change-advisory-status"),
            "Pass",
            "{name}"
        );
    }
}

/// Scenarios whose every kind of wait is worth going through in single passes.
#[test]
fn single_passes_reach_the_same_end_as_a_watch() {
    for name in ["smooth", "missed-cve", "errata-flow", "statebox-missing"] {
        let watched = desk(name);
        watched.run(&[&DRIVE[..], &["--watch"]].concat());
        let stepped = desk(name);
        let report = step(&stepped, 0);
        let (_, end) = status(&watched);
        assert_eq!(states(&report), states(&end), "{name}");
        for (tool, _) in USUAL {
            assert_eq!(
                stepped.triggers(tool),
                watched.triggers(tool),
                "{name}: {tool}"
            );
        }
    }
}

#[test]
fn a_finished_release_is_asked_nothing_to_change() {
    let desk = desk("already-done");
    let run = desk.run(&DRIVE);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(desk.changing_calls(), 0);
}

#[test]
fn a_wait_for_the_stage_release_is_never_recorded_as_a_failure() {
    let desk = desk("stage-release-trouble");
    let mut has_waited = false;
    for _ in 0..90 {
        let (code, report) = desk.json(&DRIVE);
        assert!(matches!(code, 0 | 3), "{report}");
        assert_ne!(desk.status(RELEASE, "stage-testing"), "Fail", "{report}");
        let stage = node(&report, "stage-testing");
        if stage["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("`failed`"))
        {
            has_waited = true;
            assert_eq!(stage["state"], "waiting");
            assert_eq!(stage["owner"], "ART, stage-release pipeline");
            break;
        }
        if stage["state"] == "done" {
            break;
        }
    }
    assert!(has_waited);
}

#[test]
fn what_is_printed_mends_a_failed_task() {
    for (name, task) in [
        ("consistency-check-fails", "image-consistency-check"),
        ("stage-testing-fails", "stage-testing"),
    ] {
        let desk = desk(name);
        watch(&desk, 5);
        do_what_is_printed(&desk, task, &[]);
        watch(&desk, 0);
        assert_eq!(desk.status(RELEASE, task), "Pass");
    }
}

#[test]
fn a_late_signature_is_looked_for_again() {
    let desk = desk("signature-missing");
    watch(&desk, 5);
    desk.run(&["sim", "advance", "3d"]);
    do_what_is_printed(&desk, "image-signed-check", &[]);
    watch(&desk, 0);
}

#[test]
fn an_undecided_build_goes_on_when_a_person_accepts_it() {
    let desk = desk("promoted-build-undecided");
    watch(&desk, 4);
    do_what_is_printed(&desk, "analyze-promoted-build", &["accept"]);
    let run = desk.run(&DRIVE);
    assert_eq!(run.code, 3, "{run:?}");
    assert_eq!(desk.status(RELEASE, "analyze-promoted-build"), "Pass");
    assert_eq!(desk.status(RELEASE, "image-signed-check"), "Pass");
}

#[test]
fn an_undecided_build_stays_out_when_a_person_rejects_it() {
    let desk = desk("promoted-build-undecided");
    watch(&desk, 4);
    do_what_is_printed(&desk, "analyze-promoted-build", &["reject"]);
    watch(&desk, 5);
    assert_eq!(desk.status(RELEASE, "analyze-promoted-build"), "Fail");
    assert_eq!(desk.triggers("approve_merge_request"), 0);
}

#[test]
fn a_rejected_build_comes_back_by_a_new_word_and_a_resolved_issue() {
    let desk = desk("promoted-build-rejected");
    watch(&desk, 5);
    do_what_is_printed(&desk, "analyze-promoted-build", &["accept"]);
    let run = desk.run(&DRIVE);
    assert_eq!(run.code, 3, "{run:?}");
    assert_eq!(desk.status(RELEASE, "analyze-promoted-build"), "Pass");
}

#[test]
fn an_unknown_owner_is_named_on_the_command_line() {
    let desk = desk("owner-unknown");
    let run = desk.run(&DRIVE);
    assert_eq!(run.code, 4, "{run:?}");
    do_what_is_printed(&desk, "take-ownership", &[]);
    assert_eq!(desk.status(RELEASE, "take-ownership"), "Pass");
    assert_eq!(desk.triggers("oar_take_ownership"), 1);
}

#[test]
fn a_blocker_that_a_tool_opened_is_resolved_by_the_printed_command() {
    let desk = desk("missed-cve");
    desk.run(&DRIVE);
    let (code, report) = desk.json(&[&DRIVE[..], &["--no-input"]].concat());
    assert_eq!(code, 4, "{report}");
    let check = node(&report, "check-cve-tracker-bug");
    assert_eq!(check["state"], "blocked");
    do_what_is_printed(&desk, "check-cve-tracker-bug", &[]);
    // The trackers are still missed: the check runs again and says so again.
    let (_, report) = desk.json(&DRIVE);
    assert_eq!(node(&report, "check-cve-tracker-bug")["state"], "blocked");
    // A day later nothing is missed any more, and a person has resolved the issue.
    desk.run(&["sim", "advance", "1d"]);
    desk.run(&DRIVE);
    assert_eq!(desk.status(RELEASE, "check-cve-tracker-bug"), "Pass");
}

#[test]
fn the_checker_of_a_server_is_begun_anew_when_it_gave_up() {
    let desk = desk("approval-times-out");
    let settings = "[oar]\nbackend = \"mcp\"\n";
    fs::write(desk.path().join("oar-script.toml"), settings).expect("written settings");
    let told = desk.run(&[&DRIVE[..], &["--watch"]].concat());
    assert_eq!(told.code, 0, "{told:?}");
    let again =
        "the checker gave up before the production release was reachable; it is started anew";
    assert!(told.stderr.contains(again), "{told:?}");
    // Never beside another.
    assert_eq!(desk.triggers("oar_change_advisory_status"), 3);
    assert_eq!(desk.triggers("approve_merge_request"), 1);
    assert_eq!(desk.triggers("move_advisory"), 2);
}

#[test]
fn a_person_may_approve_before_the_day() {
    let desk = desk("early-approval");
    // A simulated clock jumps to the day as soon as a pass waits for it, so the word comes before.
    desk.run(&DRIVE);
    let command = "oar-script decide 4.20.1 change-advisory-status accept --why TEXT";
    let run = desk.type_in(command, &[]);
    assert_eq!(run.code, 0, "{run:?}");
    watch(&desk, 0);
    let at = desk.world()["now"].as_str().unwrap_or_default().to_owned();
    assert!(at.as_str() < "2027-03-04", "{at}");
}

#[test]
fn an_errata_release_waits_for_what_is_done_by_hand() {
    let desk = desk("errata-flow");
    // The server needs a merge request where this program does not.
    let settings = "[oar]\nbackend = \"mcp\"\n";
    fs::write(desk.path().join("oar-script.toml"), settings).expect("written settings");
    let words = [
        "drive.rhai",
        RELEASE,
        "--owner",
        "lead@example.com",
        "--no-input",
    ];
    let (code, report) = desk.json(&words);
    assert_eq!(code, 4, "{report}");
    // Nothing overtakes ownership, although the alerts are not looked at for this release.
    assert_eq!(node(&report, "push-to-cdn-staging")["state"], "waiting");
    do_what_is_printed(&desk, "take-ownership", &["reject"]);
    let (code, report) = desk.json(&words);
    assert_eq!(
        (code, &node(&report, "take-ownership")["state"]),
        (5, &"failed".into())
    );
    do_what_is_printed(&desk, "take-ownership", &["accept"]);
    let (_, report) = desk.json(&words);
    assert_eq!(node(&report, "take-ownership")["state"], "done", "{report}");
    assert_eq!(
        node(&report, "check-cve-tracker-bug")["state"],
        "needs_decision"
    );
}

fn desk(scenario: &str) -> Desk {
    Desk::new(&[&format!("--sim={scenario}")])
}

fn watch(desk: &Desk, code: i32) {
    let run = desk.run(&[&DRIVE[..], &["--watch"]].concat());
    assert_eq!(run.code, code, "{run:?}");
}

/// One more look that asks no person and changes nothing that has ended.
fn status(desk: &Desk) -> (i32, Value) {
    desk.json(&[&DRIVE[..], &["--no-input"]].concat())
}

/// Runs single passes until one ends with `code` and, if that is a wait, waits for final approval
/// alone; time goes on between them.
fn step(desk: &Desk, code: i32) -> Value {
    for _ in 0..120 {
        let (ended, report) = desk.json(&DRIVE);
        let waits_for_the_day = node(&report, "change-advisory-status")["owner"] == "the calendar";
        if ended == code && (code == 0 || waits_for_the_day) {
            return report;
        }
        assert!(matches!(ended, 3 | 4), "{report}");
        if report["back_at"].is_null() {
            desk.run(&["sim", "advance", "30m"]);
        }
    }
    panic!("no end after 120 passes");
}

/// Looks at the report and does for a node what it says, as typed.
fn do_what_is_printed(desk: &Desk, name: &str, choices: &[&str]) {
    let (_, report) = desk.json(&["status", RELEASE]);
    let (_, driven) = match node(&report, name)["next"].is_string() {
        true => (0, report),
        false => status(desk),
    };
    let next = node(&driven, name)["next"].clone();
    let printed = commands(next.as_str().unwrap_or_default());
    assert!(!printed.is_empty(), "nothing to type for {name}: {driven}");
    for command in printed {
        let run = desk.type_in(&command, choices);
        assert!(matches!(run.code, 0 | 3), "`{command}`: {run:?}");
    }
}
