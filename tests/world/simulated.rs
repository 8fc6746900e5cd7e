//! A world in which nothing is real.
#![expect(
    clippy::disallowed_methods,
    reason = "the test starts itself as another process"
)]

use std::{collections::HashMap, io, path::Path, sync::Arc, time::Duration};

use oar_script::{
    sim::{Options, Simulation, state::PreparedAnswer},
    world::{Question, World, simulated::SimulatedWorld},
};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::sim::{open, runtime};

fn world() -> (Simulation, Arc<SimulatedWorld>) {
    let simulation = open(Options::default());
    let world = simulation.world().clone();
    (simulation, world)
}

fn question(about: &str) -> Question {
    Question {
        about: about.to_owned(),
        text: "accept?".to_owned(),
        choices: Vec::new(),
        wants_reason: true,
    }
}

#[test]
fn sleeping_moves_the_clock_and_takes_no_time() {
    let (_simulation, world) = world();
    let before = world.now();
    runtime().block_on(world.sleep(Duration::from_secs(7 * 86_400)));
    assert_eq!(world.now().duration_since(before).as_hours(), 7 * 24);
}

#[test]
fn the_real_environment_is_never_seen() {
    let simulation = open(Options {
        env: HashMap::from([("GIVEN".to_owned(), "yes".to_owned())]),
        ..Options::default()
    });
    assert!(std::env::var("PATH").is_ok());
    assert_eq!(simulation.world().env("PATH"), None);
    assert_eq!(simulation.world().env("GIVEN").as_deref(), Some("yes"));
}

#[test]
fn known_secrets_are_dummies_and_others_are_absent() {
    let (_simulation, world) = world();
    let secret = world.secret("GITHUB_TOKEN").unwrap();
    assert_eq!(secret.expose_secret(), "simulated-github-token");
    assert!(world.secret("HOME").is_none());
}

#[test]
fn each_prepared_answer_is_used_once_and_the_last_stays() {
    let (simulation, world) = world();
    let answer = |word: &str| PreparedAnswer {
        about: "gate".to_owned(),
        word: word.to_owned(),
        reason: "why".to_owned(),
    };
    let answers = [answer("reject"), answer("accept")];
    simulation
        .state()
        .change(|stored| stored.answers.extend(answers))
        .unwrap();
    let words: Vec<_> = (0..3)
        .map(|_| world.ask(&question("gate")).unwrap().unwrap().word)
        .collect();
    assert_eq!(words, ["reject", "accept", "accept"]);
    assert_eq!(world.ask(&question("something else")).unwrap(), None);
}

#[test]
fn a_full_disk_fails_the_append_that_meets_it() {
    let folder = tempfile::tempdir().unwrap();
    let project = tempfile::tempdir().unwrap();
    let scenario = project.path().join("full.rhai");
    std::fs::write(
        &scenario,
        "fn scenario(world) { world.fault(\"world\", \"append\", \"disk_full\", 1, 1); }",
    )
    .unwrap();
    let simulation = open(Options {
        scenario: scenario.display().to_string(),
        folder: Some(folder.path().to_owned()),
        ..Options::default()
    });
    let file = folder.path().join("journal");
    let kinds: Vec<_> = (0..3)
        .map(|_| simulation.world().append(&file, b"x").map_err(|e| e.kind()))
        .collect();
    assert_eq!(kinds, [Ok(()), Err(io::ErrorKind::StorageFull), Ok(())]);
    assert_eq!(simulation.world().read(&file).unwrap(), b"xx");
}

#[test]
fn files_outside_the_given_folders_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let simulation = open(Options {
        folder: Some(folder.path().join("world")),
        ..Options::default()
    });
    for path in [
        Path::new("/etc/hostname").to_owned(),
        folder.path().join("world/../other"),
    ] {
        let error = simulation.world().write(&path, b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
}

#[test]
fn identities_repeat_in_the_same_world_and_differ_in_another() {
    let ids = |seed: u64| {
        let simulation = open(Options {
            seed,
            ..Options::default()
        });
        [simulation.world().fresh_id(), simulation.world().fresh_id()]
    };
    assert_eq!(ids(1), ids(1));
    assert_ne!(ids(1), ids(2));
    assert_ne!(ids(1)[0], ids(1)[1]);
}

#[test]
fn the_world_can_change_until_schedule_and_slow_work_are_over() {
    let (simulation, world) = world();
    assert!(world.can_change());
    simulation
        .advance(Duration::from_secs(40 * 86_400))
        .unwrap();
    assert!(!world.can_change());
    let started_at = world.now().to_string();
    simulation
        .state()
        .change(|stored| {
            stored.documents["prow"]["jobs"] =
                json!({ "a": { "started_at": started_at, "minutes": 90 } });
        })
        .unwrap();
    assert!(world.can_change());
    simulation.advance(Duration::from_secs(90 * 60)).unwrap();
    assert!(!world.can_change());
}

#[test]
fn points_are_counted() {
    let (_simulation, world) = world();
    world.point("journal");
    world.point("journal");
    assert_eq!(world.points(), 2);
}

#[cfg(unix)]
#[test]
fn the_process_dies_at_the_given_point() {
    use std::os::unix::process::ExitStatusExt;

    const TEST: &str = "world::simulated::the_process_dies_at_the_given_point";
    if std::env::var("DIE_AT_POINT").is_ok() {
        let simulation = open(Options {
            crash_at: Some(3),
            ..Options::default()
        });
        for point in 1..=4 {
            println!("point {point}");
            simulation.world().point("journal");
        }
        return;
    }
    let end = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env("DIE_AT_POINT", "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&end.stdout);
    assert_eq!(end.status.signal(), Some(9), "{output}");
    assert!(output.contains("point 3") && !output.contains("point 4"));
}
