//! The client of the customer portal against its stand-in.

use std::sync::Arc;

use axum::{Router, http::StatusCode, routing::get};
use oar_script::{
    error::Kind,
    http::Auth,
    services::portal::{Client, emulator},
    sim::state::SimState,
};
use serde_json::json;
use url::Url;

use crate::support::services_world::{ServicesWorld, fail, serve, state};

async fn demo() -> (Arc<SimState>, Arc<ServicesWorld>, Client) {
    let pages = json!({
        "/errata/RHBA-2027:1": {"is_public": true},
        "/errata/RHBA-2027:2": {"is_public": false},
        "/errata/RHBA-2027:3": {"moved_to": "/errata/RHBA-2027:1"},
        "/errata/RHBA-2027:4": {"moved_to": "/errata/RHBA-2027:2"},
        "/errata/RHBA-2027:5": {"moved_to": "/errata/RHBA-2027:5"},
    });
    let state = state("portal", json!({"pages": pages}));
    let base = serve(emulator::router(state.clone())).await;
    let (world, caller) = super::caller("portal", base, Auth::none());
    (state, world, Client::new(caller, true))
}

fn page(number: u64) -> Url {
    let text = format!("https://access.redhat.com/errata/RHBA-2027:{number}");
    text.parse().unwrap()
}

#[tokio::test]
async fn a_page_is_public_when_everybody_is_shown_it() {
    let (_, _, client) = demo().await;
    for (number, expected) in [(1, true), (2, false), (3, true), (4, false), (9, false)] {
        let is_public = client.is_public(&page(number)).await.unwrap();
        assert_eq!(is_public, expected, "{number}");
    }
}

#[tokio::test]
async fn trouble_of_the_portal_says_nothing_about_a_page() {
    let (state, world, client) = demo().await;
    let check = async |kind: &str, times: u32, expected: Kind| {
        fail(&state, "portal", kind, times);
        let error = client.is_public(&page(2)).await.unwrap_err();
        assert_eq!(error.kind, expected, "{kind}");
        assert_eq!(error.service.as_deref(), Some("portal"));
    };
    check("status:500", 1, Kind::Unexpected).await;
    check("status:503", 4, Kind::Busy).await;
    check("retry_after:5", 4, Kind::Busy).await;
    check("refused", 4, Kind::Unreachable).await;
    check("status:407", 1, Kind::Denied).await;
    let error = client.is_public(&page(5)).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unexpected);
    fail(&state, "portal", "status:502", 1);
    let before = world.seconds();
    assert!(client.is_public(&page(1)).await.unwrap());
    assert!(world.seconds() > before);
}

#[tokio::test]
async fn every_refusal_of_a_page_means_no() {
    let routes = [400, 401, 403, 404, 410, 422]
        .iter()
        .fold(Router::new(), |routes, status| {
            let status = StatusCode::from_u16(*status).unwrap();
            routes.route(
                &format!("/{}", status.as_u16()),
                get(move || async move { status }),
            )
        });
    let (_, caller) = super::caller("portal", serve(routes).await, Auth::none());
    let client = Client::new(caller, true);
    for status in [400, 401, 403, 404, 410, 422] {
        let page = format!("https://access.redhat.com/{status}")
            .parse()
            .unwrap();
        assert!(!client.is_public(&page).await.unwrap(), "{status}");
    }
}

#[tokio::test]
async fn only_pages_are_asked_for() {
    let (_, _, client) = demo().await;
    for text in [
        "http://example.com/x",
        "file:///etc/passwd",
        "data:text/plain,x",
    ] {
        let error = client.is_public(&text.parse().unwrap()).await.unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{text}");
    }
}

#[tokio::test]
async fn a_question_in_the_address_is_asked() {
    use axum::extract::RawQuery;
    let route = get(|RawQuery(query): RawQuery| async move {
        match query.as_deref() {
            Some("a=b+c") => StatusCode::OK,
            _ => StatusCode::NOT_FOUND,
        }
    });
    let routes = Router::new().route("/x", route);
    let (_, caller) = super::caller("portal", serve(routes).await, Auth::none());
    let client = Client::new(caller, true);
    let page = "https://access.redhat.com/x?a=b%20c".parse().unwrap();
    assert!(client.is_public(&page).await.unwrap());
}
