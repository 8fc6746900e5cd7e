//! No secret gets into messages or traces.

use std::{
    io,
    sync::{Arc, Mutex},
};

use axum::{Router, http::StatusCode, routing::any};
use oar_script::{error::Error, http::Auth};
use reqwest::header::HeaderName;
use url::Url;

use super::{Demo, echo, nobody};
use crate::support::services_world::serve;

const CANARY: &str = "canary-5e1f-token";

fn auths() -> [Auth; 4] {
    [
        Auth::bearer("DEMO_TOKEN", CANARY.into()),
        Auth::token("DEMO_TOKEN", CANARY.into()),
        Auth::basic("DEMO_TOKEN", "somebody", CANARY.into()),
        Auth::header(
            "DEMO_TOKEN",
            HeaderName::from_static("private-token"),
            CANARY.into(),
        ),
    ]
}

fn with_user(mut base: Url) -> Url {
    base.set_username("somebody").unwrap();
    base.set_password(Some(CANARY)).unwrap();
    base
}

fn assert_clean(error: &Error) {
    for text in [error.chain(), format!("{error:?}")] {
        assert!(!text.contains(CANARY), "{text}");
        // The same with the user name in front, as basic authentication sends it.
        assert!(!text.contains("c29tZWJvZHk6"), "{text}");
    }
}

#[tokio::test]
async fn a_service_that_repeats_the_credential_gives_nothing_away() {
    let refuse = async |headers: axum::http::HeaderMap| {
        let seen: Vec<_> = headers
            .values()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        (StatusCode::FORBIDDEN, seen.join(" "))
    };
    let base = serve(Router::new().fallback(any(refuse))).await;
    for auth in auths() {
        let demo = Demo::at(with_user(base.clone()), auth);
        let request = demo.caller.get("/").query("private_token", CANARY);
        let error = request.send().await.unwrap_err();
        assert!(error.message.contains("[hidden]"), "{error}");
        assert_clean(&error);
        assert!(!format!("{:?}", demo.caller).contains(CANARY));
    }
}

#[tokio::test]
async fn an_answer_of_the_wrong_shape_gives_nothing_away() {
    let base = serve(Router::new().fallback(any(async || format!("\"{CANARY}\"")))).await;
    let demo = Demo::at(base, Auth::bearer("DEMO_TOKEN", CANARY.into()));
    let error = demo.caller.get("/").send_json::<u64>().await.unwrap_err();
    assert_clean(&error);
}

#[tokio::test]
async fn a_lost_connection_gives_nothing_away() {
    for auth in auths() {
        let demo = Demo::at(with_user(nobody().await), auth);
        let request = demo.caller.get("/").query("token", CANARY);
        assert_clean(&request.send().await.unwrap_err());
    }
}

#[tokio::test]
async fn a_credential_that_no_header_can_carry_is_denied() {
    let demo = Demo::at(
        nobody().await,
        Auth::bearer("DEMO_TOKEN", "one\ntwo".into()),
    );
    let error = demo.caller.get("/").send().await.unwrap_err();
    assert_eq!(error.kind, oar_script::error::Kind::Denied);
    assert!(error.message.contains("`DEMO_TOKEN`"));
}

#[tokio::test]
async fn a_request_leaves_one_trace_line_without_secrets() {
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // With one dispatcher alone, a line that another thread meets first is judged by that thread,
    // which has none, and stays off for this one too.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);
    let base = serve(Router::new().fallback(any(echo))).await;
    for auth in auths() {
        let demo = Demo::at(with_user(base.clone()), auth);
        let request = demo.caller.get("/some/path").query("token", CANARY);
        request.query("page", 2).send().await.unwrap();
    }
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = text
        .lines()
        .filter(|line| line.contains("oar_script::http: request"))
        .collect();
    assert_eq!(lines.len(), 4, "{text}");
    for part in [
        "service=demo",
        "method=GET",
        "/some/path",
        "page=2",
        "status=200",
        "attempt=1",
    ] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
    assert!(!text.contains(CANARY), "{text}");
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
