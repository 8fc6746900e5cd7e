//! What an answer means.

use std::time::Duration;

use oar_script::error::{Error, Kind};
use serde::Deserialize;

use super::{Demo, Reply, nobody};

#[derive(Debug, Deserialize)]
struct Named {
    #[expect(dead_code, reason = "only its presence matters")]
    name: String,
}

async fn failure(reply: Reply) -> Error {
    let demo = Demo::new(reply).await;
    demo.caller
        .get("/thing")
        .send_json::<Named>()
        .await
        .unwrap_err()
}

#[tokio::test]
async fn every_status_has_its_kind() {
    let expected = [
        (400, Kind::Invalid),
        (401, Kind::Denied),
        (403, Kind::Denied),
        (404, Kind::NotFound),
        (409, Kind::Conflict),
        (412, Kind::Conflict),
        (418, Kind::Unexpected),
        (422, Kind::Invalid),
        (429, Kind::Busy),
        (500, Kind::Unexpected),
        (502, Kind::Unreachable),
        (503, Kind::Busy),
        (504, Kind::Unreachable),
    ];
    for (status, kind) in expected {
        let error = failure(Reply::new(status, "no  luck\n today")).await;
        assert_eq!((error.kind, error.status), (kind, Some(status)));
        assert_eq!(error.service.as_deref(), Some("demo"));
        assert!(error.message.contains("no luck today"), "{}", error.message);
        assert!(error.message.contains("/thing"), "{}", error.message);
    }
}

#[tokio::test]
async fn a_refusal_names_the_setting_of_the_credential() {
    let error = failure(Reply::new(401, "")).await;
    assert!(error.hint.unwrap().contains("`DEMO_TOKEN`"));
}

#[tokio::test]
async fn retry_after_is_read_as_seconds_and_as_a_date() {
    let reply = Reply::new(429, "").header("retry-after", "1200");
    assert_eq!(
        failure(reply).await.retry_after,
        Some(Duration::from_secs(1200))
    );
    let reply = Reply::new(503, "").header("retry-after", "Mon, 01 Mar 2027 09:20:00 GMT");
    assert_eq!(
        failure(reply).await.retry_after,
        Some(Duration::from_secs(1200))
    );
    let reply = Reply::new(503, "").header("retry-after", "soon");
    assert_eq!(failure(reply).await.retry_after, None);
}

#[tokio::test]
async fn a_used_up_allowance_is_busy_until_it_is_renewed() {
    let renewed = crate::support::services_world::start().as_second() + 1800;
    let reply = Reply::new(403, "rate limit exceeded")
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", &renewed.to_string());
    let error = failure(reply).await;
    assert_eq!(error.kind, Kind::Busy);
    assert_eq!(error.retry_after, Some(Duration::from_secs(1800)));
}

#[tokio::test]
async fn an_answer_that_is_no_json_says_how_it_begins() {
    let check = async |kind, content_type, body: &str, begins: &str| {
        let reply = Reply::new(200, body).header("content-type", content_type);
        let error = failure(reply).await;
        assert_eq!(error.kind, kind, "{body}");
        assert!(error.message.contains(begins), "{}", error.message);
        assert!(error.message.contains("/thing"), "{}", error.message);
    };
    let json = "application/json";
    check(
        Kind::Unexpected,
        "text/html; charset=utf-8",
        "<html>Sign in",
        "<html>Sign in",
    )
    .await;
    check(
        Kind::Unexpected,
        "text/html",
        "{\"name\": \"x\"}",
        "a page instead of JSON",
    )
    .await;
    check(
        Kind::Unexpected,
        json,
        "{\"name\": \"x",
        "JSON that is cut off",
    )
    .await;
    check(Kind::Unexpected, json, "}{", "not JSON").await;
    check(
        Kind::Invalid,
        json,
        "{\"nam\": 1}",
        "a shape nobody expected",
    )
    .await;
    check(Kind::Unexpected, json, "", "the answer is empty").await;
}

#[tokio::test]
async fn a_long_answer_is_shown_by_its_beginning() {
    let error = failure(Reply::new(500, &"ä".repeat(10_000))).await;
    assert!(error.message.chars().count() < 300);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let demo = Demo::at(nobody().await, oar_script::http::Auth::none());
    let error = demo.caller.get("/").send().await.unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
    assert!(error.chain().contains("refused"), "{}", error.chain());
}
