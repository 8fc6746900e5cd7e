//! The bug list of a release of the Errata flow, and dropping bugs, in this process.

use oar_script::{
    error::Kind,
    release::{Ending, TaskStatus, Version, statebox::StateBox},
    state::StateStore as _,
};
use serde_json::{Value, json};

use super::retired_bench::{Bench, RELEASE, check, outcome};

async fn bench() -> Bench {
    Bench::with(|_| ()).await
}

fn link(key: &str) -> String {
    format!("=HYPERLINK(\"https://redhat.atlassian.net/browse/{key}\",\"{key}\")")
}

fn issues(bench: &Bench, advisory: &str) -> Value {
    bench.get(&format!("errata/advisories/{advisory}/jira_issues"))
}

/// How often a change of this kind was sent.
fn count(requests: &[String], part: &str) -> usize {
    requests.iter().filter(|line| line.contains(part)).count()
}

#[tokio::test]
async fn the_list_shows_what_waits_and_the_contacts_are_asked() {
    let bench = bench().await;
    let (outcome, text) = bench.ran("update_bug_list").await;
    check(
        &outcome,
        Ending::InProgress,
        "not verified: OCPBUGS-123 (ON_QA), OCPBUGS-3 (MODIFIED), OCPBUGS-4 (ON_QA)",
    );
    assert!(text.contains("task [Update Bug List] status is changed to [In Progress]"));
    assert!(text.contains("WARNING: OCPBUGS-4 is a CVE tracker bug"));
    assert_eq!(bench.cell("C8"), link("OCPBUGS-123"));
    assert_eq!(bench.cell("D8"), "qa@example.com");
    assert_eq!(bench.cell("E8"), "ON_QA");
    assert_eq!(bench.cell("C9"), link("OCPBUGS-4"));
    assert_eq!(bench.cell("C10"), "");
    let messages = bench.messages();
    assert_eq!(messages.len(), 1);
    assert!(
        messages[0].starts_with("[4.20.1] <!subteam^S3> "),
        "{}",
        messages[0]
    );
    let asked =
        "<https://redhat.atlassian.net/browse/OCPBUGS-4|OCPBUGS-4> <@U1> (it is a CVE tracker bug)";
    assert!(messages[0].ends_with(asked), "{}", messages[0]);
    assert!(!messages[0].contains("OCPBUGS-3"), "it is not ON_QA");
    assert_eq!(bench.get("slack/messages/0/channel"), Value::Null);
}

#[tokio::test]
async fn one_call_reads_nothing_twice_and_writes_the_tab_once() {
    let bench = bench().await;
    bench.set("jira/page_size", json!(100));
    bench.ran("update_bug_list").await;
    let mut requests = bench.requests();
    requests.retain(|line| !line.contains("/token"));
    assert_eq!(count(&requests, "sheets GET"), 1);
    assert_eq!(count(&requests, "sheets POST"), 1);
    assert_eq!(count(&requests, "jira "), 1, "one search for all bugs");
    let mut all = requests.clone();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), requests.len(), "{requests:?}");
}

#[tokio::test]
async fn a_second_run_changes_no_cell() {
    let bench = bench().await;
    bench.ran("update_bug_list").await;
    bench.requests();
    bench.ran("update_bug_list").await;
    assert_eq!(count(&bench.requests(), "sheets POST"), 0);
}

#[tokio::test]
async fn all_verified_passes_and_release_pending_is_verified() {
    let bench = bench().await;
    for (key, status) in [
        ("OCPBUGS-123", "Release Pending"),
        ("OCPBUGS-3", "Closed"),
        ("OCPBUGS-4", "Verified"),
    ] {
        bench.set(&format!("jira/issues/{key}/status"), json!(status));
    }
    let (outcome, text) = bench.ran("update_bug_list").await;
    check(&outcome, Ending::Pass, "all 4 bugs are verified");
    assert!(text.contains("task [Update Bug List] status is changed to [Pass]"));
    assert!(bench.messages().is_empty());
}

#[tokio::test]
async fn a_bug_that_may_not_be_seen_is_left_alone_and_named() {
    let bench = bench().await;
    bench.ran("update_bug_list").await;
    bench.set("jira/issues/OCPBUGS-4/is_hidden", json!(true));
    let (outcome, text) = bench.ran("update_bug_list").await;
    check(&outcome, Ending::InProgress, "OCPBUGS-123");
    assert!(text.contains("WARNING: OCPBUGS-4 cannot be seen"));
    assert_eq!(bench.cell("E9"), "ON_QA");
}

#[tokio::test]
async fn flags_ask_other_people() {
    let bench = bench().await;
    bench.set("jira/issues/OCPBUGS-123/priority", json!("Blocker"));
    let given = json!({"release": RELEASE, "confirm_droppable": true});
    bench
        .with_arguments("update_bug_list", given)
        .await
        .unwrap();
    assert!(bench.messages()[0].contains("OCPBUGS-123"));
    let given = json!({"release": RELEASE, "notify": false});
    bench
        .with_arguments("update_bug_list", given)
        .await
        .unwrap();
    assert_eq!(bench.messages().len(), 1, "nobody was to be asked");
    let given = json!({"release": RELEASE, "notify_managers": true});
    bench
        .with_arguments("update_bug_list", given)
        .await
        .unwrap();
    let messages = bench.messages();
    assert!(messages[1].ends_with("|OCPBUGS-4>") && !messages[1].contains("OCPBUGS-123"));
    bench.set("ldap/people/qa/manager", json!("boss"));
    let given = json!({"release": RELEASE, "notify_managers": true});
    bench
        .with_arguments("update_bug_list", given)
        .await
        .unwrap();
    assert!(
        bench.messages()[2].ends_with("|OCPBUGS-4> <@U2>"),
        "the manager"
    );
    for given in [
        json!({"release": RELEASE, "notify": false, "confirm_droppable": true}),
        json!({"release": RELEASE, "notify_managers": true, "confirm_droppable": true}),
    ] {
        bench.requests();
        let error = bench
            .with_arguments("update_bug_list", given)
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert!(bench.requests().is_empty());
    }
}

#[tokio::test]
async fn a_konflux_release_is_left_alone_by_all_three() {
    let bench = bench().await;
    let group = "build_data/branches/openshift-4.20/releases/4.20.1/assembly/group/shipment";
    bench.set(
        group,
        json!({"url": "https://gitlab.example.com/-/merge_requests/901"}),
    );
    for tool in ["update_bug_list", "drop_bugs", "check_greenwave_cvp_tests"] {
        bench.requests();
        let (outcome, text) = bench.ran(tool).await;
        check(&outcome, Ending::Skipped, "merge request");
        assert!(text.contains("This command is not supported in Konflux release flow. Skipping."));
        let requests = bench.requests();
        assert!(
            requests.iter().all(|line| line.starts_with("build_data ")),
            "{requests:?}"
        );
    }
}

#[tokio::test]
async fn a_release_without_a_tab_is_worked_on_all_the_same() {
    let bench = Bench::with(|documents| documents["sheets"]["spreadsheets"] = json!({})).await;
    bench.set("sheets/spreadsheets", {
        let mut documents = json!({});
        let release: Version = RELEASE.parse().unwrap();
        oar_script::sim::sheet::add_document(
            &mut documents,
            &release,
            oar_script::release::sheet::Layout::Errata,
        );
        documents["sheets"]["spreadsheets"].take()
    });
    let (outcome, text) = bench.ran("update_bug_list").await;
    check(&outcome, Ending::InProgress, "OCPBUGS-123");
    assert!(text.contains("has no test report"));
    let (outcome, _) = bench.ran("drop_bugs").await;
    check(&outcome, Ending::Pass, "dropped OCPBUGS-123, OCPBUGS-3");
}

#[tokio::test]
async fn slack_that_refuses_is_a_note_and_fails_nothing() {
    let bench = bench().await;
    bench.set("slack/is_down", json!(true));
    let (outcome, text) = bench.ran("update_bug_list").await;
    check(
        &outcome,
        Ending::InProgress,
        "qe-forum was not told in Slack",
    );
    assert!(text.contains("WARNING: qe-forum was not told in Slack"));
    let (outcome, _) = bench.ran("drop_bugs").await;
    check(&outcome, Ending::Pass, "qe-release was not told in Slack");
    assert_eq!(issues(&bench, "180101"), json!(["OCPBUGS-1234"]));
}

#[tokio::test]
async fn exactly_the_bugs_that_are_not_verified_are_dropped() {
    let bench = bench().await;
    bench.ran("update_bug_list").await;
    let (outcome, text) = bench.ran("drop_bugs").await;
    check(&outcome, Ending::Pass, "dropped OCPBUGS-123, OCPBUGS-3");
    assert!(outcome.reason.contains("still to be verified: OCPBUGS-4"));
    assert!(text.contains("task [Drop Bugs] status is changed to [Pass]"));
    assert!(text.contains("bugs are dropped from advisory 180101: OCPBUGS-123, OCPBUGS-3"));
    assert_eq!(
        issues(&bench, "180101"),
        json!(["OCPBUGS-1234"]),
        "another key that begins alike"
    );
    assert_eq!(
        issues(&bench, "180102"),
        json!(["OCPBUGS-4"]),
        "a CVE tracker"
    );
    assert_eq!(bench.cell("E8"), "Dropped");
    assert_eq!(bench.cell("E9"), "ON_QA");
    let messages = bench.messages();
    let told = &messages[1];
    assert!(
        told.starts_with("[4.20.1] Hello <!subteam^S1> <!subteam^S2>, "),
        "{told}"
    );
    assert!(
        told.contains("|OCPBUGS-123>\n") && told.contains("|OCPBUGS-3>"),
        "{told}"
    );
    // Dropping took the approval of the text back.
    let asked = bench.get("errata/advisories/180101");
    assert_eq!(
        (&asked["text_ready"], &asked["doc_complete"]),
        (&json!(1), &json!(0))
    );
    assert!(messages[2].contains("<!subteam^S2>") && messages[2].contains("|180101>"));
    assert_eq!(messages.len(), 3);
    let untouched = bench.get("errata/advisories/180102");
    assert_eq!(untouched["doc_complete"], 1);
}

#[tokio::test]
async fn a_dropped_bug_stays_dropped_whatever_its_status_becomes() {
    let bench = bench().await;
    bench.ran("update_bug_list").await;
    bench.ran("drop_bugs").await;
    bench.set("jira/issues/OCPBUGS-123/status", json!("ASSIGNED"));
    bench.ran("update_bug_list").await;
    bench.ran("update_bug_list").await;
    assert_eq!(bench.cell("E8"), "Dropped");
}

#[tokio::test]
async fn dropping_twice_drops_and_tells_once() {
    let bench = bench().await;
    bench.ran("update_bug_list").await;
    bench.ran("drop_bugs").await;
    let told = bench.messages().len();
    bench.requests();
    let (outcome, _) = bench.ran("drop_bugs").await;
    check(&outcome, Ending::Pass, "no bug had to be dropped");
    assert_eq!(bench.messages().len(), told);
    let requests = bench.requests();
    assert_eq!(
        count(&requests, "errata POST") + count(&requests, "errata PUT"),
        0
    );
    assert_eq!(count(&requests, "sheets POST /v4"), 0);
}

#[tokio::test]
async fn product_security_is_asked_again_when_its_approval_was_taken_back() {
    // The stand-in takes back what docs approved; security's word is taken back by hand here.
    let bench = bench().await;
    bench.set(
        "jira/issues/OCPBUGS-4",
        json!({"summary": "a plain bug", "status": "ON_QA"}),
    );
    bench.set("errata/takes_back_security", json!(true));
    bench.ran("drop_bugs").await;
    assert_eq!(
        bench.get("errata/advisories/180102/security_approved"),
        false
    );
    assert!(
        bench
            .messages()
            .last()
            .unwrap()
            .contains("product security")
    );
}

#[tokio::test]
async fn nothing_is_dropped_from_an_advisory_past_qe() {
    let bench = bench().await;
    bench.set("errata/advisories/180101/state", json!("REL_PREP"));
    let (outcome, _) = bench.ran("drop_bugs").await;
    check(
        &outcome,
        Ending::Blocked,
        "OCPBUGS-123 (180101 in REL_PREP), OCPBUGS-3 (180101 in REL_PREP)",
    );
    assert!(outcome.next.unwrap().contains("back to QE"));
    assert_eq!(issues(&bench, "180101").as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn an_advisory_that_will_never_ship_and_microshift_are_left_alone() {
    let bench = bench().await;
    bench.set("errata/advisories/180101/state", json!("DROPPED_NO_SHIP"));
    let (outcome, _) = bench.ran("drop_bugs").await;
    check(&outcome, Ending::Pass, "no bug had to be dropped");
    assert!(!bench.requests().iter().any(|line| line.contains("180103")));
}

#[tokio::test]
async fn lost_answers_repeat_nothing() {
    let bench = bench().await;
    bench.ran("update_bug_list").await;
    bench.fault("errata", "remove_jira_issue", "reset", 1);
    bench.fault("errata", "update", "reset", 1);
    bench.fault("sheets", "write", "reset", 1);
    bench.requests();
    let (outcome, _) = bench.ran("drop_bugs").await;
    check(&outcome, Ending::Pass, "dropped OCPBUGS-123, OCPBUGS-3");
    let requests = bench.requests();
    assert_eq!(count(&requests, "remove_jira_issue"), 2, "one for each bug");
    assert_eq!(count(&requests, "errata PUT"), 1);
    assert_eq!(bench.cell("E8"), "Dropped");
}

#[tokio::test]
async fn a_run_that_stopped_after_any_change_is_made_up_for() {
    // Two bugs, docs, the tab, two messages.
    for changes in 0..=6 {
        let bench = bench().await;
        bench.ran("update_bug_list").await;
        bench.cut_after(changes);
        let _ = bench.call("drop_bugs").await;
        bench.restore();
        let (outcome, _) = bench.ran("drop_bugs").await;
        assert_eq!(outcome.status, Ending::Pass, "after {changes}: {outcome:?}");
        assert_eq!(
            issues(&bench, "180101"),
            json!(["OCPBUGS-1234"]),
            "after {changes}"
        );
        assert_eq!(bench.cell("E8"), "Dropped", "after {changes}");
        let asked = bench.get("errata/advisories/180101/text_ready");
        assert_eq!(asked, 1, "after {changes}");
    }
}

#[tokio::test]
async fn two_operators_at_once_drop_each_bug_once() {
    let bench = bench().await;
    bench.ran("update_bug_list").await;
    let other = bench.another();
    let given = json!({"release": RELEASE});
    let (one, two) = tokio::join!(bench.call("drop_bugs"), other.call("drop_bugs", &given));
    for answer in [one, two] {
        let (outcome, _) = outcome(answer.unwrap());
        assert_eq!(outcome.status, Ending::Pass, "{outcome:?}");
    }
    assert_eq!(issues(&bench, "180101"), json!(["OCPBUGS-1234"]));
    assert_eq!(bench.cell("E8"), "Dropped");
}

#[tokio::test]
async fn the_bug_list_passes_once_nothing_is_left_to_verify() {
    let bench = bench().await;
    let release: Version = RELEASE.parse().unwrap();
    let document = StateBox::new(&release, Default::default(), bench.state.clock().now());
    bench.store.create(&document).await.unwrap();
    let begun = oar_script::release::statebox::Change::SetTask {
        name: "update-bug-list".to_owned(),
        status: TaskStatus::InProgress,
        result: None,
        started_at: None,
        completed_at: None,
        is_reset: false,
    };
    bench.store.apply(&release, &[begun]).await.unwrap();
    bench.set("jira/issues/OCPBUGS-4/status", json!("Verified"));
    bench.ran("drop_bugs").await;
    let after = bench.store.read(&release).await.unwrap().unwrap();
    assert_eq!(after.document.status("update-bug-list"), TaskStatus::Pass);
}

#[tokio::test]
async fn errors_say_where_and_what_next() {
    for (service, operation, kind, wanted) in [
        ("errata", "advisory", "status:401", Kind::Denied),
        ("errata", "advisory", "html", Kind::Unexpected),
        ("errata", "advisory", "status:502", Kind::Unreachable),
        ("jira", "search", "retry_after:5", Kind::Busy),
        ("jira", "search", "status:401", Kind::Denied),
    ] {
        let bench = bench().await;
        bench.fault(service, operation, kind, 99);
        let error = bench.call("update_bug_list").await.unwrap_err();
        assert_eq!(error.kind, wanted, "{kind}: {error}");
        assert_eq!(error.service.as_deref(), Some(service));
        assert!(bench.messages().is_empty());
    }
    let bench = bench().await;
    bench.set(
        "build_data/branches/openshift-4.20/releases/4.20.1/assembly/group/advisories/rpm",
        json!(199_999),
    );
    let error = bench.call("drop_bugs").await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("199999"), "{error}");
    assert_eq!(
        issues(&bench, "180101").as_array().unwrap().len(),
        3,
        "nothing is dropped on a guess"
    );
}
