//! Several processes over one state on GitHub: two people, and one that dies.
#![expect(
    clippy::disallowed_methods,
    reason = "the journals of two people change places"
)]

use std::fs;

use crate::support::{
    program::{Program, Ran},
    shared::{settings, statuses, subjects},
};

fn on_github(is_mirrored: bool) -> Program {
    let program = Program::quick();
    program.put("oar-script.toml", &settings("github", is_mirrored));
    program
}

fn undisturbed() -> Program {
    let program = on_github(false);
    program.drive(&["--watch"]).ends_with(0);
    program
}

/// Drives as one of two people: their journal lies in the world while they do.
fn drive_as(program: &Program, person: &str, words: &[&str]) -> Ran {
    let (here, away) = (program.path("world/journal"), program.path(person));
    if away.is_dir() {
        fs::rename(&away, &here).expect("a journal that comes");
    }
    let ran = program.drive(words);
    if here.is_dir() {
        fs::rename(&here, &away).expect("a journal that goes");
    }
    ran
}

#[test]
fn two_people_who_take_turns_start_everything_once() {
    let (program, undisturbed) = (on_github(false), undisturbed());
    let mut people = ["ann", "bob"].iter().cycle().take(60);
    let ended = people.any(|person| drive_as(&program, person, &[]).code() == Some(0));
    assert!(ended, "it does not end");
    assert_eq!(statuses(&program), statuses(&undisturbed));
    assert_eq!(program.triggers(), undisturbed.triggers());
}

#[test]
fn one_finishes_what_the_other_died_in() {
    let undisturbed = undisturbed();
    let mut died = 0;
    for point in (5..).step_by(11) {
        let program = on_github(false);
        let crash = point.to_string();
        if !drive_as(&program, "ann", &["--watch", "--sim-crash-at", &crash]).was_killed() {
            break;
        }
        died += 1;
        drive_as(&program, "bob", &["--watch"]).ends_with(0);
        drive_as(&program, "ann", &["--watch"]).ends_with(0);
        assert_eq!(statuses(&program), statuses(&undisturbed), "point {point}");
        let (now, good) = (program.triggers(), undisturbed.triggers());
        assert_eq!(now, good, "point {point}");
    }
    assert!(died > 5, "only {died} died");
}

#[test]
fn a_process_that_dies_loses_nothing_and_repeats_nothing() {
    let undisturbed = undisturbed();
    let mut died = 0;
    for point in (1..).step_by(5) {
        let program = on_github(true);
        let crash = point.to_string();
        if !program
            .drive(&["--watch", "--sim-crash-at", &crash])
            .was_killed()
        {
            break;
        }
        died += 1;
        program.drive(&["--watch"]).ends_with(0);
        assert_eq!(statuses(&program), statuses(&undisturbed), "point {point}");
        let (now, good) = (program.triggers(), undisturbed.triggers());
        assert_eq!(now, good, "point {point}");
        // One creation, whoever made it.
        let count = |program: &Program, start: &str| {
            let subjects = subjects(program).into_iter();
            subjects
                .filter(|subject| subject.starts_with(start))
                .count()
        };
        let made = "Initialize StateBox";
        assert_eq!(count(&program, made), count(&undisturbed, made));
        // Who dies between a claim and the note of it claims once more.
        let claims = "Claim task: ";
        let (now, good) = (count(&program, claims), count(&undisturbed, claims));
        assert!(
            (good..=good + 1).contains(&now),
            "point {point}: {now} claims"
        );
    }
    assert!(died > 8, "only {died} died");
}
