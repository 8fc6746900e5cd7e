use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::bench::{Bench, RELEASE, http};

const BOTH: &str = "application/json, text/event-stream";

struct Reply {
    status: StatusCode,
    session: Option<String>,
    kind: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        let data = self
            .body
            .lines()
            .find_map(|line| line.strip_prefix("data: "))
            .unwrap_or(&self.body);
        serde_json::from_str(data).unwrap()
    }
}

async fn send(
    bench: &Bench,
    method: Method,
    session: Option<&str>,
    accept: &str,
    body: Value,
) -> Reply {
    let mut request = http()
        .request(method, bench.server.endpoint())
        .header("accept", accept)
        .header("content-type", "application/json");
    if let Some(session) = session {
        request = request.header("mcp-session-id", session);
    }
    let answer = request.body(body.to_string()).send().await.unwrap();
    let header = |name: &str| {
        answer
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    Reply {
        status: answer.status(),
        session: header("mcp-session-id"),
        kind: header("content-type").unwrap_or_default(),
        body: answer.text().await.unwrap(),
    }
}

async fn session(bench: &Bench) -> String {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
    }});
    send(bench, Method::POST, None, BOTH, body)
        .await
        .session
        .unwrap()
}

async fn call(bench: &Bench, session: &str, name: &str, arguments: Value) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": name, "arguments": arguments}});
    send(bench, Method::POST, Some(session), BOTH, body)
        .await
        .json()["result"]
        .clone()
}

#[tokio::test]
async fn initialize_opens_a_session_in_one_frame() {
    let bench = Bench::new().await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-03-26"}});
    let reply = send(&bench, Method::POST, None, BOTH, body).await;
    assert_eq!(
        (reply.status, reply.kind.as_str()),
        (StatusCode::OK, "text/event-stream")
    );
    assert_eq!(reply.session.as_ref().unwrap().len(), 32);
    assert!(reply.body.starts_with("event: message\r\ndata: {"));
    let answer = reply.json();
    assert_eq!(answer["result"]["protocolVersion"], "2025-03-26");
    assert_eq!(answer["result"]["serverInfo"]["name"], "release-tests");
}

#[tokio::test]
async fn an_unknown_protocol_version_gets_the_newest() {
    let bench = Bench::new().await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "1999-01-01"}});
    let reply = send(&bench, Method::POST, None, BOTH, body).await;
    assert_eq!(reply.json()["result"]["protocolVersion"], "2025-11-25");
}

#[tokio::test]
async fn a_notification_is_accepted_with_nothing() {
    let bench = Bench::new().await;
    let session = session(&bench).await;
    let body = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let reply = send(&bench, Method::POST, Some(&session), BOTH, body).await;
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (StatusCode::ACCEPTED, "")
    );
}

#[tokio::test]
async fn requests_without_or_with_a_strange_session_are_refused() {
    let bench = Bench::new().await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let reply = send(&bench, Method::POST, None, BOTH, body.clone()).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        reply.json(),
        json!({"jsonrpc": "2.0", "id": "server-error", "error": {"code": -32600, "message": "Bad Request: Missing session ID"}})
    );
    let reply = send(&bench, Method::POST, Some("0123"), BOTH, body).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(reply.json()["error"]["message"], "Session not found");
}

#[tokio::test]
async fn both_forms_must_be_acceptable() {
    let bench = Bench::new().await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}});
    let reply = send(&bench, Method::POST, None, "application/json", body).await;
    assert_eq!(reply.status, StatusCode::NOT_ACCEPTABLE);
    assert_eq!(
        reply.json()["error"]["message"],
        "Not Acceptable: Client must accept both application/json and text/event-stream"
    );
    let session = session(&bench).await;
    let reply = send(
        &bench,
        Method::GET,
        Some(&session),
        "application/json",
        Value::Null,
    )
    .await;
    assert_eq!(reply.status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn a_deleted_session_is_gone_and_a_slash_redirects() {
    let bench = Bench::new().await;
    let session = session(&bench).await;
    let reply = send(&bench, Method::DELETE, Some(&session), BOTH, Value::Null).await;
    assert_eq!(reply.status, StatusCode::OK);
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    let reply = send(&bench, Method::POST, Some(&session), BOTH, body).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    let answer = http()
        .post(format!("{}/", bench.server.endpoint()))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (answer.status(), &answer.headers()["location"]),
        (StatusCode::TEMPORARY_REDIRECT, &"/mcp".parse().unwrap())
    );
}

#[tokio::test]
async fn a_listening_stream_stays_open() {
    let bench = Bench::new().await;
    let session = session(&bench).await;
    let answer = http()
        .get(bench.server.endpoint())
        .header("accept", "text/event-stream")
        .header("mcp-session-id", session)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let ended = tokio::time::timeout(std::time::Duration::from_millis(50), answer.bytes()).await;
    assert!(ended.is_err());
}

#[tokio::test]
async fn all_tools_are_listed_with_their_schemas() {
    let bench = Bench::new().await;
    let session = session(&bench).await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let reply = send(&bench, Method::POST, Some(&session), BOTH, body)
        .await
        .json();
    let listed = reply["result"]["tools"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 28);
    for tool in oar_script::oar::tools::TOOLS
        .iter()
        .filter(|tool| tool.is_on_server)
    {
        let found = listed
            .iter()
            .find(|listed| listed["name"] == tool.name)
            .unwrap();
        let names: Vec<_> = found["inputSchema"]["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let ours: Vec<_> = tool.params.iter().map(|param| param.name).collect();
        assert_eq!(names, ours, "{}", tool.name);
        assert_eq!(found["outputSchema"]["x-fastmcp-wrap-result"], true);
    }
}

#[tokio::test]
async fn a_result_says_its_text_twice() {
    let bench = Bench::new().await;
    let session = session(&bench).await;
    let result = call(
        &bench,
        &session,
        "oar_get_release_metadata",
        json!({"release": RELEASE}),
    )
    .await;
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("{\"release\": \"4.20.1\", \"advisories\": {\"rpm\": 180101, "));
    assert_eq!(result["structuredContent"]["result"], text);
    assert_eq!(result["isError"], false);
}

#[tokio::test]
async fn wrong_arguments_are_errors_in_the_result() {
    let bench = Bench::new().await;
    let session = session(&bench).await;
    let check = async |name: &str, arguments: Value, part: &str| {
        let result = call(&bench, &session, name, arguments).await;
        assert_eq!(result["isError"], true);
        assert!(result.get("structuredContent").is_none());
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(part), "{text}");
    };
    check("oar_take_ownership", json!({"release": RELEASE}), "1 validation error for call[oar_take_ownership]\nemail\n  Missing required argument [type=missing_argument").await;
    check(
        "oar_image_signed_check",
        json!({"release": RELEASE, "x": 1}),
        "Unexpected keyword argument [type=unexpected_keyword_argument",
    )
    .await;
    check(
        "oar_stage_testing",
        json!({"release": RELEASE, "build_number": 7}),
        "Input should be a valid string [type=string_type",
    )
    .await;
    check(
        "oar_image_consistency_check",
        json!({"release": RELEASE, "job_id": null}),
        "Input should be a valid string",
    )
    .await;
    check("oar_nothing", json!({}), "Unknown tool: oar_nothing").await;
}

#[tokio::test]
async fn a_failed_command_is_not_an_error_of_the_call() {
    let bench = Bench::new().await;
    let session = session(&bench).await;
    let result = call(
        &bench,
        &session,
        "oar_image_signed_check",
        json!({"release": "4.20.99"}),
    )
    .await;
    assert_eq!(result["isError"], false);
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("✗ Command failed (exit code 1)\n\n✗ Command execution failed with unhandled exception\n\nCommand: oar -r 4.20.99 image-signed-check\n\nError: [4.20.99] ocp build data is not ready"), "{text}");
}

#[tokio::test]
async fn health_tells_of_a_missing_ticket() {
    let bench = Bench::new().await;
    let url = bench.server.endpoint().join("/health").unwrap();
    assert_eq!(
        http().get(url.clone()).send().await.unwrap().status(),
        StatusCode::OK
    );
    bench.set("oar/lacks", json!(["KERBEROS"]));
    let answer = http().get(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(
        (&body["status"], &body["kerberos"]["status"]),
        (&json!("degraded"), &json!("no_ticket"))
    );
}
