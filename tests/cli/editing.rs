//! People edit the flow without building anything, and cannot edit away what the host holds.

use crate::support::program::{Program, RELEASE, Ran};

const DRIVE: &str = include_str!("../../scripts/drive.rhai");
const INITIALIZATION: &str = include_str!("../../scripts/phases/initialization.rhai");
const PROMOTION: &str = include_str!("../../scripts/phases/promotion.rhai");
const EVALUATION: &str = include_str!("../../scripts/phases/evaluation.rhai");

/// A text of a shipped script with one part replaced; the part must be there.
fn edited(text: &str, from: &str, to: &str) -> String {
    assert!(
        text.contains(from),
        "the shipped script has no `{from}` any more"
    );
    text.replacen(from, to, 1)
}

fn nodes(ran: &Ran) -> Vec<String> {
    let json = ran.json();
    let nodes = json["nodes"].as_array().expect("nodes");
    nodes
        .iter()
        .map(|node| node["name"].as_str().expect("a name").to_owned())
        .collect()
}

/// Holds that a run with these files ends in an error before anything was called.
fn is_caught_early(files: &[(&str, &str)], says: &[&str]) {
    let program = Program::quick();
    for (path, text) in files {
        program.put(path, text);
    }
    program.drive(&["--watch"]).ends_with(1).says(says);
    let calls = &program.documents()["oar"]["calls"];
    assert!(calls.as_array().is_none_or(Vec::is_empty), "{calls}");
    assert_eq!(program.journal_text(), "");
}

#[test]
fn a_copied_phase_with_one_task_added_and_one_removed_changes_plan_and_run() {
    let program = Program::quick();
    let added = edited(
        INITIALIZATION,
        r#"    flow.task("analyze-candidate-build").after("create-test-report").informs();"#,
        r#"    flow.task("tell-the-docs-team").after("take-ownership");"#,
    ) + "\n/// Tells them.\nfn tell_the_docs_team(release) {\n    pass(`told about ${release.version}`)\n}\n";
    program.put("oar-scripts/phases/initialization.rhai", &added);
    let plan = program
        .run(&["plan", RELEASE, "--output", "json"])
        .ends_with(0);
    assert!(nodes(&plan).contains(&"tell-the-docs-team".to_owned()));
    assert!(!nodes(&plan).contains(&"analyze-candidate-build".to_owned()));
    let ran = program.drive(&["--watch", "--output", "json"]);
    let ran = ran
        .ends_with(0)
        .says(&["phases/initialization.rhai is taken from the project"]);
    let json = ran.json();
    let told = json["nodes"].as_array().expect("nodes").iter();
    let told = told
        .filter(|node| node["name"] == "tell-the-docs-team")
        .collect::<Vec<_>>();
    assert_eq!(told[0]["state"], "done");
    assert_eq!(told[0]["reason"], "told about 4.20.1");
    assert_eq!(program.statuses()["analyze-candidate-build"], "Not Started");
}

#[test]
fn an_override_of_one_function_is_reported_and_effective() {
    let program = Program::quick();
    program.put(
        "oar-scripts/overrides/promotion.rhai",
        "//! We wait longer.\n\nfn build_promotion(release) {\n    waiting(\"the moon is not full\")\n}\n",
    );
    let ran = program.drive(&["--output", "json"]).ends_with(3).says(&[
        "override build_promotion (phases/promotion.rhai:",
        "overrides/promotion.rhai:3:4)",
    ]);
    assert!(ran.stdout.contains("the moon is not full"));
}

#[test]
fn an_override_of_nothing_is_caught() {
    is_caught_early(
        &[(
            "oar-scripts/overrides/a.rhai",
            "//! A.\n\nfn build_promotio(release) { pass(\"\") }\n",
        )],
        &[
            "overrides/a.rhai:3:4",
            "overrides nothing",
            "^^^",
            "did you mean `build_promotion`?",
        ],
    );
}

#[test]
fn a_function_that_two_files_define_is_caught_with_both_places() {
    let drive = edited(
        DRIVE,
        "import \"phases/approval\";",
        "import \"phases/approval\";\nimport \"phases/mine\";",
    );
    is_caught_early(
        &[
            ("oar-scripts/drive.rhai", &drive),
            (
                "oar-scripts/phases/mine.rhai",
                "//! Mine.\n\nfn gate(release) { pass(\"\") }\n",
            ),
        ],
        &[
            "`gate` with 1 parameter is defined twice",
            "phases/mine.rhai:3:4",
            "phases/evaluation.rhai:",
            "^^^^",
        ],
    );
}

#[test]
fn a_cycle_is_caught() {
    let text = edited(
        INITIALIZATION,
        "flow.task(\"create-test-report\")",
        "flow.task(\"create-test-report\").after(\"push-to-cdn-staging\")",
    );
    is_caught_early(
        &[("oar-scripts/phases/initialization.rhai", &text)],
        &[
            "these nodes wait for each other:",
            "phases/initialization.rhai:",
            "^^^",
        ],
    );
}

#[test]
fn an_unknown_node_in_after_is_caught() {
    let text = edited(
        INITIALIZATION,
        "after(\"take-ownership\")",
        "after(\"take-ownershp\")",
    );
    is_caught_early(
        &[("oar-scripts/phases/initialization.rhai", &text)],
        &[
            "`take-ownershp`",
            &format!(
                "phases/initialization.rhai:{}:",
                line_of(&text, "take-ownershp")
            ),
            "did you mean `take-ownership`?",
        ],
    );
}

#[test]
fn a_node_without_its_function_is_caught() {
    let text = edited(
        INITIALIZATION,
        "fn push_to_cdn_staging(",
        "fn push_to_the_cdn(",
    );
    is_caught_early(
        &[("oar-scripts/phases/initialization.rhai", &text)],
        &[
            "`push-to-cdn-staging` has no function `push_to_cdn_staging(release)`",
            &format!(
                "phases/initialization.rhai:{}:",
                line_of(&text, "push-to-cdn-staging")
            ),
        ],
    );
}

#[test]
fn a_misspelt_function_inside_a_phase_is_caught() {
    let text = edited(
        INITIALIZATION,
        "oar::create_test_report",
        "oar::creat_test_report",
    );
    is_caught_early(
        &[("oar-scripts/phases/initialization.rhai", &text)],
        &[
            "oar::creat_test_report",
            &format!(
                "phases/initialization.rhai:{}:5",
                line_of(&text, "creat_test_report")
            ),
            "^^^",
            "did you mean `oar::create_test_report`",
        ],
    );
}

#[test]
fn a_script_cannot_approve_before_it_drives() {
    let program = Program::quick();
    let drive = edited(
        DRIVE,
        "flow.drive();",
        "oar::change_advisory_status(args.release);\nflow.drive();",
    );
    program.put("oar-scripts/drive.rhai", &drive);
    let ran = program.drive(&["--watch"]).ends_with(1);
    ran.says(&[
        "final approval is held back",
        &format!(
            "drive.rhai:{}",
            line_of(&drive, "oar::change_advisory_status")
        ),
        "override 4.20.1 --why TEXT",
    ]);
    assert_eq!(program.approvals(), 0);
}

#[test]
fn a_script_without_a_flow_cannot_approve() {
    let program = Program::quick();
    program.put(
        "approve.rhai",
        "//! Approves.\n\noar::change_advisory_status(\"4.20.1\");\n",
    );
    program.drive(&[]).ends_with(3);
    program.run(&["approve.rhai"]).ends_with(1).says(&[
        "final approval is held back",
        "image-consistency-check is Not Started",
        "the gate was not passed",
        "approve.rhai:3:",
    ]);
    assert_eq!(program.approvals(), 0);
}

#[test]
fn a_drive_of_one_release_cannot_approve_another() {
    let program = Program::quick();
    program.put(
        "oar-scripts/overrides/first.rhai",
        "//! Another.\n\nfn create_test_report(release) {\n    oar::change_advisory_status(\"4.20.2\");\n    pass(\"\")\n}\n",
    );
    let ran = program.drive(&[]).ends_with(4);
    assert!(
        ran.stdout.contains("override 4.20.2 --why TEXT"),
        "{}",
        ran.stdout
    );
    assert_eq!(program.approvals(), 0);
}

#[test]
fn nodes_that_all_say_pass_do_not_open_the_way_to_approval() {
    let program = Program::quick();
    let names = [
        "push_to_cdn_staging",
        "build_promotion",
        "image_consistency_check",
        "stage_testing",
        "test_results",
        "analyze_promoted_build",
        "gate",
        "image_signed_check",
    ];
    let all: String = names
        .iter()
        .map(|name| format!("fn {name}(release) {{ pass(\"\") }}\n"))
        .collect();
    program.put(
        "oar-scripts/overrides/all.rhai",
        &format!("//! All pass.\n\n{all}"),
    );
    let ran = program.drive(&["--watch", "--output", "json"]).ends_with(4);
    assert!(
        ran.stdout
            .contains("final approval is held back: the gate was not passed"),
        "{}",
        ran.stdout
    );
    assert_eq!(program.approvals(), 0);
}

/// A flow in which the gate is gone and the tests reject the build.
fn without_a_gate() -> Program {
    let program = Program::quick_but(
        "world.promoted_tests(#{ created: minutes(6), aggregated: minutes(8), result: \"rejected\" });",
    );
    let text = edited(
        EVALUATION,
        "    flow.check(\"gate\").after(\"analyze-promoted-build\");\n",
        "",
    );
    program.put("oar-scripts/phases/evaluation.rhai", &text);
    let approval = include_str!("../../scripts/phases/approval.rhai");
    let text = edited(approval, ", \"gate\"]", "]");
    let text = edited(&text, ", \"gate\"]", "]");
    program.put("oar-scripts/phases/approval.rhai", &text);
    program
}

#[test]
fn a_flow_without_the_gate_does_not_approve_until_a_person_sets_the_rules_aside() {
    let program = without_a_gate();
    let ran = program.drive(&["--watch", "--output", "json"]).ends_with(4);
    for missing in [
        "final approval is held back: ",
        "analyze-promoted-build is Not Started",
        "the gate was not passed",
    ] {
        assert!(ran.stdout.contains(missing), "{}", ran.stdout);
    }
    assert_eq!(program.approvals(), 0);
    program
        .run(&["override", RELEASE, "--why", ""])
        .ends_with(1)
        .says(&["needs a reason"]);
    program
        .run(&["override", RELEASE, "--why", "agreed with the manager"])
        .ends_with(0);
    // The build stays undecided, but nothing holds the approval back any more.
    let ran = program.drive(&["--watch", "--output", "json"]).ends_with(4);
    assert!(
        ran.stdout
            .contains("the rules of final approval were set aside: agreed with the manager")
    );
    assert_eq!(program.approvals(), 1);
    let history = program.run(&["history", RELEASE]).ends_with(0);
    assert!(
        history
            .stdout
            .contains("set the rules of approval aside: agreed with the manager")
    );
}

#[test]
fn a_plan_makes_no_changing_call_even_outside_the_flow() {
    let program = Program::quick();
    let drive = edited(
        DRIVE,
        "flow.drive();",
        "oar::create_test_report(args.release);\nflow.drive();",
    );
    program.put("oar-scripts/drive.rhai", &drive);
    program
        .run(&["plan", RELEASE])
        .ends_with(1)
        .says(&["would call oar.create_test_report"]);
    assert!(!program.has_state());
}

#[test]
fn a_phase_that_adds_no_node_is_only_a_shorter_flow() {
    let program = Program::quick();
    let text = edited(
        PROMOTION,
        "    flow.task(\"stage-testing\")\n        .after(\"build-promotion\")\n        .recheck(minutes(15))\n        .typically(\"2 to 4 hours\");\n",
        "",
    );
    program.put("oar-scripts/phases/promotion.rhai", &text);
    program
        .run(&["plan", RELEASE])
        .ends_with(1)
        .says(&["a node that does not exist: `stage-testing`"]);
}

/// The number of the first line that holds a text.
fn line_of(text: &str, part: &str) -> usize {
    let place = text.lines().position(|line| line.contains(part));
    place.expect("a line that holds it") + 1
}
