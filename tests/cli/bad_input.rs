//! Bad input and bad days: the message names the thing, the place and the next step.

use crate::support::program::{Program, RELEASE, Ran};

/// Holds that a command line ends in `code` and says this, as text and as JSON.
fn fails(words: &[&str], code: i32, says: &[&str]) {
    let program = Program::quick();
    let ran = program.run(words).ends_with(code).says(says);
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    let mut words = words.to_vec();
    words.extend(["--output", "json"]);
    is_json_error(&program.run(&words).ends_with(code));
}

fn is_json_error(ran: &Ran) {
    let json = ran.json();
    assert_eq!(json["outcome"], "error", "{json}");
    for key in ["kind", "message", "hint"] {
        assert!(json["error"][key].is_string(), "no {key}: {json}");
    }
}

#[test]
fn a_drive_without_a_release_shows_how_the_script_is_used() {
    fails(
        &["drive.rhai"],
        2,
        &[
            "the argument `RELEASE` is missing",
            "Usage: oar-script ",
            "drive.rhai RELEASE [--owner EMAIL]",
        ],
    );
    fails(
        &["drive.rhai", RELEASE, "more"],
        2,
        &["unexpected argument `more`", "drive.rhai RELEASE"],
    );
    fails(
        &["drive.rhai", RELEASE, "--ownr", "a@example.com"],
        2,
        &["unknown option `--ownr`", "did you mean `--owner`?"],
    );
    fails(&["plan"], 2, &["no release was named", "plan RELEASE"]);
}

#[test]
fn what_is_no_release_is_named_with_what_is_wrong_about_it() {
    let hint = "give a full version such as 4.20.1";
    fails(
        &["drive.rhai", "4.20"],
        1,
        &[
            "`4.20` is not a release",
            "the last number is missing",
            "drive.rhai:15:17",
            "^^^",
            hint,
        ],
    );
    fails(
        &["drive.rhai", "4.20.x"],
        1,
        &[
            "`4.20.x` is not a release",
            "`x` is not a number",
            "drive.rhai:15:17",
            hint,
        ],
    );
    fails(&["plan", "4.20"], 1, &["`4.20` is not a release", hint]);
    fails(&["history", "x"], 1, &["`x` is not a release", hint]);
}

#[test]
fn a_release_of_the_next_major_version_is_driven() {
    let program = Program::quick();
    program
        .run(&["drive.rhai", "5.0.1", "--watch"])
        .ends_with(0);
    assert!(program.path("world/journal/5.0.1.jsonl").is_file());
}

#[test]
fn an_unknown_word_is_a_usage_error_also_in_json() {
    let program = Program::quick();
    program
        .bare(&["frobnicate"])
        .ends_with(2)
        .says(&["unrecognized subcommand 'frobnicate'", "--help"]);
    is_json_error(
        &program
            .bare(&["frobnicate", "--output", "json"])
            .ends_with(2),
    );
}

#[test]
fn an_unknown_script_is_named_with_where_it_was_looked_for() {
    fails(
        &["nosuch.rhai", RELEASE],
        1,
        &["there is no script `nosuch.rhai`", "the shipped scripts"],
    );
}

#[test]
fn an_unknown_scenario_is_named_with_those_that_exist() {
    let program = Program::new("smoth");
    program
        .drive(&[])
        .ends_with(1)
        .says(&["no scenario `smoth`", "promotion-late, ", "smooth"]);
}

#[test]
fn a_scenario_with_a_mistake_names_the_line() {
    let program = Program::with_scenario(
        "//! Wrong.\n\nfn scenario(world) {\n    world.promotoin(hours(1));\n}\n",
    );
    program.drive(&[]).ends_with(1).says(&[
        "a scenario has no `promotoin",
        "world.rhai:4:",
        "promotion(after)",
    ]);
}

#[test]
fn a_state_document_with_broken_yaml_names_the_line() {
    let program = Program::quick();
    program.put("bad.yaml", "release: 4.20.1\n  tasks: [\n");
    let ran = program
        .bare(&["plan", "--statebox", "bad.yaml"])
        .ends_with(1);
    ran.says(&[
        "`bad.yaml`",
        "line 2, column 8",
        "hint: correct that line in the file",
    ]);
    is_json_error(
        &program
            .bare(&["plan", "--statebox", "bad.yaml", "--output", "json"])
            .ends_with(1),
    );
    program
        .bare(&["plan", "--statebox", "none.yaml"])
        .ends_with(1)
        .says(&["`none.yaml`", "hint: "]);
}

#[test]
fn a_state_document_of_another_release_is_refused() {
    let program = Program::quick();
    program.put(
        "other.yaml",
        include_str!("../fixtures/statebox/4.20.6.yaml"),
    );
    let ran = program
        .bare(&["plan", RELEASE, "--statebox", "other.yaml"])
        .ends_with(1);
    ran.says(&["is about release `4.20.6`, not `4.20.1`", "hint: "]);
}

#[test]
fn facts_that_make_no_sense_are_named() {
    let program = Program::quick();
    program.put(
        "4.20.6.yaml",
        include_str!("../fixtures/statebox/4.20.6.yaml"),
    );
    let assume = |fact| {
        program
            .bare(&["plan", "--statebox", "4.20.6.yaml", "--assume", fact])
            .ends_with(1)
    };
    assume("build-promotion").says(&["`build-promotion` is not a fact", "NODE=WORD"]);
    assume("build-promotion=often")
        .says(&["`often` is not a word for a fact", "accepted, rejected"]);
    assume("build-promotoin=accepted").says(&[
        "no node `build-promotoin`",
        "did you mean `build-promotion`?",
    ]);
}

#[test]
fn a_result_file_that_was_cut_off_is_never_accepted() {
    let program = Program::quick();
    let whole = include_str!("../fixtures/test-results/ocp-test-result-4.20.1-amd64.json");
    program.put("results.json", &whole[..500]);
    program
        .bare(&["analyze", "results.json"])
        .ends_with(1)
        .says(&["`results.json` is cut off", "hint: "]);
    program.put("ocp-test-result-4.20.1-amd64.json", &whole[..500]);
    let ran = program.bare(&[
        "analyze",
        "ocp-test-result-4.20.1-amd64.json",
        "--output",
        "json",
    ]);
    let ran = ran.ends_with(1);
    assert!(!ran.stdout.contains("\"ACCEPT\""), "{}", ran.stdout);
    program
        .bare(&["analyze", "none.json"])
        .ends_with(1)
        .says(&["cannot read `none.json`", "hint: "]);
}

#[test]
fn a_result_file_that_was_cut_off_holds_the_release() {
    let whole = include_str!("../fixtures/test-results/ocp-test-result-4.20.1-amd64.json");
    let cut = format!("{:?}", &whole[..500]);
    // After the whole file is there, before anybody looks at it.
    let program = Program::quick_but(&format!(
        r#"world.at(minutes(14), ["github", "branches", "record", "_releases/ocp-test-result-4.20.1-amd64.json"], {cut});"#
    ));
    let ran = program.drive(&["--watch", "--output", "json"]);
    assert!(matches!(ran.code(), Some(3..=5)), "{ran:?}");
    assert!(
        ran.stdout.contains("it ends too early at line 8"),
        "{}",
        ran.stdout
    );
    assert_eq!(program.approvals(), 0);
}

#[test]
fn a_page_instead_of_an_answer_is_said_and_the_next_run_goes_on() {
    for service in ["release_controller", "github"] {
        let program = Program::quick_but(&format!(
            "world.fault(\"{service}\", \"*\", \"html\", 2, 0);"
        ));
        // Five passes are enough to meet both faults.
        let said: String = (0..5).map(|_| program.drive(&[]).stderr).collect();
        assert!(
            said.contains("was answered with a page instead of JSON"),
            "{said}"
        );
        assert!(said.contains(&format!("{service}: `GET /")), "{said}");
        program.drive(&["--watch"]).ends_with(0);
    }
}

#[test]
fn a_tool_server_that_answers_a_page_is_waited_for() {
    let program = over_mcp("world.fault(\"oar\", \"oar_push_to_cdn_staging\", \"html\", 1, 0);");
    let ran = program.drive(&[]).ends_with(3);
    ran.says(&[
        "waiting        push-to-cdn-staging: oar: the server failed: it answered with text/html",
    ]);
    let undisturbed = over_mcp("");
    undisturbed.drive(&["--watch"]).ends_with(0);
    program.drive(&["--watch"]).ends_with(0);
    assert_eq!(program.triggers(), undisturbed.triggers());
}

#[test]
fn a_tool_server_that_goes_down_in_mid_pass_costs_a_wait_and_nothing_else() {
    let undisturbed = over_mcp("");
    undisturbed.drive(&["--watch"]).ends_with(0);
    for good_calls in [1, 4, 8] {
        let program = over_mcp(&format!(
            "world.fault(\"oar\", \"*\", \"refused\", 3, {good_calls});"
        ));
        program
            .drive(&["--watch"])
            .ends_with(0)
            .says(&["oar: the server failed"]);
        assert_eq!(program.statuses(), undisturbed.statuses());
        let (now, good) = (program.triggers(), undisturbed.triggers());
        for key in [
            "prow jobs",
            "jenkins builds",
            "pushes of 180101",
            "pushes of 180102",
        ] {
            assert_eq!(now[key], good[key], "{key} after {good_calls} good calls");
        }
    }
}

#[test]
fn a_full_disk_ends_the_run_before_anything_is_sent_and_the_next_one_goes_on() {
    let undisturbed = Program::quick();
    undisturbed.drive(&["--watch"]).ends_with(0);
    for written in [0, 6, 12, 20, 23] {
        let fault = format!("world.fault(\"world\", \"append\", \"disk_full\", 1, {written});");
        let program = Program::quick_but(&fault);
        let ran = program.drive(&["--watch"]).ends_with(1);
        ran.says(&[
            "cannot write the journal",
            "no storage space",
            "make room on the disk, then run again",
        ]);
        let lines = program.journal().len();
        assert_eq!(lines, written);
        let again = program.drive(&["--watch"]).ends_with(0);
        assert!(!again.stderr.contains("cannot write"), "{}", again.stderr);
        assert_eq!(program.statuses(), undisturbed.statuses());
        assert_eq!(
            program.triggers(),
            undisturbed.triggers(),
            "after {written} lines"
        );
    }
}

#[test]
fn without_a_terminal_the_exact_command_is_given_where_a_person_is_asked() {
    let program = Program::quick_but("world.owner(\"\");");
    let command = "drive.rhai 4.20.1 --owner EMAIL";
    let ran = program.drive(&[]).ends_with(4);
    assert!(ran.stdout.contains(command), "{}", ran.stdout);
    program.drive(&["--owner", "lead@example.com"]).ends_with(3);
    program.drive(&["--watch"]).ends_with(0);
}

#[test]
fn a_decision_is_asked_for_with_the_exact_command_and_moves_the_release() {
    let program = Program::quick_but(
        "world.promoted_tests(#{ created: minutes(6), aggregated: minutes(8), result: \"rejected\" });",
    );
    let ran = program.drive(&["--watch"]).ends_with(4);
    let command = "decide 4.20.1 analyze-promoted-build accept|reject --why TEXT";
    assert!(ran.stdout.contains(command), "{}", ran.stdout);
    let decide = |words: &[&str]| {
        let mut all = vec!["decide", RELEASE];
        all.extend(words);
        program.run(&all)
    };
    decide(&["analyze-promoted-build", "maybe", "--why", "x"]).ends_with(2);
    decide(&["analyze-promoted-build", "accept"])
        .ends_with(2)
        .says(&["--why"]);
    decide(&["analyze-promoted-build", "accept", "--why", " "])
        .ends_with(1)
        .says(&["needs a reason"]);
    decide(&["analyze-promoted-buld", "accept", "--why", "x"])
        .ends_with(1)
        .says(&["did you mean `analyze-promoted-build`?"]);
    decide(&["analyze-promoted-build", "accept", "--why", "known trouble"]).ends_with(0);
    program.drive(&["--watch"]).ends_with(0);
}

/// A world in which every tool runs on the server.
fn over_mcp(more: &str) -> Program {
    Program::quick_but(&format!("world.backend(\"mcp\"); {more}"))
}
