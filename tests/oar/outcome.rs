use oar_script::{
    oar::{
        outcome::{Attempt, Judgement, classify, kept_text},
        tools::tool,
    },
    release::Ending,
};

const UUID: &str = "11111111-2222-3333-4444-555555555555";
const STAMP: &str = "2027-03-01T09:00:00Z: INFO: ";

fn judge(name: &str, text: &str) -> Judgement {
    let tool = tool(name).unwrap();
    classify(tool, true, text)
}

fn returned(name: &str, lines: &[&str]) -> Judgement {
    let lines: Vec<_> = lines.iter().map(|line| format!("{STAMP}{line}")).collect();
    judge(
        name,
        &format!("✓ Command succeeded\n\n{}", lines.join("\n")),
    )
}

fn raised(name: &str, lines: &[&str], error: &str) -> Judgement {
    let lines: Vec<_> = lines.iter().map(|line| format!("{STAMP}{line}")).collect();
    judge(
        name,
        &format!(
            "✗ Command failed (exit code 1)\n\n{}\n\n✗ Command execution failed\n\nCommand: oar -r 4.20.1 x\n\nError: {error}\n\nTraceback:\n  none",
            lines.join("\n")
        ),
    )
}

fn check(judgement: Judgement, status: Ending, attempt: Attempt) -> Judgement {
    assert_eq!(
        (judgement.outcome.status, judgement.attempt),
        (status, attempt),
        "{judgement:?}"
    );
    judgement
}

fn remote(judgement: &Judgement) -> (&str, &str) {
    let remote = judgement.outcome.remote.as_ref().expect("a remote");
    (&remote.kind, &remote.id)
}

#[test]
fn the_last_status_line_wins_over_what_follows_and_precedes() {
    let text = [
        "task [Image Signed Check] status is changed to [In Progress]",
        "task [Image Signed Check] status is changed to [Pass]",
        "Initialized StateBox for release 4.20.1 at openshift/x",
        "Updated task 'image-signed-check' status: Fail -> Pass",
        "StateBox updated successfully for task 'image-signed-check'",
    ];
    let judgement = check(
        returned("image_signed_check", &text),
        Ending::Pass,
        Attempt::Ended,
    );
    let output = judgement.outcome.output.unwrap();
    assert!(output.ends_with("[Pass]"), "{output}");
    assert!(!output.contains("succeeded"));
}

#[test]
fn errors_in_the_log_do_not_undo_a_pass() {
    let text = "✓ Command succeeded\n\n2027-03-01T09:00:00Z: ERROR: Failed to create StateBox blocker issue: x\n2027-03-01T09:00:01Z: INFO: task [Take Ownership] status is changed to [Pass]";
    check(judge("take_ownership", text), Ending::Pass, Attempt::Ended);
}

#[test]
fn a_trigger_is_in_progress_with_its_job() {
    let id_line = format!("Triggered image consistency check Prow job: {UUID}");
    let lines = [
        "task [Image Consistency Check] status is changed to [In Progress]",
        &id_line,
        "Prow job URL: https://prow.example.com/view/1",
        "sent slack message to <#team>",
    ];
    let judgement = check(
        returned("image_consistency_check", &lines),
        Ending::InProgress,
        Attempt::Started,
    );
    assert_eq!(remote(&judgement), ("prow-job", UUID));
    assert_eq!(
        judgement.outcome.link.as_deref(),
        Some("https://prow.example.com/view/1")
    );
}

#[test]
fn a_job_id_loses_the_punctuation_of_prose() {
    let line = format!("Triggered image consistency check Prow job: {UUID}.");
    let judgement = returned("image_consistency_check", &[&line]);
    assert_eq!(remote(&judgement), ("prow-job", UUID));
}

#[test]
fn a_failure_after_the_trigger_is_still_in_progress() {
    let line = format!("Triggered image consistency check Prow job: {UUID}");
    let judgement = raised(
        "image_consistency_check",
        &[
            &line,
            "task [Image Consistency Check] status is changed to [Fail]",
        ],
        "share prow job url failed",
    );
    let judgement = check(judgement, Ending::InProgress, Attempt::Started);
    assert!(
        judgement
            .outcome
            .reason
            .contains("share prow job url failed")
    );
}

#[test]
fn the_id_printed_before_a_failed_trigger_is_found() {
    let line = format!("Image consistency check job id: {UUID}");
    let judgement = raised(
        "image_consistency_check",
        &[&line],
        "Job x not ready after 5 attempts (25s).",
    );
    check(judgement, Ending::InProgress, Attempt::Started);
}

#[test]
fn the_id_in_the_message_of_a_failed_trigger_is_found() {
    let judgement = raised(
        "image_consistency_check",
        &[],
        &format!("Job {UUID} not ready after 5 attempts (25s)."),
    );
    assert_eq!(
        remote(&check(judgement, Ending::InProgress, Attempt::Started)),
        ("prow-job", UUID)
    );
}

#[test]
fn a_duplicate_that_was_suppressed_keeps_its_job() {
    let line = format!("Prow job {UUID} already in state 'success', skipping duplicate trigger");
    let judgement = check(
        returned("image_consistency_check", &[&line]),
        Ending::InProgress,
        Attempt::Running,
    );
    assert_eq!(remote(&judgement), ("prow-job", UUID));
}

#[test]
fn already_passed_is_a_pass() {
    check(
        returned(
            "image_consistency_check",
            &["Image consistency check already passed, skipping"],
        ),
        Ending::Pass,
        Attempt::Ended,
    );
    check(
        returned(
            "stage_testing",
            &["stage testing already passed, no need to trigger again"],
        ),
        Ending::Pass,
        Attempt::Ended,
    );
    check(
        returned(
            "image_signed_check",
            &["image signed check already pass, no need to trigger again"],
        ),
        Ending::Pass,
        Attempt::Ended,
    );
}

#[test]
fn a_stage_release_that_is_not_ready_is_waited_for() {
    let text = "✓ Command succeeded\n\n2027-03-01T09:00:00Z: ERROR: Stage release failed with status running\n2027-03-01T09:00:00Z: INFO: stage release pipeline is not success, will not trigger stage test";
    let judgement = check(
        judge("stage_testing", text),
        Ending::Waiting,
        Attempt::NotStarted,
    );
    assert!(judgement.outcome.reason.contains("`running`"));
    assert!(judgement.outcome.owner.unwrap().contains("ART"));
    assert!(judgement.attempt.may_start());
}

#[test]
fn a_busy_queue_started_nothing() {
    let judgement = returned(
        "stage_testing",
        &["there is pending job in the queue, please try again later"],
    );
    check(judgement, Ending::Waiting, Attempt::NotStarted);
}

#[test]
fn a_started_build_is_known_by_number_or_queue_item() {
    let judgement = returned(
        "stage_testing",
        &[
            "triggered stage pipeline job: <https://jenkins.example.com/job/zstreams/job/Stage-Pipeline/1501/>",
        ],
    );
    assert_eq!(
        remote(&check(judgement, Ending::InProgress, Attempt::Started)),
        ("jenkins-build", "1501")
    );
    let judgement = returned(
        "stage_testing",
        &[
            "triggered stage pipeline job: <a new job triggered by you is pending, you can check queue item link: https://jenkins.example.com/queue/item/7319/api/json>",
        ],
    );
    assert_eq!(
        remote(&check(judgement, Ending::InProgress, Attempt::Started)),
        ("jenkins-queue-item", "7319")
    );
}

#[test]
fn a_build_in_progress_is_running_and_a_failed_one_failed() {
    let lines = |state: &str| {
        format!(
            "✓ Command succeeded\n\n{STAMP}build status of zstreams/Stage-Pipeline/1501 is {state}\n{STAMP}task [Stage Testing] status is changed to [{}]",
            if state == "In Progress" {
                "In Progress"
            } else {
                "Fail"
            }
        )
    };
    let judgement = check(
        judge("stage_testing", &lines("In Progress")),
        Ending::InProgress,
        Attempt::Running,
    );
    assert_eq!(remote(&judgement), ("jenkins-build", "1501"));
    let judgement = check(
        judge("stage_testing", &lines("ABORTED")),
        Ending::Fail,
        Attempt::Ended,
    );
    assert!(
        judgement.outcome.reason.contains("1501") && judgement.outcome.reason.contains("ABORTED")
    );
}

#[test]
fn stage_testing_that_was_started_without_a_number_is_in_doubt() {
    let judgement = returned(
        "stage_testing",
        &["stage testing already triggered and in progress, no need to trigger again"],
    );
    check(judgement, Ending::InProgress, Attempt::InDoubt);
}

#[test]
fn not_started_settles_the_attempt_so_that_a_new_one_may_start() {
    let line = format!("Prow job {UUID} ended with state 'aborted', resetting for re-trigger");
    let judgement = returned(
        "image_consistency_check",
        &[
            &line,
            "task [Image Consistency Check] status is changed to [Not Started]",
        ],
    );
    let judgement = check(judgement, Ending::Waiting, Attempt::Lost);
    assert!(judgement.attempt.may_start());
}

#[test]
fn a_job_nobody_knows_any_more_is_neither_failed_nor_started_again() {
    let line = format!("Prow job {UUID} ended with state '', re-triggering");
    let judgement = returned("image_consistency_check", &[&line]);
    check(judgement, Ending::Waiting, Attempt::InDoubt);
    let line = format!("Could not retrieve job info for job ID: {UUID}");
    let judgement = raised(
        "image_consistency_check",
        &[
            &line,
            "task [Image Consistency Check] status is changed to [Fail]",
        ],
        &format!("Job {UUID} not found or Prow API error"),
    );
    let judgement = check(judgement, Ending::Waiting, Attempt::InDoubt);
    assert_eq!(remote(&judgement), ("prow-job", UUID));
}

#[test]
fn a_health_check_before_the_stage_release_keeps_the_job() {
    let line = format!("Checking image consistency check Prow job status for job ID: {UUID}");
    let judgement = raised(
        "image_consistency_check",
        &[&line, "Job state: success, URL: https://prow.example.com/1"],
        "Stage release pipeline is not completed yet",
    );
    assert!(judgement.outcome.reason.contains("stage-release"));
    let text = format!(
        "✗ Command failed (exit code 1)\n\n{STAMP}{line}\n2027-03-01T09:00:00Z: ERROR: Image health check failed: Stage release pipeline is not completed yet\n\n✗ Command execution failed\n\nError: Stage release pipeline is not completed yet"
    );
    let judgement = check(
        judge("image_consistency_check", &text),
        Ending::Waiting,
        Attempt::Running,
    );
    assert_eq!(remote(&judgement), ("prow-job", UUID));
}

#[test]
fn unhealthy_images_fail_with_their_number() {
    let judgement = returned(
        "image_consistency_check",
        &[
            "Completed image health check. Scanned 864 images, found 2 unhealthy",
            "task [Image Consistency Check] status is changed to [Fail]",
        ],
    );
    assert_eq!(
        check(judgement, Ending::Fail, Attempt::Ended)
            .outcome
            .reason,
        "2 of 864 images are unhealthy"
    );
}

#[test]
fn a_missing_credential_blocks_with_the_setting() {
    let judgement = judge(
        "image_consistency_check",
        "✓ Command succeeded\n\n2027-03-01T09:00:00Z: INFO: task [Image Consistency Check] status is changed to [In Progress]\nNo APITOKEN env var found, exit...",
    );
    let judgement = check(judgement, Ending::Blocked, Attempt::NotStarted);
    assert!(judgement.outcome.next.unwrap().contains("APITOKEN"));
    let judgement = raised(
        "stage_testing",
        &[],
        "GitHub token not found. Set GITHUB_TOKEN environment variable.",
    );
    assert!(
        check(judgement, Ending::Blocked, Attempt::NotStarted)
            .outcome
            .next
            .unwrap()
            .contains("GITHUB_TOKEN")
    );
    let judgement = judge(
        "take_ownership",
        "✗ Command failed (exit code 1)\n\n2027-03-01T09:00:00Z: ERROR: Missing required environment variables for OAR CLI:\n2027-03-01T09:00:00Z: ERROR:   - JIRA_TOKEN: Required\n\n✗ Command execution failed\n\nError: 1",
    );
    assert!(
        check(judgement, Ending::Blocked, Attempt::NotStarted)
            .outcome
            .reason
            .contains("JIRA_TOKEN")
    );
}

#[test]
fn a_missing_ticket_of_kerberos_blocks_with_kinit() {
    let judgement = raised(
        "push_to_cdn_staging",
        &[],
        "No Kerberos credentials available (default cache: x)",
    );
    assert!(
        check(judgement, Ending::Blocked, Attempt::NotStarted)
            .outcome
            .next
            .unwrap()
            .contains("`kinit`")
    );
}

#[test]
fn a_merge_request_that_is_not_open_blocks() {
    let judgement = raised("take_ownership", &[], "Gitlab MR 901 state is not open");
    let judgement = check(judgement, Ending::Blocked, Attempt::NotStarted);
    assert!(
        judgement.outcome.reason.contains("901")
            && judgement.outcome.reason.contains("closed or merged")
    );
}

#[test]
fn missed_trackers_block_with_the_issue_also_on_a_second_run() {
    let line = "Missed CVE tracker bug OCPBUGS-1 is not found in shipment data";
    let judgement = returned(
        "check_cve_tracker_bug",
        &[
            line,
            "task [Check CVE Tracker Bug] status is changed to [Fail]",
        ],
    );
    let judgement = check(judgement, Ending::Blocked, Attempt::Ended);
    assert!(judgement.outcome.reason.contains("OCPBUGS-1"));
    let judgement = raised(
        "check_cve_tracker_bug",
        &[line],
        "Task 'check-cve-tracker-bug' already has unresolved blocker: Found 1",
    );
    assert!(
        check(judgement, Ending::Blocked, Attempt::Ended)
            .outcome
            .next
            .unwrap()
            .contains("resolve the issue")
    );
}

#[test]
fn a_digest_that_is_missing_is_waited_for() {
    let judgement = raised(
        "image_signed_check",
        &["E001: No image digest found, going to retry after 30 seconds"],
        "'NoneType' object has no attribute 'replace'",
    );
    assert!(
        check(judgement, Ending::Waiting, Attempt::NotStarted)
            .outcome
            .owner
            .unwrap()
            .contains("ART")
    );
}

#[test]
fn a_scheduled_approval_is_in_progress_even_with_errors_in_its_log() {
    let text = "✓ Command succeeded\n\n2027-03-01T09:00:00Z: ERROR: Execute oc command failed: x\n2027-03-01T09:00:00Z: INFO: Background metadata checker process started (PID: 4000) - running independently after parent exit\n2027-03-01T09:00:00Z: INFO: Process output redirected to: /tmp/x.log\n2027-03-01T09:00:00Z: INFO: Background metadata checker process started. Task status will be updated when metadata URL becomes accessible.";
    let judgement = check(
        judge("change_advisory_status", text),
        Ending::InProgress,
        Attempt::Started,
    );
    assert_eq!(remote(&judgement), ("checker", "4000"));
}

#[test]
fn an_approval_that_cannot_start_waits() {
    let judgement = returned(
        "change_advisory_status",
        &[
            "Scheduler is already running for release 4.20 (lock file exists), skipping additional instance",
            "Not all the release resources are approved e.g. x",
        ],
    );
    let judgement = check(judgement, Ending::Waiting, Attempt::InDoubt);
    assert!(
        judgement
            .outcome
            .next
            .unwrap()
            .contains("oar_scheduler_4.20.lock")
    );
    check(
        returned(
            "change_advisory_status",
            &["Not all the release resources are approved e.g. x"],
        ),
        Ending::Waiting,
        Attempt::NotStarted,
    );
}

#[test]
fn blocking_alerts_block_the_approval() {
    let judgement = raised(
        "change_advisory_status",
        &["found blocking secalert on advisory 180101"],
        "advisory 180101 has blocking secalerts, please contact prodsec team",
    );
    assert_eq!(
        check(judgement, Ending::Blocked, Attempt::NotStarted)
            .outcome
            .owner
            .as_deref(),
        Some("product security")
    );
}

#[test]
fn pushes_are_in_progress_until_the_pass_line() {
    let lines = [
        "task [Push to CDN Staging] status is changed to [In Progress]",
        "push job for advisory 180101 is triggered",
        "push job for target <cdn_stage> is COMPLETE",
    ];
    let judgement = check(
        returned("push_to_cdn_staging", &lines),
        Ending::InProgress,
        Attempt::Started,
    );
    assert!(judgement.outcome.reason.contains("180101"));
    let lines = ["push job for target <cdn_stage> is WAITING_ON_PUB"];
    check(
        returned("push_to_cdn_staging", &lines),
        Ending::InProgress,
        Attempt::Running,
    );
}

#[test]
fn transient_words_wait_and_a_lost_post_is_in_doubt() {
    let judgement = raised(
        "take_ownership",
        &[],
        "503 Server Error: Service Unavailable",
    );
    check(judgement, Ending::Waiting, Attempt::NotStarted);
    let judgement = raised(
        "image_consistency_check",
        &[],
        "HTTPSConnectionPool: Read timed out.",
    );
    check(judgement, Ending::Blocked, Attempt::InDoubt);
}

#[test]
fn a_look_that_fails_says_nothing_about_the_job() {
    for message in ["internal error", "503 Server Error: Service Unavailable"] {
        let text = format!(
            "✗ Command failed (exit code 1)\n\n✗ Command execution failed\n\nError: {message}\n"
        );
        let tool = tool("image_consistency_check").unwrap();
        check(
            classify(tool, false, &text),
            Ending::Waiting,
            Attempt::Running,
        );
    }
}

#[test]
fn an_exception_fails_with_its_message_and_a_next_step() {
    let judgement = raised(
        "create_test_report",
        &[],
        "[4.20.99] ocp build data is not ready you can check file: x",
    );
    let judgement = check(judgement, Ending::Fail, Attempt::Ended);
    assert!(
        judgement
            .outcome
            .reason
            .starts_with("[4.20.99] ocp build data")
    );
    assert!(judgement.outcome.next.unwrap().contains("ART"));
}

#[test]
fn a_report_that_exists_passes_with_its_link() {
    let judgement = returned(
        "create_test_report",
        &["StateBox already exists for 4.20.1 at _releases/4.20/statebox/4.20.1.yaml"],
    );
    let link = check(judgement, Ending::Pass, Attempt::Ended)
        .outcome
        .link
        .unwrap();
    assert!(link.ends_with("/_releases/4.20/statebox/4.20.1.yaml") && link.starts_with("https://"));
}

#[test]
fn what_cannot_be_understood_is_waited_for() {
    for text in [
        "",
        "<!DOCTYPE html><html>",
        "hello",
        "✓ Command succeeded",
        "✓ Command succeeded\n\n2027-03-01T09:00:00Z: INFO: something new",
    ] {
        let judgement = check(
            judge("stage_testing", text),
            Ending::Waiting,
            Attempt::InDoubt,
        );
        assert!(
            judgement.outcome.reason.contains("could not be understood"),
            "{text}"
        );
        assert!(!judgement.attempt.may_start());
    }
}

#[test]
fn an_in_progress_line_without_a_job_is_in_doubt() {
    let judgement = returned(
        "image_consistency_check",
        &["task [Image Consistency Check] status is changed to [In Progress]"],
    );
    check(judgement, Ending::Waiting, Attempt::InDoubt);
}

#[test]
fn trouble_with_the_record_is_said() {
    let judgement = returned(
        "image_signed_check",
        &[
            "task [Image Signed Check] status is changed to [Pass]",
            "Failed to update StateBox for task 'image-signed-check': no token",
        ],
    );
    assert!(
        check(judgement, Ending::Pass, Attempt::Ended)
            .outcome
            .reason
            .ends_with("no token")
    );
}

#[test]
fn the_kept_text_of_a_failure_is_its_log() {
    let text = "✗ Command failed (exit code 1)\n\nline one\nline two\n\n✗ Command execution failed\n\nError: x";
    assert_eq!(kept_text(text).as_deref(), Some("line one\nline two"));
    let text = "✗ Command failed (exit code 1)\n\n✗ Command execution failed with unhandled exception\n\nError: bad release";
    assert_eq!(kept_text(text).as_deref(), Some("bad release"));
}

#[test]
fn a_log_that_updates_the_state_itself_is_kept_whole() {
    let text = "✓ Command succeeded\n\n2027-03-01T09:00:00Z: INFO: Updated state file x (attempt 1)\n2027-03-01T09:00:00Z: INFO: task [X] status is changed to [Fail]";
    assert_eq!(kept_text(text).unwrap().lines().count(), 2);
}

#[test]
fn a_started_prow_job_of_job_run_is_named_and_a_refusal_fails() {
    let judgement = judge(
        "job_run",
        &format!("✓ Command succeeded\n\nDebug mode is off\nReturned job id: {UUID}"),
    );
    assert_eq!(
        remote(&check(judgement, Ending::InProgress, Attempt::Started)),
        ("prow-job", UUID)
    );
    let judgement = judge(
        "job_run",
        "✓ Command succeeded\n\nError code: 404, reason: Not Found",
    );
    check(judgement, Ending::Fail, Attempt::NotStarted);
}

#[test]
fn an_answer_that_was_cut_is_never_taken_for_an_end() {
    let lines = [
        "task [Stage Testing] status is changed to [In Progress]",
        "build status of zstreams/Stage-Pipeline/1501 is SUCCESS",
        "task [Stage Testing] status is changed to [Pass]",
    ];
    let lines: Vec<_> = lines.iter().map(|line| format!("{STAMP}{line}")).collect();
    let whole = format!("✓ Command succeeded\n\n{}", lines.join("\n"));
    for (end, _) in whole.char_indices() {
        let judgement = judge("stage_testing", &whole[..end]);
        assert!(
            matches!(
                judgement.outcome.status,
                Ending::Waiting | Ending::InProgress
            ),
            "{}: {judgement:?}",
            &whole[..end]
        );
    }
}

#[test]
fn build_data_that_the_server_cannot_read_are_waited_for() {
    for (error, owner) in [
        ("ocp build data format is invalid", "ART"),
        ("download ocp build data failed", "the OAR server"),
    ] {
        let judgement = check(
            raised("push_to_cdn_staging", &[], error),
            Ending::Waiting,
            Attempt::NotStarted,
        );
        assert_eq!(judgement.outcome.owner.as_deref(), Some(owner));
        assert!(judgement.outcome.reason.contains(error));
    }
}
