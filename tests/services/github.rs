//! The client of GitHub, on octocrab, against its stand-in.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header},
    routing::any,
};
use oar_script::{
    error::Kind,
    http::Auth,
    services::github::{Client, File, emulator, test_result_path},
    sim::state::SimState,
};
use serde_json::json;

use crate::support::services_world::{ServicesWorld, fail, serve, state};

const REPOSITORY: &str = "openshift/release-tests";

async fn demo(files: serde_json::Value) -> (Arc<SimState>, Arc<ServicesWorld>, Client) {
    let state = state("github", json!({"branches": {"record": files, "main": {}}}));
    let base = serve(emulator::router(state.clone())).await;
    let (world, caller) = super::caller("github", base, Auth::missing("GITHUB_TOKEN"));
    (state, world, Client::new(caller))
}

#[tokio::test]
async fn a_file_is_read_with_gits_name_of_it() {
    let text = format!("hello\n{}", "long ü line ".repeat(50));
    let (_, _, client) = demo(json!({"a/b c.txt": text, "hello": "hello\n"})).await;
    let file = client
        .file(REPOSITORY, "a/b c.txt", "record")
        .await
        .unwrap();
    assert_eq!(file.unwrap().text, text);
    let file = client.file(REPOSITORY, "hello", "record").await.unwrap();
    // What `git hash-object` says about the same content.
    let sha = "ce013625030ba8dba906f756967f9e9ca394464a".to_owned();
    let text = "hello\n".to_owned();
    assert_eq!(file, Some(File { text, sha }));
}

#[tokio::test]
async fn a_file_above_one_megabyte_is_read_as_a_blob() {
    let text = "0123456789abcdef".repeat(80_000);
    let (_, _, client) = demo(json!({"big": text})).await;
    let file = client.file(REPOSITORY, "big", "record").await.unwrap();
    assert_eq!(file.unwrap().text, text);
}

#[tokio::test]
async fn a_missing_file_is_none_but_a_missing_branch_is_an_error() {
    let (_, _, client) = demo(json!({"a": "x"})).await;
    assert_eq!(client.file(REPOSITORY, "b", "record").await.unwrap(), None);
    let error = client.file(REPOSITORY, "a", "recrod").await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("no branch `recrod`"), "{error}");
    let error = client
        .file("openshift/nothing", "a", "record")
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(
        error.message.contains("no repository `openshift/nothing`"),
        "{error}"
    );
    assert!(error.hint.unwrap().contains("GITHUB_TOKEN"));
}

#[tokio::test]
async fn a_folder_is_not_a_file() {
    let (_, _, client) = demo(json!({"a/b": "x"})).await;
    let error = client.file(REPOSITORY, "a", "record").await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
}

#[tokio::test]
async fn passing_troubles_are_retried_on_the_worlds_clock() {
    for fault in ["status:502", "retry_after:60", "refused", "reset"] {
        let (state, world, client) = demo(json!({"a": "x"})).await;
        fail(&state, "github", fault, 1);
        let file = client.file(REPOSITORY, "a", "record").await.unwrap();
        assert!(file.is_some(), "{fault}");
        assert_eq!(world.announced(), [60], "{fault}");
    }
}

#[tokio::test]
async fn faults_have_the_kinds_of_every_service() {
    let expected = [
        ("html", Kind::Unexpected),
        ("wrong_type", Kind::Unexpected),
        ("truncated", Kind::Unexpected),
        ("malformed", Kind::Unexpected),
        ("status:401", Kind::Denied),
        ("status:500", Kind::Unexpected),
    ];
    for (fault, kind) in expected {
        let (state, _, client) = demo(json!({"a": "x"})).await;
        fail(&state, "github", fault, 1);
        let error = client.file(REPOSITORY, "a", "record").await.unwrap_err();
        assert_eq!(
            (error.kind, error.service.as_deref()),
            (kind, Some("github")),
            "{fault}"
        );
        assert!(error.message.contains("/contents/a"), "{}", error.message);
    }
}

#[tokio::test]
async fn a_used_up_allowance_is_busy() {
    let renewed = crate::support::services_world::start().as_second() + 3000;
    let reply = move || async move {
        let headers = [
            ("x-ratelimit-remaining", "0".to_owned()),
            ("x-ratelimit-reset", renewed.to_string()),
        ];
        (
            StatusCode::FORBIDDEN,
            headers,
            "{\"message\": \"API rate limit exceeded\"}",
        )
    };
    let base = serve(Router::new().fallback(any(reply))).await;
    let (world, caller) = super::caller("github", base, Auth::missing("GITHUB_TOKEN"));
    let client = Client::new(caller);
    let error = client.file(REPOSITORY, "a", "record").await.unwrap_err();
    assert_eq!((error.kind, world.seconds()), (Kind::Busy, 0));
    assert_eq!(error.retry_after.map(|wait| wait.as_secs()), Some(3000));
}

#[tokio::test]
async fn the_token_is_sent_and_never_shown() {
    let reply = async |headers: HeaderMap| {
        let sent = headers.get(header::AUTHORIZATION).cloned();
        let text = sent.map(|sent| sent.to_str().unwrap().to_owned());
        (StatusCode::UNAUTHORIZED, text.unwrap_or_default())
    };
    let base = serve(Router::new().fallback(any(reply))).await;
    let auth = Auth::bearer("GITHUB_TOKEN", "canary-77aa\n".into());
    let (_, caller) = super::caller("github", base, auth);
    let client = Client::new(caller);
    let error = client.file(REPOSITORY, "a", "record").await.unwrap_err();
    assert!(error.message.contains("Bearer [hidden]"), "{error}");
    assert!(!format!("{error:?} {client:?}").contains("canary-77aa"));
    assert!(error.hint.unwrap().contains("`GITHUB_TOKEN`"));
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_an_error_and_no_panic() {
    let base = "http://127.0.0.1:9".parse().unwrap();
    let auth = Auth::bearer("GITHUB_TOKEN", "one\ntwo".into());
    let (_, caller) = super::caller("github", base, auth);
    let client = Client::new(caller);
    let error = client.file(REPOSITORY, "a", "record").await.unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
}

#[tokio::test]
async fn the_stand_in_answers_304_to_a_known_entity_tag() {
    let state = state(
        "github",
        json!({"branches": {"record": {"d/a": "x", "d/e/f": "y"}}}),
    );
    let base = serve(emulator::router(state)).await;
    let (_, caller) = super::caller("github", base, Auth::none());
    let get = |path: &str| caller.get(&format!("/repos/{REPOSITORY}{path}"));
    let first = get("/contents/d")
        .query("ref", "record")
        .send()
        .await
        .unwrap();
    let names: serde_json::Value = first.json().unwrap();
    assert_eq!(
        (&names[0]["name"], &names[1]["type"]),
        (&json!("a"), &json!("dir"))
    );
    let tag = first.headers[header::ETAG].clone();
    let second = get("/contents/d")
        .query("ref", "record")
        .header(header::IF_NONE_MATCH, tag)
        .send()
        .await
        .unwrap();
    assert_eq!(second.status, StatusCode::NOT_MODIFIED);
    let tree = get("/git/trees/record:d")
        .send_json::<serde_json::Value>()
        .await
        .unwrap();
    assert_eq!(tree["tree"][0]["path"], "a");
    let raw = caller.get(&format!("/raw/{REPOSITORY}/record/d/e/f"));
    assert_eq!(raw.send_text().await.unwrap(), "y");
}

#[test]
fn a_name_cannot_leave_the_folder_of_test_results() {
    assert_eq!(
        test_result_path("4.20.1", "amd64").unwrap(),
        "_releases/ocp-test-result-4.20.1-amd64.json"
    );
    for (build, arch) in [
        ("../x", "amd64"),
        ("4.20.1", ""),
        ("4.20.1", "a/b"),
        ("", "amd64"),
    ] {
        assert_eq!(
            test_result_path(build, arch).unwrap_err().kind,
            Kind::Invalid
        );
    }
}

#[tokio::test]
async fn files_are_read_at_once_from_several_tasks() {
    let (_, _, client) = demo(json!({"a": "x", "b": "y"})).await;
    let client = Arc::new(client);
    let read = |path: &'static str| {
        let client = client.clone();
        tokio::spawn(async move { client.file(REPOSITORY, path, "record").await })
    };
    let (first, second) = (read("a"), read("b"));
    assert_eq!(first.await.unwrap().unwrap().unwrap().text, "x");
    assert_eq!(second.await.unwrap().unwrap().unwrap().text, "y");
}

#[tokio::test]
async fn labels_of_a_pull_request_are_read_and_none_is_not_one_without() {
    let (state, _, client) = demo(json!({})).await;
    state
        .change(|stored| {
            stored.documents["github"]["labels"] =
                json!({"openshift/api#7": ["verified", "lgtm"], "openshift/api#8": []});
        })
        .unwrap();
    let labels = client.labels("openshift/api", 7).await.unwrap().unwrap();
    assert_eq!(labels, ["verified", "lgtm"]);
    let none = client.labels("openshift/api", 8).await.unwrap();
    assert_eq!(none, Some(Vec::new()));
    assert_eq!(client.labels("openshift/api", 9).await.unwrap(), None);
}
