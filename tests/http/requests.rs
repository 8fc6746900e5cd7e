//! Putting requests together.

use axum::{Router, routing::any};
use oar_script::http::{Auth, Http, segment, without_secrets};
use url::Url;

use super::{Demo, Reply, echo};
use crate::support::services_world::serve;

#[test]
fn a_segment_cannot_leave_its_place() {
    let check = |text: &str, expected: &str| {
        let encoded = segment(text);
        assert_eq!(encoded, expected);
        let url = Url::parse(&format!("https://example.com/a/{encoded}/b")).unwrap();
        assert_eq!(url.path_segments().unwrap().count(), 3, "{text}");
    };
    check("4.20.1", "4.20.1");
    check("a/b", "a%2Fb");
    check("a?b#c", "a%3Fb%23c");
    check(".", "%252E");
    check("..", "%252E%252E");
    check("ü", "%C3%BC");
}

#[tokio::test]
async fn paths_are_below_the_base_address() {
    let base = serve(Router::new().route("/{*path}", any(echo))).await;
    for below in ["api/v3", "api/v3/"] {
        let demo = Demo::at(base.join(below).unwrap(), Auth::none());
        let text = demo.caller.get("/repos/x").send_text().await.unwrap();
        assert!(text.starts_with("api/v3/repos/x\n"), "{text}");
    }
}

#[tokio::test]
async fn requests_are_counted_by_service() {
    let demo = Demo::new(Reply::new(200, "")).await;
    let other = demo
        .http
        .service("other", demo.caller.base().clone(), Auth::none());
    demo.caller.get("/").send().await.unwrap();
    demo.caller.post("/").send().await.unwrap();
    other.get("/").send().await.unwrap();
    let counts: Vec<_> = demo.http.counts().into_iter().collect();
    assert_eq!(counts, [("demo".to_owned(), 2), ("other".to_owned(), 1)]);
}

#[tokio::test]
async fn a_proxy_is_not_asked_for_loopback() {
    use std::sync::Arc;

    let world = crate::support::services_world::ServicesWorld::default()
        .env("http_proxy", "http://127.0.0.1:1")
        .env("all_proxy", "http://127.0.0.1:1");
    let http = Http::new(Arc::new(world)).unwrap();
    let base = serve(Router::new().fallback(any(echo))).await;
    let caller = http.service("demo", base, Auth::none());
    caller.get("/").send().await.unwrap();
}

#[test]
fn an_address_is_shown_without_its_secrets() {
    let url = Url::parse("https://me:pw@example.com/a?private_token=abc&page=2#x").unwrap();
    let shown = without_secrets(&url).to_string();
    assert_eq!(shown, "https://example.com/a?private_token=hidden&page=2");
}

#[tokio::test]
async fn one_service_gets_eight_requests_at_once() {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let handler = move || {
        let (now, most) = (now.clone(), most.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(100)).await;
            now.fetch_sub(1, Ordering::SeqCst);
        }
    };
    let base = serve(Router::new().fallback(any(handler))).await;
    let demo = Demo::at(base, Auth::none());
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..12 {
        running.spawn(demo.caller.get("/").send());
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap().unwrap();
    }
    assert_eq!(seen.load(Ordering::SeqCst), 8);
}
