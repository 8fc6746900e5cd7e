//! Calls that change something.

use std::{sync::Arc, time::Duration};

use axum::{Router, routing::any};
use oar_script::{
    error::{Error, Kind},
    http::{Auth, Http},
    services::{emulate, release_controller},
    world::World,
};
use serde_json::json;

use super::{Demo, Reply, nobody};
use crate::support::services_world::{ServicesWorld, fail, serve, state};

#[tokio::test]
async fn a_change_is_sent_once_whatever_happens() {
    for status in [429, 500, 502, 503, 504] {
        let demo = Demo::new(Reply::new(status, "")).await;
        demo.caller.post("/change").send().await.unwrap_err();
        demo.caller
            .get("/change")
            .changing()
            .send()
            .await
            .unwrap_err();
        assert_eq!((demo.requests(), demo.world.seconds()), (2, 0), "{status}");
    }
}

#[tokio::test]
async fn a_post_that_only_reads_is_tried_again() {
    let demo = Demo::new(Reply::new(503, "")).await;
    demo.caller
        .post("/search")
        .reading()
        .send()
        .await
        .unwrap_err();
    assert_eq!(demo.requests(), 4);
}

#[tokio::test]
async fn only_a_clear_refusal_of_a_change_is_not_ambiguous() {
    let expected = [
        (400, false),
        (403, false),
        (404, false),
        (409, false),
        (429, false),
        (500, true),
        (502, true),
        (503, true),
        (504, true),
    ];
    for (status, is_ambiguous) in expected {
        let demo = Demo::new(Reply::new(status, "")).await;
        let error = demo.caller.put("/change").send().await.unwrap_err();
        assert_eq!(error.is_ambiguous, is_ambiguous, "{status}");
    }
}

#[tokio::test]
async fn a_change_with_an_unreadable_answer_is_ambiguous() {
    let demo = Demo::new(Reply::new(201, "{\"id\":")).await;
    let request = demo.caller.post("/change").json(&json!({"a": 1})).unwrap();
    let error = request.send_json::<serde_json::Value>().await.unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Unexpected, true));
}

#[tokio::test]
async fn a_change_that_reached_nobody_is_not_ambiguous() {
    let demo = Demo::at(nobody().await, Auth::none());
    let error = demo.caller.post("/change").send().await.unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Unreachable, false));
}

#[tokio::test]
async fn a_change_whose_answer_got_lost_is_ambiguous() {
    for fault in ["refused", "reset", "timeout"] {
        let error = change_that_meets(fault).await;
        assert_eq!(
            (error.kind, error.is_ambiguous),
            (Kind::Unreachable, true),
            "{fault}"
        );
    }
}

async fn change_that_meets(fault: &str) -> Error {
    let state = state("demo", json!({}));
    fail(&state, "demo", fault, 1);
    let act = move || {
        let state = state.clone();
        async move {
            let whole = || axum::response::IntoResponse::into_response("a whole answer");
            emulate::answer(&state, "demo", "change", whole).await
        }
    };
    let base = serve(Router::new().fallback(any(act))).await;
    let world = Arc::new(ServicesWorld::default()) as Arc<dyn World>;
    let http = Http::with_longest_wait(world, Some(Duration::from_millis(100))).unwrap();
    let caller = http.service("demo", base, Auth::none());
    caller.post("/change").send().await.unwrap_err()
}

#[tokio::test]
async fn a_read_survives_passing_faults() {
    for fault in [
        "refused",
        "reset",
        "timeout",
        "status:503",
        "retry_after:5",
        "slow",
    ] {
        let state = state("release_controller", seed());
        fail(&state, "release_controller", fault, 1);
        let base = serve(release_controller::emulator::router(state)).await;
        let world = Arc::new(ServicesWorld::default()) as Arc<dyn World>;
        let wait = Some(Duration::from_millis(500));
        let http = Http::with_longest_wait(world.clone(), wait).unwrap();
        let caller = http.service("release_controller", base, Auth::none());
        let client = release_controller::Client::new(caller, world);
        let phase = client.phase("4.20.0").await.unwrap();
        assert_eq!(phase.as_deref(), Some("Accepted"), "{fault}");
    }
}

#[tokio::test]
async fn a_read_does_not_hide_an_answer_that_makes_no_sense() {
    let expected = [
        ("html", Kind::Unexpected),
        ("wrong_type", Kind::Unexpected),
        ("truncated", Kind::Unexpected),
        ("malformed", Kind::Unexpected),
        ("status:500", Kind::Unexpected),
    ];
    for (fault, kind) in expected {
        let state = state("release_controller", seed());
        fail(&state, "release_controller", fault, 1);
        let base = serve(release_controller::emulator::router(state)).await;
        let demo = Demo::at(base, Auth::none());
        let client = release_controller::Client::new(demo.caller.clone(), demo.world.clone());
        assert_eq!(
            client.phase("4.20.0").await.unwrap_err().kind,
            kind,
            "{fault}"
        );
    }
}

fn seed() -> serde_json::Value {
    json!({"streams": {"4-stable": {"4.20.0": {"phase": "Accepted"}}}})
}
