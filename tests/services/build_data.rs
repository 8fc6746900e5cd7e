//! The build data against its stand-in.

use std::{sync::Arc, time::Duration};

use axum::{Router, http::Uri};
use oar_script::{
    error::Kind,
    http::{Auth, Http},
    release::Version,
    services::build_data::{BuildData, Client, Read, emulator},
    sim::state::{SimState, set},
    world::World,
};
use reqwest::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};

use crate::support::services_world::{ServicesWorld, fail, serve, state};

/// What the stand-in starts with, in the shape of the real file.
const SEED: &str = include_str!("../../src/services/build_data/seed.json");

struct Bench {
    world: Arc<ServicesWorld>,
    http: Http,
    state: Arc<SimState>,
    data: BuildData,
}

impl Bench {
    async fn new() -> Self {
        let state = state("build_data", serde_json::from_str(SEED).unwrap());
        let base = serve(emulator::router(state.clone())).await;
        let world = Arc::new(ServicesWorld::default());
        let http = Http::new(world.clone() as Arc<dyn World>).unwrap();
        let client = Client::new(http.service("build_data", base, Auth::none()));
        let data = BuildData::new(client, world.clone());
        Self {
            world,
            http,
            state,
            data,
        }
    }

    fn set(&self, path: &str, value: Value) {
        let path: Vec<_> = path.split('/').map(str::to_owned).collect();
        self.state
            .change(|stored| set(&mut stored.documents["build_data"], &path, value))
            .unwrap();
    }

    fn set_text(&self, text: Value) {
        self.set("texts/openshift-4.20", text);
    }

    fn set_ticket(&self, ticket: &str) {
        let group = "branches/openshift-4.20/releases/4.20.1/assembly/group";
        self.set(&format!("{group}/release_jira"), ticket.into());
    }

    async fn ticket(&self) -> String {
        let metadata = self.data.metadata(&version("4.20.1")).await.unwrap();
        metadata.jira_ticket.unwrap()
    }

    fn requests(&self) -> u64 {
        self.http.counts()["build_data"]
    }
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

#[tokio::test]
async fn what_art_says_about_a_release_is_read() {
    let bench = Bench::new().await;
    let metadata = bench.data.metadata(&version("4.20.1")).await.unwrap();
    let expected = json!({
        "jira_ticket": "ART-30001",
        "advisories": {"rpm": 180101, "rhcos": 180102},
        "candidate_builds": {
            "x86_64": "4.20.0-0.nightly-2027-02-27-010203",
            "aarch64": "4.20.0-0.nightly-arm64-2027-02-27-010204",
        },
        "shipment_mr": "https://gitlab.cee.redhat.com/hybrid-platforms/art/ocp-shipment-data/-/merge_requests/901",
        "release_date": "2027-03-06",
    });
    assert_eq!(json!(metadata), expected);
    let child = bench.data.metadata(&version("4.20.0")).await.unwrap();
    assert!(child.candidate_builds.is_empty() && child.shipment_mr.is_some());
}

#[tokio::test]
async fn a_y_stream_is_asked_about_once_in_a_pass() {
    let bench = Bench::new().await;
    assert_eq!(bench.ticket().await, "ART-30001");
    bench.set_ticket("ART-2");
    assert_eq!(bench.ticket().await, "ART-30001");
    assert_eq!(bench.requests(), 1);
    bench.data.begin_pass();
    assert_eq!(bench.ticket().await, "ART-2");
    assert_eq!(bench.ticket().await, "ART-2");
    assert_eq!(bench.requests(), 2);
}

#[tokio::test]
async fn questions_at_one_moment_share_a_request() {
    let bench = Bench::new().await;
    let (one, other) = tokio::join!(bench.ticket(), bench.ticket());
    assert_eq!((one, bench.requests()), (other, 1));
}

#[tokio::test]
async fn a_copy_is_good_for_five_minutes_when_no_pass_begins() {
    let bench = Bench::new().await;
    bench.ticket().await;
    bench.set_ticket("ART-2");
    bench.world.clock.sleep(Duration::from_secs(299));
    assert_eq!(bench.ticket().await, "ART-30001");
    bench.world.clock.sleep(Duration::from_secs(1));
    assert_eq!(bench.ticket().await, "ART-2");
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let bench = Bench::new().await;
    let base = serve(emulator::router(bench.state.clone())).await;
    let client = Client::new(super::caller("build_data", base, Auth::none()).1);
    let first = client.releases("4.20", None).await.unwrap();
    let Read::File { text, tag } = first else {
        panic!("{first:?}");
    };
    assert!(
        text.contains("\n        release_date: 2027-Mar-06\n"),
        "{text}"
    );
    let known = tag.unwrap();
    let again = client.releases("4.20", Some(&known)).await.unwrap();
    assert_eq!(again, Read::Unchanged);
    bench.set_ticket("ART-2");
    let changed = client.releases("4.20", Some(&known)).await.unwrap();
    assert!(matches!(changed, Read::File { tag: Some(tag), .. } if tag != known));
}

#[tokio::test]
async fn the_copy_answers_when_nothing_changed() {
    let bench = Bench::new().await;
    bench.ticket().await;
    bench.data.begin_pass();
    assert_eq!(
        (bench.ticket().await, bench.requests()),
        ("ART-30001".to_owned(), 2)
    );
}

#[tokio::test]
async fn the_branch_is_put_where_an_address_has_a_place_for_it() {
    let echo = Router::new().fallback(async |uri: Uri| uri.to_string());
    let base = serve(echo).await;
    for (address, asked) in [
        (
            "mirror/%s/releases.yml",
            "/mirror/openshift-4.20/releases.yml",
        ),
        (
            "raw/releases.yml?ref=%s",
            "/raw/releases.yml?ref=openshift-4.20",
        ),
        (
            "mirror",
            "/mirror/openshift-eng/ocp-build-data/openshift-4.20/releases.yml",
        ),
    ] {
        let base = base.join(address).unwrap();
        let client = Client::new(super::caller("build_data", base, Auth::none()).1);
        let read = client.releases("4.20", None).await.unwrap();
        let Read::File { text, .. } = read else {
            panic!("{address}: nothing was sent");
        };
        assert_eq!(text, asked, "{address}");
    }
}

#[tokio::test]
async fn a_trouble_is_not_answered_with_an_old_copy() {
    let bench = Bench::new().await;
    bench.ticket().await;
    bench.data.begin_pass();
    fail(&bench.state, "build_data", "status:503", 9);
    let error = bench.data.metadata(&version("4.20.1")).await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Busy, Some(503)));
}

#[tokio::test]
async fn a_trouble_that_passes_is_waited_for() {
    let bench = Bench::new().await;
    fail(&bench.state, "build_data", "status:503", 2);
    assert_eq!(bench.ticket().await, "ART-30001");
    assert_eq!(bench.world.announced(), [60, 120]);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_file() {
    let bench = Bench::new().await;
    fail(&bench.state, "build_data", "reset", 4);
    let error = bench.data.metadata(&version("4.20.1")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
}

#[tokio::test]
async fn a_page_is_no_file() {
    let bench = Bench::new().await;
    fail(&bench.state, "build_data", "html", 1);
    let error = bench.data.metadata(&version("4.20.1")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unexpected);
    assert!(error.message.contains("came as a page"), "{error}");
}

#[tokio::test]
async fn an_unknown_y_stream_is_not_found_and_not_asked_about_twice() {
    let bench = Bench::new().await;
    for _ in 0..2 {
        let error = bench.data.metadata(&version("4.99.1")).await.unwrap_err();
        assert_eq!((error.kind, error.status), (Kind::NotFound, Some(404)));
        assert_eq!(error.service.as_deref(), Some("build_data"));
        assert!(
            error.message.contains("the branch `openshift-4.99`"),
            "{error}"
        );
        assert!(error.hint.unwrap().contains("/branches"));
    }
    assert_eq!(bench.requests(), 1);
}

#[tokio::test]
async fn an_unknown_release_is_not_found() {
    let bench = Bench::new().await;
    let error = bench.data.metadata(&version("4.20.2")).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert_eq!(error.service.as_deref(), Some("build_data"));
    assert!(error.hint.unwrap().contains("4.20.1, 4.20.0"));
}

#[tokio::test]
async fn a_broken_file_is_told_with_its_line_and_not_fetched_again_until_it_changes() {
    let bench = Bench::new().await;
    bench.set_text("releases:\n  4.20.1: [\n".into());
    for _ in 0..2 {
        bench.data.begin_pass();
        let error = bench.data.metadata(&version("4.20.1")).await.unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert!(
            error.message.contains("`openshift-4.20` is broken in line"),
            "{error}"
        );
    }
    bench.set_text(Value::Null);
    bench.data.begin_pass();
    assert_eq!(bench.ticket().await, "ART-30001");
}

#[tokio::test]
async fn the_name_of_a_y_stream_cannot_leave_its_branch() {
    let bench = Bench::new().await;
    for name in [
        "", "4", "4.", ".20", "4.20.1", "../4.20", "4.20/x", "4.x", "4.2000",
    ] {
        let error = bench.data.assemblies(name).await.unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{name}");
    }
    assert_eq!(bench.http.counts().get("build_data"), Some(&0));
}

#[tokio::test]
async fn the_stand_in_answers_as_the_address_of_raw_files_does() {
    let bench = Bench::new().await;
    let base = serve(emulator::router(bench.state.clone())).await;
    let get = |path: &str, tag: &str| {
        let request = reqwest::Client::new().get(format!("{base}{path}"));
        request.header(IF_NONE_MATCH, tag).send()
    };
    let path = "openshift-eng/ocp-build-data/openshift-4.20/releases.yml";
    let answer = get(path, "W/\"other\"").await.unwrap();
    let headers = answer.headers().clone();
    assert_eq!(
        (answer.status().as_u16(), &headers[CACHE_CONTROL]),
        (200, &"max-age=300".parse().unwrap())
    );
    assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
    let text = answer.text().await.unwrap();
    let document: Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(
        document,
        serde_json::from_str::<Value>(SEED).unwrap()["branches"]["openshift-4.20"]
    );
    let again = get(path, headers[ETAG].to_str().unwrap()).await.unwrap();
    assert_eq!(
        (again.status().as_u16(), again.headers()[ETAG].clone()),
        (304, headers[ETAG].clone())
    );
    assert_eq!(again.text().await.unwrap(), "");
    bench.set("is_down", true.into());
    assert_eq!(get(path, "").await.unwrap().status().as_u16(), 503);
    bench.set("is_down", false.into());
    for path in [
        "openshift-eng/ocp-build-data/openshift-9.9/releases.yml",
        "openshift/release-tests/openshift-4.20/releases.yml",
    ] {
        let missing = get(path, "").await.unwrap();
        assert_eq!(missing.status().as_u16(), 404);
        assert_eq!(missing.text().await.unwrap(), "404: Not Found");
    }
}
