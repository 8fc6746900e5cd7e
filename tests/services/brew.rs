//! The client of Brew against its stand-in.

use std::sync::Arc;

use axum::{Router, http::StatusCode, routing::post};
use oar_script::{
    error::{Kind, Result},
    http::Auth,
    services::brew::{
        Client, emulator,
        xml::{Answered, Fault, answer, call},
    },
    sim::state::SimState,
};
use serde_json::{Value, json};

use crate::support::services_world::{fail, serve, state};

const RHCOS: &str = "rhcos-x86_64-9.6.20270227-0";
const KERNEL: &str = "kernel-5.14.0-570.30.1.el9_6";

async fn demo() -> (Arc<SimState>, Client) {
    let document = json!({"builds": {
        RHCOS: {"components": [["bash", "5.1.8", "9.el9"], ["kernel", "5.14.0", "570.30.1.el9_6"],
            ["kernel", "9", "9"]]},
        "rhcos-x86_64-9.6.1-0": {"components": [["bash", "5.1.8", "9.el9"]]},
        "rhcos-x86_64-9.6.2-0": {"components": [["kernel", null, "1"]]},
        KERNEL: {"tags": ["rhel-9.6.0-z-candidate", "a<b & c"]},
        "untagged-1-1": {"tags": []},
    }});
    let state = state("brew", document);
    let base = serve(emulator::router(state.clone())).await;
    (state, client(base))
}

fn client(base: url::Url) -> Client {
    let (_, hub) = super::caller("brew", base.clone(), Auth::none());
    let (_, files) = super::caller("brew", base, Auth::negotiate());
    Client::new(hub, files)
}

#[tokio::test]
async fn the_first_kernel_in_a_build_is_named() {
    let (_, client) = demo().await;
    let kernel = client.kernel(RHCOS).await.unwrap();
    assert_eq!(kernel.as_deref(), Some(KERNEL));
}

#[tokio::test]
async fn a_build_without_kernel_is_no_error() {
    let (_, client) = demo().await;
    assert_eq!(client.kernel("rhcos-x86_64-9.6.1-0").await.unwrap(), None);
}

#[tokio::test]
async fn a_kernel_without_version_and_an_unknown_build_are_errors() {
    let (_, client) = demo().await;
    let kind = async |build: &str| client.kernel(build).await.unwrap_err().kind;
    assert_eq!(kind("rhcos-x86_64-9.6.2-0").await, Kind::Invalid);
    assert_eq!(kind("rhcos-x86_64-9.6.3-0").await, Kind::NotFound);
    assert_eq!(kind("rhcos").await, Kind::Invalid);
}

#[tokio::test]
async fn the_download_host_wants_a_ticket_and_the_hub_does_not() {
    let (_, client) = demo().await;
    client.knock().await.unwrap();
    assert_eq!(client.version().await.unwrap(), 1);
    let (state, _) = demo().await;
    let base = serve(emulator::router(state)).await;
    let (_, nobody) = super::caller("brew", base, Auth::none());
    let client = Client::new(nobody.clone(), nobody);
    assert_eq!(client.kernel(RHCOS).await.unwrap_err().kind, Kind::Denied);
    assert_eq!(client.knock().await.unwrap_err().kind, Kind::Denied);
    assert_eq!(client.tags("untagged-1-1").await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn tags_are_listed_by_name() {
    let (_, client) = demo().await;
    let tags = client.tags(KERNEL).await.unwrap();
    assert_eq!(tags, ["rhel-9.6.0-z-candidate", "a<b & c"]);
}

#[tokio::test]
async fn a_build_that_is_not_there_has_no_tags_to_list() {
    let (_, client) = demo().await;
    for build in ["kernel-1-1", "a<b", "' & \""] {
        let error = client.tags(build).await.unwrap_err();
        assert_eq!(error.kind, Kind::NotFound, "{build}: {error}");
    }
}

#[tokio::test]
async fn a_lost_answer_of_the_hub_is_asked_for_again() {
    let (state, client) = demo().await;
    fail(&state, "brew", "reset", 2);
    assert_eq!(client.tags(KERNEL).await.unwrap().len(), 2);
    fail(&state, "brew", "truncated", 1);
    let error = client.tags(KERNEL).await.unwrap_err();
    assert_eq!(
        (error.kind, error.service.as_deref()),
        (Kind::Invalid, Some("brew"))
    );
}

/// What the hub's answer `body` is to us.
async fn answered(body: &str) -> Result<Vec<String>> {
    let body = body.to_owned();
    let route = post(move || async move { (StatusCode::OK, body) });
    let base = serve(Router::new().route("/brewhub", route)).await;
    client(base).tags(KERNEL).await
}

#[tokio::test]
async fn faults_are_told_apart_by_their_number() {
    let cases = [
        (1000, "No such build: 'x'", Kind::NotFound),
        (1000, "something", Kind::Unexpected),
        (1004, "policy violation", Kind::Denied),
        (1009, "unable to retry call", Kind::Busy),
        (1014, "database outage", Kind::Busy),
        (1019, "listTags() got an argument", Kind::Invalid),
        (1, "<class 'TypeError'>", Kind::Unexpected),
    ];
    for (code, text, expected) in cases {
        let text = text.replace('<', "&lt;");
        let body = format!(
            "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>{code}\
             </int></value></member><member><name>faultString</name><value><string>{text}</string>\
             </value></member></struct></value></fault></methodResponse>"
        );
        let error = answered(&body).await.unwrap_err();
        assert_eq!(error.kind, expected, "{error}");
        assert!(error.message.contains(&code.to_string()), "{error}");
    }
}

#[tokio::test]
async fn an_answer_of_another_shape_is_not_an_empty_list() {
    for value in [
        "<nil/>",
        "<int>3</int>",
        "<array><data><value>x</value></data></array>",
    ] {
        let body = format!(
            "<methodResponse><params><param><value>{value}</value></param></params></methodResponse>"
        );
        assert_eq!(
            answered(&body).await.unwrap_err().kind,
            Kind::Invalid,
            "{value}"
        );
    }
}

/// Reads one value.
fn read(value: &str) -> Value {
    let body = format!(
        "<?xml version='1.0'?>\n<methodResponse><params><param>{value}</param></params></methodResponse>"
    );
    match answer(&body).unwrap() {
        Answered::Value(value) => value,
        Answered::Fault(fault) => panic!("{fault:?}"),
    }
}

#[test]
fn values_of_every_type_are_read() {
    let cases = [
        ("<value>bare &amp; text</value>", json!("bare & text")),
        ("<value/>", json!("")),
        ("<value><string/></value>", json!("")),
        (
            "<value><string> a&lt;&#98;&#x63; </string></value>",
            json!(" a<bc "),
        ),
        (
            "<value><string><![CDATA[<x>]]></string></value>",
            json!("<x>"),
        ),
        ("<value><int>-7</int></value>", json!(-7)),
        (
            "<value><i8>9000000000</i8></value>",
            json!(9_000_000_000_i64),
        ),
        ("<value><double>1.5</double></value>", json!(1.5)),
        ("<value><boolean>1</boolean></value>", json!(true)),
        ("<value>\n<nil/>\n</value>", json!(null)),
        ("<value><array><data/></array></value>", json!([])),
        (
            "<value><struct><!-- a --><member><name>a</name><value><i4>1</i4></value></member></struct></value>",
            json!({"a": 1}),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_answer_is_an_error_and_no_panic() {
    let deep = format!("<methodResponse>{}", "<value>".repeat(100_000));
    let cases = [
        "",
        "text",
        "<",
        "<methodResponse>",
        "<methodResponse/>",
        "</methodResponse>",
        "<html><body>Sign in</body></html>",
        "<methodResponse><params/></methodResponse>",
        "<methodResponse><params><param/></params></methodResponse>",
        "<methodResponse><fault><value>x</value></fault></methodResponse>",
        "<methodResponse><params><param><value><int>x</int></value></param></params></methodResponse>",
        "<methodResponse><params><param><value><odd/></value></param></params></methodResponse>",
        "<methodResponse><params><param><value>&odd;</value></param></params></methodResponse>",
        "<a></b>",
        &deep,
    ];
    for text in cases {
        let error = answer(text).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{:.40}", text);
    }
}

#[test]
fn a_call_names_its_arguments_as_koji_does() {
    let text = call("listTags", &[("build", "a<b")]);
    assert!(text.starts_with("<?xml version=\"1.0\"?>"));
    assert!(text.contains("<methodName>listTags</methodName>"));
    assert!(text.contains("<name>build</name><value><string>a&lt;b</string></value>"));
    assert!(text.contains("<name>__starstar</name><value><boolean>1</boolean></value>"));
    assert!(!call("getAPIVersion", &[]).contains("param>"));
    let fault = Fault {
        code: 1,
        text: "x".to_owned(),
    };
    let body = "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>1\
        </int></value></member><member><name>faultString</name><value>x</value></member></struct>\
        </value></fault></methodResponse>";
    assert_eq!(answer(body).unwrap(), Answered::Fault(fault));
}
