//! The client of the Release Controller against its stand-in.

use std::sync::Arc;

use oar_script::{
    error::Kind,
    http::Auth,
    services::release_controller::{Client, client::stream_of, emulator},
    sim::state::{Due, SimState},
};
use serde_json::json;

use crate::support::services_world::{ServicesWorld, fail, serve, start, state};

const NIGHTLY: &str = "4.20.0-0.nightly-2027-02-27-204339";

fn document() -> serde_json::Value {
    let tag = |phase: &str, digest: &str| json!({"phase": phase, "digest": digest, "created": "2027-02-15T10:00:00Z"});
    json!({"streams": {
        "4-stable": {
            "4.2.9": tag("Accepted", "sha256:9"),
            "4.20.2": tag("Ready", ""),
            "4.20.0": tag("Accepted", "sha256:0"),
            "4.20.1": tag("Accepted", "sha256:1"),
            "4.20.10": tag("Rejected", ""),
            "4.20.0-rc.1": tag("Accepted", ""),
        },
        "5-dev-preview": { "5.0.0-ec.3": tag("Accepted", "sha256:5") },
        "4.20.0-0.nightly": { NIGHTLY: tag("Rejected", "") },
        "5-stable": {},
    }})
}

async fn demo() -> (Arc<SimState>, Arc<ServicesWorld>, Client) {
    let state = state("release_controller", document());
    let base = serve(emulator::router(state.clone())).await;
    let (world, caller) = super::caller("release_controller", base, Auth::none());
    let client = Client::new(caller, world.clone());
    (state, world, client)
}

#[tokio::test]
async fn a_build_is_found_in_the_stream_of_its_name() {
    let (_, _, client) = demo().await;
    let phase = async |build: &str| client.phase(build).await.unwrap();
    assert_eq!(phase("4.20.1").await.as_deref(), Some("Accepted"));
    assert_eq!(phase("5.0.0-ec.3").await.as_deref(), Some("Accepted"));
    assert_eq!(phase(NIGHTLY).await.as_deref(), Some("Rejected"));
    assert_eq!(phase("4.20.99").await, None);
    assert_eq!(phase("9.0.0").await, None);
}

#[test]
fn a_stream_is_named_after_the_build() {
    let check = |build: &str, expected: Option<&str>| {
        assert_eq!(stream_of(build).ok().as_deref(), expected, "{build}");
    };
    check("4.20.1", Some("4-stable"));
    check("5.0.0-rc.1", Some("5-stable"));
    check("5.0.0-ec.3", Some("5-dev-preview"));
    check(NIGHTLY, Some("4.20.0-0.nightly"));
    check("4.20", None);
    check("4.20.1/../x", None);
    check("", None);
}

#[tokio::test]
async fn a_failing_controller_does_not_look_like_a_missing_build() {
    let (state, _, client) = demo().await;
    fail(&state, "release_controller", "status:500", 1);
    assert_eq!(
        client.phase("4.20.99").await.unwrap_err().kind,
        Kind::Unexpected
    );
}

#[tokio::test]
async fn upgrades_and_results_are_read() {
    let (state, _, client) = demo().await;
    let upgrade = json!([{"From": "4.20.0", "To": "4.20.1", "Success": 3, "Failure": 1, "Total": 5, "History": {}}]);
    let results = json!({"blockingJobs": {"upgrade": {"state": "Failed", "url": "https://example.com", "retries": 1}}});
    state
        .change(|stored| {
            let tag = &mut stored.documents["release_controller"]["streams"]["4-stable"]["4.20.1"];
            tag["upgradesTo"] = upgrade;
            tag["results"] = results;
        })
        .unwrap();
    let release = client.release("4.20.1").await.unwrap().unwrap();
    let upgrade = &release.upgrades_to.as_ref().unwrap()[0];
    assert_eq!(
        (upgrade.from.as_str(), upgrade.success, upgrade.total),
        ("4.20.0", 3, 5)
    );
    let results = release.results.unwrap();
    assert_eq!(
        results["blockingJobs"].as_ref().unwrap()["upgrade"].state,
        "Failed"
    );
}

#[tokio::test]
async fn a_digest_that_is_not_computed_yet_is_asked_for_again() {
    let (state, world, client) = demo().await;
    assert_eq!(
        client.digest("4.20.1").await.unwrap().as_deref(),
        Some("sha256:1")
    );
    assert_eq!(world.seconds(), 0);
    assert_eq!(client.digest("4.20.99").await.unwrap(), None);
    let error = client.digest("4.20.2").await.unwrap_err();
    assert_eq!((error.kind, world.seconds()), (Kind::Busy, 15 * 30));
    let path = [
        "release_controller",
        "streams",
        "4-stable",
        "4.20.2",
        "digest",
    ];
    let due = Due {
        at: start(),
        path: path.map(str::to_owned).to_vec(),
        value: json!("sha256:2"),
    };
    state.change(|stored| stored.schedule.push(due)).unwrap();
    assert_eq!(
        client.digest("4.20.2").await.unwrap().as_deref(),
        Some("sha256:2")
    );
}

#[tokio::test]
async fn a_payload_says_where_it_is_announced() {
    let (state, _, client) = demo().await;
    let payload = client.payload("4.20.1").await.unwrap().unwrap();
    assert_eq!((payload.version.as_str(), payload.url), ("4.20.1", None));
    let change = |tag: &str, key: &'static str, value: serde_json::Value| {
        let tag = tag.to_owned();
        state
            .change(|stored| {
                stored.documents["release_controller"]["streams"]["4-stable"][tag][key] = value;
            })
            .unwrap();
    };
    let page = "https://access.redhat.com/errata/RHBA-2027:1";
    change("4.20.1", "url", json!(page));
    change("4.20.1", "pullSpec", json!("quay.io/release:4.20.1"));
    let payload = client.payload("4.20.1").await.unwrap().unwrap();
    assert_eq!(payload.url.unwrap().as_str(), page);
    assert_eq!(payload.pull_spec, "quay.io/release:4.20.1");
    assert_eq!(payload.digest, "sha256:1");
    change("4.20.1", "url", json!("no address"));
    let error = client.payload("4.20.1").await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    change("4.20.1", "url", json!(7));
    let error = client.payload("4.20.1").await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
}

#[tokio::test]
async fn a_build_without_an_image_has_no_payload() {
    let (state, _, client) = demo().await;
    assert_eq!(client.payload("4.20.99").await.unwrap(), None);
    state
        .change(|stored| {
            stored.documents["release_controller"]["streams"]["4-stable"]["4.20.2"]["phase"] =
                json!("Pending");
        })
        .unwrap();
    assert_eq!(client.payload("4.20.2").await.unwrap(), None);
    let error = client.payload("4.20").await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    fail(&state, "release_controller", "status:500", 1);
    let error = client.payload("4.20.99").await.unwrap_err();
    assert_eq!(error.kind, Kind::Unexpected);
}

#[tokio::test]
async fn a_payload_of_another_version_is_not_taken() {
    let body = json!({"image": "x", "digest": "sha256:1", "metadata": {"version": "4.20.2"}});
    let routes = axum::Router::new().route(
        "/releasetag/4.20.1/json",
        axum::routing::get(move || async move { axum::Json(body) }),
    );
    let (world, caller) = super::caller("release_controller", serve(routes).await, Auth::none());
    let error = Client::new(caller, world)
        .payload("4.20.1")
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Unexpected);
    assert!(error.message.contains("`4.20.2`"));
}

#[tokio::test]
async fn tags_come_newest_first() {
    let (_, _, client) = demo().await;
    let names = async |stream: &str, phases: &[&str]| {
        let tags = client.tags(stream, phases).await.unwrap();
        tags.into_iter().map(|tag| tag.name).collect::<Vec<_>>()
    };
    let all = [
        "4.20.10",
        "4.20.2",
        "4.20.1",
        "4.20.0",
        "4.20.0-rc.1",
        "4.2.9",
    ];
    assert_eq!(names("4-stable", &[]).await, all);
    assert_eq!(
        names("4-stable", &["Ready", "Rejected"]).await,
        ["4.20.10", "4.20.2"]
    );
    assert!(names("5-stable", &[]).await.is_empty());
    assert!(names("no-such-stream", &[]).await.is_empty());
}

#[tokio::test]
async fn the_latest_of_a_y_stream_is_not_that_of_a_longer_number() {
    let (_, _, client) = demo().await;
    let latest = async |y_stream: Option<&str>| {
        let tag = client.latest("4-stable", y_stream).await.unwrap();
        tag.map(|tag| tag.name)
    };
    assert_eq!(latest(None).await.as_deref(), Some("4.20.1"));
    assert_eq!(latest(Some("4.20")).await.as_deref(), Some("4.20.1"));
    assert_eq!(latest(Some("4.2")).await.as_deref(), Some("4.2.9"));
    assert_eq!(latest(Some("4.3")).await, None);
}
