use std::sync::Arc;

use oar_script::{
    error::Kind,
    oar::{backend::Oar, mcp::Server, outcome::Attempt},
    release::Ending,
};
use serde_json::json;

use super::bench::{Bench, RELEASE, TestWorld, http};

#[tokio::test]
async fn a_changing_call_whose_answer_is_lost_is_ambiguous_and_sent_once() {
    let bench = Bench::new().await;
    bench.fault("oar", "oar_image_consistency_check", "timeout", 1);
    let error = bench
        .call("oar_image_consistency_check", json!({"release": RELEASE}))
        .await
        .unwrap_err();
    assert!(error.is_ambiguous, "{error:?}");
    assert_eq!(error.kind, Kind::Unreachable);
    assert_eq!(bench.triggers("oar_image_consistency_check"), 1);
    assert_eq!(bench.requests("oar_image_consistency_check"), 1);
}

#[tokio::test]
async fn a_call_that_broke_before_the_work_looks_the_same_to_us() {
    let bench = Bench::new().await;
    bench.fault("oar", "oar_stage_testing", "reset", 1);
    let error = bench
        .call("oar_stage_testing", json!({"release": RELEASE}))
        .await
        .unwrap_err();
    assert!(error.is_ambiguous);
    assert_eq!(bench.triggers("oar_stage_testing"), 0);
}

#[tokio::test]
async fn after_a_lost_answer_the_server_starts_no_second_job() {
    let bench = Bench::new().await;
    bench.fault("oar", "oar_image_consistency_check", "timeout", 1);
    bench
        .call("oar_image_consistency_check", json!({"release": RELEASE}))
        .await
        .unwrap_err();
    let answer = bench.ask("oar_image_consistency_check").await;
    assert_eq!(answer.attempt, Some(Attempt::Running));
    assert_eq!(bench.triggers("oar_image_consistency_check"), 1);
}

#[tokio::test]
async fn a_read_is_repeated_on_the_worlds_clock() {
    let bench = Bench::new().await;
    bench.fault("oar", "oar_get_release_metadata", "status:503", 2);
    let before = bench.world.clock.now();
    let answer = bench.ask("oar_get_release_metadata").await;
    assert_eq!(answer.json.unwrap()["jira_ticket"], "ART-30001");
    let passed = bench.world.clock.now().duration_since(before);
    assert_eq!(passed.as_secs(), 60 + 120);
}

#[tokio::test]
async fn a_read_is_given_up_after_three_tries() {
    let bench = Bench::new().await;
    bench.fault("oar", "oar_get_release_metadata", "reset", 9);
    let error = bench
        .call("oar_get_release_metadata", json!({"release": RELEASE}))
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Unreachable, false));
    assert_eq!(bench.requests("oar_get_release_metadata"), 3);
}

#[tokio::test]
async fn a_read_finds_a_restarted_server_without_waiting() {
    let bench = Bench::new().await;
    bench.ask("oar_get_release_metadata").await;
    bench.server.restart();
    let before = bench.world.clock.now();
    bench.ask("oar_get_release_metadata").await;
    assert_eq!(bench.world.clock.now(), before);
}

#[tokio::test]
async fn a_changing_call_to_a_restarted_server_was_not_made() {
    let bench = Bench::new().await;
    bench.ask("oar_get_release_metadata").await;
    bench.server.restart();
    let error = bench
        .call("oar_push_to_cdn_staging", json!({"release": RELEASE}))
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Unreachable, false));
    assert_eq!(bench.triggers("oar_push_to_cdn_staging"), 0);
    bench.ask("oar_push_to_cdn_staging").await;
    assert_eq!(bench.triggers("oar_push_to_cdn_staging"), 2);
}

#[tokio::test]
async fn a_web_page_is_no_answer() {
    let bench = Bench::new().await;
    bench.fault("oar", "oar_get_release_metadata", "html", 1);
    let error = bench
        .call("oar_get_release_metadata", json!({"release": RELEASE}))
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Unexpected, "{error:?}");
}

#[tokio::test]
async fn garbage_is_waited_for() {
    let bench = Bench::new().await;
    bench.fault("oar", "oar_stage_testing", "garbage", 1);
    let answer = bench.ask("oar_stage_testing").await;
    assert_eq!(
        (answer.outcome.unwrap().status, answer.attempt),
        (Ending::Waiting, Some(Attempt::InDoubt))
    );
    assert_eq!(bench.triggers("oar_stage_testing"), 0);
}

#[tokio::test]
async fn a_server_error_of_a_changing_call_is_ambiguous() {
    let bench = Bench::new().await;
    bench.fault("oar", "oar_take_ownership", "status:500", 1);
    let arguments = json!({"release": RELEASE, "email": "lead@example.com"});
    let error = bench
        .call("oar_take_ownership", arguments)
        .await
        .unwrap_err();
    assert_eq!((error.status, error.is_ambiguous), (Some(500), true));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable_with_a_hint() {
    let bench = Bench::new().await;
    let endpoint: url::Url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/mcp", listener.local_addr().unwrap())
            .parse()
            .unwrap()
    };
    let world = Arc::new(TestWorld {
        clock: bench.world.clock.clone(),
        endpoint: endpoint.clone(),
    });
    let oar = Oar::new(Arc::new(Server::new(world, http(), endpoint)));
    let error = oar
        .call("oar_push_to_cdn_staging", &json!({"release": RELEASE}))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.is_ambiguous),
        (Kind::Unreachable, false),
        "{error:?}"
    );
    assert!(error.hint.unwrap().contains("--sim"));
}

#[tokio::test]
async fn an_address_that_is_no_mcp_server_is_said() {
    let bench = Bench::new().await;
    let endpoint = bench.server.endpoint().join("/nothing").unwrap();
    let world = Arc::new(TestWorld {
        clock: bench.world.clock.clone(),
        endpoint: endpoint.clone(),
    });
    let oar = Oar::new(Arc::new(Server::new(world, http(), endpoint)));
    let error = oar
        .call("oar_push_to_cdn_staging", &json!({"release": RELEASE}))
        .await
        .unwrap_err();
    assert!(!error.is_ambiguous, "{error:?}");
    assert_eq!(error.kind, Kind::NotFound, "{error:?}");
}

#[tokio::test]
async fn wrong_arguments_never_reach_the_server() {
    let bench = Bench::new().await;
    let error = bench
        .call("oar_take_ownership", json!({"release": RELEASE}))
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert_eq!(bench.requests("oar_take_ownership"), 0);
}

#[tokio::test]
async fn many_reads_at_once_are_all_answered() {
    let bench = Arc::new(Bench::new().await);
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let bench = bench.clone();
            tokio::spawn(async move {
                bench.ask("oar_is_release_shipped").await.json.unwrap()["shipped"].clone()
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), false);
    }
}

#[tokio::test]
async fn errors_inside_json_answers_are_errors() {
    let bench = Bench::new().await;
    let check = async |tool: &str, arguments: serde_json::Value, kind: Kind, is_ambiguous: bool| {
        let error = bench.call(tool, arguments).await.unwrap_err();
        assert_eq!(
            (error.kind, error.is_ambiguous),
            (kind, is_ambiguous),
            "{error:?}"
        );
    };
    check(
        "oar_get_release_metadata",
        json!({"release": "4.20.99"}),
        Kind::NotFound,
        false,
    )
    .await;
    check(
        "oar_get_release_status",
        json!({"release": RELEASE}),
        Kind::NotFound,
        false,
    )
    .await;
    let update = json!({"release": RELEASE, "task_name": "stage-testing", "status": "Pass"});
    check(
        "oar_update_task_status",
        update.clone(),
        Kind::NotFound,
        false,
    )
    .await;
    let wrong = json!({"release": RELEASE, "task_name": "stage-testing", "status": "pass"});
    check("oar_update_task_status", wrong, Kind::Invalid, false).await;
    bench.ask("oar_create_test_report").await;
    bench.set("oar/lacks", json!(["GCP_SA_FILE"]));
    check("oar_update_task_status", update, Kind::Denied, true).await;
    assert_eq!(bench.recorded("stage-testing").unwrap().0, "Pass");
}

#[tokio::test]
async fn the_server_lists_its_tools() {
    let bench = Bench::new().await;
    let client = Server::new(bench.world.clone(), http(), bench.server.endpoint());
    assert_eq!(client.tool_names().await.unwrap().len(), 28);
}

#[tokio::test]
async fn asking_for_a_trigger_again_and_again_starts_one() {
    for tool in ["oar_image_consistency_check", "oar_stage_testing"] {
        let bench = Bench::new().await;
        for fault in [
            "timeout",
            "reset",
            "status:500",
            "garbage",
            "slack_down",
            "html",
        ] {
            bench.fault("oar", tool, fault, 1);
            let answer = bench.call(tool, json!({"release": RELEASE})).await;
            let is_over = answer.is_ok_and(|answer| {
                matches!(answer.outcome.unwrap().status, Ending::Pass | Ending::Fail)
            });
            assert!(!is_over, "{tool} {fault}");
        }
        assert_eq!(bench.triggers(tool), 1, "{tool}");
    }
}
