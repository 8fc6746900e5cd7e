//! The tools of this program beside those of the emulated OAR server: each has a state store of its
//! own, both read the same clock and the same build data, and what they answer is compared.

use std::sync::Arc;

use oar_script::{
    call::Session,
    config::Config,
    error::{Error, Kind},
    http::Http,
    oar::{
        backend::{Answer, Oar},
        native::Native,
    },
    release::{Ending, TaskStatus, Version, statebox::StateBox},
    services::{self, build_data},
    sim::state::set,
    state::{Kept, Snapshot, StateStore, local::LocalStore},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::bench::{Bench, RELEASE};
use crate::support::services_world::{ServicesWorld, fail, serve};

/// A server over one store, and our tools over another.
struct Twins {
    bench: Bench,
    native: Oar,
    store: Arc<LocalStore>,
    _folder: TempDir,
}

impl Twins {
    /// Both stores are empty.
    async fn new() -> Self {
        Self::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut Value)) -> Self {
        let bench = Bench::with(change).await;
        let folder = tempfile::tempdir().unwrap();
        let world = ServicesWorld {
            clock: bench.state.clock().clone(),
            ..ServicesWorld::default()
        }
        .env("GITHUB_TOKEN", "ghp_made_up")
        .endpoint(
            "build_data",
            serve(build_data::emulator::router(bench.state.clone())).await,
        )
        .endpoint(
            "github",
            serve(services::github::emulator::router(bench.state.clone())).await,
        );
        let world = Arc::new(world);
        let path = folder.path().join("state.git");
        let store = Arc::new(LocalStore::open(&path, world.clone()).unwrap());
        let session = Session::new(world.clone(), tokio::runtime::Handle::current());
        services::install(&session, &Http::new(world).unwrap(), &Config::default()).unwrap();
        session.put(Arc::new(Kept(store.clone())));
        let native = Oar::new(Arc::new(Native::of(&session).unwrap()));
        Self {
            bench,
            native,
            store,
            _folder: folder,
        }
    }

    /// Both know the release.
    async fn tracked() -> Self {
        let twins = Self::new().await;
        twins.bench.ask("oar_create_test_report").await;
        twins.ours("create_test_report", json!({})).await.unwrap();
        twins
    }

    async fn ours(&self, tool: &str, arguments: Value) -> Result<Answer, Error> {
        self.native.call(tool, &about(arguments)).await
    }

    async fn theirs(&self, tool: &str, arguments: Value) -> Result<Answer, Error> {
        self.bench.call(tool, about(arguments)).await
    }

    /// Makes one call of both, and checks that they say the same, byte for byte.
    async fn same(&self, tool: &str, arguments: Value) -> Value {
        let ours = self.ours(tool, arguments.clone()).await.unwrap();
        let theirs = self.theirs(tool, arguments).await.unwrap();
        assert_eq!(ours.text, theirs.text, "{tool}");
        ours.json.unwrap_or_default()
    }

    /// Makes one call of both that must fail, and checks that the errors are the same.
    async fn same_error(&self, tool: &str, arguments: Value) -> Error {
        let ours = self.ours(tool, arguments.clone()).await.unwrap_err();
        let theirs = self.theirs(tool, arguments).await.unwrap_err();
        assert_eq!(ours.message, theirs.message, "{tool}");
        assert_eq!(ours.kind, theirs.kind, "{tool}");
        assert!(!ours.is_ambiguous, "{tool}: {ours}");
        ours
    }

    async fn snapshot(&self) -> Option<Snapshot> {
        self.store.read(&release()).await.unwrap()
    }

    async fn document(&self) -> StateBox {
        self.snapshot().await.unwrap().document
    }
}

fn about(mut arguments: Value) -> Value {
    if arguments["release"].is_null() {
        arguments["release"] = RELEASE.into();
    }
    arguments
}

fn release() -> Version {
    RELEASE.parse().unwrap()
}

fn task(name: &str, status: &str) -> Value {
    json!({"task_name": name, "status": status})
}

#[tokio::test]
async fn metadata_is_that_of_the_server() {
    let twins = Twins::new().await;
    let metadata = twins.same("get_release_metadata", json!({})).await;
    assert_eq!(metadata["advisories"]["rhcos"], 180_102);
    let unknown = json!({"release": "4.20.99"});
    let error = twins
        .ours("get_release_metadata", unknown)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.hint.is_some());
}

#[tokio::test]
async fn what_build_data_does_not_say_is_empty() {
    let twins = Twins::with(|documents| {
        let releases = &mut documents["build_data"]["branches"]["openshift-4.20"]["releases"];
        releases[RELEASE]["assembly"] =
            json!({"type": "standard", "group": {"advisories": {"rpm": -1}}});
    })
    .await;
    let ours = twins.ours("get_release_metadata", json!({})).await.unwrap();
    assert_eq!(
        ours.text,
        r#"{"release": "4.20.1", "advisories": {}, "jira_ticket": "", "candidate_builds": {}, "shipment_mr": "", "release_date": ""}"#
    );
}

#[tokio::test]
async fn a_release_nobody_tracks_fails_in_the_form_of_the_server() {
    let twins = Twins::new().await;
    let ours = twins
        .ours("get_release_status", json!({}))
        .await
        .unwrap_err();
    let theirs = twins
        .theirs("get_release_status", json!({}))
        .await
        .unwrap_err();
    assert_eq!(ours.kind, Kind::NotFound);
    assert_eq!(ours.kind, theirs.kind);
    assert_eq!(ours.hint, theirs.hint);
}

#[tokio::test]
async fn the_same_calls_leave_the_same_documents() {
    let twins = Twins::tracked().await;
    twins.same("get_release_status", json!({})).await;
    twins
        .same("update_task_status", task("take-ownership", "In Progress"))
        .await;
    twins.bench.pass_minutes(5);
    let mut passed = task("take-ownership", "Pass");
    passed["result"] = json!("ünïcode 🚀 and \"quotes\"\nin two lines");
    let answer = twins.same("update_task_status", passed).await;
    assert_eq!(answer["updated_systems"], json!(["statebox"]));
    assert_eq!(answer["result_length"], 35);
    let mut failed = task("stage-testing", "Fail");
    failed["result"] = "x".repeat(300).into();
    let answer = twins.same("update_task_status", failed).await;
    assert_eq!(answer["result_preview"].as_str().unwrap().len(), 203);
    twins.same("add_issue", json!({"issue": "mirror is slow", "related_tasks": "stage-testing, image-signed-check"})).await;
    twins
        .same("add_issue", json!({"issue": "a note", "blocker": false}))
        .await;
    twins.bench.pass_minutes(5);
    let answer = twins
        .same(
            "resolve_issue",
            json!({"issue": "NOTE", "resolution": "read"}),
        )
        .await;
    assert_eq!(answer["issue"]["resolved_at"], "2027-03-01T09:10:00Z");
    let status = twins.same("get_release_status", json!({})).await;
    assert_eq!(status["tasks"].as_array().unwrap().len(), 2);
    assert_eq!(status["issues"].as_array().unwrap().len(), 2);
    let theirs = twins.bench.store.document(RELEASE).unwrap();
    assert_eq!(twins.document().await.to_yaml(), theirs.to_yaml());
}

#[tokio::test]
async fn issues_and_blockers_are_listed_as_the_server_does() {
    let twins = Twins::tracked().await;
    twins
        .same(
            "add_issue",
            json!({"issue": "mirror is slow", "related_tasks": "stage-testing"}),
        )
        .await;
    twins
        .same("add_issue", json!({"issue": "the build is wrong"}))
        .await;
    twins
        .same("add_issue", json!({"issue": "a note", "blocker": false}))
        .await;
    twins
        .same(
            "resolve_issue",
            json!({"issue": "wrong", "resolution": "it is not"}),
        )
        .await;
    for (filter, count) in [
        (json!({}), 3),
        (json!({"unresolved_only": true}), 2),
        (json!({"blockers_only": true}), 2),
        (json!({"unresolved_only": true, "blockers_only": true}), 1),
        (json!({"task_name": "stage-testing"}), 1),
        (json!({"task_name": "take-ownership"}), 0),
    ] {
        let answer = twins.same("get_issues", filter).await;
        assert_eq!(answer["count"], count);
    }
    let answer = twins
        .same("get_task_blocker", json!({"task_name": "stage-testing"}))
        .await;
    assert_eq!(answer["blocker"]["issue"], "mirror is slow");
    let answer = twins
        .same("get_task_blocker", json!({"task_name": "take-ownership"}))
        .await;
    assert_eq!(answer["blocked"], false);
}

#[tokio::test]
async fn a_release_without_state_has_no_issues() {
    let twins = Twins::new().await;
    twins.same("get_issues", json!({})).await;
    twins
        .same("get_task_blocker", json!({"task_name": "stage-testing"}))
        .await;
    assert!(twins.snapshot().await.is_none());
}

#[tokio::test]
async fn no_issues_are_reported_for_a_release_that_does_not_exist() {
    let twins = Twins::tracked().await;
    for tool in ["get_issues", "get_task_blocker"] {
        let mut arguments = json!({"release": "4.20.99"});
        if tool == "get_task_blocker" {
            arguments["task_name"] = "stage-testing".into();
        }
        let error = twins.ours(tool, arguments).await.unwrap_err();
        assert_eq!(error.kind, Kind::NotFound, "{tool}");
    }
}

#[tokio::test]
async fn refusals_are_those_of_the_server() {
    let twins = Twins::tracked().await;
    let blocker = json!({"issue": "mirror is slow", "related_tasks": "stage-testing"});
    twins.same("add_issue", blocker).await;
    twins
        .same("add_issue", json!({"issue": "mirror is gone"}))
        .await;
    let error = twins
        .same_error("update_task_status", task("stage-testing", "pass"))
        .await;
    assert!(
        error
            .message
            .ends_with("Must be one of: Pass, Fail, In Progress")
    );
    twins
        .same_error("update_task_status", task("stage-testing", "Not Started"))
        .await;
    twins
        .same_error("update_task_status", task("drop-bugs", "Pass"))
        .await;
    let second = json!({"issue": "another", "related_tasks": "stage-testing"});
    let error = twins.same_error("add_issue", second).await;
    assert!(
        error
            .message
            .contains("already has unresolved blocker: mirror is slow")
    );
    twins
        .same_error("add_issue", json!({"issue": "x".repeat(1001)}))
        .await;
    let error = twins
        .same_error(
            "resolve_issue",
            json!({"issue": "mirror", "resolution": "x"}),
        )
        .await;
    assert!(
        error
            .message
            .contains("Multiple issues match 'mirror':\n  - mirror is slow\n")
    );
    let error = twins
        .same_error("resolve_issue", json!({"issue": "disk", "resolution": "x"}))
        .await;
    assert_eq!(error.kind, Kind::NotFound);
    assert_eq!(twins.document().await.issues().len(), 2);
}

#[tokio::test]
async fn a_pass_does_not_go_back() {
    let twins = Twins::tracked().await;
    twins
        .ours("update_task_status", task("stage-testing", "Pass"))
        .await
        .unwrap();
    let before = twins.snapshot().await.unwrap().revision;
    for status in ["Fail", "In Progress"] {
        let error = twins
            .ours("update_task_status", task("stage-testing", status))
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Refused);
        assert!(!error.is_ambiguous);
        assert!(error.hint.is_some());
    }
    assert_eq!(twins.snapshot().await.unwrap().revision, before);
}

#[tokio::test]
async fn a_blocker_that_is_there_already_comes_back_unchanged() {
    let twins = Twins::tracked().await;
    let blocker = json!({"issue": "mirror is slow", "related_tasks": "stage-testing"});
    let first = twins.ours("add_issue", blocker.clone()).await.unwrap();
    let before = twins.snapshot().await.unwrap().revision;
    twins.bench.pass_minutes(5);
    let again = twins.ours("add_issue", blocker).await.unwrap();
    assert_eq!(first.json, again.json);
    let other = json!({"issue": " MIRROR is slow", "blocker": false});
    let other = twins.ours("add_issue", other).await.unwrap().json.unwrap();
    assert_eq!(other["issue"]["blocker"], true);
    assert_eq!(twins.snapshot().await.unwrap().revision, before);
}

#[tokio::test]
async fn resolving_twice_in_the_same_words_is_one_resolution() {
    let twins = Twins::tracked().await;
    twins
        .ours("add_issue", json!({"issue": "mirror is slow"}))
        .await
        .unwrap();
    let resolve = json!({"issue": "mirror is slow", "resolution": "asked a@example.com"});
    let first = twins.ours("resolve_issue", resolve.clone()).await.unwrap();
    let before = twins.snapshot().await.unwrap().revision;
    let again = twins.ours("resolve_issue", resolve).await.unwrap();
    assert_eq!(first.json, again.json);
    assert_eq!(
        first.json.unwrap()["issue"]["resolution"],
        "asked [EMAIL_REDACTED]"
    );
    assert_eq!(twins.snapshot().await.unwrap().revision, before);
}

#[tokio::test]
async fn nothing_is_written_for_a_release_without_state() {
    let twins = Twins::new().await;
    for (tool, arguments) in [
        ("update_task_status", task("stage-testing", "Pass")),
        ("add_issue", json!({"issue": "x"})),
        ("resolve_issue", json!({"issue": "x", "resolution": "y"})),
    ] {
        let error = twins.ours(tool, arguments).await.unwrap_err();
        assert_eq!(error.kind, Kind::NotFound, "{tool}");
        assert!(!error.is_ambiguous, "{tool}");
        assert!(error.hint.unwrap().contains("create_test_report"), "{tool}");
    }
    assert!(twins.snapshot().await.is_none());
}

#[tokio::test]
async fn addresses_appear_neither_in_the_state_nor_in_the_answer() {
    let twins = Twins::tracked().await;
    let mut update = task("take-ownership", "Pass");
    update["result"] = "owned by a@example.com".into();
    let answer = twins.ours("update_task_status", update).await.unwrap();
    assert!(answer.text.contains("owned by [EMAIL_REDACTED]"));
    let answer = twins
        .ours("add_issue", json!({"issue": "ask a@example.com"}))
        .await
        .unwrap();
    assert!(answer.text.contains(r#""issue": "ask [EMAIL_REDACTED]""#));
    assert!(!twins.document().await.to_yaml().contains('@'));
}

#[tokio::test]
async fn a_report_is_created_once() {
    let twins = Twins::new().await;
    let ours = twins.ours("create_test_report", json!({})).await.unwrap();
    let theirs = twins.theirs("create_test_report", json!({})).await.unwrap();
    let (ours, theirs) = (ours.outcome.unwrap(), theirs.outcome.unwrap());
    assert_eq!(ours.status, Ending::Pass);
    assert_eq!((&ours.reason, &ours.link), (&theirs.reason, &theirs.link));
    let theirs = twins.bench.store.document(RELEASE).unwrap();
    assert_eq!(twins.document().await.to_yaml(), theirs.to_yaml());

    let before = twins.snapshot().await.unwrap().revision;
    twins.bench.pass_minutes(5);
    let again = twins.ours("create_test_report", json!({})).await.unwrap();
    assert!(
        again
            .text
            .contains("StateBox already exists for 4.20.1 at _releases/4.20/statebox/4.20.1.yaml")
    );
    let outcome = again.outcome.unwrap();
    assert_eq!(outcome.status, Ending::Pass);
    assert_eq!(outcome.link, ours.link);
    assert_eq!(twins.snapshot().await.unwrap().revision, before);
}

#[tokio::test]
async fn no_report_is_created_before_art_has_the_release() {
    let twins = Twins::with(|documents| {
        documents["build_data"]["branches"]["openshift-4.20"]["releases"] = json!({});
    })
    .await;
    let ours = twins.ours("create_test_report", json!({})).await.unwrap();
    let theirs = twins.theirs("create_test_report", json!({})).await.unwrap();
    assert_eq!(ours.attempt, theirs.attempt);
    let (ours, theirs) = (ours.outcome.unwrap(), theirs.outcome.unwrap());
    assert_eq!(ours.status, Ending::Fail);
    assert_eq!((ours.status, &ours.next), (theirs.status, &theirs.next));
    assert!(
        ours.reason.contains("ocp build data is not ready"),
        "{}",
        ours.reason
    );
    assert!(twins.snapshot().await.is_none());
}

#[tokio::test]
async fn build_data_that_is_away_creates_nothing() {
    let twins = Twins::new().await;
    fail(&twins.bench.state, "build_data", "status:503", 10);
    let error = twins
        .ours("create_test_report", json!({}))
        .await
        .unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert!(twins.snapshot().await.is_none());
    let error = twins
        .ours("get_release_metadata", json!({}))
        .await
        .unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(error.service.as_deref(), Some("build_data"));
}

#[tokio::test]
async fn a_report_without_a_day_of_release_is_created_and_says_so() {
    let twins = Twins::new().await;
    let path = "build_data/branches/openshift-4.20/releases/4.20.1/assembly/group".split('/');
    let group = json!({"release_jira": "ART-30001", "advisories": {"rpm": 180101}});
    let path: Vec<_> = path.map(str::to_owned).collect();
    twins
        .bench
        .state
        .change(|stored| set(&mut stored.documents, &path, group))
        .unwrap();
    let answer = twins.ours("create_test_report", json!({})).await.unwrap();
    assert_eq!(answer.outcome.unwrap().status, Ending::Pass);
    assert!(
        answer
            .text
            .contains("WARNING: the build data of 4.20.1 has no release_date")
    );
    let metadata = twins.document().await.metadata().clone();
    assert_eq!(metadata.release_date, None);
    assert_eq!(metadata.jira_ticket.as_deref(), Some("ART-30001"));
    assert_eq!(
        twins.document().await.status("take-ownership"),
        TaskStatus::NotStarted
    );
}

#[tokio::test]
async fn a_release_that_is_none_is_an_error_of_the_caller() {
    let twins = Twins::new().await;
    for tool in [
        "create_test_report",
        "get_release_status",
        "get_release_metadata",
    ] {
        let error = twins
            .ours(tool, json!({"release": "4.20"}))
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{tool}");
        assert!(error.hint.is_some(), "{tool}");
    }
}

#[tokio::test]
async fn a_tool_that_is_not_here_is_refused() {
    let twins = Twins::new().await;
    let error = twins
        .ours("mcp_cache_invalidate", json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
}

#[tokio::test]
async fn the_newest_announced_release_with_state_is_active_until_a_day_after_its_date() {
    let twins = Twins::with(|documents| {
        documents["github"] = json!({"branches": {"z-stream": {
            "_releases/4.20/4.20.z.yaml": "releases:\n  4.20.0: {}\n  4.20.1: {}\n",
            "_releases/4.19/4.19.z.yaml": "releases:\n  4.19.9: {}\n",
        }}});
    })
    .await;
    let active = async || {
        let answer = twins
            .native
            .call("discover_active_releases", &json!({}))
            .await;
        answer.unwrap().text
    };
    assert_eq!(active().await, r#"{"releases": []}"#);
    twins.ours("create_test_report", json!({})).await.unwrap();
    assert_eq!(active().await, r#"{"releases": ["4.20.1"]}"#);
    let day = 24 * 60;
    twins.bench.pass_minutes(6 * day);
    assert_eq!(active().await, r#"{"releases": ["4.20.1"]}"#);
    twins.bench.pass_minutes(day);
    assert_eq!(active().await, r#"{"releases": []}"#);
}

#[tokio::test]
async fn a_list_that_would_lack_a_release_is_an_error() {
    let twins = Twins::with(|documents| {
        documents["github"] = json!({"branches": {"z-stream": {
            "_releases/4.20/4.20.z.yaml": "releases:\n  4.20.1: {}\n",
            "_releases/4.19/4.19.z.yaml": "releases: [",
        }}});
    })
    .await;
    let answer = twins
        .native
        .call("discover_active_releases", &json!({}))
        .await;
    assert_eq!(answer.unwrap_err().kind, Kind::Invalid);
}
