//! Kerberos tokens on requests: a fresh one each time, one more after a challenge, none elsewhere.

use std::sync::{Arc, Mutex, atomic::Ordering};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::any,
};
use oar_script::{error::Kind, http::Auth};
use reqwest::StatusCode as Status;

use super::{Demo, Reply};
use crate::support::services_world::serve;

/// What a server was shown, and what it answers, one after the other; the last answer stays.
#[derive(Clone, Default)]
struct Server {
    shown: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Vec<u16>>>,
    is_silent: bool,
}

impl Server {
    async fn demo(answers: &[u16], is_silent: bool) -> (Self, Demo) {
        let server = Self {
            answers: Arc::new(Mutex::new(answers.to_vec())),
            is_silent,
            ..Self::default()
        };
        let router = Router::new().fallback(any(take)).with_state(server.clone());
        let demo = Demo::at(serve(router).await, Auth::negotiate());
        (server, demo)
    }

    fn shown(&self) -> Vec<String> {
        self.shown.lock().unwrap().clone()
    }
}

async fn take(State(server): State<Server>, headers: HeaderMap) -> Response {
    let shown = headers.get(header::AUTHORIZATION);
    let shown = shown.map(|value| value.to_str().unwrap().to_owned());
    server.shown.lock().unwrap().push(shown.unwrap_or_default());
    let mut answers = server.answers.lock().unwrap();
    let status = if answers.len() > 1 {
        answers.remove(0)
    } else {
        answers[0]
    };
    let mut response = StatusCode::from_u16(status).unwrap().into_response();
    if status == 401 && !server.is_silent {
        let challenge = "Negotiate".parse().unwrap();
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

#[tokio::test]
async fn the_first_request_shows_a_token_already() {
    let (server, demo) = Server::demo(&[200], false).await;
    demo.caller.get("/").send().await.unwrap();
    demo.caller.post("/").send().await.unwrap();
    let shown = server.shown();
    assert!(
        shown.iter().all(|text| text.starts_with("Negotiate ")),
        "{shown:?}"
    );
    assert_eq!(shown.len(), 2);
    assert_ne!(shown[0], shown[1]);
}

#[tokio::test]
async fn a_challenge_is_met_once_with_a_new_token() {
    for changing in [false, true] {
        let (server, demo) = Server::demo(&[401, 200], false).await;
        let request = match changing {
            true => demo.caller.post("/"),
            false => demo.caller.get("/"),
        };
        request.send().await.unwrap();
        let shown = server.shown();
        assert_eq!(shown.len(), 2);
        assert_ne!(shown[0], shown[1]);
        assert_eq!(demo.requests(), 2);
    }
}

#[tokio::test]
async fn a_second_challenge_is_the_end() {
    let (server, demo) = Server::demo(&[401], false).await;
    let error = demo.caller.post("/").send().await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Denied, Some(401)));
    assert!(!error.is_ambiguous);
    assert!(error.hint.unwrap().contains("`kinit`"));
    assert_eq!(server.shown().len(), 2);
}

#[tokio::test]
async fn a_refusal_without_a_challenge_is_not_argued_with() {
    let (server, demo) = Server::demo(&[401], true).await;
    demo.caller.get("/").send().await.unwrap_err();
    assert_eq!(server.shown().len(), 1);
}

#[tokio::test]
async fn who_lacks_the_role_is_not_sent_to_kinit() {
    let (server, demo) = Server::demo(&[403], false).await;
    let hint = demo.caller.get("/").send().await.unwrap_err().hint.unwrap();
    assert!(hint.contains("role") && !hint.contains("kinit"), "{hint}");
    assert_eq!(server.shown().len(), 1);
}

#[tokio::test]
async fn tries_after_a_passing_trouble_show_new_tokens() {
    let (server, demo) = Server::demo(&[503, 502, 200], false).await;
    demo.caller.get("/").send().await.unwrap();
    let mut shown = server.shown();
    assert_eq!(shown.len(), 3);
    shown.sort();
    shown.dedup();
    assert_eq!(shown.len(), 3);
}

#[tokio::test]
async fn a_token_is_not_carried_to_another_place() {
    let (elsewhere, other) = Server::demo(&[200], false).await;
    let target = other.caller.base().clone();
    let router = Router::new()
        .route(
            "/away",
            any(move || async move { Redirect::temporary(target.as_str()) }),
        )
        .route("/here", any(|| async { Redirect::temporary("/away") }));
    let demo = Demo::at(serve(router).await, Auth::negotiate());
    for path in ["/away", "/here"] {
        let error = demo.caller.get(path).send().await.unwrap_err();
        assert_eq!(
            (error.kind, error.status),
            (Kind::Unexpected, Some(307)),
            "{path}"
        );
        assert!(!error.is_ambiguous);
    }
    assert!(
        demo.caller
            .post("/away")
            .send()
            .await
            .unwrap_err()
            .is_ambiguous
    );
    assert!(elsewhere.shown().is_empty());
}

#[tokio::test]
async fn other_credentials_still_follow() {
    let (elsewhere, other) = Server::demo(&[200], false).await;
    let target = other.caller.base().clone();
    let away = any(move || async move { Redirect::temporary(target.as_str()) });
    let demo = Demo::at(
        serve(Router::new().route("/away", away)).await,
        Auth::none(),
    );
    demo.caller.get("/away").send().await.unwrap();
    assert_eq!(elsewhere.shown(), [""]);
}

#[tokio::test]
async fn no_token_is_made_for_who_shows_something_else() {
    let demo = Demo::new(Reply::new(200, "")).await;
    demo.caller.get("/").send().await.unwrap();
    assert_eq!(demo.world.tokens.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn accepted_refusals_are_answers() {
    let demo = Demo::new(Reply::new(422, "because")).await;
    let request = demo.caller.post("/").accept(Status::UNPROCESSABLE_ENTITY);
    let answer = request.send().await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.text()),
        (422, "because".to_owned())
    );
    let request = demo.caller.post("/").accept(Status::BAD_REQUEST);
    assert_eq!(request.send().await.unwrap_err().kind, Kind::Invalid);
}
