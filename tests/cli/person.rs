//! A person's word at the wrong moment: it is refused, or it does no harm.

use crate::support::program::{Program, RELEASE};

/// Drives a release until the stage pipeline runs.
fn until_it_runs(program: &Program) {
    for _ in 0..30 {
        let ran = program.drive(&["--owner", "lead@example.com"]);
        if ran.stdout.contains("stage-testing                running") {
            return;
        }
    }
    panic!("the stage pipeline does not start");
}

fn long_jobs() -> Program {
    let program = Program::quick_but(
        r#"world.stage_pipeline(["SUCCESS"], 300);
    world.consistency_check(["success"], 300);"#,
    );
    until_it_runs(&program);
    program
}

#[test]
fn a_job_that_runs_is_not_retried() {
    let program = long_jobs();
    for task in ["stage-testing", "image-consistency-check"] {
        let ran = program
            .run(&["retry", RELEASE, task, "--why", "impatience"])
            .ends_with(1);
        assert!(ran.stderr.contains(" runs as "), "{}", ran.stderr);
    }
    program.drive(&["--watch"]).ends_with(0);
    let documents = program.documents();
    for tool in ["oar_stage_testing", "oar_image_consistency_check"] {
        assert_eq!(documents["oar"]["triggers"][tool], 1, "{tool}");
    }
}

#[test]
fn what_has_passed_is_not_adopted() {
    let program = Program::quick();
    program.drive(&["--watch"]).ends_with(0);
    let before = program.journal_text();
    let ran = program
        .run(&["adopt", RELEASE, "stage-testing", "77"])
        .ends_with(1);
    assert!(ran.stderr.contains("has passed"), "{}", ran.stderr);
    assert_eq!(program.journal_text(), before);
}

#[test]
fn nothing_is_decided_on_results_that_are_not_complete() {
    let program =
        Program::quick_but("world.promoted_tests(#{ created: minutes(6), aggregated: hours(9) });");
    until_it_runs(&program);
    let ran = program
        .run(&[
            "decide",
            RELEASE,
            "analyze-promoted-build",
            "accept",
            "--why",
            "haste",
        ])
        .ends_with(1);
    assert!(ran.stderr.contains("are not complete"), "{}", ran.stderr);
}

#[test]
fn a_look_at_a_job_that_fails_takes_nothing_from_the_job() {
    let program = Program::quick_but(
        r#"world.stage_release(minutes(1), "success");
    world.stage_pipeline(["SUCCESS"], 60);
    world.consistency_check(["success"], 60);
    world.fault("oar", "oar_stage_testing", "exception", 2, 1);
    world.fault("oar", "oar_image_consistency_check", "exception", 2, 1);"#,
    );
    program.drive(&["--watch"]).ends_with(0);
    let documents = program.documents();
    for tool in ["oar_stage_testing", "oar_image_consistency_check"] {
        assert_eq!(documents["oar"]["triggers"][tool], 1, "{tool}");
    }
    let state = program.state_text();
    assert!(!state.contains("Not Started"), "{state}");
}
