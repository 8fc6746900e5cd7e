//! The program as people run it: in a folder of its own, in a simulated world, with no terminal.
#![expect(
    clippy::disallowed_methods,
    reason = "the folder of the program is looked at from outside"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::Arc,
};

use oar_script::{
    flow::{Journal, journal::Entry},
    release::{Version, statebox::StateBox},
    world::{Unattended, system::SystemWorld},
};
use serde_json::Value;
use tempfile::TempDir;

/// The release of these tests.
pub const RELEASE: &str = "4.20.1";

/// A scenario in which nothing takes longer than a few minutes: few passes, so many runs are cheap.
pub const QUICK: &str = r#"//! All goes well and quickly.

fn scenario(world) {
    world.promotion(minutes(5));
    world.stage_release(minutes(1), "success");
    world.promoted_tests(#{ created: minutes(6), aggregated: minutes(8) });
    world.push(["COMPLETE"], 5);
    world.consistency_check(["success"], 5);
    world.stage_pipeline(["SUCCESS"], 5);
    world.metadata_url(minutes(1));
    world.release_date(1);
}
"#;

/// One folder with one simulated world; the program's working directory.
pub struct Program {
    folder: TempDir,
    scenario: String,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    /// A folder whose world is of a shipped scenario.
    pub fn new(scenario: &str) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            scenario: scenario.to_owned(),
        }
    }

    /// A folder whose world is [`QUICK`].
    pub fn quick() -> Self {
        Self::with_scenario(QUICK)
    }

    /// A folder whose world is [`QUICK`] with more said about it.
    pub fn quick_but(more: &str) -> Self {
        let text = QUICK.trim_end().trim_end_matches('}');
        Self::with_scenario(&format!("{text}    {more}\n}}\n"))
    }

    /// A folder whose world is of this scenario.
    pub fn with_scenario(text: &str) -> Self {
        let program = Self::new("./world.rhai");
        program.put("world.rhai", text);
        program
    }

    /// Writes a file below the working directory.
    pub fn put(&self, path: &str, text: &str) {
        let file = self.path(path);
        fs::create_dir_all(file.parent().expect("it lies in the folder")).expect("a folder");
        fs::write(file, text).expect("a written file");
    }

    /// The absolute path of a file below the working directory.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Runs the program with these words in the simulated world.
    pub fn run(&self, words: &[&str]) -> Ran {
        let mut words = words.to_vec();
        let scenario = format!("--sim={}", self.scenario);
        words.extend([&scenario, "--sim-dir", "world"]);
        self.bare(&words)
    }

    /// Runs the drive script on the release of these tests, with these words behind.
    pub fn drive(&self, words: &[&str]) -> Ran {
        let mut all = vec!["drive.rhai", RELEASE];
        all.extend(words);
        self.run(&all)
    }

    /// Runs the program with these words and nothing else, and nothing of this machine's settings.
    pub fn bare(&self, words: &[&str]) -> Ran {
        let output = self.command(words).output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("the program writes text");
        Ran {
            status: output.status,
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The program, not yet started.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oar-script"));
        command
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.path("home"))
            .stdin(Stdio::null());
        command
    }

    /// The documents of the simulated outside, without the count of what was only asked.
    pub fn documents(&self) -> Value {
        let text = fs::read(self.path("world/world.json")).expect("a world");
        let mut world: Value = serde_json::from_slice(&text).expect("a world is JSON");
        let mut documents = world["documents"].take();
        if let Some(oar) = documents["oar"].as_object_mut() {
            oar.remove("requests");
        }
        documents
    }

    /// The file of the journal.
    pub fn journal_file(&self) -> PathBuf {
        self.path(&format!("world/journal/{RELEASE}.jsonl"))
    }

    /// The text of the journal; empty when there is none.
    pub fn journal_text(&self) -> String {
        fs::read_to_string(self.journal_file()).unwrap_or_default()
    }

    /// The lines of the journal, after their hashes were checked.
    pub fn journal(&self) -> Vec<Entry> {
        let world = Arc::new(SystemWorld::new(Arc::new(Unattended), Default::default()));
        Journal::open(world, &self.path("world/journal"), &release())
            .expect("the journal verifies")
            .entries()
    }

    /// Whether anybody has made the state document.
    pub fn has_state(&self) -> bool {
        let path = format!("_releases/4.20/statebox/{RELEASE}.yaml");
        self.documents()["github"]["branches"]["z-stream"][path].is_string()
    }

    /// The text of the state document, wherever this world keeps it.
    pub fn state_text(&self) -> String {
        let path = format!("_releases/4.20/statebox/{RELEASE}.yaml");
        if let Ok(repository) = git2::Repository::open_bare(self.path("world/state.git")) {
            let object = repository
                .revparse_single(&format!("z-stream:{path}"))
                .expect("a state document");
            let blob = object.peel_to_blob().expect("a file");
            return String::from_utf8(blob.content().to_vec()).expect("a document is text");
        }
        let text = self.documents()["github"]["branches"]["z-stream"][path].clone();
        text.as_str().expect("a state document").to_owned()
    }

    /// The state document.
    pub fn state(&self) -> StateBox {
        StateBox::parse(&self.state_text(), &release()).expect("a document that parses")
    }

    /// The status of every task in the state document.
    pub fn statuses(&self) -> BTreeMap<String, String> {
        let state = self.state();
        oar_script::release::task::STATEBOX_TASKS
            .iter()
            .map(|task| ((*task).to_owned(), state.status(task).word().to_owned()))
            .collect()
    }

    /// Every changing thing that was started outside, with how often.
    pub fn triggers(&self) -> BTreeMap<String, usize> {
        triggers(&self.documents())
    }

    /// What the flow told people in Slack, sorted: the first line of every text, in however many
    /// messages, without what the tools said themselves.
    pub fn notices(&self) -> Vec<String> {
        let documents = self.documents();
        let messages = documents["slack"]["messages"].as_array();
        let texts = messages
            .into_iter()
            .flatten()
            .filter_map(|message| message["text"].as_str())
            .filter(|text| text.starts_with(&format!("[{RELEASE}] Hello")));
        let mut lines: Vec<String> = texts
            .flat_map(str::lines)
            .filter(|line| line.starts_with('*'))
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    }

    /// How often a tool was called on the OAR server.
    pub fn calls(&self, tool: &str) -> usize {
        let documents = self.documents();
        let calls = documents["oar"]["calls"].as_array().expect("calls");
        calls.iter().filter(|call| call["tool"] == tool).count()
    }

    /// How many approvals the shipment merge requests have.
    pub fn approvals(&self) -> usize {
        let documents = self.documents();
        let requests = documents["gitlab"]["merge_requests"].as_object();
        let approvers = requests
            .into_iter()
            .flatten()
            .filter_map(|(_, request)| request["approved_by"].as_array());
        approvers.map(Vec::len).sum()
    }

    /// All files below the working directory with their bytes.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(self.folder.path(), &mut files);
        files
    }
}

impl Ran {
    /// The exit code; `None` when a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Whether SIGKILL ended it.
    pub fn was_killed(&self) -> bool {
        use std::os::unix::process::ExitStatusExt;

        self.status.signal() == Some(9)
    }

    /// The JSON document on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in the output:\n{}", self.stdout))
    }

    /// Holds the exit code.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(
            self.code(),
            Some(code),
            "{:?}\nstdout:\n{}\nstderr:\n{}",
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Holds that standard error says all of this.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(
                self.stderr.contains(text),
                "`{text}` is not in standard error:\n{}",
                self.stderr
            );
        }
        self
    }
}

/// The release of these tests.
pub fn release() -> Version {
    RELEASE.parse().expect("a version")
}

/// Every changing thing that was started outside, with how often. Tools that may be called again
/// to look (create the report, push, poll a job) count by what they left behind.
pub fn triggers(documents: &Value) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let size = |value: &Value| match value {
        Value::Object(entries) => entries.len(),
        Value::Array(items) => items.len(),
        _ => 0,
    };
    for call in documents["oar"]["calls"].as_array().expect("calls") {
        let arguments = &call["arguments"];
        let looks = !arguments["job_id"].is_null() || !arguments["build_number"].is_null();
        let tool = call["tool"].as_str().expect("a name");
        let is_repeatable = ["oar_create_test_report", "oar_push_to_cdn_staging"].contains(&tool);
        if !looks && !is_repeatable {
            *counts.entry(tool.to_owned()).or_default() += 1;
        }
    }
    counts.insert("prow jobs".to_owned(), size(&documents["prow"]["jobs"]));
    counts.insert(
        "jenkins builds".to_owned(),
        size(&documents["jenkins"]["builds"]),
    );
    for (id, advisory) in documents["errata"]["advisories"]
        .as_object()
        .expect("advisories")
    {
        counts.insert(format!("pushes of {id}"), size(&advisory["push"]));
        let is_owned = advisory["qa_owner"].is_string();
        counts.insert(format!("owner of {id}"), is_owned.into());
    }
    let entries = |value: &Value| value.as_object().cloned().unwrap_or_default();
    for (number, request) in entries(&documents["gitlab"]["merge_requests"]) {
        counts.insert(format!("notes of {number}"), size(&request["notes"]));
    }
    for (key, issue) in entries(&documents["jira"]["issues"]) {
        counts.insert(format!("changes of {key}"), size(&issue["history"]));
    }
    counts
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            let bytes = fs::read(&path).expect("a file");
            files.insert(path, bytes);
        }
    }
}
