//! What follows from the push jobs of advisories.

use oar_script::release::advisory::{
    Advisory, State,
    push::{PushJob, Seen, Staging, Step, failing, made_since, staging, step, step_down},
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

#[test]
fn what_runs_comes_before_what_failed() {
    let jobs = [
        job(1, "cdn_stage", "FAILED"),
        job(2, "cdn_docker_stage", "RUNNING"),
    ];
    assert_eq!(staging(&jobs), Staging::Running(vec![jobs[1].clone()]));
    let qe = advisory(1, State::Qe);
    let seen = Seen {
        advisory: &qe,
        jobs: &jobs,
    };
    assert!(matches!(step(&seen, &[]), Step::Wait(_)));
}

#[test]
fn failures_are_counted_in_a_row_for_each_target() {
    let check = |jobs: &[PushJob], expected: &[(u64, usize)]| {
        let counted: Vec<_> = failing(jobs)
            .iter()
            .map(|failing| (failing.job.id, failing.times))
            .collect();
        assert_eq!(counted, expected);
    };
    let stage = |id, status| job(id, "cdn_stage", status);
    check(&[], &[]);
    check(&[stage(1, "FAILED"), stage(2, "COMPLETE")], &[]);
    check(&[stage(2, "FAILED"), stage(1, "COMPLETE")], &[(2, 1)]);
    check(
        &[stage(3, "FAILED"), stage(1, "FAILED"), stage(2, "FAILED")],
        &[(3, 3)],
    );
    // Each target for itself, and those that ship not at all.
    check(
        &[
            stage(1, "FAILED"),
            job(2, "cdn_docker_stage", "FAILED"),
            stage(3, "FAILED"),
            job(4, "cdn", "FAILED"),
        ],
        &[(2, 1), (3, 2)],
    );
}

#[test]
fn the_third_failure_in_a_row_is_for_a_person() {
    let qe = advisory(1, State::Qe);
    let mut jobs = vec![job(1, "cdn_stage", "FAILED"), job(2, "cdn_stage", "FAILED")];
    let check = |jobs: &[PushJob]| {
        let seen = Seen {
            advisory: &qe,
            jobs,
        };
        step(&seen, &[])
    };
    assert_eq!(check(&jobs), Step::Push(vec![1]));
    jobs.push(job(3, "cdn_stage", "FAILED"));
    assert!(matches!(check(&jobs), Step::GivenUp(1, _)));
    // What a person pushed is followed.
    jobs.push(job(4, "cdn_stage", "QUEUED"));
    assert!(matches!(check(&jobs), Step::Wait(_)));
}

#[test]
fn blockers_are_followed_down_to_what_can_be_pushed() {
    let blocked = |id, by: &[u64]| {
        let mut advisory = advisory(id, State::Qe);
        advisory.blocking_advisories = by.to_vec();
        advisory
    };
    let advisories = [
        blocked(1, &[2, 3]),
        blocked(2, &[4]),
        blocked(3, &[]),
        blocked(4, &[]),
        blocked(5, &[6]),
        blocked(6, &[5]),
        blocked(7, &[8]),
    ];
    let seen: Vec<_> = advisories
        .iter()
        .map(|advisory| Seen {
            advisory,
            jobs: &[],
        })
        .collect();
    assert_eq!(step_down(1, &seen), Step::Push(vec![4, 3]));
    assert_eq!(step_down(4, &seen), Step::Push(vec![4]));
    for number in [5, 7, 9] {
        let Step::Wait(waits) = step_down(number, &seen) else {
            panic!("{number} does not wait");
        };
        assert_eq!(waits[0].owner, "ART");
    }
}

#[test]
fn what_has_shipped_is_done() {
    let shipped = advisory(1, State::ShippedLive);
    let seen = Seen {
        advisory: &shipped,
        jobs: &[],
    };
    assert_eq!(step(&seen, &[]), Step::Done);
}
