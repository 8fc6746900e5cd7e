//! Two people drive one release, each with a journal of their own over the same state.
#![expect(
    clippy::disallowed_methods,
    reason = "the journals of two people change places"
)]

use std::{
    fs,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
};

use oar_script::{
    error::Kind,
    flow::effect::{Effect, SETTLE, effect},
    release::{Ending, Outcome, Remote, TaskStatus, statebox::Change},
};

use crate::{
    flow::desk::{Desk, set},
    support::program::{Program, Ran},
};

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

fn undisturbed() -> Program {
    let program = Program::quick();
    program.drive(&["--watch"]).ends_with(0);
    program
}

#[test]
fn two_people_who_take_turns_start_everything_once() {
    let (program, undisturbed) = (Program::quick(), undisturbed());
    let mut people = ["ann", "bob"].iter().cycle().take(60);
    let ended = people.any(|person| drive_as(&program, person, &[]).code() == Some(0));
    assert!(ended, "it does not end");
    assert_eq!(program.statuses(), undisturbed.statuses());
    assert_eq!(program.triggers(), undisturbed.triggers());
}

#[test]
fn one_finishes_what_the_other_died_in_and_the_other_comes_back() {
    let undisturbed = undisturbed();
    let mut died = 0;
    for point in (3..).step_by(7) {
        let program = Program::quick();
        let crash = point.to_string();
        if !drive_as(&program, "ann", &["--watch", "--sim-crash-at", &crash]).was_killed() {
            break;
        }
        died += 1;
        drive_as(&program, "bob", &["--watch"]).ends_with(0);
        drive_as(&program, "ann", &["--watch"]).ends_with(0);
        assert_eq!(program.statuses(), undisturbed.statuses(), "point {point}");
        let (now, good) = (program.triggers(), undisturbed.triggers());
        assert_eq!(now, good, "point {point}");
    }
    assert!(died > 8, "only {died} died");
}

#[test]
fn of_two_who_trigger_at_once_one_does() {
    for _ in 0..5 {
        let desk = Desk::new();
        let (count, barrier) = (AtomicUsize::new(0), Barrier::new(2));
        let go = |person: &str| {
            let drive = desk.drive(person);
            drive.snapshot().expect("a state");
            barrier.wait();
            let trigger = || {
                count.fetch_add(1, Ordering::SeqCst);
                let remote = Remote {
                    kind: "jenkins-build".to_owned(),
                    id: "7".to_owned(),
                    url: None,
                };
                Ok(Outcome::new(Ending::InProgress, "started").remote(Some(remote)))
            };
            effect(&drive, "stage-testing", "pipeline", || Ok(None), trigger).expect("an effect")
        };
        let ended = std::thread::scope(|scope| {
            let people = [scope.spawn(|| go("ann")), scope.spawn(|| go("bob"))];
            people.map(|person| person.join().expect("a person who ends"))
        });
        assert_eq!(count.load(Ordering::SeqCst), 1, "{ended:?}");
        let held = ended.iter().find_map(|effect| match effect {
            Effect::Held(outcome) => Some(outcome),
            _ => None,
        });
        let held = held.expect("one is held");
        assert_eq!(held.status, Ending::Waiting);
        assert_eq!(held.recheck_secs, Some(SETTLE.as_secs()));
    }
}

#[test]
fn a_pass_that_one_recorded_is_not_taken_back_by_the_other() {
    let desk = Desk::new();
    let (ann, bob) = (desk.drive("ann"), desk.drive("bob"));
    // Both have read the state before either writes.
    ann.snapshot().unwrap();
    bob.snapshot().unwrap();
    ann.write(vec![set("stage-testing", TaskStatus::Pass)])
        .unwrap();
    for status in [
        TaskStatus::Fail,
        TaskStatus::InProgress,
        TaskStatus::NotStarted,
    ] {
        let error = bob.write(vec![set("stage-testing", status)]).unwrap_err();
        assert_eq!(error.kind, Kind::Refused);
    }
    assert_eq!(
        desk.state().document.status("stage-testing"),
        TaskStatus::Pass
    );
}

#[test]
fn nobody_loses_what_they_write_at_once() {
    let desk = Desk::new();
    let issue = |text: String| Change::AddIssue {
        text,
        is_blocker: false,
        related_tasks: Vec::new(),
    };
    std::thread::scope(|scope| {
        for person in ["ann", "bob"] {
            let drive = desk.drive(person);
            scope.spawn(move || {
                for number in 0..10 {
                    drive
                        .write(vec![issue(format!("{person} {number}"))])
                        .expect("a write");
                }
            });
        }
    });
    let state = desk.state();
    let texts: Vec<_> = state
        .document
        .issues()
        .iter()
        .map(|issue| issue.text.clone())
        .collect();
    for person in ["ann", "bob"] {
        for number in 0..10 {
            assert!(
                texts.contains(&format!("{person} {number}")),
                "{person} {number}: {texts:?}"
            );
        }
    }
}
