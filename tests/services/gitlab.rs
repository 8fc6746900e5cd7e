//! The client of GitLab against its stand-in.

use std::sync::Arc;

use oar_script::{
    error::{Error, Kind},
    http::{Auth, Http},
    release::shipment::{Address, Comment, Readiness, Stage, State},
    services::gitlab::{Approval, Client, Search, emulator},
    sim::state::{Fault, SimState},
    world::World,
};
use reqwest::header::HeaderName;
use serde_json::{Value, json};

use crate::support::services_world::{ServicesWorld, fail, serve, state};

const TOKEN: &str = "glpat-canary";

struct Bench {
    state: Arc<SimState>,
    http: Http,
    client: Client,
}

fn document(bug: u64) -> String {
    format!(
        "shipment:\n  metadata:\n    product: ocp\n    application: openshift-4-20\n    group: openshift-4.20\n    assembly: 4.20.1\n  environments:\n    stage:\n      releasePlan: a\n    prod:\n      releasePlan: b\n  data:\n    releaseNotes:\n      type: RHBA\n      live_id: {bug}\n      issues:\n        fixed:\n          - id: OCPBUGS-{bug}\n            source: redhat.atlassian.net\n"
    )
}

/// A shipment of `count` files, with what else is in its project.
fn documents(count: u64) -> Value {
    let files: serde_json::Map<String, Value> = (0..count)
        .map(|number| {
            (
                format!("shipment/f{number:02}.yaml"),
                json!(document(100 + number)),
            )
        })
        .chain([
            ("shipment/notes.yml".to_owned(), json!("x: [")),
            ("old.yaml".to_owned(), Value::Null),
        ])
        .collect();
    json!({
        "users": {
            "me": {"id": 1, "email": "me@example.com", "token": TOKEN},
            "reader": {"id": 2, "email": "reader@example.com", "token": "reads", "scope": "read_api"},
            "gone": {"id": 3, "email": "lead@example.com", "state": "blocked"},
            "lead": {"id": 4, "email": "lead@example.com"},
            "twin1": {"id": 5, "email": "twin@example.com"},
            "twin2": {"id": 6, "email": "twin@example.com"},
        },
        "projects": {
            "art/data": {"id": 10, "default_branch": "main", "resets_approvals": true, "branches": {
                "main": {"files": {"old.yaml": "x: 1\n", "deep/a/b.txt": "b"}},
                "work": {"base": "main", "files": files},
            }},
            "fork/data": {"id": 11, "default_branch": "main", "forked_from": "art/data", "branches": {
                "work": {"files": {"shipment/fork.yaml": document(7)}},
            }},
        },
        "merge_requests": {
            "1": {"project": "art/data", "state": "opened", "source_branch": "work", "title": "Shipment for 4.20.1",
                  "created_at": "2027-02-28T09:00:00Z", "labels": [], "approved_by": [], "notes": []},
            "2": {"project": "art/data", "source_project": "fork/data", "state": "opened", "source_branch": "work",
                  "title": "4.20.1 drop bugs", "created_at": "2027-02-28T09:00:00Z"},
        },
    })
}

async fn bench_as(token: &str, count: u64) -> Bench {
    let state = state("gitlab", documents(count));
    let base = serve(emulator::router(state.clone())).await;
    let auth = Auth::header(
        "GITLAB_TOKEN",
        HeaderName::from_static("private-token"),
        token.into(),
    );
    let http = Http::new(Arc::new(ServicesWorld::default()) as Arc<dyn World>).unwrap();
    let client = Client::new(http.service("gitlab", base, auth));
    Bench {
        state,
        http,
        client,
    }
}

async fn bench() -> Bench {
    bench_as(TOKEN, 3).await
}

impl Bench {
    fn requests(&self) -> u64 {
        self.http.counts()["gitlab"]
    }

    fn set(&self, iid: &str, key: &str, value: Value) {
        let set = |documents: &mut Value| documents["gitlab"]["merge_requests"][iid][key] = value;
        self.state
            .change(|stored| set(&mut stored.documents))
            .unwrap();
    }

    fn get(&self, iid: &str, key: &str) -> Value {
        let get = |documents: &Value| documents["gitlab"]["merge_requests"][iid][key].clone();
        self.state.read(|stored| get(&stored.documents))
    }

    /// Pushes a commit that changes nothing; what was before stays readable.
    async fn push(&self) {
        let push = json!({"sha": self.head().await, "was": {}});
        self.state
            .change(|stored| {
                let project = &mut stored.documents["gitlab"]["projects"]["art/data"];
                let branch = &mut project["branches"]["work"];
                branch["pushes"] = json!(1);
                branch["history"] = json!([push]);
            })
            .unwrap();
    }

    fn fault(&self, operation: &str, kind: &str, after: u32) {
        let fault = Fault {
            service: "gitlab".to_owned(),
            operation: operation.to_owned(),
            kind: kind.to_owned(),
            times: 1,
            after,
        };
        self.state
            .change(|stored| stored.faults.push(fault))
            .unwrap();
    }

    async fn head(&self) -> String {
        self.client
            .merge_request(&first())
            .await
            .unwrap()
            .sha
            .unwrap()
    }
}

fn first() -> Address {
    address(1)
}

fn address(iid: u64) -> Address {
    Address {
        project: "art/data".to_owned(),
        iid,
    }
}

#[tokio::test]
async fn a_merge_request_is_read_anew_every_time() {
    let bench = bench().await;
    let request = bench.client.merge_request(&first()).await.unwrap();
    assert_eq!((request.state, request.draft), (State::Opened, false));
    assert_eq!(
        (
            request.source_branch.as_str(),
            request.changes_count.as_deref()
        ),
        ("work", Some("5"))
    );
    for word in ["closed", "merged", "locked"] {
        bench.set("1", "state", json!(word));
        bench.set("1", "labels", json!([word]));
        let request = bench.client.merge_request(&first()).await.unwrap();
        assert_eq!(
            (request.state.word(), request.labels),
            (word, vec![word.to_owned()])
        );
    }
}

#[tokio::test]
async fn a_shipment_of_forty_files_is_read_once_and_no_file_twice() {
    let bench = bench_as(TOKEN, 40).await;
    let (request, shipment) = bench.client.shipment(&first()).await.unwrap();
    assert_eq!(
        (shipment.documents.len(), shipment.unreadable.len()),
        (40, 0)
    );
    assert_eq!(shipment.jira_keys().len(), 40);
    // Twice the merge request, once the list, and the files.
    assert_eq!(bench.requests(), 43);
    let again = bench.client.shipment(&first()).await.unwrap();
    assert_eq!(again.0.sha, request.sha);
    assert_eq!(bench.requests(), 46);
    bench.push().await;
    bench.client.shipment(&first()).await.unwrap();
    assert_eq!(bench.requests(), 46 + 1 + 43);
}

#[tokio::test]
async fn lists_of_many_pages_are_read_to_their_end() {
    let bench = bench_as(TOKEN, 230).await;
    assert_eq!(bench.client.changes(&first()).await.unwrap().len(), 232);
    let tree = bench
        .client
        .tree("art/data", "shipment", "work")
        .await
        .unwrap();
    assert_eq!(tree.len(), 231);
    let pipeline = |id: u64, at: &str| json!({"id": id, "status": "success", "created_at": at});
    let mut pipelines: Vec<_> = (1..=130)
        .map(|id| pipeline(id, "2027-02-28T10:00:00Z"))
        .collect();
    pipelines[2]["created_at"] = json!("2027-03-01T08:00:00Z");
    let jobs: Vec<_> = (0..120)
        .map(|number| json!({"name": format!("j{number}"), "status": "success"}))
        .collect();
    pipelines[2]["jobs"] = json!(jobs);
    pipelines[2]["bridges"] =
        json!([{"name": "stage-job", "stage": "stage-release-triggers", "status": "success"}]);
    bench.set("1", "pipelines", json!(pipelines));
    assert_eq!(bench.client.pipelines(&first()).await.unwrap().len(), 130);
    let found = bench
        .client
        .readiness(&first(), Stage::Stage)
        .await
        .unwrap();
    assert_eq!(found, Readiness::Ready { by: "pipeline" });
}

#[tokio::test]
async fn files_of_a_fork_are_read_from_the_fork() {
    let bench = bench().await;
    let (request, shipment) = bench.client.shipment(&address(2)).await.unwrap();
    assert_eq!(
        (request.source_project_id, request.project_id),
        (Some(11), 10)
    );
    assert!(shipment.documents.contains_key("shipment/fork.yaml"));
    let keys: Vec<_> = shipment.jira_keys().into_iter().collect();
    assert_eq!(keys, ["OCPBUGS-7"]);
}

#[tokio::test]
async fn a_push_while_a_shipment_is_read_is_noticed() {
    let bench = Arc::new(bench_as(TOKEN, 3).await);
    // The second file comes late, and the push happens in between.
    bench.fault("file", "slow", 1);
    let reader = bench.clone();
    let reading = tokio::spawn(async move { reader.client.shipment(&first()).await.map(|_| ()) });
    while bench.http.counts().get("gitlab").copied().unwrap_or(0) < 4 {
        tokio::task::yield_now().await;
    }
    bench.push().await;
    let error = reading.await.unwrap().unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert!(error.message.contains("pushed to"), "{error}");
}

#[tokio::test]
async fn a_file_is_absent_but_a_branch_or_project_is_missed() {
    let bench = bench().await;
    let client = &bench.client;
    let read = |project: &'static str, path: &'static str, at: &'static str| {
        client.file(project, path, at)
    };
    assert_eq!(
        read("art/data", "deep/a/b.txt", "main")
            .await
            .unwrap()
            .as_deref(),
        Some("b")
    );
    assert_eq!(read("art/data", "old.yaml", "work").await.unwrap(), None);
    assert_eq!(read("art/data", "../b.txt", "main").await.unwrap(), None);
    for (project, at) in [("art/data", "nothing"), ("art/none", "main")] {
        assert_eq!(
            read(project, "old.yaml", at).await.unwrap_err().kind,
            Kind::NotFound,
            "{project}"
        );
    }
}

#[tokio::test]
async fn a_sign_in_page_is_no_file_and_no_answer() {
    let bench = bench().await;
    fail(&bench.state, "gitlab", "html", 2);
    let file = bench
        .client
        .file("art/data", "old.yaml", "main")
        .await
        .unwrap_err();
    let request = bench.client.merge_request(&first()).await.unwrap_err();
    for error in [file, request] {
        assert_eq!(error.kind, Kind::Unexpected);
        assert!(error.says_nothing() && error.hint.is_some());
    }
}

#[tokio::test]
async fn an_approval_is_given_once_and_found_again() {
    let bench = bench().await;
    let head = bench.head().await;
    assert_eq!(
        bench.client.approve(&first(), &head).await.unwrap(),
        Approval::Given
    );
    assert_eq!(
        bench.client.approve(&first(), &head).await.unwrap(),
        Approval::Already
    );
    assert_eq!(bench.get("1", "approved_by"), json!(["me"]));
    let approvals = bench.client.approvals(&first()).await.unwrap();
    assert_eq!((approvals.required, approvals.left), (3, 2));
    assert!(bench.client.unapprove(&first()).await.unwrap());
    assert!(!bench.client.unapprove(&first()).await.unwrap());
    assert_eq!(bench.get("1", "approved_by"), json!([]));
}

#[tokio::test]
async fn the_401_of_a_second_approval_is_looked_up() {
    let bench = Arc::new(bench_as(TOKEN, 3).await);
    let head = bench.head().await;
    // Both look before either approves: one is refused, and finds that it is there.
    let request = first();
    let (one, other) = tokio::join!(
        bench.client.approve(&request, &head),
        bench.client.approve(&request, &head)
    );
    let both = [one.unwrap(), other.unwrap()];
    assert!(both.contains(&Approval::Given), "{both:?}");
    assert_eq!(bench.get("1", "approved_by"), json!(["me"]));
}

#[tokio::test]
async fn a_lost_approval_is_ambiguous_and_found_by_the_next_look() {
    let bench = bench().await;
    let head = bench.head().await;
    bench.fault("approve", "reset", 0);
    let error = bench.client.approve(&first(), &head).await.unwrap_err();
    assert!(error.is_ambiguous, "{error}");
    assert_eq!(
        bench.client.approve(&first(), &head).await.unwrap(),
        Approval::Already
    );
    assert_eq!(bench.get("1", "approved_by"), json!(["me"]));
}

#[tokio::test]
async fn a_head_that_moved_is_not_approved() {
    let bench = bench().await;
    let head = bench.head().await;
    bench.push().await;
    let error = bench.client.approve(&first(), &head).await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Conflict, Some(409)));
    assert!(error.hint.unwrap().contains("pushed to"));
    assert_eq!(bench.get("1", "approved_by"), json!([]));
}

#[tokio::test]
async fn whoever_may_not_approve_is_told_so() {
    let bench = bench().await;
    bench.set("1", "approvers", json!(["lead"]));
    let head = bench.head().await;
    let error = bench.client.approve(&first(), &head).await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Denied, Some(401)));
    assert!(error.hint.unwrap().contains("ART"));
}

#[tokio::test]
async fn a_lock_of_gitlab_passes_by_itself() {
    let bench = bench().await;
    bench
        .state
        .change(|stored| stored.documents["gitlab"]["locks"] = json!({"1": 1}))
        .unwrap();
    let error = bench.client.add_labels(&first(), &["a"]).await.unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Busy, false));
    assert_eq!(
        bench.client.add_labels(&first(), &["a"]).await.unwrap(),
        ["a"]
    );
}

#[tokio::test]
async fn labels_come_and_go_and_survive_those_of_others() {
    let bench = bench().await;
    assert_eq!(
        bench
            .client
            .add_labels(&first(), &["a", "b"])
            .await
            .unwrap(),
        ["a", "b"]
    );
    assert_eq!(
        bench.client.add_labels(&first(), &["a"]).await.unwrap(),
        ["a", "b"]
    );
    bench.set("1", "labels", json!(["stage-release-success"]));
    let labels = bench.client.remove_labels(&first(), &["b"]).await.unwrap();
    assert_eq!(labels, ["stage-release-success", "a"]);
    for bad in [&["a,b"][..], &[" "], &[]] {
        assert_eq!(
            bench
                .client
                .add_labels(&first(), bad)
                .await
                .unwrap_err()
                .kind,
            Kind::Invalid
        );
    }
}

#[tokio::test]
async fn what_is_said_already_is_not_said_again() {
    let bench = bench().await;
    let lead = |name: &str| Comment::lead(name).unwrap();
    // The rest of the world writes plain texts.
    bench.set("1", "notes", json!(["QE Release Lead is @me"]));
    let said = bench.client.comment(&first(), &lead("me")).await.unwrap();
    assert!(!said.is_new);
    assert!(
        bench
            .client
            .comment(&first(), &lead("lead"))
            .await
            .unwrap()
            .is_new
    );
    let back = bench.client.comment(&first(), &lead("me")).await.unwrap();
    assert!(back.is_new && back.note.author.username == "me");
    assert_eq!(bench.client.notes(&first()).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_lost_comment_is_found_among_many() {
    let bench = bench().await;
    let notes: Vec<_> = (0..250).map(|number| format!("note {number}")).collect();
    bench.set("1", "notes", json!(notes));
    let comment = Comment::keyed("4.20.1/health", "fine").unwrap();
    bench.fault("comment", "truncated", 0);
    let error = bench.client.comment(&first(), &comment).await.unwrap_err();
    assert!(error.is_ambiguous, "{error}");
    assert!(
        !bench
            .client
            .comment(&first(), &comment)
            .await
            .unwrap()
            .is_new
    );
    assert_eq!(bench.client.notes(&first()).await.unwrap().len(), 251);
}

#[tokio::test]
async fn the_stage_release_follows_the_words_of_the_world() {
    let bench = bench().await;
    let request = first();
    let judge = || bench.client.readiness(&request, Stage::Stage);
    for word in ["not_started", "created", "running"] {
        bench.set("1", "stage_release", json!(word));
        assert!(
            matches!(judge().await.unwrap(), Readiness::Waiting { .. }),
            "{word}"
        );
    }
    bench.set("1", "stage_release", json!("failed"));
    let Readiness::Blocked { owner, link, .. } = judge().await.unwrap() else {
        panic!("it failed");
    };
    assert_eq!(owner, "ART");
    assert!(link.contains("/-/pipelines/"), "{link}");
    bench.set("1", "stage_release", json!("success"));
    assert_eq!(judge().await.unwrap(), Readiness::Ready { by: "pipeline" });
    bench.set("1", "stage_release", json!("running"));
    bench.set("1", "labels", json!(["stage-release-success"]));
    assert_eq!(judge().await.unwrap(), Readiness::Ready { by: "label" });
    bench.set("1", "pipelines", json!([]));
    let prod = bench.client.readiness(&first(), Stage::Prod).await.unwrap();
    assert!(
        matches!(prod, Readiness::Waiting { link: None, .. }),
        "{prod:?}"
    );
}

#[tokio::test]
async fn a_stage_release_writes_its_advisories_into_the_files_and_takes_approvals_away() {
    let bench = bench().await;
    let before = bench.head().await;
    bench.set("1", "approved_by", json!(["me"]));
    bench.set("1", "stage_release", json!("success"));
    let (request, shipment) = bench.client.shipment(&first()).await.unwrap();
    assert_ne!(request.sha.as_deref(), Some(before.as_str()));
    let written = &shipment.documents["shipment/f00.yaml"];
    assert!(written.stage_advisory().unwrap().is_some());
    assert_eq!(written.prod.advisory, None);
    assert_eq!(bench.get("1", "approved_by"), json!([]));
    assert_eq!(bench.head().await, request.sha.unwrap());
    let old = bench
        .client
        .file("art/data", "shipment/f00.yaml", &before)
        .await
        .unwrap();
    assert_eq!(old.as_deref(), Some(document(100).as_str()));
}

#[tokio::test]
async fn an_owner_is_found_by_address_when_there_is_exactly_one() {
    let bench = bench().await;
    let find = |email: &'static str| bench.client.find_user(email);
    assert_eq!(
        find("lead@example.com").await.unwrap().unwrap().username,
        "lead"
    );
    assert_eq!(find("nobody@example.com").await.unwrap(), None);
    for bad in [
        "twin@example.com",
        "lead",
        "a b@example.com",
        "@example.com",
    ] {
        assert_eq!(find(bad).await.unwrap_err().kind, Kind::Invalid, "{bad}");
    }
}

#[tokio::test]
async fn requests_are_found_by_title_and_state() {
    let bench = bench().await;
    let find = async |title: &str, state: Option<State>| {
        let found = bench
            .client
            .merge_requests("art/data", &Search { title, state })
            .await
            .unwrap();
        found.iter().map(|request| request.iid).collect::<Vec<_>>()
    };
    assert_eq!(find("DROP bugs", Some(State::Opened)).await, [2]);
    assert_eq!(find("4.20.1", None).await, [2, 1]);
    assert_eq!(find("4.20.1", Some(State::Merged)).await, Vec::<u64>::new());
    assert_eq!(bench.client.project("art/data").await.unwrap().id, 10);
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_never_shown() {
    let bench = bench_as("glpat-wrong", 1).await;
    let error: Error = bench.client.user().await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Denied, Some(401)));
    assert!(error.hint.as_deref().unwrap().contains("GITLAB_TOKEN"));
    assert!(!format!("{error:?} {:?}", bench.client).contains("glpat"));
}

#[tokio::test]
async fn a_token_that_may_only_read_cannot_change_anything() {
    let bench = bench_as("reads", 1).await;
    let head = bench.head().await;
    let error = bench.client.approve(&first(), &head).await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Denied, Some(403)));
    assert!(error.message.contains("insufficient_scope"), "{error}");
}

#[tokio::test]
async fn reads_wait_out_a_rate_limit_and_changes_do_not() {
    let bench = bench().await;
    bench.fault("merge_request", "retry_after:30", 0);
    bench.client.merge_request(&first()).await.unwrap();
    assert_eq!(bench.requests(), 2);
    let head = bench.head().await;
    bench.fault("approve", "retry_after:30", 0);
    let error = bench.client.approve(&first(), &head).await.unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Busy, false));
    assert!(error.message.contains("Retry later"), "{error}");
    assert_eq!(bench.get("1", "approved_by"), json!([]));
}

#[tokio::test]
async fn another_merge_request_is_not_found() {
    let bench = bench().await;
    for other in [
        address(9),
        Address {
            project: "fork/data".to_owned(),
            iid: 1,
        },
    ] {
        let error = bench.client.merge_request(&other).await.unwrap_err();
        assert_eq!(error.kind, Kind::NotFound, "{other}");
    }
}
