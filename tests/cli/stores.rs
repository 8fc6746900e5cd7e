//! A release is driven to its end wherever its state is kept.

use oar_script::{
    release::{
        TaskStatus,
        statebox::{Change, Metadata, StateBox},
    },
    sim::{seed::START, sheet},
};

use crate::support::{
    program::{Program, RELEASE, release},
    shared::{DOCUMENT, cells, change, document, settings, statuses, subjects},
};

/// The cells of a Konflux tab: the overall status and the tasks.
const CELLS: [&str; 12] = [
    "B1", "B8", "B9", "B10", "B11", "B12", "B13", "B14", "B15", "B16", "B17", "B18",
];

/// What they show in the end. Nothing in this flow drops bugs or updates the bug list.
const PASSED: [&str; 12] = [
    "Green",
    "Pass",
    "Not Started",
    "Pass",
    "Pass",
    "Pass",
    "Pass",
    "Pass",
    "Pass",
    "Pass",
    "Not Started",
    "Pass",
];

const LIMITED: &str = "limited mode: no StateBox";

/// The program in a folder with settings that keep the state there.
fn keeping(program: Program, store: &str, is_mirrored: bool) -> Program {
    program.put("oar-script.toml", &settings(store, is_mirrored));
    program
}

fn in_local_store() -> Program {
    let program = keeping(Program::quick(), "local", false);
    program.drive(&["--watch"]).ends_with(0);
    program
}

/// What the branch says once a release is through: who writes what is told by the subjects.
fn expected_subjects() -> Vec<String> {
    let claims = [
        "change-advisory-status",
        "check-cve-tracker-bug",
        "image-consistency-check",
        "push-to-cdn-staging",
        "stage-testing",
        "take-ownership",
    ];
    let updates = [
        "analyze-candidate-build",
        "analyze-promoted-build",
        "change-advisory-status",
        "check-cve-tracker-bug",
        "image-consistency-check",
        "image-consistency-check",
        "image-signed-check",
        "push-to-cdn-staging",
        "push-to-cdn-staging",
        "stage-testing",
        "stage-testing",
        "take-ownership",
    ];
    let mut subjects = vec![format!("Initialize StateBox for release {RELEASE}")];
    subjects.extend(claims.map(|task| format!("Claim task: {task}")));
    subjects.extend(updates.map(|task| format!("Update task: {task}")));
    subjects.sort();
    subjects
}

#[test]
fn a_local_store_takes_a_release_to_its_end() {
    let program = in_local_store();
    let passed = program.statuses();
    let passed = passed.values().filter(|status| *status == "Pass");
    assert_eq!(passed.count(), 9);
    assert!(document(&program).is_none());
}

#[test]
fn the_branch_on_github_takes_a_release_to_its_end() {
    let program = Program::quick();
    let words = [
        "drive.rhai",
        RELEASE,
        "--watch",
        "--sim=./world.rhai",
        "--sim-dir",
        "world",
    ];
    let output = program
        .command(&words)
        .env("OAR_SCRIPT_STATE_STORE", "github")
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let local = in_local_store();
    assert_eq!(statuses(&program), local.statuses());
    assert_eq!(program.triggers(), local.triggers());
    let mut subjects = subjects(&program);
    // Who was told what has tests of its own.
    subjects.retain(|subject| !subject.starts_with("Tell people: "));
    assert_eq!(subjects, expected_subjects());
    assert!(!program.path("world/state.git").exists());
    let documents = program.documents();
    assert!(sheet::tab(&documents, "4.20", RELEASE).is_none());
}

#[test]
fn a_copy_in_the_sheet_shows_what_the_branch_says() {
    let program = keeping(Program::quick(), "github", true);
    program.drive(&[]).ends_with(3);
    // The copy is there after every pass, not at the end alone.
    assert_eq!(cells(&program, &["B8", "B14"]), ["Pass", "In Progress"]);
    program.drive(&["--watch"]).ends_with(0);
    let mut subjects = subjects(&program);
    // Who was told what has tests of its own.
    subjects.retain(|subject| !subject.starts_with("Tell people: "));
    assert_eq!(subjects, expected_subjects());
    assert_eq!(statuses(&program), in_local_store().statuses());
    assert_eq!(cells(&program, &CELLS), PASSED);
}

#[test]
fn a_copy_in_the_sheet_can_be_asked_for_in_the_environment() {
    let program = Program::quick();
    let words = [
        "drive.rhai",
        RELEASE,
        "--sim=./world.rhai",
        "--sim-dir",
        "world",
    ];
    let output = program
        .command(&words)
        .env("OAR_SCRIPT_STATE_STORE", "github")
        .env("OAR_SCRIPT_STATE_MIRROR", "sheet")
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(cells(&program, &["B8"]), ["Pass"]);
}

#[test]
fn a_failure_turns_the_copy_red_and_its_end_green_again() {
    let program = Program::quick_but(r#"world.stage_pipeline(["FAILURE", "SUCCESS"], 5);"#);
    let program = keeping(program, "github", true);
    program.drive(&["--watch"]).ends_with(5);
    assert_eq!(cells(&program, &["B1", "B15"]), ["Red", "Fail"]);
    program
        .run(&["retry", RELEASE, "stage-testing", "--why", "a flake"])
        .ends_with(0);
    program.drive(&["--watch"]).ends_with(0);
    assert_eq!(cells(&program, &CELLS), PASSED);
}

#[test]
fn the_sheet_alone_takes_a_release_to_its_end_and_that_is_said() {
    for store in ["sheet", "github", "local"] {
        let program = keeping(
            Program::quick_but("world.statebox_missing();"),
            store,
            false,
        );
        let ran = program.drive(&["--watch"]).ends_with(0);
        assert!(ran.stdout.contains(LIMITED), "{store}: {}", ran.stdout);
        assert_eq!(cells(&program, &CELLS), PASSED, "{store}");
        assert!(document(&program).is_none(), "{store}");
        assert_eq!(program.triggers(), in_local_store().triggers(), "{store}");
        let again = program.drive(&[]).ends_with(0);
        assert!(again.stdout.contains("nothing is left to do"), "{store}");
        assert_eq!(program.triggers(), in_local_store().triggers(), "{store}");
    }
}

#[test]
fn the_sheet_alone_gets_a_tab_from_the_template_and_its_place_is_named() {
    let program = keeping(Program::quick(), "sheet", false);
    let ran = program.drive(&[]).ends_with(3);
    let place = format!(
        "the release is tracked in https://docs.google.com/spreadsheets/d/{}",
        sheet::document_id("4.20")
    );
    ran.says(&[&place]);
    assert_eq!(cells(&program, &["B1", "B8"]), ["Green", "Pass"]);
}

#[test]
fn a_statebox_that_appears_ends_the_limited_mode_and_nothing_starts_twice() {
    let undisturbed = in_local_store();
    // While the push runs, and while both jobs run.
    for passes in 1..=2 {
        let program = keeping(
            Program::quick_but("world.statebox_missing();"),
            "github",
            false,
        );
        for _ in 0..passes {
            let ran = program.drive(&[]).ends_with(3);
            assert!(ran.stdout.contains(LIMITED), "{}", ran.stdout);
        }
        let tab = cells(&program, &CELLS);
        move_to_statebox(&program);
        let ran = program.drive(&["--watch"]).ends_with(0);
        assert!(!ran.stdout.contains("limited"), "{}", ran.stdout);
        assert_eq!(statuses(&program), undisturbed.statuses(), "{passes}");
        assert_eq!(program.triggers(), undisturbed.triggers(), "{passes}");
        // The tab stays as it was: nothing is mirrored there.
        assert_eq!(cells(&program, &CELLS), tab, "{passes}");
    }
}

#[test]
fn a_statebox_that_appears_empty_starts_nothing_twice_either() {
    let program = keeping(
        Program::quick_but("world.statebox_missing();"),
        "github",
        false,
    );
    program.drive(&[]).ends_with(3);
    program.drive(&[]).ends_with(3);
    let before = program.triggers();
    let empty = StateBox::new(&release(), Metadata::default(), START);
    appear(&program, &empty);
    let ran = program.drive(&["--watch"]).ends_with(4);
    assert!(!ran.stdout.contains("limited"), "{}", ran.stdout);
    let word = "it was done before, but the state of the release does not say so";
    assert!(ran.stdout.contains(word), "{}", ran.stdout);
    assert_eq!(program.triggers(), before);
}

/// Another operator makes a StateBox with the statuses of the tab.
fn move_to_statebox(program: &Program) {
    let tasks = [
        ("take-ownership", "B8"),
        ("image-consistency-check", "B10"),
        ("analyze-candidate-build", "B11"),
        ("analyze-promoted-build", "B12"),
        ("check-cve-tracker-bug", "B13"),
        ("push-to-cdn-staging", "B14"),
        ("stage-testing", "B15"),
    ];
    let mut statebox = StateBox::new(&release(), Metadata::default(), START);
    for (task, cell) in tasks {
        let status: TaskStatus = cells(program, &[cell])[0].parse().expect("a status");
        if status == TaskStatus::NotStarted {
            continue;
        }
        let set = Change::SetTask {
            name: task.to_owned(),
            status,
            result: None,
            started_at: None,
            completed_at: None,
            is_reset: false,
        };
        statebox.apply(&set, START).expect("a task that can be set");
    }
    appear(program, &statebox);
}

fn appear(program: &Program, statebox: &StateBox) {
    let text = statebox.to_yaml();
    change(program, |documents| {
        documents["github"]["branches"]["z-stream"][DOCUMENT] = text.into();
        documents["statebox"]["is_missing"] = false.into();
    });
}

#[test]
fn looking_twice_says_the_same_over_every_store() {
    for store in ["github", "sheet", "local"] {
        let program = keeping(Program::quick(), store, false);
        program.drive(&[]).ends_with(3);
        let before = program.documents();
        for words in [
            &["plan", RELEASE][..],
            &["status", RELEASE],
            &["explain", RELEASE],
            &["history", RELEASE],
            &["releases"],
            &["config", "show"],
        ] {
            let words: Vec<&str> = words.iter().copied().chain(["--output", "json"]).collect();
            let first = program.run(&words);
            let second = program.run(&words);
            assert_eq!(first.code(), Some(0), "{store}: {words:?}: {first:?}");
            assert_eq!(first.json(), second.json(), "{store}: {words:?}");
        }
        assert_eq!(program.documents(), before, "{store}");
    }
}
