//! Real releases: a simulated world begins where each of them stood, and is driven to its end.
#![expect(
    clippy::disallowed_methods,
    reason = "it looks at the disk as a person would"
)]

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use oar_script::release::{TaskStatus, statebox::StateBox, task::WORKFLOW_TASKS};
use serde_json::Value;

use crate::support::run::{Desk, commands, node};

/// The words for a node that a plan may use.
const STATES: [&str; 9] = [
    "done",
    "ready",
    "running",
    "waiting",
    "blocked",
    "failed",
    "skipped",
    "needs_decision",
    "unknown",
];

/// How often a person acts on one release before it is said to be stuck.
const MOST_ACTS: usize = 25;

#[test]
fn unfinished_releases_are_driven_to_their_end_first_half() {
    let all = unfinished();
    all[..all.len() / 2].iter().for_each(|file| drive(file));
}

#[test]
fn unfinished_releases_are_driven_to_their_end_second_half() {
    let all = unfinished();
    all[all.len() / 2..].iter().for_each(|file| drive(file));
}

#[test]
fn a_finished_release_is_asked_nothing_to_change() {
    for file in fixtures().into_iter().filter(|file| is_finished(file)) {
        let release = release(&file);
        let desk = desk(&file);
        let run = desk.run(&["drive.rhai", &release, "--no-input"]);
        assert!(matches!(run.code, 0 | 3), "{release}: {run:?}");
        assert_eq!(desk.all_triggers(), 0, "{release}: {run:?}");
    }
}

#[test]
fn every_release_is_planned_from_its_file_alone() {
    let desk = Desk::new(&[]);
    for file in fixtures() {
        let path = file.display().to_string();
        for assumed in [
            &[][..],
            &["--assume", "build-promotion=accepted"],
            &["--assume", "build-promotion=accepted,test-results=accepted"],
        ] {
            let begun = Instant::now();
            let words = [&["plan", "--statebox", &path][..], assumed].concat();
            let (code, plan) = desk.json(&words);
            assert_eq!(code, 0, "{path}: {plan}");
            assert!(
                begun.elapsed() < Duration::from_secs(5),
                "{path}: {:?}",
                begun.elapsed()
            );
            assert_eq!(plan["release"], release(&file).as_str());
            for node in plan["nodes"].as_array().into_iter().flatten() {
                let state = node["state"].as_str().unwrap_or_default();
                assert!(STATES.contains(&state), "{path}: {node}");
            }
            assert_passes_stand(&file, &plan);
            if !assumed.is_empty() && !is_finished(&file) {
                let promotion = &node(&plan, "build-promotion")["state"];
                assert!(
                    promotion == "done" || promotion == "waiting",
                    "{path}: {promotion}"
                );
            }
        }
    }
}

/// Drives a release, doing as a person what the reports say, until it is complete.
fn drive(file: &Path) {
    let release = release(file);
    let desk = desk(file);
    let words = [
        "drive.rhai",
        &release,
        "--owner",
        "lead@example.com",
        "--watch",
        "--no-input",
    ];
    for _ in 0..MOST_ACTS {
        let (code, report) = desk.json(&words);
        assert_passes_stand(file, &report);
        if code == 0 {
            no_job_ran_twice(&desk, file);
            return;
        }
        act(&desk, &release, &report);
    }
    let (code, report) = desk.json(&words);
    panic!("{release} is stuck, exit {code}: {}", report["headline"]);
}

/// Does what the report asks of a person: the printed command, else resolves what blocks.
fn act(desk: &Desk, release: &str, report: &Value) {
    let waiting_for_a_person = report["nodes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|node| {
            matches!(
                node["state"].as_str(),
                Some("failed" | "needs_decision" | "blocked")
            ) && node["informs"] != true
        });
    let mut has_acted = false;
    for node in waiting_for_a_person {
        for command in commands(node["next"].as_str().unwrap_or_default()) {
            if command.contains("analyze") && !command.contains("decide") {
                continue;
            }
            // Who adopts must know an id; a job that nobody can name is started again instead.
            let command = match command.contains(" adopt ") {
                true => format!(
                    "oar-script retry {release} {} --why TEXT",
                    node["name"].as_str().unwrap_or_default()
                ),
                false => command,
            };
            let run = desk.type_in(&command, &["accept"]);
            has_acted |= run.code == 0 || run.code == 3;
            assert!(matches!(run.code, 0 | 3), "{release}: `{command}`: {run:?}");
        }
    }
    assert!(
        has_acted,
        "{release}: nothing to do for a person: {report:#}"
    );
}

/// What was `Pass` in the file is done in the report.
fn assert_passes_stand(file: &Path, report: &Value) {
    let before = document(file);
    for task in WORKFLOW_TASKS {
        if before.status(task) == TaskStatus::Pass {
            let state = &node(report, task)["state"];
            assert!(
                state == "done" || state == "skipped",
                "{}: {task} is {state}",
                file.display()
            );
        }
    }
}

/// A task that had passed, or ran with an identity, was not started again.
fn no_job_ran_twice(desk: &Desk, file: &Path) {
    let before = document(file);
    for (task, tool) in [
        ("image-consistency-check", "oar_image_consistency_check"),
        ("stage-testing", "oar_stage_testing"),
        ("take-ownership", "oar_take_ownership"),
    ] {
        if before.status(task) == TaskStatus::Pass {
            assert_eq!(desk.triggers(tool), 0, "{}: {tool}", file.display());
        } else {
            assert!(desk.triggers(tool) <= 1, "{}: {tool}", file.display());
        }
    }
}

fn desk(file: &Path) -> Desk {
    let results = folder("test-results").display().to_string();
    let file = file.display().to_string();
    Desk::new(&["--sim", "--statebox", &file, "--results", &results])
}

fn unfinished() -> Vec<PathBuf> {
    fixtures()
        .into_iter()
        .filter(|file| !is_finished(file))
        .collect()
}

fn is_finished(file: &Path) -> bool {
    document(file).status("change-advisory-status") == TaskStatus::Pass
}

fn document(file: &Path) -> StateBox {
    let text = std::fs::read_to_string(file).expect("the fixture can be read");
    StateBox::parse_any(&text).expect("the fixture is a StateBox")
}

fn release(file: &Path) -> String {
    document(file).release().to_string()
}

fn fixtures() -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder("statebox"))
        .expect("the fixtures are there")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    files
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}
