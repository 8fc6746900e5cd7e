//! Persistence, routes, counting, faults.
#![expect(
    clippy::disallowed_methods,
    reason = "the test prepares files and measures real latency"
)]

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    http::StatusCode,
    routing::{get, post},
};
use oar_script::{
    error::Kind,
    sim::{Options, Simulation, StandIn, state::Fault},
    world::World,
};
use serde_json::json;

use super::{open, open_with, runtime};

fn emulators() -> Vec<(&'static str, StandIn)> {
    let router = Router::new()
        .route("/items/{id}", get(|| async { Json(json!({ "id": 1 })) }))
        .route("/items", post(|| async { StatusCode::CREATED }))
        .route("/gone", get(|| async { StatusCode::NOT_FOUND }));
    vec![("shop", router.into())]
}

/// Sends one request; returns status and body.
fn send(simulation: &Simulation, method: &str, path: &str, body: &str) -> (u16, String) {
    let address = simulation.addresses()["shop"].clone();
    let mut stream = TcpStream::connect(("127.0.0.1", address.port().unwrap())).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer[9..12].parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, body.to_owned())
}

#[test]
fn a_reopened_world_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        folder: Some(folder.path().to_owned()),
        ..Options::default()
    };
    let first = open(options.clone());
    let start = first.world().now();
    let id = first.world().fresh_id();
    first.advance(Duration::from_secs(9 * 3_600)).unwrap();
    first
        .state()
        .change(|stored| stored.documents["slack"]["is_down"] = true.into())
        .unwrap();
    assert!(first.is_new());
    drop(first);

    let again = open(options.clone());
    assert!(!again.is_new());
    assert_eq!(again.world().now().duration_since(start).as_hours(), 9);
    assert_ne!(again.world().fresh_id(), id);
    let (is_down, phase) = again.state().read(|stored| {
        let tag = &stored.documents["release_controller"]["streams"]["4-stable"]["4.20.1"];
        (
            stored.documents["slack"]["is_down"].clone(),
            tag["phase"].clone(),
        )
    });
    assert_eq!((is_down, phase), (json!(true), json!("Accepted")));
    drop(again);

    let fresh = open(Options {
        reset: true,
        ..options
    });
    assert!(fresh.is_new());
    assert_eq!(fresh.world().now(), start);
    assert_eq!(fresh.world().fresh_id(), id);
}

#[test]
fn a_reset_leaves_a_folder_alone_that_holds_no_world() {
    let folder = tempfile::tempdir().unwrap();
    let precious = folder.path().join("precious");
    std::fs::write(&precious, "mine").unwrap();
    open(Options {
        folder: Some(folder.path().to_owned()),
        reset: true,
        ..Options::default()
    });
    assert!(precious.exists());
}

#[test]
fn a_damaged_world_says_how_to_start_anew() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("world.json"), "{").unwrap();
    let options = Options {
        folder: Some(folder.path().to_owned()),
        ..Options::default()
    };
    let error = Simulation::open(options, runtime().handle(), |_| Vec::new())
        .err()
        .unwrap();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.hint.unwrap().contains("--sim-reset"));
}

#[test]
fn requests_are_counted_and_changes_recorded() {
    let simulation = open_with(Options::default(), |_| emulators());
    send(&simulation, "GET", "/items/1", "");
    send(&simulation, "GET", "/items/2?full=1", "");
    send(&simulation, "POST", "/items", "{\"name\":\"nail\"}");
    let counts: Vec<_> = simulation.requests().counts().into_iter().collect();
    let key = |operation: &str| ("shop".to_owned(), operation.to_owned());
    assert_eq!(
        counts,
        [(key("GET /items/{id}"), 2), (key("POST /items"), 1)]
    );
    let changes = simulation.requests().changes();
    assert_eq!(changes.len(), 1);
    let change = &changes[0];
    assert_eq!(
        (change.path.as_str(), change.body.as_str(), change.status),
        ("/items", "{\"name\":\"nail\"}", 201)
    );
}

#[test]
fn an_unknown_route_is_501_and_names_method_and_path() {
    let simulation = open_with(Options::default(), |_| emulators());
    for (method, path) in [("GET", "/nowhere?x=1"), ("DELETE", "/items/1")] {
        let (status, body) = send(&simulation, method, path, "");
        assert_eq!(status, 501);
        assert!(body.contains(&format!("{method} {path}")), "{body}");
    }
    assert_eq!(send(&simulation, "GET", "/gone", "").0, 404);
}

#[test]
fn latency_takes_real_time_and_turns_are_not_kept() {
    let simulation = open_with(
        Options {
            latency: Some(Duration::from_millis(60)),
            ..Options::default()
        },
        |_| emulators(),
    );
    let begun = Instant::now();
    send(&simulation, "GET", "/items/1", "");
    assert!(begun.elapsed() >= Duration::from_millis(60));
    let (first, second) = (
        simulation.world().reserve_turn(1),
        simulation.world().reserve_turn(2),
    );
    let _turns = (first.enter(), second.enter());
}

#[test]
fn a_running_clock_moves_by_itself() {
    let simulation = open(Options {
        speed: Some(3_600.0),
        ..Options::default()
    });
    let before = simulation.world().now();
    for _ in 0..100 {
        if simulation.world().now() > before {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the clock stood still for five seconds");
}

#[test]
fn faults_skip_good_calls_then_strike_and_end_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        folder: Some(folder.path().to_owned()),
        ..Options::default()
    };
    let simulation = open(options.clone());
    let fault = Fault {
        service: "jira".to_owned(),
        operation: "*".to_owned(),
        kind: "status:503".to_owned(),
        times: 2,
        after: 1,
    };
    simulation
        .state()
        .change(|stored| stored.faults.push(fault))
        .unwrap();
    let strikes = |simulation: &Simulation| simulation.state().fault("jira", "issue").is_some();
    assert_eq!([strikes(&simulation), strikes(&simulation)], [false, true]);
    drop(simulation);
    let again = open(options);
    assert_eq!([strikes(&again), strikes(&again)], [true, false]);
    assert!(again.state().fault("slack", "post").is_none());
}

#[test]
fn a_second_release_joins_without_touching_the_first() {
    let simulation = open(Options::default());
    let before = simulation
        .state()
        .read(|stored| stored.documents["errata"]["advisories"].clone());
    simulation.advance(Duration::from_secs(3_600)).unwrap();
    assert!(simulation.add_release(&"4.19.7".parse().unwrap()).unwrap());
    assert!(!simulation.add_release(&"4.19.7".parse().unwrap()).unwrap());
    let documents = simulation.state().read(|stored| stored.documents.clone());
    let advisories = documents["errata"]["advisories"].as_object().unwrap();
    assert_eq!(advisories.len(), 4);
    for (id, advisory) in before.as_object().unwrap() {
        assert_eq!(&advisories[id], advisory);
    }
    let releases = documents["sim"]["releases"].as_object().unwrap();
    assert_eq!(releases.len(), 2);
}

#[test]
fn a_world_hands_out_the_key_of_its_service_account() {
    let emulators = || vec![("sheets", Router::new().into())];
    let folder = tempfile::tempdir().unwrap();
    for kept in [None, Some(folder.path().to_owned())] {
        let options = Options {
            folder: kept.clone(),
            ..Options::default()
        };
        let simulation = Simulation::open(options, runtime().handle(), |_| emulators()).unwrap();
        let path = simulation.world().env("GCP_SA_FILE").unwrap();
        let bytes = simulation.world().read(path.as_ref()).unwrap();
        let key: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let expected = format!("{}token", simulation.addresses()["sheets"]);
        assert_eq!(key["token_uri"], expected.as_str());
        // Other programs find it where the world is kept, when it is served to them.
        let written = simulation.write_key().unwrap();
        assert_eq!(written.is_some(), kept.is_some());
        if let Some(file) = written {
            assert_eq!(std::fs::read(file).unwrap(), bytes);
        }
    }
}
