//! Greenwave's container checks of a release of the Errata flow, in this process.

use oar_script::{error::Kind, release::Ending};
use serde_json::{Value, json};

use super::retired_bench::{Bench, RELEASE, check, outcome};

const TESTS: &str = "errata/advisories/180101/external_tests";

async fn bench(statuses: &[&str]) -> Bench {
    let tests: Vec<Value> = statuses
        .iter()
        .zip(640_010..)
        .map(|(status, id)| json!({"id": id, "status": status, "nvr": format!("ose-cli-{id}")}))
        .collect();
    Bench::with(|documents| {
        documents["errata"]["page_size"] = 2.into();
        documents["errata"]["advisories"]["180101"]["external_tests"] = tests.into();
    })
    .await
}

fn tickets(bench: &Bench) -> Vec<String> {
    let issues = bench.get("jira/issues");
    let keys = issues.as_object().unwrap().keys();
    keys.filter(|key| key.starts_with("CVP-"))
        .cloned()
        .collect()
}

#[tokio::test]
async fn passed_and_waived_tests_pass() {
    let bench = bench(&["PASSED", "WAIVED", "PASSED"]).await;
    let (outcome, text) = bench.ran("check_greenwave_cvp_tests").await;
    check(&outcome, Ending::Pass, "all 3 Greenwave CVP tests");
    assert!(text.contains("task [Check Greenwave CVP Tests] status is changed to [Pass]"));
    assert!(tickets(&bench).is_empty() && bench.messages().is_empty());
}

#[tokio::test]
async fn a_test_that_is_not_over_is_waited_for_and_gets_no_ticket() {
    let bench = bench(&["PASSED", "PENDING"]).await;
    let (outcome, _) = bench.ran("check_greenwave_cvp_tests").await;
    check(&outcome, Ending::InProgress, "ose-cli-640011 is PENDING");
    assert!(tickets(&bench).is_empty());
}

#[tokio::test]
async fn failed_tests_get_one_ticket_one_row_and_one_message() {
    let bench = bench(&["FAILED", "PASSED", "INELIGIBLE", "PENDING"]).await;
    for _ in 0..3 {
        let (outcome, text) = bench.ran("check_greenwave_cvp_tests").await;
        check(
            &outcome,
            Ending::Fail,
            "ose-cli-640010 is FAILED on advisory 180101",
        );
        let link = "https://redhat.atlassian.net/browse/CVP-501";
        assert_eq!(outcome.link.as_deref(), Some(link));
        assert!(text.contains("task [Check Greenwave CVP Tests] status is changed to [Fail]"));
    }
    assert_eq!(tickets(&bench), ["CVP-501"]);
    let ticket = bench.get("jira/issues/CVP-501");
    assert_eq!(
        ticket["summary"],
        "[4.20.1] Greenwave CVP test failures in advisories"
    );
    assert_eq!(
        (&ticket["type"], &ticket["priority"]),
        (&json!("Bug"), &json!("Blocker"))
    );
    let page = "https://errata.devel.redhat.com/advisory/180101";
    assert_eq!(
        ticket["description"],
        format!(
            "[4.20.1] Greenwave CVP test failed in the advisories listed below.\n\n\
             Failed Nvrs in advisory [180101|{page}]:\n\
             * ose-cli-640010 ([test_run/640010|{page}/test_run/640010])\n\
             * ose-cli-640012 ([test_run/640012|{page}/test_run/640012])\n"
        )
    );
    assert!(bench.cell("H8").contains("\"CVP-501\""));
    assert_eq!(bench.cell("H9"), "");
    assert_eq!(bench.messages().len(), 1);
}

#[tokio::test]
async fn the_ticket_of_another_release_that_begins_alike_is_another() {
    let bench = bench(&["FAILED"]).await;
    let other = "[4.20.10] Greenwave CVP test failures in advisories of 4.20.1";
    bench.set(
        "jira/issues/CVP-77",
        json!({"summary": other, "status": "New", "type": "Bug"}),
    );
    bench.ran("check_greenwave_cvp_tests").await;
    assert_eq!(tickets(&bench).len(), 2);
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_ticket() {
    let bench = bench(&["FAILED"]).await;
    bench.fault("jira", "create", "reset", 1);
    let (outcome, _) = bench.ran("check_greenwave_cvp_tests").await;
    check(&outcome, Ending::Fail, "FAILED");
    assert_eq!(tickets(&bench).len(), 1);
    assert_eq!(bench.messages().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_while_the_index_lags_is_in_doubt_and_made_up_for_later() {
    let bench = bench(&["FAILED"]).await;
    bench.set("jira/index_lag_secs", json!(120));
    bench.fault("jira", "create", "reset", 1);
    let error = bench.call("check_greenwave_cvp_tests").await.unwrap_err();
    assert!(error.is_ambiguous, "{error}");
    assert!(error.hint.unwrap().contains("see whether a ticket"));
    bench.pass_minutes(3);
    bench.ran("check_greenwave_cvp_tests").await;
    assert_eq!(tickets(&bench).len(), 1);
    assert_eq!(bench.messages().len(), 1, "the row in the tab is new");
}

#[tokio::test]
async fn a_run_that_stopped_after_any_change_is_made_up_for() {
    for changes in 0..=3 {
        let bench = bench(&["FAILED"]).await;
        bench.cut_after(changes);
        let _ = bench.call("check_greenwave_cvp_tests").await;
        bench.restore();
        bench.ran("check_greenwave_cvp_tests").await;
        assert_eq!(tickets(&bench).len(), 1, "after {changes}");
        assert!(bench.cell("H8").contains("CVP-501"), "after {changes}");
    }
}

#[tokio::test]
async fn two_operators_agree_on_the_older_ticket() {
    let bench = bench(&["FAILED"]).await;
    let other = bench.another();
    let given = json!({"release": RELEASE});
    let tool = "check_greenwave_cvp_tests";
    let (one, two) = tokio::join!(bench.call(tool), other.call(tool, &given));
    for answer in [one, two] {
        let (outcome, _) = outcome(answer.unwrap());
        let link = "https://redhat.atlassian.net/browse/CVP-501";
        assert_eq!(outcome.link.as_deref(), Some(link), "{outcome:?}");
    }
}

#[tokio::test]
async fn what_jira_does_not_take_is_said_in_its_words() {
    let bench = bench(&["FAILED"]).await;
    bench.set(
        "jira/projects",
        json!({"OCPBUGS": {"id": "1", "versions": []}}),
    );
    let error = bench.call("check_greenwave_cvp_tests").await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(
        error.message.contains("valid project is required"),
        "{error}"
    );
    assert!(bench.get(TESTS).is_array());
}
