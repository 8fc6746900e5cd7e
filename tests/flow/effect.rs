//! Triggers that happen at most once.

use std::{cell::Cell, time::Duration};

use oar_script::{
    error::{Error, Kind},
    flow::{
        Drive, Fact, Plan,
        effect::{Effect, SETTLE, effect, settle},
        journal::Settlement,
    },
    release::{Ending, Outcome, Remote, TaskStatus},
};

use super::desk::{Desk, facts, set};

const NODE: &str = "stage-testing";

fn build(id: &str) -> Remote {
    Remote {
        kind: "jenkins-build".to_owned(),
        id: id.to_owned(),
        url: None,
    }
}

fn started(id: &str) -> Outcome {
    Outcome::new(Ending::InProgress, "started").remote(Some(build(id)))
}

fn lost() -> Error {
    Error::new(Kind::Unreachable, "the connection broke").ambiguous()
}

/// Tries the effect once; returns what came of it and whether it was sent.
fn attempt(
    drive: &Drive,
    found: Option<&str>,
    answer: Result<Outcome, Error>,
) -> (Result<Effect, Error>, bool) {
    let sent = Cell::new(false);
    let effect = effect(
        drive,
        NODE,
        "pipeline",
        || Ok(found.map(build)),
        || {
            let last = facts(drive).pop();
            assert!(
                matches!(last, Some(Fact::Intent { .. })),
                "{last:?} stands before the trigger"
            );
            sent.set(true);
            answer
        },
    );
    (effect, sent.get())
}

/// The attempt numbers and tokens of all intents.
fn intents(drive: &Drive) -> Vec<(u32, String)> {
    facts(drive)
        .into_iter()
        .filter_map(|fact| match fact {
            Fact::Intent { attempt, token, .. } => Some((attempt, token)),
            _ => None,
        })
        .collect()
}

fn is_in_doubt(effect: &Result<Effect, Error>) -> bool {
    matches!(effect, Ok(Effect::Held(outcome)) if outcome.status == Ending::Waiting
        && outcome.recheck_secs.is_some_and(|secs| secs <= SETTLE.as_secs()))
}

#[test]
fn what_runs_is_followed_and_not_started_again() {
    let desk = Desk::new();
    let (_, sent) = attempt(&desk.drive("a"), None, Ok(started("7")));
    assert!(sent);
    // Also by the next process.
    let (effect, sent) = attempt(&desk.drive("a"), None, Ok(started("8")));
    assert_eq!(effect.unwrap(), Effect::Running(Some(build("7"))));
    assert!(!sent);
}

#[test]
fn a_lost_answer_is_in_doubt_until_it_had_time_to_show() {
    let desk = Desk::new();
    let (effect, sent) = attempt(&desk.drive("a"), None, Err(lost()));
    assert!(sent && is_in_doubt(&effect), "{effect:?}");
    desk.wait(SETTLE - Duration::from_secs(1));
    let (effect, sent) = attempt(&desk.drive("a"), None, Ok(started("8")));
    assert!(!sent && is_in_doubt(&effect), "{effect:?}");
}

#[test]
fn what_is_found_in_doubt_is_adopted() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    attempt(&drive, None, Err(lost())).0.unwrap();
    let (effect, sent) = attempt(&drive, Some("7"), Ok(started("8")));
    assert_eq!(effect.unwrap(), Effect::Running(Some(build("7"))));
    assert!(!sent);
    let adopted = facts(&drive).pop();
    assert!(
        matches!(
            adopted,
            Some(Fact::Accepted {
                is_adopted: true,
                ..
            })
        ),
        "{adopted:?}"
    );
}

#[test]
fn what_is_not_found_in_time_is_sent_again_as_the_same_attempt() {
    let desk = Desk::new();
    attempt(&desk.drive("a"), None, Err(lost())).0.unwrap();
    desk.wait(SETTLE);
    let drive = desk.drive("a");
    let (effect, sent) = attempt(&drive, None, Ok(started("8")));
    assert!(sent && matches!(effect, Ok(Effect::Triggered(_))));
    let intents = intents(&drive);
    assert_eq!(intents.len(), 2);
    assert_eq!(intents[0], intents[1]);
    assert_eq!(intents[0].0, 1);
}

#[test]
fn a_process_that_died_before_it_sent_is_in_doubt_too() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let intent = Fact::Intent {
        node: NODE.to_owned(),
        effect: "pipeline".to_owned(),
        attempt: 1,
        token: "t".to_owned(),
    };
    drive.record(intent).unwrap();
    let (effect, sent) = attempt(&desk.drive("a"), None, Ok(started("7")));
    assert!(!sent && is_in_doubt(&effect), "{effect:?}");
    desk.wait(SETTLE);
    assert!(attempt(&desk.drive("a"), None, Ok(started("7"))).1);
}

#[test]
fn the_run_of_an_earlier_attempt_is_not_adopted_again() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    attempt(&drive, None, Ok(started("7"))).0.unwrap();
    settle(&drive, NODE, Settlement::Failed).unwrap();
    drive.write(vec![set(NODE, TaskStatus::Fail)]).unwrap();
    let (_, sent) = attempt(&drive, Some("7"), Ok(started("8")));
    assert!(sent);
    let attempts: Vec<_> = intents(&drive)
        .into_iter()
        .map(|(attempt, _)| attempt)
        .collect();
    assert_eq!(attempts, [1, 2]);
}

#[test]
fn what_somebody_else_started_is_adopted_before_anything_is_sent() {
    let desk = Desk::new();
    let (effect, sent) = attempt(&desk.drive("a"), Some("9"), Ok(started("8")));
    assert_eq!(effect.unwrap(), Effect::Running(Some(build("9"))));
    assert!(!sent);
}

#[test]
fn what_another_operator_began_in_the_sheet_meanwhile_is_left_alone() {
    for status in [TaskStatus::InProgress, TaskStatus::Pass] {
        let desk = Desk::new();
        let drive = desk.limited("a");
        assert!(drive.snapshot().unwrap().unwrap().is_limited);
        desk.drive("b").write(vec![set(NODE, status)]).unwrap();
        let (effect, sent) = attempt(&drive, None, Ok(started("8")));
        assert!(!sent, "{status}");
        let Ok(Effect::Held(outcome)) = effect else {
            panic!("{effect:?}");
        };
        assert_eq!(outcome.status, Ending::Waiting);
        assert!(outcome.reason.contains("`stage-testing` of 4.20.28 became"));
        assert!(intents(&drive).is_empty());
    }
}

#[test]
fn what_was_triggered_over_the_sheet_is_not_triggered_again_once_there_is_a_statebox() {
    let desk = Desk::new();
    let (effect, sent) = attempt(&desk.limited("a"), None, Ok(started("8")));
    assert!(sent, "{effect:?}");
    // The document knows nothing of it: this operator's record does.
    let (effect, sent) = attempt(&desk.drive("a"), None, Ok(started("9")));
    assert_eq!(effect.unwrap(), Effect::Running(Some(build("8"))));
    assert!(!sent);
}

#[test]
fn a_refusal_keeps_attempt_and_token() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let refused = Outcome::new(Ending::Waiting, "the stage release is not ready");
    let (effect, _) = attempt(&drive, None, Ok(refused.clone()));
    assert_eq!(effect.unwrap(), Effect::Held(refused));
    assert!(attempt(&drive, None, Ok(started("7"))).1);
    let intents = intents(&drive);
    assert_eq!(intents[0], intents[1]);
    assert_eq!(intents[0].0, 1);
}

#[test]
fn an_error_before_sending_keeps_the_attempt_number() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let refused = Error::new(Kind::Unreachable, "nobody listens");
    assert!(attempt(&drive, None, Err(refused)).0.is_err());
    let how = facts(&drive).pop();
    assert!(
        matches!(
            how,
            Some(Fact::Settled {
                how: Settlement::NotSent,
                ..
            })
        ),
        "{how:?}"
    );
    assert!(attempt(&drive, None, Ok(started("7"))).1);
    assert_eq!(intents(&drive)[1].0, 1);
}

#[test]
fn a_failure_makes_the_next_one_a_new_attempt() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    attempt(&drive, None, Ok(Outcome::new(Ending::Fail, "no")))
        .0
        .unwrap();
    drive.write(vec![set(NODE, TaskStatus::Fail)]).unwrap();
    attempt(&drive, None, Ok(started("7"))).0.unwrap();
    assert_eq!(intents(&drive)[1].0, 2);
}

#[test]
fn a_full_disk_sends_nothing() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    desk.fill_disk(1);
    let (effect, sent) = attempt(&drive, None, Ok(started("7")));
    assert!(effect.is_err() && !sent);
}

#[test]
fn a_plan_sends_and_writes_nothing() {
    let desk = Desk::new();
    let drive = desk.planned("a", Some(Plan::default()));
    let (effect, sent) = attempt(&drive, None, Ok(started("7")));
    assert_eq!(effect.unwrap_err().message, "would trigger pipeline");
    assert!(!sent && drive.journal.entries().is_empty());
}

#[test]
fn what_ended_well_is_not_started_again_without_a_persons_word() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    attempt(&drive, None, Ok(started("1501")))
        .0
        .expect("it starts");
    settle(&drive, NODE, Settlement::Done).expect("it is written down");
    let pass = Outcome::new(Ending::Pass, "passed");
    drive
        .record(Fact::Outcome {
            node: NODE.to_owned(),
            outcome: pass,
        })
        .expect("it is written down");
    let node = NODE.to_owned();
    let kept = drive.record(Fact::Kept { node });
    kept.expect("it is written down");
    // The state still names the run: it is asked about.
    let (again, was_sent) = attempt(&drive, Some("1501"), Ok(started("1502")));
    assert_eq!(again.unwrap(), Effect::Running(Some(build("1501"))));
    assert!(!was_sent);
    // The state names nothing: a person is asked.
    let (again, was_sent) = attempt(&drive, None, Ok(started("1502")));
    assert!(matches!(again, Ok(Effect::Held(outcome)) if outcome.status == Ending::Blocked));
    assert!(!was_sent);
    drive
        .record(Fact::Retry {
            task: NODE.to_owned(),
            why: "the pipeline tested the wrong build".to_owned(),
            who: "lead".to_owned(),
        })
        .expect("it is written down");
    desk.wait(SETTLE);
    assert!(attempt(&drive, None, Ok(started("1502"))).1);
}

#[test]
fn a_run_cut_off_before_the_state_heard_that_it_passed_says_the_same_again() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let pass = Outcome::new(Ending::Pass, "done").output("what was done");
    let first = attempt(&drive, None, Ok(pass.clone())).0;
    first.expect("it is done");
    drive
        .record(Fact::Outcome {
            node: NODE.to_owned(),
            outcome: pass.clone(),
        })
        .expect("it is written down");
    let (again, was_sent) = attempt(&drive, None, Ok(started("1502")));
    assert_eq!(again.unwrap(), Effect::Held(pass));
    assert!(!was_sent);
}

#[test]
fn a_run_cut_off_before_it_said_that_it_passed_says_so_now() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    attempt(&drive, None, Ok(Outcome::new(Ending::Pass, "done")))
        .0
        .expect("it is done");
    let (again, was_sent) = attempt(&drive, None, Ok(started("1502")));
    assert!(matches!(again, Ok(Effect::Held(outcome)) if outcome.status == Ending::Pass));
    assert!(!was_sent);
}

#[test]
fn what_may_have_been_started_is_sent_again_only_on_a_persons_word() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let unsure = Outcome {
        is_in_doubt: true,
        ..Outcome::new(Ending::Blocked, "the request was cut off")
    };
    let (held, _) = attempt(&drive, None, Ok(unsure));
    let Ok(Effect::Held(outcome)) = held else {
        panic!("{held:?}")
    };
    assert!(
        outcome
            .next
            .as_deref()
            .is_some_and(|next| next.contains("oar-script adopt"))
    );
    drive
        .record(Fact::Outcome {
            node: NODE.to_owned(),
            outcome,
        })
        .unwrap();
    desk.wait(SETTLE * 100);
    let again = desk.drive("a");
    let (held, was_sent) = attempt(&again, None, Ok(started("1501")));
    assert!(matches!(held, Ok(Effect::Held(_))) && !was_sent);
    settle(&again, NODE, Settlement::Declared).unwrap();
    let (_, was_sent) = attempt(&again, None, Ok(started("1501")));
    assert!(was_sent);
}

#[test]
fn an_answer_that_nobody_understands_leaves_the_intent_open() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let garbled = Outcome {
        is_in_doubt: true,
        ..Outcome::new(Ending::Waiting, "the answer could not be understood")
    };
    attempt(&drive, None, Ok(garbled)).0.unwrap();
    let (_, was_sent) = attempt(&drive, None, Ok(started("1501")));
    assert!(!was_sent, "not before it had time to show");
    let (found, was_sent) = attempt(&drive, Some("1501"), Ok(started("1502")));
    assert_eq!(found.unwrap(), Effect::Running(Some(build("1501"))));
    assert!(!was_sent);
}
