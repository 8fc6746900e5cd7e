//! The state of releases as scripts reach it.

use std::sync::{Arc, Mutex};

use oar_script::{
    call::{Control, Operation, Permit, Session},
    error::{Error, Kind, Result},
    release::{
        TaskStatus,
        statebox::{Change, Metadata, StateBox},
    },
    state::{Kept, Snapshot, StateStore, binding, local::LocalStore},
};
use rhai::{Dynamic, Engine};
use tempfile::TempDir;

use super::conformance::release;
use crate::support::services_world::{ServicesWorld, start};

/// A store with one release, and whoever is asked before every call.
struct Scripts {
    store: Arc<dyn StateStore>,
    permit: Arc<Seen>,
    node: Option<String>,
    _folder: TempDir,
}

/// Remembers every call, and refuses changes when told to.
#[derive(Default)]
struct Seen {
    operations: Mutex<Vec<Operation>>,
    is_plan: bool,
}

impl Permit for Seen {
    fn check(&self, operation: &Operation) -> Result<()> {
        self.operations.lock().unwrap().push(operation.clone());
        if self.is_plan && operation.is_changing {
            return Err(Error::new(Kind::Refused, format!("no {}", operation.name)));
        }
        Ok(())
    }
}

impl Scripts {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Arc::new(ServicesWorld::default());
        let store = LocalStore::open(&folder.path().join("state.git"), world).unwrap();
        let metadata = Metadata {
            jira_ticket: Some("ART-30001".to_owned()),
            advisory_ids: [("rpm".to_owned(), 180_101)].into_iter().collect(),
            ..Metadata::default()
        };
        let document = StateBox::new(&release(), metadata, start());
        store.create(&document).await.unwrap();
        Self {
            store: Arc::new(store),
            permit: Arc::default(),
            node: None,
            _folder: folder,
        }
    }

    /// Runs a script on a thread of its own, as the host does.
    async fn run(&self, script: &'static str) -> Result<Dynamic, String> {
        let world = Arc::new(ServicesWorld::default());
        let session = Session::new(world, tokio::runtime::Handle::current());
        session.put(Arc::new(Kept(self.store.clone())));
        session.set_permit("test", self.permit.clone());
        let control = Control {
            node: self.node.clone(),
            ..Control::current()
        };
        let work = move || {
            let mut engine = Engine::new();
            engine.register_static_module("statebox", binding::module().into());
            engine.set_default_tag(Dynamic::from(session));
            control
                .scope(|| engine.eval::<Dynamic>(script))
                .map_err(thrown)
        };
        tokio::task::spawn_blocking(work).await.unwrap()
    }

    /// Runs a script that must not fail.
    async fn done(&self, script: &'static str) {
        self.run(script).await.map(|_| ()).unwrap();
    }

    async fn int(&self, script: &'static str) -> i64 {
        self.run(script).await.unwrap().as_int().unwrap()
    }

    async fn text(&self, script: &'static str) -> String {
        self.run(script).await.unwrap().into_string().unwrap()
    }

    async fn snapshot(&self) -> Snapshot {
        self.store.read(&release()).await.unwrap().unwrap()
    }

    async fn status(&self, task: &str) -> TaskStatus {
        self.snapshot().await.document.status(task)
    }
}

#[expect(clippy::boxed_local, reason = "the engine boxes its errors")]
fn thrown(error: Box<rhai::EvalAltResult>) -> String {
    let error = match *error {
        rhai::EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => *inner,
        other => other,
    };
    match error {
        rhai::EvalAltResult::ErrorRuntime(value, _) => match value.try_cast::<Error>() {
            Some(error) => format!("{}: {}", error.kind, error.message),
            None => "something else was thrown".to_owned(),
        },
        other => other.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_without_state_reads_as_nothing() {
    let scripts = Scripts::new().await;
    assert!(
        scripts
            .run(r#"statebox::read("4.20.2")"#)
            .await
            .unwrap()
            .is_unit()
    );
    let error = scripts
        .run(r#"statebox::issues("4.20.2")"#)
        .await
        .unwrap_err();
    assert_eq!(error, "not_found: 4.20.2 has no state");
    let error = scripts.run(r#"statebox::read("4.20")"#).await.unwrap_err();
    assert!(error.starts_with("invalid: "), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_is_a_map_with_every_workflow_task() {
    let scripts = Scripts::new().await;
    let script = r#"
        statebox::set_task("4.20.1", "stage-testing", "Pass", "build 7, asked by a@example.com");
        let state = statebox::read("4.20.1");
        let told = state.tasks["stage-testing"];
        let rest = state.tasks["take-ownership"];
        `${state.tasks.len()} ${told.status} ${told.completed_at} ${told.result} ${rest.status} ${state.metadata.advisory_ids.rpm} ${state.is_limited} ${type_of(state.link)}`
    "#;
    assert_eq!(
        scripts.text(script).await,
        "9 Pass 2027-03-01T09:00:00Z build 7, asked by [EMAIL_REDACTED] Not Started 180101 false string"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_makes_another_revision_and_nothing_new_keeps_it() {
    let scripts = Scripts::new().await;
    let script = r#"
        let first = statebox::read("4.20.1").revision;
        statebox::set_task("4.20.1", "stage-testing", "In Progress");
        let second = statebox::read("4.20.1").revision;
        statebox::set_task("4.20.1", "stage-testing", "In Progress");
        let third = statebox::read("4.20.1").revision;
        if first != second && second == third { 1 } else { 0 }
    "#;
    assert_eq!(scripts.int(script).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_goes_back_only_by_a_reset() {
    let scripts = Scripts::new().await;
    let script = r#"
        statebox::set_task("4.20.1", "stage-testing", "Pass");
        statebox::set_task("4.20.1", "stage-testing", "Fail", "it broke");
    "#;
    let error = scripts.run(script).await.unwrap_err();
    assert!(
        error.starts_with("refused: the task `stage-testing`"),
        "{error}"
    );
    assert_eq!(scripts.status("stage-testing").await, TaskStatus::Pass);

    let not_so = r#"statebox::set_task("4.20.1", "stage-testing", "Fail", "x", #{ reset: false })"#;
    assert!(scripts.run(not_so).await.is_err());
    let reset = r#"statebox::set_task("4.20.1", "stage-testing", "Not Started", "again", #{ reset: true })"#;
    scripts.done(reset).await;
    assert_eq!(
        scripts.status("stage-testing").await,
        TaskStatus::NotStarted
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_may_not_reset_a_task() {
    let mut scripts = Scripts::new().await;
    scripts
        .done(r#"statebox::set_task("4.20.1", "stage-testing", "Pass")"#)
        .await;
    scripts.node = Some("stage-testing".to_owned());
    let reset = r#"statebox::set_task("4.20.1", "stage-testing", "Fail", "x", #{ reset: true })"#;
    let error = scripts.run(reset).await.unwrap_err();
    assert_eq!(
        error,
        "refused: the node `stage-testing` may not reset `stage-testing`"
    );
    assert_eq!(scripts.status("stage-testing").await, TaskStatus::Pass);
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_mean_nothing_change_nothing() {
    let scripts = Scripts::new().await;
    let before = scripts.snapshot().await.revision;
    for (script, start) in [
        (
            r#"statebox::set_task("4.20.1", "stage-testing", "pass")"#,
            "invalid: `pass`",
        ),
        (
            r#"statebox::set_task("4.20.1", "stage_testing", "Pass")"#,
            "invalid: unsupported task",
        ),
        (
            r#"statebox::set_task("4.20.1", "stage-testing", "Pass", "", #{ rest: true })"#,
            "invalid: there is no option `rest`",
        ),
        (
            r#"statebox::set_task("4.20.1", "stage-testing", "Pass", "", #{ reset: 1 })"#,
            "invalid: `reset` must be true or false",
        ),
        (
            r#"statebox::add_issue("4.20.1", " ")"#,
            "invalid: issue description",
        ),
        (
            r#"statebox::add_issue("4.20.1", "x", #{ related_tasks: "a" })"#,
            "invalid: `related_tasks` must be an array",
        ),
        (
            r#"statebox::issues("4.20.1", #{ task_name: 1 })"#,
            "invalid: `task_name` must be text",
        ),
        (
            r#"statebox::patch_metadata("4.20.1", #{ advisory_ids: 7 })"#,
            "invalid: ",
        ),
        (
            r#"statebox::set_task("4.20.2", "stage-testing", "Pass")"#,
            "not_found: ",
        ),
    ] {
        let error = scripts.run(script).await.unwrap_err();
        assert!(error.starts_with(start), "{script}: {error}");
    }
    assert_eq!(scripts.snapshot().await.revision, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn issues_are_added_listed_and_resolved() {
    let scripts = Scripts::new().await;
    let script = r#"
        let added = statebox::add_issue("4.20.1", "mirror is slow", #{ related_tasks: ["stage-testing"] });
        statebox::add_issue("4.20.1", "a note", #{ blocker: false });
        statebox::add_issue("4.20.1", "the build is wrong");
        let again = statebox::add_issue("4.20.1", " MIRROR is slow ", #{ related_tasks: ["stage-testing"] });
        let blocker = statebox::blocker("4.20.1", "stage-testing");
        let none = statebox::blocker("4.20.1", "take-ownership");
        let blockers = statebox::issues("4.20.1", #{ blockers_only: true }).len();
        statebox::resolve_issue("4.20.1", "mirror", "moved");
        statebox::resolve_issue("4.20.1", "mirror is slow", "moved");
        let open = statebox::issues("4.20.1", #{ unresolved_only: true });
        let done = statebox::issues("4.20.1", #{ task_name: "stage-testing" })[0];
        `${added == again} ${blocker.issue} ${type_of(none)} ${blockers} ${open.len()} ${done.resolution} ${done.resolved_at} ${statebox::issues("4.20.1").len()}`
    "#;
    assert_eq!(
        scripts.text(script).await,
        "true mirror is slow () 2 2 moved 2027-03-01T09:00:00Z 3"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_blocker_of_a_task_is_refused() {
    let scripts = Scripts::new().await;
    let script = r#"
        statebox::add_issue("4.20.1", "one", #{ related_tasks: ["stage-testing"] });
        statebox::add_issue("4.20.1", "two", #{ related_tasks: ["stage-testing"] });
    "#;
    let error = scripts.run(script).await.unwrap_err();
    assert_eq!(
        error,
        "refused: Task 'stage-testing' already has unresolved blocker: one"
    );
    assert_eq!(scripts.snapshot().await.document.issues().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_is_patched_entry_by_entry() {
    let scripts = Scripts::new().await;
    let script = r#"
        statebox::patch_metadata("4.20.1", #{ advisory_ids: #{ rhcos: 180102 }, release_date: "2027-Mar-06" });
        let known = statebox::read("4.20.1").metadata;
        `${known.advisory_ids.rpm} ${known.advisory_ids.rhcos} ${known.release_date} ${known.jira_ticket}`
    "#;
    assert_eq!(
        scripts.text(script).await,
        "180101 180102 2027-Mar-06 ART-30001"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_leaves_the_state_alone() {
    let mut scripts = Scripts::new().await;
    let before = scripts.snapshot().await.revision;
    scripts.permit = Arc::new(Seen {
        is_plan: true,
        ..Seen::default()
    });
    for (script, name) in [
        (
            r#"statebox::set_task("4.20.1", "stage-testing", "Pass")"#,
            "set_task",
        ),
        (r#"statebox::add_issue("4.20.1", "x")"#, "add_issue"),
        (
            r#"statebox::resolve_issue("4.20.1", "x", "y")"#,
            "resolve_issue",
        ),
        (
            r#"statebox::patch_metadata("4.20.1", #{ jira_ticket: "ART-1" })"#,
            "patch_metadata",
        ),
    ] {
        let error = scripts.run(script).await.unwrap_err();
        assert_eq!(error, format!("refused: no statebox.{name}"));
    }
    assert!(
        scripts
            .run(r#"statebox::read("4.20.1")"#)
            .await
            .unwrap()
            .is_map()
    );
    assert_eq!(scripts.snapshot().await.revision, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn permits_see_release_task_and_status() {
    let scripts = Scripts::new().await;
    scripts
        .done(r#"statebox::set_task("4.20.1", "change-advisory-status", "Pass")"#)
        .await;
    let seen = scripts.permit.operations.lock().unwrap().pop().unwrap();
    assert_eq!(seen.name, "statebox.set_task");
    assert!(seen.is_changing);
    assert_eq!(seen.arguments["release"], "4.20.1");
    assert_eq!(seen.arguments["task"], "change-advisory-status");
    assert_eq!(seen.arguments["status"], "Pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_wrote_meanwhile_is_kept() {
    let scripts = Scripts::new().await;
    let other = Change::AddIssue {
        text: "from somebody else".to_owned(),
        is_blocker: false,
        related_tasks: Vec::new(),
    };
    scripts.done(r#"statebox::read("4.20.1")"#).await;
    scripts.store.apply(&release(), &[other]).await.unwrap();
    scripts
        .done(r#"statebox::set_task("4.20.1", "take-ownership", "Pass")"#)
        .await;
    assert_eq!(scripts.snapshot().await.document.issues().len(), 1);
}

#[test]
fn every_function_is_documented() {
    let mut engine = Engine::new_raw();
    engine.register_static_module("statebox", binding::module().into());
    let metadata: serde_json::Value =
        serde_json::from_str(&engine.gen_fn_metadata_to_json(false).unwrap()).unwrap();
    let functions = metadata["modules"]["statebox"]["functions"]
        .as_array()
        .unwrap();
    assert_eq!(functions.len(), 11);
    for function in functions {
        let doc = function["docComments"][0].as_str().unwrap_or_default();
        assert!(doc.starts_with("/// "), "{}", function["name"]);
    }
}
