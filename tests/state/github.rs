//! The stores on the shared branch: over GitHub's API, and in process beside it.

use std::sync::{Arc, atomic::Ordering};

use jiff::SignedDuration;
use oar_script::{
    error::Kind,
    release::{
        TaskStatus,
        statebox::{Change, Metadata, StateBox},
    },
    sim::state::{Fault, SimState},
    state::{Snapshot, StateStore},
};
use serde_json::json;

use super::{
    conformance::{self, document, issue, release, resolve, set},
    world::{Outside, PATH, documents},
};

const MULTI: &str = "schema_version: '1.0'\nrelease: 4.20.1\n";

pub fn fail(state: &SimState, operation: &str, kind: &str, times: u32) {
    let fault = Fault {
        service: "github".to_owned(),
        operation: operation.to_owned(),
        kind: kind.to_owned(),
        times,
        after: 0,
    };
    state.change(|stored| stored.faults.push(fault)).unwrap();
}

pub fn text() -> String {
    document().to_yaml()
}

fn issues(snapshot: &Snapshot) -> Vec<(&str, bool)> {
    let issues = snapshot.document.issues().iter();
    issues
        .map(|issue| (issue.text.as_str(), issue.is_resolved))
        .collect()
}

#[tokio::test]
async fn they_keep_the_contract_of_stores() {
    let outside = Outside::new(None).await;
    conformance::check_store(&*outside.store()).await;
    let outside = Outside::new(None).await;
    conformance::check_store(&*outside.neighbour()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_lose_nothing() {
    let outside = Outside::new(None).await;
    let (one, other) = (outside.store(), outside.store());
    conformance::check_two_writers(one, other, &outside.world.meanwhile).await;
    let outside = Outside::new(None).await;
    let (one, other) = (outside.store(), outside.neighbour());
    conformance::check_two_writers(one, other, &outside.world.meanwhile).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_pass_is_not_taken_back() {
    let outside = Outside::new(None).await;
    let (one, other) = (outside.store(), outside.neighbour());
    conformance::check_foreign_pass(one, other, &outside.world.meanwhile).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_creators_one_is_told() {
    let outside = Outside::new(None).await;
    let (one, other) = (outside.store(), outside.store());
    conformance::check_creation_race(one, other, &outside.world.meanwhile).await;
}

#[tokio::test]
async fn a_pass_that_changes_nothing_asks_once_and_is_answered_with_304() {
    let outside = Outside::new(Some(&text())).await;
    let store = outside.store();
    let first = store.read(&release()).await.unwrap().unwrap();
    assert_eq!(outside.seen(), [("GET".to_owned(), 200)]);
    let second = store.read(&release()).await.unwrap().unwrap();
    assert_eq!(outside.seen(), [("GET".to_owned(), 304)]);
    assert_eq!(first.revision, second.revision);
    assert_eq!(first.document, second.document);
    let changes = [issue("one")];
    store.apply(&release(), &changes).await.unwrap();
    assert_eq!(outside.seen(), [("PUT".to_owned(), 200)]);
}

#[tokio::test]
async fn a_foreign_change_is_seen_by_the_next_read() {
    let outside = Outside::new(Some(&text())).await;
    let store = outside.store();
    store.read(&release()).await.unwrap();
    let changes = [issue("one")];
    outside
        .neighbour()
        .apply(&release(), &changes)
        .await
        .unwrap();
    let read = store.read(&release()).await.unwrap().unwrap();
    assert_eq!(issues(&read), [("one", false)]);
    // What is known says already what another wants: that is looked at before it is believed.
    let changes = [resolve("one")];
    outside
        .neighbour()
        .apply(&release(), &changes)
        .await
        .unwrap();
    let added = store.apply(&release(), &[issue("one")]).await.unwrap();
    assert_eq!(issues(&added), [("one", true), ("one", false)]);
}

#[tokio::test]
async fn commits_have_the_subjects_that_others_look_for() {
    let outside = Outside::new(None).await;
    let store = outside.store();
    store.create(&document()).await.unwrap();
    let long = "a text of more than fifty characters, of which only the first are shown";
    let changes = [
        set("take-ownership", TaskStatus::Pass),
        issue("slow mirror"),
    ];
    store.apply(&release(), &changes).await.unwrap();
    store.apply(&release(), &[issue(long)]).await.unwrap();
    store
        .apply(&release(), &[resolve("slow mirror")])
        .await
        .unwrap();
    let patch = json!({"jira_ticket": "ART-1"});
    let patch = Change::PatchMetadata(patch.as_object().unwrap().clone());
    store.apply(&release(), &[patch]).await.unwrap();
    assert_eq!(
        outside.subjects(),
        [
            "Initialize StateBox for release 4.20.1",
            "Update task: take-ownership",
            "Add issue: a text of more than fifty characters, of which onl",
            "Resolve issue: slow mirror",
            "Update metadata",
        ]
    );
    let second = &outside.messages()[1];
    assert!(
        second.starts_with("Update task: take-ownership\n\nAdd issue: slow mirror\n\n"),
        "{second}"
    );
}

#[tokio::test]
async fn a_document_has_a_link_for_people() {
    let outside = Outside::new(Some(&text())).await;
    let page = format!("https://github.com/openshift/release-tests/blob/z-stream/{PATH}");
    let read = outside.store().read(&release()).await.unwrap().unwrap();
    assert_eq!(read.link.as_ref(), Some(&page));
    let read = outside.neighbour().read(&release()).await.unwrap().unwrap();
    assert_eq!(read.link.as_ref(), Some(&page));
}

#[tokio::test]
async fn what_is_written_is_masked_and_has_a_limit() {
    let outside = Outside::new(Some(&text())).await;
    let store = outside.store();
    let passed = Change::SetTask {
        name: "take-ownership".into(),
        status: TaskStatus::Pass,
        result: Some("owner is lead@example.com".into()),
        started_at: None,
        completed_at: None,
        is_reset: false,
    };
    let changes = [passed, issue("ask lead@example.com"), issue("other")];
    store.apply(&release(), &changes).await.unwrap();
    assert!(!outside.text().contains("lead@"), "{}", outside.text());
    assert!(!outside.messages()[0].contains("lead@"));
    let before = outside.text();
    let long = issue(&"x".repeat(1001));
    let error = store.apply(&release(), &[long]).await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    let same = issue("  OTHER ");
    store.apply(&release(), &[same]).await.unwrap();
    assert_eq!(outside.text(), before);
}

#[tokio::test]
async fn a_writer_who_is_always_too_late_gives_up_after_five_tries() {
    let outside = Outside::new(Some(&text())).await;
    fail(&outside.state, "write", "status:409", 100);
    let changes = [issue("one")];
    let error = outside
        .store()
        .apply(&release(), &changes)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert!(error.message.contains("5 times"), "{error}");
    assert!(error.hint.unwrap().contains(PATH));
    assert_eq!(outside.world.slept(), 500 + 1000 + 2000 + 4000);
    assert_eq!(outside.world.writes.load(Ordering::Relaxed), 5);
    assert_eq!(outside.text(), text());
}

#[tokio::test]
async fn a_document_that_was_deleted_meanwhile_is_not_found() {
    let outside = Outside::new(Some(&text())).await;
    let store = outside.store();
    store.read(&release()).await.unwrap();
    let delete = |stored: &mut oar_script::sim::state::Stored| {
        stored.documents["github"]["branches"]["z-stream"] = json!({});
    };
    outside.state.change(delete).unwrap();
    assert!(store.read(&release()).await.unwrap().is_none());
    let error = store.apply(&release(), &[issue("one")]).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.hint.unwrap().contains("history of the branch"));
    let mut removed = outside.seen();
    removed.retain(|(method, _)| method == "PUT");
    assert!(removed.is_empty());
}

#[tokio::test]
async fn a_document_that_is_none_is_an_error_and_stays_as_it_is() {
    for (wrong, part) in [
        ("schema_version: '2.0'\nrelease: 4.20.1\n", "schema version"),
        ("schema_version: '1.0'\nrelease: 4.20.2\n", "4.20.2"),
        ("tasks: [", "4.20.1.yaml"),
        ("", "4.20.1.yaml"),
    ] {
        let outside = Outside::new(Some(wrong)).await;
        let store = outside.store();
        let error = store.read(&release()).await.unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{wrong}");
        assert!(error.chain().contains(part), "{}", error.chain());
        let error = store.apply(&release(), &[issue("one")]).await.unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{wrong}");
        assert_eq!(outside.text(), wrong);
    }
}

#[tokio::test]
async fn keys_nobody_knows_survive_a_change() {
    let wild = format!("{MULTI}by_hand: kept\ntasks: []\nissues: []\n");
    let outside = Outside::new(Some(&wild)).await;
    let store = outside.store();
    store.apply(&release(), &[issue("one")]).await.unwrap();
    assert!(outside.text().contains("by_hand: kept"));
}

#[tokio::test]
async fn a_claim_keeps_the_second_operator_away() {
    let outside = Outside::new(Some(&text())).await;
    let (one, other) = (outside.store(), outside.store());
    // Both have read the document before either claims.
    one.read(&release()).await.unwrap();
    other.read(&release()).await.unwrap();
    let claim = |token: &str, holder: &str| Change::Claim {
        task: "stage-testing".into(),
        token: token.into(),
        holder: holder.into(),
        until: outside
            .state
            .clock()
            .now()
            .saturating_add(SignedDuration::from_mins(10))
            .unwrap(),
    };
    one.apply(&release(), &[claim("t1", "the first")])
        .await
        .unwrap();
    let late = other
        .apply(&release(), &[claim("t2", "the second")])
        .await
        .unwrap_err();
    assert_eq!(late.kind, Kind::Conflict);
    assert!(late.message.contains("the first"), "{late}");
    assert!(!outside.text().contains("the second"));
    let running = [set("stage-testing", TaskStatus::InProgress)];
    one.apply(&release(), &running).await.unwrap();
    let late = other
        .apply(&release(), &[claim("t2", "the second")])
        .await
        .unwrap_err();
    assert_eq!(late.kind, Kind::Conflict);
}

#[tokio::test]
async fn a_missing_branch_is_named() {
    let outside = Outside::new(None).await;
    let empty = json!({"branches": {"main": {}}});
    outside
        .state
        .change(|stored| stored.documents["github"] = empty)
        .unwrap();
    let store = outside.store();
    let changes = [issue("one")];
    for error in [
        store.read(&release()).await.unwrap_err(),
        store.create(&document()).await.unwrap_err(),
        store.apply(&release(), &changes).await.unwrap_err(),
        outside.neighbour().read(&release()).await.unwrap_err(),
        outside.neighbour().create(&document()).await.unwrap_err(),
    ] {
        assert_eq!(error.kind, Kind::NotFound);
        assert!(error.message.contains("no branch `z-stream`"), "{error}");
    }
}

#[tokio::test]
async fn a_token_that_only_reads_writes_nothing_and_is_told_so() {
    let outside = Outside::new(Some(&text())).await;
    let reader = json!({"a-token": {"login": "reader", "permission": "read"}});
    outside
        .state
        .change(|stored| stored.documents["github"]["tokens"] = reader)
        .unwrap();
    let changes = [issue("one")];
    let error = outside
        .store()
        .apply(&release(), &changes)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    let hint = error.hint.unwrap();
    assert!(
        hint.contains("GITHUB_TOKEN") && hint.contains("contents: write"),
        "{hint}"
    );
    assert_eq!(outside.text(), text());
}

#[tokio::test]
async fn the_neighbour_leaves_the_same_bytes_and_subjects() {
    let changes = [
        set("take-ownership", TaskStatus::Pass),
        issue("slow mirror"),
    ];
    let mut left = Vec::new();
    for is_neighbour in [false, true] {
        let outside = Outside::new(None).await;
        let store: Arc<dyn StateStore> = if is_neighbour {
            outside.neighbour()
        } else {
            outside.store()
        };
        store.create(&document()).await.unwrap();
        store.apply(&release(), &changes).await.unwrap();
        left.push((outside.text(), outside.subjects()));
    }
    assert_eq!(left[0], left[1]);
}

#[tokio::test]
async fn an_imported_document_keeps_its_bytes() {
    let world = super::world::Shared::new();
    let state = documents(&world, None);
    let store = oar_script::sim::statebox_branch::BranchStore::new(state, "z-stream", "someone");
    let text = "schema_version: \"1.0\"\nrelease: 4.20.1 # by hand\n";
    let imported = store.import(text).unwrap();
    let read = store.read(&release()).await.unwrap().unwrap();
    assert_eq!(imported.revision, read.revision);
    assert_eq!(store.import("tasks: [").unwrap_err().kind, Kind::Invalid);
}

/// The defects of the Python tool (S1 to S10) are not ours.
mod defects {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn s1_after_a_conflict_the_other_writers_change_is_kept() {
        let outside = Outside::new(Some(&text())).await;
        let (store, other) = (outside.store(), outside.neighbour());
        store.read(&release()).await.unwrap();
        let foreign = [set("stage-testing", TaskStatus::Pass)];
        other.apply(&release(), &foreign).await.unwrap();
        outside.seen();
        let ours = [set("take-ownership", TaskStatus::Pass)];
        let written = store.apply(&release(), &ours).await.unwrap().document;
        let statuses: Vec<_> = outside.seen().iter().map(|(_, status)| *status).collect();
        assert_eq!(statuses, [409, 200, 200]);
        assert_eq!(written.status("stage-testing"), TaskStatus::Pass);
        assert_eq!(written.status("take-ownership"), TaskStatus::Pass);
    }

    #[tokio::test]
    async fn s2_a_stale_copy_reverts_nothing_it_does_not_own() {
        let started = [set("stage-testing", TaskStatus::InProgress)];
        let outside = Outside::new(Some(&text())).await;
        let (store, other) = (outside.store(), outside.neighbour());
        store.apply(&release(), &started).await.unwrap();
        let patch = json!({"jira_ticket": "ART-2", "advisory_ids": {"rpm": 2}});
        let newer = [
            set("stage-testing", TaskStatus::Pass),
            Change::PatchMetadata(patch.as_object().unwrap().clone()),
        ];
        other.apply(&release(), &newer).await.unwrap();
        let ours = [set("take-ownership", TaskStatus::Pass)];
        let written = store.apply(&release(), &ours).await.unwrap().document;
        assert_eq!(written.status("stage-testing"), TaskStatus::Pass);
        let metadata = written.metadata();
        assert_eq!(metadata.jira_ticket.as_deref(), Some("ART-2"));
        assert_eq!(metadata.advisory_ids["rpm"], 2);
    }

    #[tokio::test]
    async fn s3_an_issue_that_was_resolved_elsewhere_can_be_added_again() {
        let outside = Outside::new(Some(&text())).await;
        let (store, other) = (outside.store(), outside.neighbour());
        store.apply(&release(), &[issue("again")]).await.unwrap();
        let done = [resolve("again")];
        other.apply(&release(), &done).await.unwrap();
        let written = store.apply(&release(), &[issue("again")]).await.unwrap();
        assert_eq!(issues(&written), [("again", true), ("again", false)]);
    }

    #[tokio::test]
    async fn s4_issues_with_the_same_text_stay_apart() {
        let mut twice = document();
        let now = "2027-03-01T09:00:00Z".parse().unwrap();
        for change in [issue("same"), resolve("same"), issue("same")] {
            twice.apply(&change, now).unwrap();
        }
        let outside = Outside::new(Some(&twice.to_yaml())).await;
        let (store, other) = (outside.store(), outside.neighbour());
        store.read(&release()).await.unwrap();
        other.apply(&release(), &[issue("third")]).await.unwrap();
        let written = store.apply(&release(), &[resolve("same")]).await.unwrap();
        assert_eq!(
            issues(&written),
            [("same", true), ("same", true), ("third", false)]
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn s5_a_change_between_the_last_read_and_the_write_is_kept() {
        let outside = Outside::new(Some(&text())).await;
        let other = outside.neighbour();
        let runtime = tokio::runtime::Handle::current();
        outside.world.meanwhile.push(move || {
            let foreign = [set("stage-testing", TaskStatus::Pass)];
            let (release, writing) = (release(), other);
            let writing = writing.apply(&release, &foreign);
            tokio::task::block_in_place(|| runtime.block_on(writing)).unwrap();
        });
        let ours = [set("take-ownership", TaskStatus::Pass)];
        let store = outside.store();
        let written = store.apply(&release(), &ours).await.unwrap().document;
        assert_eq!(written.status("stage-testing"), TaskStatus::Pass);
    }

    #[tokio::test]
    async fn s6_who_creates_too_late_is_told_and_overwrites_nothing() {
        let outside = Outside::new(None).await;
        let other = outside.neighbour();
        other.create(&document()).await.unwrap();
        other.apply(&release(), &[issue("theirs")]).await.unwrap();
        let theirs = outside.text();
        let late = outside.store().create(&document()).await.unwrap_err();
        assert_eq!(late.kind, Kind::Conflict);
        assert_eq!(outside.seen()[0], ("PUT".to_owned(), 422));
        assert_eq!(outside.text(), theirs);
    }

    #[tokio::test]
    async fn s7_a_document_without_metadata_can_be_changed() {
        for metadata in ["", "metadata:\n  advisory_ids: null\n"] {
            let outside = Outside::new(Some(&format!("{MULTI}{metadata}"))).await;
            let patch = json!({"advisory_ids": {"rpm": 1}});
            let changes = [
                Change::PatchMetadata(patch.as_object().unwrap().clone()),
                issue("one"),
            ];
            let written = outside.store().apply(&release(), &changes).await.unwrap();
            assert_eq!(written.document.metadata().advisory_ids["rpm"], 1);
        }
    }

    #[tokio::test]
    async fn s8_a_finished_task_is_not_demoted() {
        let outside = Outside::new(Some(&text())).await;
        let store = outside.store();
        let passed = [set("take-ownership", TaskStatus::Pass)];
        let before = store.apply(&release(), &passed).await.unwrap();
        for status in [
            TaskStatus::InProgress,
            TaskStatus::Fail,
            TaskStatus::NotStarted,
        ] {
            let demoted = [set("take-ownership", status)];
            let error = store.apply(&release(), &demoted).await.unwrap_err();
            assert_eq!(error.kind, Kind::Refused);
        }
        assert_eq!(outside.text(), before.document.to_yaml());
    }

    #[tokio::test]
    async fn s9_a_blocker_of_a_task_that_is_there_already_is_no_error() {
        let outside = Outside::new(Some(&text())).await;
        let store = outside.store();
        let blocker = |text: &str| Change::AddIssue {
            text: text.into(),
            is_blocker: true,
            related_tasks: vec!["stage-testing".into()],
        };
        store.apply(&release(), &[blocker("bad")]).await.unwrap();
        let again = store.apply(&release(), &[blocker(" Bad")]).await.unwrap();
        assert_eq!(issues(&again), [("bad", false)]);
        let second = store.apply(&release(), &[blocker("worse")]).await;
        assert_eq!(second.unwrap_err().kind, Kind::Refused);
    }

    #[tokio::test]
    async fn s10_a_time_without_quotes_stays_a_text() {
        let unquoted = format!("{MULTI}created_at: 2027-03-01T09:00:00Z\n");
        let outside = Outside::new(Some(&unquoted)).await;
        let store = outside.store();
        let written = store.apply(&release(), &[issue("one")]).await.unwrap();
        assert_eq!(
            written.document.to_json()["created_at"],
            "2027-03-01T09:00:00Z"
        );
        let quoted = "created_at: '2027-03-01T09:00:00Z'";
        assert!(outside.text().contains(quoted), "{}", outside.text());
    }
}

#[test]
fn a_new_document_is_what_the_neighbour_would_make() {
    let now = "2027-03-01T09:00:00Z".parse().unwrap();
    let made = StateBox::new(&release(), Metadata::default(), now);
    assert_eq!(made.to_yaml(), text());
}
