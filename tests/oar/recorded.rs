use std::path::Path;

use oar_script::{
    oar::outcome::{Attempt, recorded},
    release::{Ending, TaskStatus, statebox::StateBox},
};

const UUID: &str = "11111111-2222-3333-4444-555555555555";

fn check(
    task: &str,
    status: TaskStatus,
    text: &str,
    ending: Ending,
    attempt: Attempt,
    remote: Option<&str>,
) {
    let judgement = recorded(task, status, Some(text));
    let id = judgement
        .outcome
        .remote
        .as_ref()
        .map(|remote| remote.id.as_str());
    assert_eq!(
        (judgement.outcome.status, judgement.attempt, id),
        (ending, attempt, remote),
        "{text}"
    );
}

#[test]
fn what_runs_is_named_by_the_text() {
    let status = TaskStatus::InProgress;
    check(
        "image-consistency-check",
        status,
        &format!("Triggered image consistency check Prow job: {UUID}"),
        Ending::InProgress,
        Attempt::Running,
        Some(UUID),
    );
    check(
        "image-consistency-check",
        status,
        &format!("The job {UUID}, started by hand."),
        Ending::InProgress,
        Attempt::Running,
        Some(UUID),
    );
    check(
        "stage-testing",
        status,
        "see <https://jenkins.example.com/job/zstreams/job/Stage-Pipeline/1674/>",
        Ending::InProgress,
        Attempt::Running,
        Some("1674"),
    );
    check(
        "stage-testing",
        status,
        "pending: https://jenkins.example.com/queue/item/7319/api/json",
        Ending::InProgress,
        Attempt::Running,
        Some("7319"),
    );
    check(
        "change-advisory-status",
        status,
        "Background metadata checker process started (PID: 42) - x",
        Ending::InProgress,
        Attempt::Running,
        Some("42"),
    );
}

#[test]
fn a_recorded_fail_that_is_a_wait_is_waited_for() {
    let text = "x: ERROR: Stage release failed with status created\nx: INFO: stage release pipeline is not success, will not trigger stage test";
    check(
        "stage-testing",
        TaskStatus::Fail,
        text,
        Ending::Waiting,
        Attempt::NotStarted,
        None,
    );
    let text = "x: ERROR: Execute oc command failed: e\nBackground metadata checker process started (PID: 7) - x\nBackground metadata checker process started. Task status will be updated";
    check(
        "change-advisory-status",
        TaskStatus::Fail,
        text,
        Ending::InProgress,
        Attempt::Running,
        Some("7"),
    );
}

#[test]
fn a_recorded_in_progress_may_have_nothing_behind_it() {
    let status = TaskStatus::InProgress;
    check(
        "stage-testing",
        status,
        "there is pending job in the queue, please try again later",
        Ending::Waiting,
        Attempt::NotStarted,
        None,
    );
    check(
        "stage-testing",
        status,
        "stage testing already passed, no need to trigger again",
        Ending::Pass,
        Attempt::Ended,
        None,
    );
    check(
        "image-consistency-check",
        status,
        "Image consistency check already passed, skipping",
        Ending::Pass,
        Attempt::Ended,
        None,
    );
    check(
        "stage-testing",
        status,
        "stage testing already triggered and in progress, no need to trigger again",
        Ending::InProgress,
        Attempt::InDoubt,
        None,
    );
    check(
        "stage-testing",
        status,
        "",
        Ending::InProgress,
        Attempt::InDoubt,
        None,
    );
    check(
        "image-consistency-check",
        status,
        "task [Image Consistency Check] status is changed to [Not Started]",
        Ending::InProgress,
        Attempt::InDoubt,
        None,
    );
}

#[test]
fn a_checker_that_gave_up_may_be_started_again() {
    let text = "x: WARNING: Release approval timeout. Payload metadata URL still not accessible after 2 days.";
    check(
        "change-advisory-status",
        TaskStatus::Fail,
        text,
        Ending::Fail,
        Attempt::Lost,
        None,
    );
}

#[test]
fn a_persons_word_stands() {
    check(
        "stage-testing",
        TaskStatus::Pass,
        "waived by hand",
        Ending::Pass,
        Attempt::Ended,
        None,
    );
    check(
        "take-ownership",
        TaskStatus::Fail,
        "the ticket is a placeholder",
        Ending::Fail,
        Attempt::Ended,
        None,
    );
}

#[test]
fn every_unfinished_task_of_the_real_files_has_a_reading() {
    let expected = [
        (
            "4.12.85",
            "change-advisory-status",
            Ending::Fail,
            Attempt::Lost,
            None,
        ),
        (
            "4.12.90",
            "change-advisory-status",
            Ending::Fail,
            Attempt::Ended,
            None,
        ),
        (
            "4.12.93",
            "stage-testing",
            Ending::InProgress,
            Attempt::Running,
            Some("1674"),
        ),
        (
            "4.16.62",
            "stage-testing",
            Ending::InProgress,
            Attempt::Running,
            Some("1605"),
        ),
        (
            "4.18.31",
            "change-advisory-status",
            Ending::Waiting,
            Attempt::InDoubt,
            None,
        ),
        (
            "4.18.47",
            "push-to-cdn-staging",
            Ending::InProgress,
            Attempt::Running,
            None,
        ),
        (
            "4.21.0-rc.1",
            "stage-testing",
            Ending::Fail,
            Attempt::Ended,
            Some("1484"),
        ),
        (
            "4.21.0-rc.2",
            "image-consistency-check",
            Ending::InProgress,
            Attempt::InDoubt,
            None,
        ),
        (
            "4.21.0-rc.2",
            "stage-testing",
            Ending::InProgress,
            Attempt::Running,
            Some("1503"),
        ),
        (
            "4.22.0-rc.4",
            "check-cve-tracker-bug",
            Ending::Blocked,
            Attempt::Ended,
            None,
        ),
        (
            "4.22.0-rc.4",
            "image-consistency-check",
            Ending::Fail,
            Attempt::Ended,
            Some("6b88a1f7-3ee1-48ca-813d-89c19c65fcbf"),
        ),
        (
            "5.0.0-ec.3",
            "stage-testing",
            Ending::InProgress,
            Attempt::Running,
            Some("1672"),
        ),
    ];
    let mut read = Vec::new();
    for (release, document) in documents() {
        for task in document.tasks() {
            let judgement = recorded(&task.name, task.status, task.result.as_deref());
            assert!(!judgement.outcome.reason.is_empty());
            if matches!(task.status, TaskStatus::Fail | TaskStatus::InProgress) {
                let id = judgement.outcome.remote.map(|remote| remote.id);
                read.push((
                    release.clone(),
                    task.name.clone(),
                    judgement.outcome.status,
                    judgement.attempt,
                    id,
                ));
            } else {
                assert_eq!(
                    judgement.outcome.status,
                    Ending::Pass,
                    "{release} {}",
                    task.name
                );
            }
        }
    }
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(release, task, ending, attempt, id)| {
            (
                release.to_owned(),
                task.to_owned(),
                ending,
                attempt,
                id.map(str::to_owned),
            )
        })
        .collect();
    assert_eq!(read, expected);
}

#[expect(clippy::disallowed_methods, reason = "fixtures are files")]
fn documents() -> Vec<(String, StateBox)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/statebox");
    let mut names: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let text = std::fs::read_to_string(folder.join(&name)).unwrap();
            (
                name.trim_end_matches(".yaml").to_owned(),
                StateBox::parse_any(&text).unwrap(),
            )
        })
        .collect()
}

#[test]
fn an_approval_that_waits_for_production_is_found_by_another_operator() {
    let sha = "8f1d2c3b4a5968778695a4b3c2d1e0f9a8b7c6d5";
    for line in [
        format!("QE approval of MR 901 at {sha} given; waiting for payload metadata"),
        format!("MR 901 at {sha} is merged; waiting for payload metadata"),
    ] {
        let text = format!(
            "2027-03-02T00:00:00Z: INFO: task [Change Advisory Status] status is changed to [In Progress]\n\
             2027-03-02T00:00:01Z: INFO: {line}"
        );
        check(
            "change-advisory-status",
            TaskStatus::InProgress,
            &text,
            Ending::InProgress,
            Attempt::Running,
            Some(&format!("!901@{sha}")),
        );
        let judgement = recorded(
            "change-advisory-status",
            TaskStatus::InProgress,
            Some(&text),
        );
        let remote = judgement.outcome.remote.unwrap();
        assert_eq!(remote.kind, "approval");
        assert_eq!(
            judgement.outcome.owner.as_deref(),
            Some("ART, production release")
        );
    }
}

#[test]
fn the_checker_of_a_server_is_still_a_checker() {
    let text = "2027-03-02T00:00:00Z: INFO: Background metadata checker process started (PID: 4000) - running independently after parent exit";
    let judgement = recorded("change-advisory-status", TaskStatus::InProgress, Some(text));
    let remote = judgement.outcome.remote.unwrap();
    assert_eq!(
        (remote.kind.as_str(), remote.id.as_str()),
        ("checker", "4000")
    );
}
