use oar_script::{oar::outcome::Attempt, release::Ending, state::StateStore};
use serde_json::{Value, json};

use super::bench::{Bench, RELEASE};

fn remote_id(answer: &oar_script::oar::backend::Answer) -> String {
    answer
        .outcome
        .as_ref()
        .unwrap()
        .remote
        .as_ref()
        .unwrap()
        .id
        .clone()
}

/// The page that announces the release can be seen from now on.
fn announce(documents: &mut Value) {
    documents["portal"]["pages"]["/errata/RHSA-2027:1"] = json!({"is_public": true});
}

async fn check(
    bench: &Bench,
    tool: &str,
    ending: Ending,
    attempt: Attempt,
) -> oar_script::oar::backend::Answer {
    let answer = bench.ask(tool).await;
    assert_eq!(
        (answer.outcome.as_ref().unwrap().status, answer.attempt),
        (ending, Some(attempt)),
        "{}",
        answer.text
    );
    answer
}

#[tokio::test]
async fn a_report_is_made_once() {
    let bench = Bench::new().await;
    check(
        &bench,
        "oar_create_test_report",
        Ending::Pass,
        Attempt::Ended,
    )
    .await;
    assert!(bench.store.document(RELEASE).unwrap().tasks().is_empty());
    let again = check(
        &bench,
        "oar_create_test_report",
        Ending::Pass,
        Attempt::Ended,
    )
    .await;
    assert!(
        again
            .text
            .contains("StateBox already exists for 4.20.1 at _releases/4.20/statebox/4.20.1.yaml")
    );
    assert_eq!(bench.triggers("oar_create_test_report"), 1);
}

#[tokio::test]
async fn ownership_is_written_everywhere_and_recorded_without_the_address() {
    let bench = Bench::new().await;
    bench.ask("oar_create_test_report").await;
    let arguments = json!({"release": RELEASE, "email": "lead@example.com"});
    let answer = bench.call("oar_take_ownership", arguments).await.unwrap();
    assert_eq!(answer.outcome.unwrap().status, Ending::Pass);
    assert_eq!(
        bench.get("errata/advisories/180101/qa_owner"),
        "lead@example.com"
    );
    assert_eq!(bench.get("jira/issues/ART-30002")["assignee"], "lead");
    let (status, text) = bench.recorded("take-ownership").unwrap();
    assert_eq!(status, "Pass");
    assert!(
        text.contains("[EMAIL_REDACTED]") && text.ends_with("[Pass]"),
        "{text}"
    );
}

#[tokio::test]
async fn an_advisory_in_new_files_opens_a_blocker() {
    let bench = Bench::new().await;
    bench.set("errata/advisories/180101/state", json!("NEW_FILES"));
    bench.ask("oar_create_test_report").await;
    let arguments = json!({"release": RELEASE, "email": "lead@example.com"});
    bench.call("oar_take_ownership", arguments).await.unwrap();
    let blocker = bench
        .call(
            "oar_get_task_blocker",
            json!({"release": RELEASE, "task_name": "push-to-cdn-staging"}),
        )
        .await
        .unwrap();
    assert_eq!(
        blocker.json.unwrap()["blocker"]["issue"],
        "Advisories in abnormal state (NEW_FILES instead of QE): 180101"
    );
}

#[tokio::test]
async fn a_failure_by_exception_leaves_no_trace_in_the_state() {
    let bench = Bench::new().await;
    bench.ask("oar_create_test_report").await;
    bench.set("slack/is_down", json!(true));
    let arguments = json!({"release": RELEASE, "email": "lead@example.com"});
    let answer = bench.call("oar_take_ownership", arguments).await.unwrap();
    assert_eq!(answer.outcome.unwrap().status, Ending::Fail);
    assert!(answer.text.contains("status is changed to [Fail]"));
    assert_eq!(bench.recorded("take-ownership"), None);
}

#[tokio::test]
async fn the_consistency_check_runs_to_its_end() {
    let bench = Bench::new().await;
    let id = remote_id(
        &check(
            &bench,
            "oar_image_consistency_check",
            Ending::InProgress,
            Attempt::Started,
        )
        .await,
    );
    let (status, text) = bench.recorded("image-consistency-check").unwrap();
    assert_eq!(status, "In Progress");
    assert!(text.contains(&format!("Triggered image consistency check Prow job: {id}")));
    let look = json!({"release": RELEASE, "job_id": id});
    let answer = bench
        .call("oar_image_consistency_check", look.clone())
        .await
        .unwrap();
    assert_eq!(answer.attempt, Some(Attempt::Running));
    bench.pass_minutes(100);
    let answer = bench
        .call("oar_image_consistency_check", look)
        .await
        .unwrap();
    assert_eq!(
        answer.outcome.unwrap().status,
        Ending::Pass,
        "{}",
        answer.text
    );
    assert_eq!(bench.recorded("image-consistency-check").unwrap().0, "Pass");
    assert_eq!(bench.triggers("oar_image_consistency_check"), 1);
}

#[tokio::test]
async fn an_aborted_job_may_be_started_again_but_is_recorded_as_running() {
    let bench = Bench::with(|documents| {
        documents["prow"]["plan"]["outcomes"] = json!(["aborted", "success"])
    })
    .await;
    let id = remote_id(&bench.ask("oar_image_consistency_check").await);
    bench.pass_minutes(100);
    let answer = bench
        .call(
            "oar_image_consistency_check",
            json!({"release": RELEASE, "job_id": id}),
        )
        .await
        .unwrap();
    assert_eq!(answer.attempt, Some(Attempt::Lost));
    assert_eq!(
        bench.recorded("image-consistency-check").unwrap().0,
        "In Progress"
    );
}

#[tokio::test]
async fn a_passed_task_that_is_triggered_again_is_set_back() {
    let bench = Bench::new().await;
    bench.ask("oar_create_test_report").await;
    for task in ["stage-testing", "image-consistency-check"] {
        let update = json!({"release": RELEASE, "task_name": task, "status": "Pass"});
        bench.call("oar_update_task_status", update).await.unwrap();
    }
    check(&bench, "oar_stage_testing", Ending::Pass, Attempt::Ended).await;
    check(
        &bench,
        "oar_image_consistency_check",
        Ending::Pass,
        Attempt::Ended,
    )
    .await;
    assert_eq!(bench.recorded("stage-testing").unwrap().0, "In Progress");
    assert_eq!(
        bench.recorded("image-consistency-check").unwrap().0,
        "In Progress"
    );
    assert_eq!(
        bench.triggers("oar_stage_testing") + bench.triggers("oar_image_consistency_check"),
        0
    );
}

#[tokio::test]
async fn a_stage_release_that_is_not_ready_is_recorded_as_fail() {
    let bench = Bench::new().await;
    bench.set("gitlab/merge_requests/901/stage_release", json!("running"));
    check(
        &bench,
        "oar_stage_testing",
        Ending::Waiting,
        Attempt::NotStarted,
    )
    .await;
    assert_eq!(bench.recorded("stage-testing").unwrap().0, "Fail");
    bench.set("gitlab/merge_requests/901/stage_release", json!("success"));
    check(
        &bench,
        "oar_stage_testing",
        Ending::InProgress,
        Attempt::Started,
    )
    .await;
}

#[tokio::test]
async fn a_busy_queue_makes_the_server_refuse_for_ever() {
    let bench = Bench::new().await;
    bench.set("jenkins/plan/is_queue_busy", json!(true));
    check(
        &bench,
        "oar_stage_testing",
        Ending::Waiting,
        Attempt::NotStarted,
    )
    .await;
    bench.set("jenkins/plan/is_queue_busy", json!(false));
    check(
        &bench,
        "oar_stage_testing",
        Ending::InProgress,
        Attempt::InDoubt,
    )
    .await;
    assert_eq!(bench.triggers("oar_stage_testing"), 0);
}

#[tokio::test]
async fn stage_testing_runs_to_its_end() {
    let bench = Bench::new().await;
    let number = remote_id(
        &check(
            &bench,
            "oar_stage_testing",
            Ending::InProgress,
            Attempt::Started,
        )
        .await,
    );
    let look = json!({"release": RELEASE, "build_number": number});
    assert_eq!(
        bench
            .call("oar_stage_testing", look.clone())
            .await
            .unwrap()
            .attempt,
        Some(Attempt::Running)
    );
    bench.pass_minutes(180);
    let answer = bench.call("oar_stage_testing", look).await.unwrap();
    assert_eq!(answer.outcome.unwrap().status, Ending::Pass);
    assert_eq!(bench.triggers("oar_stage_testing"), 1);
}

#[tokio::test]
async fn slack_trouble_after_a_trigger_loses_no_job() {
    for tool in ["oar_image_consistency_check", "oar_stage_testing"] {
        let bench = Bench::new().await;
        bench.fault("oar", tool, "slack_down", 1);
        let answer = check(&bench, tool, Ending::InProgress, Attempt::Started).await;
        assert!(answer.text.starts_with('✗'));
        assert!(!remote_id(&answer).is_empty());
        assert_eq!(bench.triggers(tool), 1);
    }
}

#[tokio::test]
async fn a_missing_token_starts_nothing_and_records_nothing() {
    let bench = Bench::with(|documents| documents["oar"]["lacks"] = json!(["APITOKEN"])).await;
    let answer = check(
        &bench,
        "oar_image_consistency_check",
        Ending::Blocked,
        Attempt::NotStarted,
    )
    .await;
    assert!(answer.text.starts_with('✓'));
    assert_eq!(bench.recorded("image-consistency-check"), None);
}

#[tokio::test]
async fn pushes_are_polled_by_calling_again_and_failed_ones_repeated() {
    let bench = Bench::with(|documents| {
        documents["errata"]["plan"]["push_results"] = json!(["FAILED", "COMPLETE"])
    })
    .await;
    check(
        &bench,
        "oar_push_to_cdn_staging",
        Ending::InProgress,
        Attempt::Started,
    )
    .await;
    check(
        &bench,
        "oar_push_to_cdn_staging",
        Ending::InProgress,
        Attempt::Running,
    )
    .await;
    assert_eq!(bench.triggers("oar_push_to_cdn_staging"), 2);
    bench.pass_minutes(45);
    check(
        &bench,
        "oar_push_to_cdn_staging",
        Ending::InProgress,
        Attempt::Started,
    )
    .await;
    bench.pass_minutes(45);
    check(
        &bench,
        "oar_push_to_cdn_staging",
        Ending::Pass,
        Attempt::Ended,
    )
    .await;
    assert_eq!(bench.triggers("oar_push_to_cdn_staging"), 3);
}

#[tokio::test]
async fn missed_trackers_block_until_the_issue_is_resolved() {
    let bench =
        Bench::with(|documents| documents["oar"]["missed_cve_trackers"] = json!(["OCPBUGS-1"]))
            .await;
    check(
        &bench,
        "oar_check_cve_tracker_bug",
        Ending::Blocked,
        Attempt::Ended,
    )
    .await;
    assert_eq!(bench.recorded("check-cve-tracker-bug").unwrap().0, "Fail");
    let again = check(
        &bench,
        "oar_check_cve_tracker_bug",
        Ending::Blocked,
        Attempt::Ended,
    )
    .await;
    assert!(
        again
            .text
            .contains("Error: Task 'check-cve-tracker-bug' already has unresolved blocker")
    );
    let resolve =
        json!({"release": RELEASE, "issue": "missed CVE tracker bugs", "resolution": "added"});
    let resolved = bench
        .call("oar_resolve_issue", resolve)
        .await
        .unwrap()
        .json
        .unwrap();
    assert_eq!(resolved["issue"]["resolution"], "added");
    bench.set("oar/missed_cve_trackers", json!([]));
    check(
        &bench,
        "oar_check_cve_tracker_bug",
        Ending::Pass,
        Attempt::Ended,
    )
    .await;
}

#[tokio::test]
async fn a_signature_is_waited_for() {
    let bench = Bench::with(|documents| {
        documents["release_controller"]["streams"]["4-stable"]["4.20.1"] =
            json!({"phase": "Accepted"})
    })
    .await;
    check(
        &bench,
        "oar_image_signed_check",
        Ending::Waiting,
        Attempt::NotStarted,
    )
    .await;
    bench.set(
        "release_controller/streams/4-stable/4.20.1/digest",
        json!("sha256:01"),
    );
    check(
        &bench,
        "oar_image_signed_check",
        Ending::Pass,
        Attempt::Ended,
    )
    .await;
}

#[tokio::test]
async fn a_reachable_payload_is_approved_at_once() {
    let bench = Bench::with(|documents| announce(documents)).await;
    check(
        &bench,
        "oar_change_advisory_status",
        Ending::Pass,
        Attempt::Ended,
    )
    .await;
    assert_eq!(bench.get("errata/advisories/180101/state"), "REL_PREP");
    assert_eq!(
        bench.get("gitlab/merge_requests/901/approved_by"),
        json!(["oar-bot"])
    );
    check(
        &bench,
        "oar_change_advisory_status",
        Ending::Pass,
        Attempt::Ended,
    )
    .await;
    assert_eq!(bench.triggers("approve_merge_request"), 1);
    assert_eq!(bench.triggers("move_advisory"), 2);
}

#[tokio::test]
async fn the_server_looks_at_the_newest_build_of_the_y_stream() {
    let bench = Bench::with(|documents| {
        announce(documents);
        let stable = &mut documents["release_controller"]["streams"]["4-stable"];
        stable["4.20.10"] = json!({"phase": "Accepted",
            "url": "https://access.redhat.com/errata/RHSA-2027:2"});
        stable["4.20.11"] = json!({"phase": "Ready"});
        stable["4.21.1"] = json!({"phase": "Accepted"});
    })
    .await;
    let answer = bench.ask("oar_change_advisory_status").await;
    assert!(
        answer
            .text
            .contains("url https://access.redhat.com/errata/RHSA-2027:2\n")
    );
    assert!(answer.text.contains("The metadata url is not accessible"));
}

#[tokio::test]
async fn a_kernel_that_must_not_ship_stops_the_approval() {
    let bench = Bench::with(|documents| {
        announce(documents);
        documents["errata"]["advisories"]["180102"]["builds"] =
            json!({"RHEL-9": ["rhcos-x86_64-9.6.20270227-0", "rhcos-aarch64-9.6.20270227-0"]});
        documents["brew"] = json!({"builds": {
            "rhcos-x86_64-9.6.20270227-0": {"components": [["kernel", "5.14.0", "1.el9"]]},
            "kernel-5.14.0-1.el9": {"tags": ["one", "early-kernel-stop-ship"]},
        }});
    })
    .await;
    let answer = bench.ask("oar_change_advisory_status").await;
    for line in [
        "RHCOS nvr is rhcos-x86_64-9.6.20270227-0",
        "The commit metadata is kernel-5.14.0-1.el9",
        "Tags of this build is ['one', 'early-kernel-stop-ship']",
        "kernel tag early-kernel-stop-ship is found, stop moving advisory status",
    ] {
        assert!(answer.text.contains(line), "{}", answer.text);
    }
    assert_eq!(bench.get("errata/advisories/180101/state"), "QE");
    bench.set("brew/builds/kernel-5.14.0-1.el9/tags", json!(["one"]));
    bench.ask("oar_change_advisory_status").await;
    assert_eq!(bench.get("errata/advisories/180101/state"), "REL_PREP");
}

#[tokio::test]
async fn a_scheduled_approval_ends_in_the_state_store() {
    let bench = Bench::new().await;
    check(
        &bench,
        "oar_change_advisory_status",
        Ending::InProgress,
        Attempt::Started,
    )
    .await;
    check(
        &bench,
        "oar_change_advisory_status",
        Ending::Waiting,
        Attempt::InDoubt,
    )
    .await;
    bench.pass_minutes(60);
    bench.server.settle().await;
    bench.change(announce);
    bench.pass_minutes(29);
    bench.server.settle().await;
    bench.pass_minutes(1);
    bench.server.settle().await;
    let (status, text) = bench.recorded("change-advisory-status").unwrap();
    assert_eq!(status, "Pass", "{text}");
    assert!(
        text.contains("Scheduler check #3: Checking")
            && text.ends_with("have been moved to REL_PREP.")
    );
    assert_eq!(bench.get("errata/advisories/180102/state"), "REL_PREP");
    assert!(bench.get("oar/checker").is_null());
}

#[tokio::test]
async fn a_checker_gives_up_after_two_days_and_a_dead_one_never_does() {
    let bench = Bench::new().await;
    bench.ask("oar_change_advisory_status").await;
    bench.pass_minutes(2 * 24 * 60);
    bench.server.settle().await;
    let (status, text) = bench.recorded("change-advisory-status").unwrap();
    assert_eq!(status, "Fail");
    assert_eq!(text.matches("Scheduler check #").count(), 2 * 95);
    bench.ask("oar_change_advisory_status").await;
    bench.set("oar/checker/is_dead", json!(true));
    bench.pass_minutes(3 * 24 * 60);
    bench.server.settle().await;
    assert_eq!(
        bench.recorded("change-advisory-status").unwrap().0,
        "In Progress"
    );
}

#[tokio::test]
async fn a_blocking_alert_stops_the_approval() {
    let bench = Bench::with(|documents| {
        announce(documents);
        documents["errata"]["advisories"]["180101"]["content_alerts"]["blocking"] = json!(true);
    })
    .await;
    check(
        &bench,
        "oar_change_advisory_status",
        Ending::Blocked,
        Attempt::NotStarted,
    )
    .await;
    assert_eq!(bench.get("errata/advisories/180101/state"), "QE");
}

#[tokio::test]
async fn a_merged_request_stops_most_tools_but_not_the_approval() {
    let bench = Bench::with(|documents| {
        documents["gitlab"]["merge_requests"]["901"]["state"] = json!("merged");
        announce(documents);
    })
    .await;
    check(
        &bench,
        "oar_stage_testing",
        Ending::Blocked,
        Attempt::NotStarted,
    )
    .await;
    check(
        &bench,
        "oar_image_consistency_check",
        Ending::Blocked,
        Attempt::NotStarted,
    )
    .await;
    check(
        &bench,
        "oar_change_advisory_status",
        Ending::Pass,
        Attempt::Ended,
    )
    .await;
}

#[tokio::test]
async fn the_servers_copy_of_build_data_is_old_until_it_is_invalidated() {
    let bench = Bench::new().await;
    bench.ask("oar_get_release_metadata").await;
    let group = "build_data/branches/openshift-4.20/releases/4.20.1/assembly/group";
    bench.set(&format!("{group}/release_jira"), json!("ART-2"));
    let ticket =
        async || bench.ask("oar_get_release_metadata").await.json.unwrap()["jira_ticket"].clone();
    assert_eq!(ticket().await, "ART-30001");
    bench
        .call("mcp_cache_invalidate", json!({"release": RELEASE}))
        .await
        .unwrap();
    assert_eq!(ticket().await, "ART-2");
}

#[tokio::test]
async fn an_exception_fails_the_command_and_starts_nothing() {
    let bench = Bench::new().await;
    bench.fault("oar", "oar_push_to_cdn_staging", "exception", 1);
    let answer = check(
        &bench,
        "oar_push_to_cdn_staging",
        Ending::Fail,
        Attempt::Ended,
    )
    .await;
    assert!(answer.text.contains("Error: internal error"));
    assert_eq!(bench.triggers("oar_push_to_cdn_staging"), 0);
}

#[tokio::test]
async fn only_changing_calls_are_written_down() {
    let bench = Bench::new().await;
    bench.ask("oar_get_release_metadata").await;
    bench.ask("oar_create_test_report").await;
    let calls = bench.get("oar/calls");
    assert_eq!(calls.as_array().unwrap().len(), 1);
    assert_eq!(calls[0]["tool"], "oar_create_test_report");
}

#[tokio::test]
async fn readers_of_a_watched_store_see_the_checkers_end() {
    let bench = Bench::new().await;
    bench.ask("oar_change_advisory_status").await;
    bench.change(announce);
    bench.pass_minutes(30);
    let watched = oar_script::sim::oar::Watched::new(bench.store.clone(), bench.server.clone());
    let release = RELEASE.parse().unwrap();
    let snapshot = watched.read(&release).await.unwrap().unwrap();
    assert_eq!(
        snapshot.document.status("change-advisory-status").word(),
        "Pass"
    );
}

#[tokio::test]
async fn active_releases_have_a_state_and_a_date_ahead() {
    let bench = Bench::new().await;
    let active = async || {
        bench
            .call("discover_active_releases", json!({}))
            .await
            .unwrap()
            .json
            .unwrap()
    };
    assert_eq!(active().await, json!({"releases": []}));
    bench.ask("oar_create_test_report").await;
    assert_eq!(active().await, json!({"releases": ["4.20.1"]}));
    bench.pass_minutes(7 * 24 * 60);
    assert_eq!(active().await, json!({"releases": []}));
}
