//! The newest release of every y-stream, as GitHub and a store know it.

use std::sync::Arc;

use oar_script::{
    error::{Error, Kind, Result},
    http::{Auth, Http},
    release::{
        Version,
        statebox::{Change, Metadata, StateBox},
    },
    services::github::{Client, GitHub, emulator},
    state::{
        Snapshot, StateStore,
        newest::{Documents, newest},
    },
    world::{BoxFuture, World},
};
use serde_json::{Value, json};

use crate::support::services_world::{ServicesWorld, serve, start, state};

struct Bench {
    http: Http,
    github: GitHub,
}

async fn bench(files: Value) -> Bench {
    let state = state("github", json!({ "branches": { "z-stream": files } }));
    let base = serve(emulator::router(state)).await;
    let world: Arc<dyn World> = Arc::new(ServicesWorld::default());
    let http = Http::new(world).unwrap();
    let auth = Auth::bearer_if("GITHUB_TOKEN", Some("some-token".into()));
    let client = Arc::new(Client::new(http.service("github", base, auth)));
    Bench {
        http,
        github: GitHub::new(client, "openshift/release-tests", "z-stream"),
    }
}

fn tracking(releases: &[&str]) -> String {
    let entries = releases
        .iter()
        .map(|release| format!("  {release}:\n    release_jira: ART-1\n"));
    format!("releases:\n{}", entries.collect::<String>())
}

fn document(release: &str) -> StateBox {
    StateBox::new(&release.parse().unwrap(), Metadata::default(), start())
}

fn files() -> Value {
    json!({
        "_releases/ocp-test-result-4.20.1-amd64.json": "{}",
        "_releases/4.9/4.9.z.yaml": tracking(&["4.9.59"]),
        "_releases/4.18/4.18.z.yaml": "releases: {",
        "_releases/4.19/4.19.z.yaml": tracking(&["4.19.10", "4.19.2", "4.19.9"]),
        "_releases/4.19/statebox/4.19.10.yaml": document("4.19.10").to_yaml(),
        "_releases/4.19/statebox/4.19.9.yaml": document("4.19.9").to_yaml(),
        "_releases/4.20/4.20.z.yaml": tracking(&["4.20.1"]),
        "_releases/4.20/statebox/4.20.1.yaml": "tasks: [",
        "_releases/5.0/5.0.z.yaml": "releases: {}",
        "_releases/6.0/statebox/6.0.0.yaml": document("6.0.0").to_yaml(),
        "_releases/notes/notes.z.yaml": tracking(&["4.20.1"]),
    })
}

#[tokio::test]
async fn two_requests_show_every_y_stream_and_hide_no_broken_one() {
    let bench = bench(files()).await;
    let found = newest(&bench.github, &Documents::Beside).await.unwrap();
    let streams: Vec<_> = found.iter().map(|row| row.y_stream.as_str()).collect();
    assert_eq!(streams, ["4.9", "4.18", "4.19", "4.20", "5.0"]);
    let [old, broken, good, unreadable, empty] = found.as_slice() else {
        unreachable!("there are five")
    };
    assert!(matches!(
        (&old.release, &old.document),
        (Ok(Some(_)), Ok(None))
    ));
    let error = broken.release.as_ref().unwrap_err();
    assert!(error.message.contains("4.18.z.yaml"), "{error}");
    let read = good.document.as_ref().unwrap().as_ref().unwrap();
    assert_eq!(read.release().to_string(), "4.19.10");
    let link = good.link.as_ref().unwrap();
    assert!(link.ends_with("/blob/z-stream/_releases/4.19/statebox/4.19.10.yaml"));
    let error = unreadable.document.as_ref().unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(matches!(empty.release, Ok(None)));
    assert_eq!(bench.http.counts()["github"], 2);
}

#[tokio::test]
async fn without_any_release_one_request_is_enough() {
    let files = json!({ "_releases/5.0/5.0.z.yaml": "releases: {}" });
    let bench = bench(files).await;
    let found = newest(&bench.github, &Documents::Beside).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(bench.http.counts()["github"], 1);
}

#[tokio::test]
async fn a_branch_without_releases_is_an_error_that_names_it() {
    let bench = bench(json!({ "README.md": "hello" })).await;
    let error = newest(&bench.github, &Documents::Beside).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("`z-stream`"), "{error}");
    assert!(error.hint.unwrap().contains("state.branch"));
}

/// A store that has 4.19.10 and cannot read 4.20.1.
struct Some19;

impl StateStore for Some19 {
    fn read<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, Result<Option<Snapshot>>> {
        Box::pin(async move {
            match release.to_string().as_str() {
                "4.19.10" => Ok(Some(Snapshot {
                    document: document("4.19.10"),
                    revision: "one".to_owned(),
                    link: Some("here".to_owned()),
                    is_limited: false,
                })),
                "4.20.1" => Err(Error::invalid("a broken document")),
                _ => Ok(None),
            }
        })
    }

    fn create<'a>(&'a self, _document: &'a StateBox) -> BoxFuture<'a, Result<Snapshot>> {
        unreachable!("a list only reads")
    }

    fn apply<'a>(
        &'a self,
        _release: &'a Version,
        _changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Snapshot>> {
        unreachable!("a list only reads")
    }
}

#[tokio::test]
async fn the_documents_of_another_store_are_read_there() {
    let bench = bench(files()).await;
    let documents = Documents::Store(Arc::new(Some19));
    let found = newest(&bench.github, &documents).await.unwrap();
    let of = |y_stream: &str| found.iter().find(|row| row.y_stream == y_stream).unwrap();
    assert!(matches!(of("4.9").document, Ok(None)));
    assert_eq!(of("4.19").link.as_deref(), Some("here"));
    assert!(of("4.20").document.is_err());
    assert_eq!(bench.http.counts()["github"], 1);
}
