//! Conditional reads, writes, commits and GraphQL of the client against its stand-in.

use std::sync::Arc;

use axum::{Router, http::StatusCode, routing::any};
use oar_script::{
    error::{Error, Kind},
    http::Auth,
    services::github::{Client, File, Read, Write, emulator},
    sim::state::SimState,
};
use serde_json::{Value, json};

use crate::support::services_world::{ServicesWorld, fail, serve, state};

const REPOSITORY: &str = "openshift/release-tests";

struct Demo {
    state: Arc<SimState>,
    world: Arc<ServicesWorld>,
    client: Client,
}

async fn demo_as(token: Option<&str>) -> Demo {
    let state = state(
        "github",
        json!({
            "branches": {"z-stream": {
                "a": "one\n",
                "_releases/4.20/4.20.z.yaml": "releases: {}\n",
                "_releases/4.20/statebox/4.20.1.yaml": "release: 4.20.1\n",
                "_releases/4.9/4.9.z.yaml": "releases: {}\n",
            }, "main": {}},
            "tokens": {"reader": {"login": "reader", "permission": "read"}},
        }),
    );
    let base = serve(emulator::router(state.clone())).await;
    let auth = Auth::bearer_if("GITHUB_TOKEN", token.map(Into::into));
    let (world, caller) = super::caller("github", base, auth);
    let client = Client::new(caller);
    Demo {
        state,
        world,
        client,
    }
}

async fn demo() -> Demo {
    demo_as(Some("writer")).await
}

fn write(path: &str, text: &str, sha: Option<&str>) -> Write {
    Write {
        path: path.to_owned(),
        branch: "z-stream".to_owned(),
        message: format!("Write {path}\n\nbody"),
        text: text.to_owned(),
        sha: sha.map(str::to_owned),
    }
}

/// A client whose every request is answered like this.
async fn answered(status: StatusCode, body: &'static str) -> Client {
    let reply = move || async move { (status, [("content-type", "application/json")], body) };
    let base = serve(Router::new().fallback(any(reply))).await;
    let auth = Auth::bearer("GITHUB_TOKEN", "writer".into());
    Client::new(super::caller("github", base, auth).1)
}

async fn refusal(status: StatusCode, body: &'static str) -> Error {
    let client = answered(status, body).await;
    let wanted = write("a", "x", Some("1"));
    client.write(REPOSITORY, &wanted).await.unwrap_err()
}

#[tokio::test]
async fn a_known_file_is_not_sent_again() {
    let Demo { client, .. } = demo().await;
    let read = async |known: Option<&str>| client.read(REPOSITORY, "a", "z-stream", known).await;
    let Read::File { file, tag } = read(None).await.unwrap() else {
        panic!("there is a file");
    };
    assert_eq!(file.text, "one\n");
    assert_eq!(file.sha, File::sha_of("one\n"));
    let tag = tag.unwrap();
    assert_eq!(read(Some(&tag)).await.unwrap(), Read::Unchanged);
    let wanted = write("a", "two\n", Some(&file.sha));
    client.write(REPOSITORY, &wanted).await.unwrap();
    assert!(
        matches!(read(Some(&tag)).await.unwrap(), Read::File { file, .. } if file.text == "two\n")
    );
    let missing = client.read(REPOSITORY, "b", "z-stream", Some(&tag)).await;
    assert_eq!(missing.unwrap(), Read::Missing);
}

#[tokio::test]
async fn a_write_is_one_commit_of_the_whole_message() {
    let Demo { client, .. } = demo().await;
    let text = "ü and more\n";
    let made = client
        .write(REPOSITORY, &write("b/c d", text, None))
        .await
        .unwrap();
    assert_eq!(made.sha, File::sha_of(text));
    let file = client.file(REPOSITORY, "b/c d", "z-stream").await.unwrap();
    assert_eq!(file.unwrap().text, text);
    let commits = client
        .commits(REPOSITORY, "b/c d", "z-stream", 5)
        .await
        .unwrap();
    assert_eq!(commits.len(), 1);
    assert_eq!(commits[0].sha, made.commit);
    assert_eq!(commits[0].message, "Write b/c d\n\nbody");
    assert_eq!(commits[0].author, "release-lead");
    assert_eq!(commits[0].at, crate::support::services_world::start());
}

#[tokio::test]
async fn commits_come_newest_first_and_only_of_the_path() {
    let Demo { client, .. } = demo().await;
    let mut sha = None;
    for text in ["1", "2", "3"] {
        let written = client
            .write(REPOSITORY, &write("b", text, sha.as_deref()))
            .await
            .unwrap();
        sha = Some(written.sha);
    }
    client
        .write(REPOSITORY, &write("c", "x", None))
        .await
        .unwrap();
    let two = client
        .commits(REPOSITORY, "b", "z-stream", 2)
        .await
        .unwrap();
    assert_eq!(two.len(), 2);
    let all = client
        .commits(REPOSITORY, "b", "z-stream", 100)
        .await
        .unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(all[..2], two[..]);
    let none = client
        .commits(REPOSITORY, "nothing", "z-stream", 9)
        .await
        .unwrap();
    assert!(none.is_empty());
    let error = client
        .commits(REPOSITORY, "b", "nothing", 9)
        .await
        .unwrap_err();
    assert!(error.message.contains("no branch `nothing`"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_not_what_was_read_is_a_conflict() {
    let Demo { client, state, .. } = demo().await;
    for (sha, status) in [
        (Some("0123456789012345678901234567890123456789"), 409),
        (None, 422),
    ] {
        let error = client
            .write(REPOSITORY, &write("a", "x", sha))
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.status), (Kind::Conflict, Some(status)));
        assert!(error.message.contains("`a` on `z-stream`"), "{error}");
        assert!(!error.is_ambiguous);
    }
    let text = state.read(|stored| stored.documents["github"]["branches"]["z-stream"]["a"].clone());
    assert_eq!(text, "one\n");
}

#[tokio::test]
async fn who_may_not_write_learns_which_permission_is_missing() {
    for token in [Some("reader"), None] {
        let Demo { client, .. } = demo_as(token).await;
        let error = client
            .write(REPOSITORY, &write("b", "x", None))
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Denied, "{token:?}");
        let hint = error.hint.unwrap();
        assert!(
            hint.contains("GITHUB_TOKEN") && hint.contains("contents: write"),
            "{hint}"
        );
    }
    // A classic token without a scope: GitHub hides what it may not touch.
    let client = answered(StatusCode::NOT_FOUND, "{\"message\": \"Not Found\"}").await;
    let error = client
        .write(REPOSITORY, &write("b", "x", None))
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.hint.unwrap().contains("GITHUB_TOKEN"));
}

#[tokio::test]
async fn a_repository_that_is_seen_but_hidden_from_writers_is_denied() {
    let put = async || (StatusCode::NOT_FOUND, "{\"message\": \"Not Found\"}");
    let branch = async || axum::Json(json!({"name": "z-stream"}));
    let router = Router::new()
        .route(
            "/repos/{owner}/{name}/contents/{*path}",
            axum::routing::put(put),
        )
        .route(
            "/repos/{owner}/{name}/branches/{branch}",
            axum::routing::get(branch),
        );
    let auth = Auth::bearer("GITHUB_TOKEN", "writer".into());
    let client = Client::new(super::caller("github", serve(router).await, auth).1);
    let error = client
        .write(REPOSITORY, &write("b", "x", None))
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Denied, Some(404)));
    assert!(error.hint.unwrap().contains("contents: write"));
}

#[tokio::test]
async fn a_missing_branch_or_repository_is_named() {
    let Demo { client, .. } = demo().await;
    let mut wanted = write("b", "x", None);
    wanted.branch = "z-steam".to_owned();
    let error = client.write(REPOSITORY, &wanted).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("no branch `z-steam`"), "{error}");
    let error = client
        .write("openshift/nothing", &wanted)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("`openshift/nothing`"), "{error}");
}

#[tokio::test]
async fn a_secondary_limit_is_busy_with_its_time() {
    let Demo { client, state, .. } = demo().await;
    fail(&state, "github", "secondary_limit:90", 1);
    let error = client
        .write(REPOSITORY, &write("b", "x", None))
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Busy, false));
    assert_eq!(error.retry_after.map(|wait| wait.as_secs()), Some(90));
    // Without a time GitHub wants a minute.
    let text = "{\"message\": \"You have exceeded a secondary rate limit.\"}";
    let error = refusal(StatusCode::FORBIDDEN, text).await;
    assert_eq!(error.kind, Kind::Busy);
    assert_eq!(error.retry_after.map(|wait| wait.as_secs()), Some(60));
}

#[tokio::test]
async fn a_rule_of_the_branch_is_no_conflict() {
    for (status, text) in [
        (
            StatusCode::CONFLICT,
            "{\"message\": \"Repository rule violations found\\n\\nChanges must be made through a pull request.\"}",
        ),
        (
            StatusCode::FORBIDDEN,
            "{\"message\": \"Cannot update this protected branch\"}",
        ),
    ] {
        let error = refusal(status, text).await;
        assert_eq!(error.kind, Kind::Denied, "{text}");
        assert!(error.message.contains("rule"), "{error}");
    }
}

#[tokio::test]
async fn other_input_that_makes_no_sense_is_invalid() {
    let text = "{\"message\": \"path contains a malformed path component\"}";
    let error = refusal(StatusCode::UNPROCESSABLE_ENTITY, text).await;
    assert_eq!(error.kind, Kind::Invalid);
}

#[tokio::test]
async fn a_write_is_sent_once_and_a_lost_answer_is_ambiguous() {
    for (fault, is_written) in [
        ("reset", true),
        ("truncated", true),
        ("refused", false),
        ("status:502", false),
        ("status:503", false),
        ("html", false),
    ] {
        let Demo {
            client,
            state,
            world,
        } = demo().await;
        fail(&state, "github", fault, 1);
        let error = client
            .write(REPOSITORY, &write("b", "x", None))
            .await
            .unwrap_err();
        assert!(error.is_ambiguous, "{fault}: {error:?}");
        assert_eq!(world.seconds(), 0, "{fault}");
        let commits = client
            .commits(REPOSITORY, "b", "z-stream", 9)
            .await
            .unwrap();
        assert_eq!(!commits.is_empty(), is_written, "{fault}");
    }
    // Nobody listens: nothing was sent.
    let auth = Auth::bearer("GITHUB_TOKEN", "writer".into());
    let base = "http://127.0.0.1:9".parse().unwrap();
    let client = Client::new(super::caller("github", base, auth).1);
    let error = client
        .write(REPOSITORY, &write("b", "x", None))
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Unreachable, false));
}

#[tokio::test]
async fn graphql_reads_many_files_in_one_request() {
    let Demo { client, .. } = demo().await;
    let query = "query($owner: String!, $name: String!, $path: String!) {
        repository(owner: $owner, name: $name) {
            folders: object(expression: \"z-stream:_releases\") {
                ... on Tree { entries { name type object { ... on Tree { entries {
                    name type object { ... on Blob { text } } } } } } }
            }
            release_0: object(expression: $path) { ... on Blob { text oid } }
            release_1: object(expression: \"z-stream:nothing\") { ... on Blob { text } }
        }
    }";
    let path = "z-stream:_releases/4.20/statebox/4.20.1.yaml";
    let variables = json!({"owner": "openshift", "name": "release-tests", "path": path});
    let data = client.graphql(query, variables).await.unwrap();
    let tracking =
        json!({"name": "4.20.z.yaml", "type": "blob", "object": {"text": "releases: {}\n"}});
    let text = "release: 4.20.1\n";
    assert_eq!(data["repository"]["folders"]["entries"][0]["name"], "4.20");
    assert_eq!(
        data["repository"]["folders"]["entries"][0]["object"]["entries"][0],
        tracking
    );
    assert_eq!(data["repository"]["folders"]["entries"][1]["name"], "4.9");
    assert_eq!(
        data["repository"]["release_0"],
        json!({"text": text, "oid": File::sha_of(text)})
    );
    assert_eq!(data["repository"]["release_1"], Value::Null);
}

#[tokio::test]
async fn graphql_errors_in_a_good_answer_are_errors() {
    let Demo { client, .. } = demo().await;
    let check = async |query: &str, kind: Kind, part: &str| {
        let error = client.graphql(query, json!({})).await.unwrap_err();
        assert_eq!(error.kind, kind, "{query}");
        assert!(error.message.contains(part), "{error}");
    };
    let nothing = "{ repository(owner: \"openshift\", name: \"nothing\") { name } }";
    check(nothing, Kind::NotFound, "openshift/nothing").await;
    let here = "{ repository(owner: \"openshift\", name: \"release-tests\")";
    check(&format!("{here} {{ stars }} }}"), Kind::Invalid, "'stars'").await;
    check(
        &format!("{here} {{ object(expression: \"z-stream:a\") {{ text }} }} }}"),
        Kind::Invalid,
        "'GitObject'",
    )
    .await;
    check(&format!("{here} }}"), Kind::Invalid, "selections").await;
    check(&format!("{here} {{ name "), Kind::Invalid, "Parse error").await;
    check("{ viewer { login { name } } }", Kind::Invalid, "scalars").await;
    check("mutation { x }", Kind::Invalid, "mutation").await;
    check(
        "query($a: String!) { viewer { login } }",
        Kind::Invalid,
        "$a",
    )
    .await;
    check("{ viewer { login ...Part } }", Kind::Invalid, "Fragment").await;
}

#[tokio::test]
async fn graphql_only_reads_so_it_is_tried_again() {
    let Demo {
        client,
        state,
        world,
    } = demo().await;
    fail(&state, "github", "status:502", 1);
    let data = client
        .graphql("{ viewer { login } }", json!({}))
        .await
        .unwrap();
    assert_eq!(data["viewer"]["login"], "release-lead");
    assert_eq!(world.announced(), [60]);
    let Demo { client, .. } = demo_as(None).await;
    let error = client
        .graphql("{ viewer { login } }", json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    assert!(error.hint.unwrap().contains("GITHUB_TOKEN"));
}

#[tokio::test]
async fn graphql_is_where_an_enterprise_has_it() {
    let reply = async |request: axum::extract::Request| {
        axum::Json(json!({"data": {"path": request.uri().path()}}))
    };
    let base = serve(Router::new().fallback(any(reply))).await;
    let check = async |below: &str, expected: &str| {
        let base = base.join(below).unwrap();
        let client = Client::new(super::caller("github", base, Auth::none()).1);
        let data = client
            .graphql("{ viewer { login } }", json!({}))
            .await
            .unwrap();
        assert_eq!(data["path"], expected);
    };
    check("/", "/graphql").await;
    check("/api/v3", "/api/graphql").await;
}

#[tokio::test]
async fn raw_files_have_an_entity_tag() {
    let Demo { state, .. } = demo().await;
    let base = serve(emulator::router(state)).await;
    let (_, caller) = super::caller("github", base, Auth::none());
    let get = || caller.get(&format!("/raw/{REPOSITORY}/z-stream/a"));
    let first = get().send().await.unwrap();
    assert_eq!(first.text(), "one\n");
    let tag = first.headers["etag"].clone();
    let second = get()
        .header("if-none-match".parse().unwrap(), tag)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (second.status, second.text()),
        (StatusCode::NOT_MODIFIED, String::new())
    );
}
