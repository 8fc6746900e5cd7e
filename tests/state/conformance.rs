//! What every store promises, to be checked against each of them.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use oar_script::{
    error::Kind,
    release::{
        TaskStatus, Version,
        statebox::{Change, Metadata, StateBox},
    },
    state::{Snapshot, StateStore},
};

/// What somebody else does between the next read and write of a store. Nothing happens meanwhile
/// to what they do.
#[derive(Clone, Default)]
pub struct Meanwhile {
    acts: Arc<Mutex<Vec<Act>>>,
    is_acting: Arc<AtomicBool>,
}

type Act = Box<dyn FnOnce() + Send>;

impl Meanwhile {
    /// Adds an act, one for each time a store is about to write.
    pub fn push(&self, act: impl FnOnce() + Send + 'static) {
        self.acts.lock().unwrap().push(Box::new(act));
    }

    /// Does the next act; stores under test call it between read and write.
    pub fn happen(&self) {
        if self.is_acting.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut acts = self.acts.lock().unwrap();
        let next = (!acts.is_empty()).then(|| acts.remove(0));
        drop(acts);
        if let Some(act) = next {
            act();
        }
        self.is_acting.store(false, Ordering::SeqCst);
    }
}

pub fn release() -> Version {
    "4.20.1".parse().unwrap()
}

pub fn document() -> StateBox {
    let now = "2027-03-01T09:00:00Z".parse().unwrap();
    StateBox::new(&release(), Metadata::default(), now)
}

pub fn set(name: &str, status: TaskStatus) -> Change {
    Change::SetTask {
        name: name.into(),
        status,
        result: Some(format!("{name} is {status}")),
        started_at: None,
        completed_at: None,
        is_reset: false,
    }
}

pub fn issue(text: &str) -> Change {
    Change::AddIssue {
        text: text.into(),
        is_blocker: true,
        related_tasks: Vec::new(),
    }
}

pub fn resolve(text: &str) -> Change {
    Change::ResolveIssue {
        text: text.into(),
        resolution: "done".into(),
    }
}

/// Checks the contract of an empty store, used by one writer.
pub async fn check_store(store: &dyn StateStore) {
    let release = release();
    let missing = store.apply(&release, &[issue("lost")]).await.unwrap_err();
    assert_eq!(missing.kind, Kind::NotFound);
    assert!(store.read(&release).await.unwrap().is_none());

    let created = store.create(&document()).await.unwrap();
    assert_eq!(created.document, document());
    let again = store.create(&document()).await.unwrap_err();
    assert_eq!(again.kind, Kind::Conflict);
    assert_same(&created, &store.read(&release).await.unwrap().unwrap());
    let other = "4.20.10".parse().unwrap();
    assert!(store.read(&other).await.unwrap().is_none());

    let changes = [
        set("take-ownership", TaskStatus::Pass),
        issue("slow mirror"),
    ];
    let changed = store.apply(&release, &changes).await.unwrap();
    assert_ne!(changed.revision, created.revision);
    assert_eq!(changed.document.status("take-ownership"), TaskStatus::Pass);
    assert_eq!(changed.document.issues().len(), 1);
    assert_same(&changed, &store.read(&release).await.unwrap().unwrap());

    let unchanged = store.apply(&release, &changes).await.unwrap();
    assert_same(&changed, &unchanged);
    let unchanged = store.apply(&release, &[]).await.unwrap();
    assert_same(&changed, &unchanged);

    let taken_back = [issue("new"), set("take-ownership", TaskStatus::Fail)];
    let refused = store.apply(&release, &taken_back).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Refused);
    assert_same(&changed, &store.read(&release).await.unwrap().unwrap());
}

/// Checks that what `other` writes between read and write of `one` is kept, and the reverse.
pub async fn check_two_writers(
    one: Arc<dyn StateStore>,
    other: Arc<dyn StateStore>,
    meanwhile: &Meanwhile,
) {
    one.create(&document()).await.unwrap();
    one.apply(&release(), &[issue("slow mirror"), issue("lost host")])
        .await
        .unwrap();
    let runtime = tokio::runtime::Handle::current();
    let foreign = |changes: Vec<Change>| {
        let (writer, runtime) = (other.clone(), runtime.clone());
        move || {
            wait(&runtime, writer.apply(&release(), &changes)).unwrap();
        }
    };
    meanwhile.push(foreign(vec![
        set("stage-testing", TaskStatus::Pass),
        resolve("slow mirror"),
    ]));
    // Ours begins again, and somebody is faster once more.
    meanwhile.push(foreign(vec![issue("third issue")]));
    let ours = [
        set("image-signed-check", TaskStatus::Fail),
        resolve("lost host"),
        issue("fourth issue"),
    ];
    let written = one.apply(&release(), &ours).await.unwrap();
    let read = other.read(&release()).await.unwrap().unwrap();
    assert_same(&written, &read);

    let document = written.document;
    assert_eq!(document.status("stage-testing"), TaskStatus::Pass);
    assert_eq!(document.status("image-signed-check"), TaskStatus::Fail);
    let issues: Vec<_> = document
        .issues()
        .iter()
        .map(|issue| (issue.text.as_str(), issue.is_resolved))
        .collect();
    assert_eq!(
        issues,
        [
            ("slow mirror", true),
            ("lost host", true),
            ("third issue", false),
            ("fourth issue", false)
        ]
    );
}

/// Checks that a foreign `Pass` between read and write is not taken back.
pub async fn check_foreign_pass(
    one: Arc<dyn StateStore>,
    other: Arc<dyn StateStore>,
    meanwhile: &Meanwhile,
) {
    one.create(&document()).await.unwrap();
    let runtime = tokio::runtime::Handle::current();
    let writer = other.clone();
    meanwhile.push(move || {
        let passed = [set("stage-testing", TaskStatus::Pass)];
        wait(&runtime, writer.apply(&release(), &passed)).unwrap();
    });
    let running = [set("stage-testing", TaskStatus::InProgress)];
    let refused = one.apply(&release(), &running).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Refused);
    let read = other.read(&release()).await.unwrap().unwrap();
    assert_eq!(read.document.status("stage-testing"), TaskStatus::Pass);
}

/// Checks that of two writers who create at once one is told so.
pub async fn check_creation_race(
    one: Arc<dyn StateStore>,
    other: Arc<dyn StateStore>,
    meanwhile: &Meanwhile,
) {
    let runtime = tokio::runtime::Handle::current();
    let writer = other.clone();
    meanwhile.push(move || {
        wait(&runtime, writer.create(&document())).unwrap();
        let changes = [set("take-ownership", TaskStatus::Pass)];
        wait(&runtime, writer.apply(&release(), &changes)).unwrap();
    });
    let late = one.create(&document()).await.unwrap_err();
    assert_eq!(late.kind, Kind::Conflict);
    let read = one.read(&release()).await.unwrap().unwrap();
    assert_eq!(read.document.status("take-ownership"), TaskStatus::Pass);
}

/// Waits in the middle of somebody else's work, on whatever thread that is.
fn wait<T>(runtime: &tokio::runtime::Handle, work: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| runtime.block_on(work))
}

#[track_caller]
fn assert_same(one: &Snapshot, other: &Snapshot) {
    assert_eq!(one.document.to_yaml(), other.document.to_yaml());
    assert_eq!(one.document, other.document);
    assert_eq!(one.revision, other.revision);
}
