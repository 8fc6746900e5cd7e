//! What follows from the push jobs of advisories.

use oar_script::release::advisory::{
    Advisory, State,
    push::{PushJob, Seen, Staging, Step, made_since, staging, step},
};

use super::advisory::advisory;

fn job(id: u64, target: &str, status: &str) -> PushJob {
    PushJob {
        id,
        status: status.to_owned(),
        target: target.to_owned(),
    }
}

#[test]
fn the_newest_job_of_each_staging_target_counts() {
    let stage = |status| job(1, "cdn_stage", status);
    assert_eq!(staging(&[]), Staging::Missing);
    assert_eq!(staging(&[job(1, "cdn", "COMPLETE")]), Staging::Missing);
    assert_eq!(staging(&[stage("COMPLETE")]), Staging::Complete);
    let retried = [
        job(9, "cdn_stage", "COMPLETE"),
        job(3, "cdn_stage", "FAILED"),
    ];
    assert_eq!(staging(&retried), Staging::Complete);
    let two = [stage("COMPLETE"), job(2, "cdn_docker_stage", "FAILED")];
    assert_eq!(staging(&two), Staging::Failed(vec![two[1].clone()]));
    for word in ["QUEUED", "WAITING_ON_PUB", "POST_PUSH_PROCESSING", ""] {
        assert_eq!(staging(&[stage(word)]), Staging::Running(vec![stage(word)]));
    }
}

#[test]
fn a_push_waits_for_whoever_must_move() {
    let qe = advisory(1, State::Qe);
    let early = advisory(1, State::NewFiles);
    let check = |advisory: &Advisory, jobs: &[PushJob]| step(&Seen { advisory, jobs }, &[]);
    assert_eq!(check(&qe, &[]), Step::Push(vec![1]));
    assert_eq!(
        check(&qe, &[job(1, "cdn_stage", "FAILED")]),
        Step::Push(vec![1])
    );
    assert_eq!(check(&qe, &[job(1, "cdn_stage", "COMPLETE")]), Step::Done);
    let Step::Wait(waits) = check(&early, &[]) else {
        panic!("it did not wait");
    };
    assert_eq!(waits[0].owner, "ART");
    let Step::Wait(waits) = check(&qe, &[job(7, "cdn_stage", "WAITING_ON_PUB")]) else {
        panic!("it did not wait");
    };
    assert_eq!(waits[0].owner, "Pub");
    assert_eq!(
        waits[0].why,
        "push 7 of advisory 1 to cdn_stage is WAITING_ON_PUB"
    );
}

#[test]
fn a_blocker_goes_first_and_a_failed_one_is_not_done() {
    let mut dependent = advisory(1, State::Qe);
    dependent.blocking_advisories = vec![2];
    let check = |state, jobs: &[PushJob]| {
        let blocker = advisory(2, state);
        let seen = Seen {
            advisory: &dependent,
            jobs: &[],
        };
        step(
            &seen,
            &[Seen {
                advisory: &blocker,
                jobs,
            }],
        )
    };
    assert_eq!(check(State::Qe, &[]), Step::Push(vec![2]));
    assert_eq!(
        check(State::Qe, &[job(1, "cdn_stage", "FAILED")]),
        Step::Push(vec![2])
    );
    assert_eq!(
        check(State::Qe, &[job(1, "cdn_stage", "COMPLETE")]),
        Step::Push(vec![1])
    );
    assert_eq!(check(State::ShippedLive, &[]), Step::Push(vec![1]));
    for (state, jobs) in [
        (State::Qe, vec![job(1, "cdn_stage", "RUNNING")]),
        (State::NewFiles, vec![]),
        (State::DroppedNoShip, vec![]),
    ] {
        assert!(matches!(check(state, &jobs), Step::Wait(_)), "{state}");
    }
    // A blocker nobody read is no reason to go on.
    let seen = Seen {
        advisory: &dependent,
        jobs: &[],
    };
    assert!(matches!(step(&seen, &[]), Step::Wait(_)));
}

#[test]
fn new_jobs_are_those_with_higher_numbers() {
    let before = [job(5, "cdn_stage", "FAILED")];
    let after = [job(5, "cdn_stage", "FAILED"), job(9, "cdn_stage", "QUEUED")];
    assert_eq!(made_since(&before, &after), [after[1].clone()]);
    assert!(made_since(&after, &after).is_empty());
    assert_eq!(made_since(&[], &before), before);
}
