//! Changing the Errata Tool against its stand-in: steps, refusals, lost answers.

use std::time::Duration;

use oar_script::{
    error::Kind,
    release::advisory::{Reason, State},
    services::errata::{Moved, Pushed},
};
use serde_json::{Value, json};

use super::errata::Tool;
use crate::support::services_world::fail;

async fn tool() -> Tool {
    Tool::new(json!({
        "1": {"type": "RHSA", "state": "QE", "jira_issues": ["OCPBUGS-1", "OCPBUGS-2"], "push": []},
        "2": {"type": "RHBA", "state": "NEW_FILES", "push": []},
        "3": {"type": "RHBA", "state": "QE", "blocking_advisories": [1], "push": [],
            "jira_issues": ["OCPBUGS-3"]},
    }))
    .await
}

/// Lets the next change meet a fault; the reads before it pass.
fn fail_change(tool: &Tool, operation: &str, kind: &str) {
    let fault = oar_script::sim::state::Fault {
        service: "errata".to_owned(),
        operation: operation.to_owned(),
        kind: kind.to_owned(),
        times: 1,
        after: 0,
    };
    tool.state
        .change(|stored| stored.faults.push(fault))
        .unwrap();
}

fn forward(tool: &Tool, minutes: u64) {
    tool.state.clock().sleep(Duration::from_secs(60 * minutes));
}

#[tokio::test]
async fn a_move_is_made_once_and_then_there_already() {
    let tool = tool().await;
    let moved = tool.client.move_to(1, State::RelPrep).await.unwrap();
    assert_eq!(
        moved,
        Moved::Now {
            state: State::RelPrep
        }
    );
    let again = tool.client.move_to(1, State::RelPrep).await.unwrap();
    assert_eq!(
        again,
        Moved::Already {
            state: State::RelPrep
        }
    );
    assert_eq!(
        tool.get("/advisories/1/comments").as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn what_is_further_on_is_not_pulled_back() {
    let tool = tool().await;
    tool.set(&["advisories", "1", "state"], json!("IN_PUSH"));
    let moved = tool.client.move_to(1, State::RelPrep).await.unwrap();
    assert_eq!(
        moved,
        Moved::Already {
            state: State::InPush
        }
    );
}

#[tokio::test]
async fn a_step_there_is_not_is_refused_without_asking() {
    let tool = tool().await;
    let moved = tool.client.move_to(2, State::RelPrep).await.unwrap();
    let Moved::Refused { state, refusal } = moved else {
        panic!("{moved:?}");
    };
    assert_eq!((state, refusal.reason), (State::NewFiles, Reason::NewFiles));
    assert_eq!(tool.get("/advisories/2/comments"), Value::Null);
}

#[tokio::test]
async fn a_block_of_the_tool_is_told_in_its_words() {
    let tool = tool().await;
    tool.set(
        &["advisories", "1", "blocks"],
        json!(["CAT tests are not verified"]),
    );
    let moved = tool.client.move_to(1, State::RelPrep).await.unwrap();
    let Moved::Refused { state, refusal } = moved else {
        panic!("{moved:?}");
    };
    assert_eq!(state, State::Qe);
    assert_eq!(refusal.text, "base: CAT tests are not verified");
}

#[tokio::test]
async fn a_lost_answer_is_looked_up() {
    for kind in ["reset", "truncated", "malformed", "wrong_type"] {
        let tool = tool().await;
        fail_change(&tool, "change_state", kind);
        let moved = tool.client.move_to(1, State::RelPrep).await.unwrap();
        assert_eq!(
            moved,
            Moved::Now {
                state: State::RelPrep
            },
            "{kind}"
        );
    }
}

#[tokio::test]
async fn a_move_that_did_not_happen_stays_in_doubt() {
    let tool = tool().await;
    fail_change(&tool, "change_state", "status:500");
    let error = tool.client.move_to(1, State::RelPrep).await.unwrap_err();
    assert!(error.is_ambiguous);
    assert_eq!(tool.get("/advisories/1/state"), "QE");
    let moved = tool.client.move_to(1, State::RelPrep).await.unwrap();
    assert_eq!(
        moved,
        Moved::Now {
            state: State::RelPrep
        }
    );
}

#[tokio::test]
async fn a_push_goes_its_way_with_the_clock() {
    let tool = tool().await;
    let Pushed::Started { jobs } = tool.client.push_to_staging(1).await.unwrap() else {
        panic!("it was not started");
    };
    assert_eq!((jobs.len(), jobs[0].target.as_str()), (1, "cdn_stage"));
    let mut seen = Vec::new();
    for _ in 0..16 {
        seen.push(tool.client.push_jobs(1).await.unwrap()[0].status.clone());
        forward(&tool, 3);
    }
    seen.dedup();
    assert_eq!(
        seen,
        ["QUEUED", "READY", "RUNNING", "WAITING_ON_PUB", "COMPLETE"]
    );
    assert_eq!(
        tool.client.push_to_staging(1).await.unwrap(),
        Pushed::Already
    );
}

#[tokio::test]
async fn a_running_push_is_not_asked_for_again() {
    let tool = tool().await;
    tool.client.push_to_staging(1).await.unwrap();
    let again = tool.client.push_to_staging(1).await.unwrap();
    assert!(matches!(again, Pushed::Running { jobs } if jobs.len() == 1));
    // The tool itself would have made a second one.
    assert_eq!(tool.client.push(1).await.unwrap().unwrap().len(), 1);
    assert_eq!(tool.client.push_jobs(1).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_push_that_the_python_tool_made_is_seen() {
    let tool = tool().await;
    let made = json!({"id": 11, "target": "cdn_stage", "started_at": "2027-03-01T09:00:00Z",
        "minutes": 45, "result": "COMPLETE"});
    tool.set(&["advisories", "1", "push"], json!([made]));
    let pushed = tool.client.push_to_staging(1).await.unwrap();
    assert!(matches!(pushed, Pushed::Running { jobs } if jobs[0].id == 11));
    forward(&tool, 45);
    let pushed = tool.client.push_to_staging(1).await.unwrap();
    assert_eq!(pushed, Pushed::Already);
}

#[tokio::test]
async fn a_failed_push_is_made_again_and_good_targets_are_not() {
    let tool = tool().await;
    tool.set(
        &["plan"],
        json!({"push_minutes": 10, "push_results": ["COMPLETE", "FAILED", "COMPLETE"]}),
    );
    tool.set(
        &["advisories", "1", "stage_targets"],
        json!(["cdn_stage", "cdn_docker_stage"]),
    );
    tool.client.push_to_staging(1).await.unwrap();
    forward(&tool, 10);
    let Pushed::Started { jobs } = tool.client.push_to_staging(1).await.unwrap() else {
        panic!("it was not started");
    };
    assert_eq!(
        (jobs.len(), jobs[0].target.as_str()),
        (1, "cdn_docker_stage")
    );
    forward(&tool, 10);
    assert_eq!(
        tool.client.push_to_staging(1).await.unwrap(),
        Pushed::Already
    );
}

#[tokio::test]
async fn a_push_whose_answer_is_lost_is_found() {
    let tool = tool().await;
    fail_change(&tool, "push", "reset");
    let pushed = tool.client.push_to_staging(1).await.unwrap();
    assert!(matches!(pushed, Pushed::Started { jobs } if jobs.len() == 1));
    assert_eq!(tool.client.push_jobs(1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn refusals_of_a_push_say_who_must_move() {
    let tool = tool().await;
    tool.set(&["advisories", "1", "is_unsigned"], json!(true));
    let mut reasons = Vec::new();
    for advisory in [3, 2, 1] {
        let pushed = tool.client.push_to_staging(advisory).await.unwrap();
        let Pushed::Refused { refusal } = pushed else {
            panic!("{pushed:?}");
        };
        reasons.push(refusal.reason);
    }
    assert_eq!(
        reasons,
        [Reason::Dependencies, Reason::NewFiles, Reason::NotSigned]
    );
}

#[tokio::test]
async fn an_owner_is_set_once() {
    let tool = tool().await;
    assert!(tool.client.set_owner(1, "lead@example.com").await.unwrap());
    assert!(!tool.client.set_owner(1, "lead@example.com").await.unwrap());
    assert_eq!(tool.get("/advisories/1/qa_owner"), "lead@example.com");
    fail_change(&tool, "update", "reset");
    assert!(tool.client.set_owner(1, "other@example.com").await.unwrap());
}

#[tokio::test]
async fn an_owner_nobody_knows_is_refused() {
    let tool = tool().await;
    tool.set(&["users"], json!(["lead@example.com"]));
    let error = tool
        .client
        .set_owner(1, "nobody@example.com")
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Invalid, false));
    assert!(
        error.message.contains("assigned_to_email"),
        "{}",
        error.message
    );
    let error = tool.client.set_owner(1, "no address").await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
}

#[tokio::test]
async fn dropping_bugs_takes_only_what_is_there() {
    let tool = tool().await;
    let keys = ["OCPBUGS-2".to_owned(), "OCPBUGS-9".to_owned()];
    fail_change(&tool, "remove_jira_issue", "reset");
    let dropped = tool.client.drop_jira_issues(1, &keys).await.unwrap();
    assert_eq!(dropped, ["OCPBUGS-2"]);
    let advisory = tool.client.advisory(1).await.unwrap();
    assert_eq!(advisory.jira_issues, ["OCPBUGS-1"]);
    assert!(!advisory.is_docs_approved);
    assert!(
        tool.client
            .drop_jira_issues(1, &keys)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_key_of_another_advisory_is_refused() {
    let tool = tool().await;
    let keys = ["OCPBUGS-1".to_owned(), "OCPBUGS-3".to_owned()];
    let error = tool.client.set_issues(1, &keys).await.unwrap_err();
    assert!(
        error
            .message
            .contains("idsfixed: OCPBUGS-3 is on advisory 3"),
        "{}",
        error.message
    );
    tool.client.set_issues(1, &keys[..1]).await.unwrap();
    assert_eq!(
        tool.client.advisory(1).await.unwrap().jira_issues,
        ["OCPBUGS-1"]
    );
}

#[tokio::test]
async fn approvals_are_asked_for() {
    let tool = tool().await;
    tool.set(&["advisories", "1", "text_ready"], json!(0));
    tool.client.request_docs_approval(1).await.unwrap();
    tool.client.request_security_approval(1).await.unwrap();
    let advisory = tool.client.advisory(1).await.unwrap();
    assert!(advisory.is_docs_requested && advisory.is_security_requested());
}

#[tokio::test]
async fn every_request_shows_a_token_of_its_own() {
    use std::sync::atomic::Ordering;

    let tool = tool().await;
    fail(&tool.state, "errata", "status:503", 2);
    // Two tries that fail and one that does not, each with a new token: the stand-in refuses any
    // that it has seen.
    tool.client.advisory(1).await.unwrap();
    assert_eq!(tool.world.tokens.load(Ordering::SeqCst), 3);
}
