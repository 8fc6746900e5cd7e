//! The copy of the statuses in the sheet, what it costs, and its troubles.

use std::sync::Arc;

use oar_script::{
    release::{TaskStatus, statebox::Change},
    state::{StateStore, local::LocalStore, mirror::Mirror},
    world::What,
};

use super::sheet_bench::{Bench, RELEASE, document, read, release, reset, set};

const READ: &str = "GET 4.20/values:batchGet";
const WRITE: &str = "POST 4.20/values:batchUpdate";

struct Mirrored {
    bench: Bench,
    primary: Arc<LocalStore>,
    mirror: Mirror,
    _folder: tempfile::TempDir,
}

impl Mirrored {
    async fn over(bench: Bench) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.git");
        let primary = Arc::new(LocalStore::open(&path, bench.world.clone()).unwrap());
        let mirror = Mirror::new(primary.clone(), bench.tabs.clone(), bench.world.clone());
        Self {
            bench,
            primary,
            mirror,
            _folder: folder,
        }
    }

    /// A store over the same things, as another process has it.
    fn again(&self) -> Mirror {
        let tabs = self.bench.tabs.clone();
        Mirror::new(self.primary.clone(), tabs, self.bench.world.clone())
    }

    async fn apply(&self, changes: &[Change]) {
        self.mirror.apply(&release(), changes).await.unwrap();
    }

    fn notices(&self) -> Vec<String> {
        let events = self.bench.world.events.lock().unwrap();
        let notices = events.iter().filter_map(|event| match &event.what {
            What::Notice(text) => Some(text.clone()),
            _ => None,
        });
        notices.collect()
    }
}

async fn mirrored() -> Mirrored {
    let mirrored = Mirrored::over(Bench::with_tab().await).await;
    mirrored.primary.create(&document()).await.unwrap();
    mirrored
}

#[tokio::test]
async fn a_change_is_shown_at_once_outside_of_a_pass() {
    let mirrored = mirrored().await;
    mirrored
        .apply(&[
            set("take-ownership", TaskStatus::Pass),
            set("stage-testing", TaskStatus::Fail),
        ])
        .await;
    assert_eq!(mirrored.bench.requests(), [READ, WRITE]);
    assert_eq!(mirrored.bench.cell("B8"), "Pass");
    assert_eq!(mirrored.bench.cell("B15"), "Fail");
    assert_eq!(mirrored.bench.cell("B1"), "Red");
    let text = read(&*mirrored.primary).await;
    assert_eq!(text.document.status("take-ownership"), TaskStatus::Pass);
}

#[tokio::test]
async fn a_pass_with_many_changes_is_one_read_and_one_write() {
    let mirrored = mirrored().await;
    mirrored.mirror.begin_pass();
    read(&mirrored.mirror).await;
    for task in ["take-ownership", "check-cve-tracker-bug", "stage-testing"] {
        mirrored.apply(&[set(task, TaskStatus::InProgress)]).await;
        mirrored.apply(&[set(task, TaskStatus::Pass)]).await;
    }
    assert!(mirrored.bench.requests().is_empty());
    mirrored.mirror.end_pass(&release()).await;
    assert_eq!(mirrored.bench.requests(), [READ, WRITE]);
    for cell in ["B8", "B13", "B15"] {
        assert_eq!(mirrored.bench.cell(cell), "Pass");
    }
}

#[tokio::test]
async fn a_pass_in_which_nothing_changed_asks_the_sheet_nothing() {
    let mirrored = mirrored().await;
    mirrored
        .apply(&[set("take-ownership", TaskStatus::Pass)])
        .await;
    mirrored.bench.requests();
    for _ in 0..3 {
        mirrored.mirror.begin_pass();
        read(&mirrored.mirror).await;
        mirrored.mirror.end_pass(&release()).await;
    }
    assert!(mirrored.bench.requests().is_empty());

    let other = mirrored.again();
    other.begin_pass();
    read(&other).await;
    other.end_pass(&release()).await;
    assert_eq!(
        mirrored.bench.requests(),
        [READ],
        "a new process looks once"
    );
}

#[tokio::test]
async fn a_tab_that_is_missing_is_made_once() {
    let mirrored = Mirrored::over(Bench::new().await).await;
    mirrored.mirror.create(&document()).await.unwrap();
    assert!(mirrored.bench.has_tab());
    assert_eq!(mirrored.bench.cell("B8"), "Not Started");
    mirrored
        .apply(&[set("take-ownership", TaskStatus::Pass)])
        .await;
    assert_eq!(mirrored.bench.cell("B8"), "Pass");
    assert!(mirrored.mirror.troubles().is_empty());
}

#[tokio::test]
async fn trouble_with_the_sheet_never_fails_a_change_and_the_next_write_catches_up() {
    let mirrored = mirrored().await;
    mirrored.bench.fault("write", "status:403", 2);
    mirrored
        .apply(&[set("take-ownership", TaskStatus::Pass)])
        .await;
    let notes = mirrored.mirror.notes(&release());
    assert_eq!(notes.len(), 1);
    assert!(notes[0].starts_with("the sheet does not show the state: sheets: "));
    let troubles = mirrored.mirror.troubles();
    assert_eq!(troubles.len(), 1);
    assert_eq!(troubles[0].0, release());
    mirrored
        .apply(&[set("stage-testing", TaskStatus::InProgress)])
        .await;
    let notices = mirrored.notices();
    assert_eq!(
        notices.len(),
        1,
        "the same trouble is said once: {notices:?}"
    );
    assert!(notices[0].starts_with("the sheet does not show the state of 4.20.1: sheets: "));
    assert_eq!(mirrored.bench.cell("B8"), "Not Started");

    mirrored
        .apply(&[set("image-signed-check", TaskStatus::Pass)])
        .await;
    assert_eq!(mirrored.bench.cell("B8"), "Pass");
    assert_eq!(mirrored.bench.cell("B15"), "In Progress");
    assert_eq!(mirrored.bench.cell("B16"), "Pass");
    assert!(mirrored.mirror.troubles().is_empty());
}

#[tokio::test]
async fn a_copy_that_a_crash_left_out_is_made_by_the_next_pass() {
    let mirrored = mirrored().await;
    // The process died after the store had written.
    let changes = [set("take-ownership", TaskStatus::Pass)];
    mirrored.primary.apply(&release(), &changes).await.unwrap();
    assert_eq!(mirrored.bench.cell("B8"), "Not Started");
    mirrored.mirror.begin_pass();
    read(&mirrored.mirror).await;
    mirrored.mirror.end_pass(&release()).await;
    assert_eq!(mirrored.bench.cell("B8"), "Pass");
}

#[tokio::test]
async fn what_the_document_says_nothing_of_stays_as_people_typed_it() {
    let mirrored = mirrored().await;
    mirrored.bench.type_into(RELEASE, "B9", "Pass");
    mirrored.bench.type_into(RELEASE, "B16", "In Progress");
    mirrored
        .apply(&[set("take-ownership", TaskStatus::Pass)])
        .await;
    mirrored
        .apply(&[reset("take-ownership", TaskStatus::NotStarted)])
        .await;
    assert_eq!(mirrored.bench.cell("B8"), "Not Started");
    assert_eq!(mirrored.bench.cell("B9"), "Pass");
    assert_eq!(mirrored.bench.cell("B16"), "In Progress");
}

#[tokio::test]
async fn a_refused_change_is_not_shown() {
    let mirrored = mirrored().await;
    mirrored
        .apply(&[set("take-ownership", TaskStatus::Pass)])
        .await;
    mirrored.bench.requests();
    let changes = [set("take-ownership", TaskStatus::Fail)];
    let refused = mirrored.mirror.apply(&release(), &changes).await;
    assert!(refused.is_err());
    assert!(mirrored.bench.requests().is_empty());
    assert_eq!(mirrored.bench.cell("B8"), "Pass");
}

#[tokio::test]
async fn a_missing_template_is_a_trouble_of_the_copy() {
    let bench = Bench::new().await;
    bench.change(|document| document["tabs"][0]["title"] = "Template".into());
    let mirrored = Mirrored::over(bench).await;
    mirrored.mirror.create(&document()).await.unwrap();
    let troubles = mirrored.mirror.troubles();
    assert_eq!(
        troubles[0].1.message,
        "the sheet of 4.20 has no tab `template`"
    );
    assert!(mirrored.notices()[0].contains("copy the tab `template`"));
}

#[tokio::test]
async fn a_y_stream_without_a_document_is_said_once() {
    let mirrored = Mirrored::over(Bench::new().await).await;
    let newer = "4.21.3".parse().unwrap();
    let now = "2027-03-01T09:00:00Z".parse().unwrap();
    let document = oar_script::release::statebox::StateBox::new(&newer, Default::default(), now);
    mirrored.mirror.create(&document).await.unwrap();
    let changes = [set("take-ownership", TaskStatus::Pass)];
    mirrored.mirror.apply(&newer, &changes).await.unwrap();
    assert_eq!(mirrored.notices().len(), 1);
    assert!(mirrored.bench.requests().is_empty());
}
