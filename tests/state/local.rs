//! The store in a local git repository.

use std::{
    fs,
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use jiff::{SignedDuration, Timestamp};
use oar_script::{
    error::Kind,
    release::{TaskStatus, task::STATEBOX_TASKS},
    state::{StateStore, local::LocalStore},
    world::World,
};
use tempfile::TempDir;

use super::{
    conformance::{self, document, issue, release, set},
    world::{NOW, Shared},
};

/// An empty repository and two stores over it.
struct Setup {
    folder: TempDir,
    world: Arc<Shared>,
    store: Arc<LocalStore>,
    other: Arc<LocalStore>,
}

fn setup() -> Setup {
    let folder = TempDir::new().unwrap();
    let world = Shared::new();
    let path = folder.path().join("state.git");
    let store = LocalStore::open(&path, world.clone()).unwrap();
    let other = LocalStore::open(&path, world.clone()).unwrap();
    Setup {
        folder,
        world,
        store: Arc::new(store),
        other: Arc::new(other),
    }
}

#[tokio::test]
async fn it_keeps_the_contract_of_stores() {
    conformance::check_store(&*setup().store).await;
}

#[tokio::test]
async fn two_writers_lose_nothing() {
    let setup = setup();
    let (one, other) = (setup.store.clone(), setup.other.clone());
    conformance::check_two_writers(one, other, &setup.world.meanwhile).await;
    let setup = self::setup();
    let (one, other) = (setup.other.clone(), setup.store.clone());
    conformance::check_two_writers(one, other, &setup.world.meanwhile).await;
}

#[tokio::test]
async fn a_foreign_pass_is_not_taken_back() {
    let setup = setup();
    let (one, other) = (setup.store.clone(), setup.other.clone());
    conformance::check_foreign_pass(one, other, &setup.world.meanwhile).await;
}

#[tokio::test]
async fn of_two_creators_one_is_told() {
    let setup = setup();
    let (one, other) = (setup.store.clone(), setup.other.clone());
    conformance::check_creation_race(one, other, &setup.world.meanwhile).await;
}

#[tokio::test]
async fn a_file_of_another_release_meanwhile_is_kept() {
    let setup = setup();
    setup.store.create(&document()).await.unwrap();
    let other = setup.other.clone();
    let foreign = "schema_version: '1.0'\nrelease: 4.20.2\nby_hand:   kept\n";
    setup.world.meanwhile.push(move || {
        other.import(foreign).unwrap();
    });
    setup
        .store
        .apply(&release(), &[issue("one")])
        .await
        .unwrap();
    let kept = setup.store.read(&"4.20.2".parse().unwrap()).await.unwrap();
    assert!(kept.unwrap().document.to_yaml().contains("by_hand: kept"));
    let ours = setup.store.read(&release()).await.unwrap().unwrap();
    assert_eq!(ours.document.issues().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_on_several_threads_lose_nothing() {
    let setup = setup();
    setup.store.create(&document()).await.unwrap();
    let writers = STATEBOX_TASKS.chunks(4).map(|tasks| {
        let path = setup.folder.path().join("state.git");
        let store = LocalStore::open(&path, setup.world.clone()).unwrap();
        tokio::spawn(async move {
            for name in tasks {
                let changes = [set(name, TaskStatus::Pass), issue(name)];
                store.apply(&release(), &changes).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let read = setup.store.read(&release()).await.unwrap().unwrap();
    for name in STATEBOX_TASKS {
        assert_eq!(read.document.status(name), TaskStatus::Pass, "{name}");
    }
    assert_eq!(read.document.issues().len(), STATEBOX_TASKS.len());
    assert_eq!(
        setup.store.history(&release()).unwrap().len(),
        1 + STATEBOX_TASKS.len()
    );
}

#[tokio::test]
async fn a_writer_who_is_always_too_late_gives_up() {
    let setup = setup();
    setup.store.create(&document()).await.unwrap();
    for round in 0..1000 {
        let other = setup.other.clone();
        let text = format!("schema_version: '1.0'\nrelease: 4.20.{}\n", round + 2);
        setup.world.meanwhile.push(move || {
            other.import(&text).unwrap();
        });
    }
    let error = setup
        .store
        .apply(&release(), &[issue("one")])
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert!(setup.world.writes.load(Ordering::Relaxed) < 200);
}

#[tokio::test]
async fn several_changes_are_one_commit_with_the_subject_of_the_first() {
    let setup = setup();
    setup.store.create(&document()).await.unwrap();
    let minute = SignedDuration::from_mins(1);
    setup.world.clock.advance_to(setup.world.now() + minute);
    let changes = [
        set("take-ownership", TaskStatus::Pass),
        issue("slow mirror"),
    ];
    let written = setup.store.apply(&release(), &changes).await.unwrap();
    assert_eq!(written.document.updated_at(), Some("2027-03-01T09:31:00Z"));
    assert_eq!(
        written.link.as_deref(),
        Some("_releases/4.20/statebox/4.20.1.yaml")
    );
    setup.store.apply(&release(), &changes).await.unwrap();
    let start: Timestamp = NOW.parse().unwrap();
    assert_eq!(
        setup.store.history(&release()).unwrap(),
        [
            ("Initialize StateBox for release 4.20.1".to_owned(), start),
            ("Update task: take-ownership".to_owned(), start + minute),
        ]
    );
    let repository = git2::Repository::open_bare(setup.folder.path().join("state.git")).unwrap();
    let head = repository.find_reference("refs/heads/z-stream").unwrap();
    let commit = head.peel_to_commit().unwrap();
    assert_eq!(
        commit.message().unwrap(),
        "Update task: take-ownership\n\nAdd issue: slow mirror\n"
    );
    assert_eq!(commit.author().email().unwrap(), "oar-script@example.com");
    assert_eq!(
        repository.head().unwrap().name().unwrap(),
        "refs/heads/z-stream"
    );
}

#[tokio::test]
async fn the_same_writes_at_the_same_time_are_the_same_commits() {
    let mut heads = Vec::new();
    for _ in 0..2 {
        let setup = setup();
        setup.store.create(&document()).await.unwrap();
        setup
            .store
            .apply(&release(), &[issue("one")])
            .await
            .unwrap();
        let repository =
            git2::Repository::open_bare(setup.folder.path().join("state.git")).unwrap();
        heads.push(repository.refname_to_id("refs/heads/z-stream").unwrap());
    }
    assert_eq!(heads[0], heads[1]);
}

#[tokio::test]
async fn an_imported_document_keeps_its_bytes() {
    let setup = setup();
    let text = "schema_version: \"1.0\"\nrelease: 4.20.1 # by hand\ntasks:   []\n";
    setup.store.import(text).unwrap();
    let repository = git2::Repository::open_bare(setup.folder.path().join("state.git")).unwrap();
    let read = setup.store.read(&release()).await.unwrap().unwrap();
    let blob = repository
        .find_blob(read.revision.parse().unwrap())
        .unwrap();
    assert_eq!(blob.content(), text.as_bytes());
    assert_eq!(setup.store.import(text).unwrap_err().kind, Kind::Conflict);
    let subjects = setup.store.history(&release()).unwrap();
    assert_eq!(subjects[0].0, "Import StateBox for release 4.20.1");
    assert_eq!(
        setup.store.import("tasks: [").unwrap_err().kind,
        Kind::Invalid
    );
}

#[tokio::test]
async fn a_stale_lock_is_named() {
    let setup = setup();
    setup.store.create(&document()).await.unwrap();
    let lock = "state.git/refs/heads/z-stream.lock";
    fs::write(setup.folder.path().join(lock), "").unwrap();
    let changes = [issue("one")];
    let error = setup.store.apply(&release(), &changes).await.unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert!(error.hint.unwrap().contains("z-stream.lock"));
}

#[test]
fn it_works_without_a_runtime() {
    let setup = setup();
    let release = release();
    let mut reading = setup.store.read(&release);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(read) = reading.as_mut().poll(&mut context) else {
        panic!("it waits for nothing")
    };
    assert!(read.unwrap().is_none());
}

#[test]
fn only_a_bare_repository_or_a_new_folder_is_opened() {
    let setup = setup();
    let open = |path: &Path| LocalStore::open(path, setup.world.clone());
    let folder = setup.folder.path();
    fs::write(folder.join("file"), "text").unwrap();
    assert_eq!(open(&folder.join("file")).unwrap_err().kind, Kind::Invalid);
    fs::create_dir(folder.join("full")).unwrap();
    fs::write(folder.join("full/file"), "text").unwrap();
    assert_eq!(open(&folder.join("full")).unwrap_err().kind, Kind::Invalid);
    git2::Repository::init(folder.join("clone")).unwrap();
    assert_eq!(open(&folder.join("clone")).unwrap_err().kind, Kind::Invalid);
    assert!(open(&folder.join("deep/new.git")).is_ok());
    assert!(open(&folder.join("deep/new.git")).is_ok());
}

#[test]
fn a_damaged_document_is_an_error_and_not_an_empty_one() {
    let setup = setup();
    let path = setup.folder.path().join("state.git");
    let repository = git2::Repository::open_bare(path).unwrap();
    let commit = |bytes: &[u8]| {
        let blob = repository.blob(bytes).unwrap();
        let empty = repository.treebuilder(None).unwrap().write().unwrap();
        let empty = repository.find_tree(empty).unwrap();
        let tree = git2::build::TreeUpdateBuilder::new()
            .upsert(
                "_releases/4.20/statebox/4.20.1.yaml",
                blob,
                git2::FileMode::Blob,
            )
            .create_updated(&repository, &empty)
            .unwrap();
        let tree = repository.find_tree(tree).unwrap();
        let author = git2::Signature::now("someone", "someone@example.com").unwrap();
        let id = repository
            .commit(None, &author, &author, "by hand", &tree, &[])
            .unwrap();
        repository
            .reference("refs/heads/z-stream", id, true, "by hand")
            .unwrap();
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for bytes in [
        &b"\xff\xfe"[..],
        b"",
        b"schema_version: '1.0'\nrelease: 4.20.2\n",
    ] {
        commit(bytes);
        let error = runtime.block_on(setup.store.read(&release())).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        let changes = [issue("one")];
        let error = runtime
            .block_on(setup.store.apply(&release(), &changes))
            .unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
    }
}
