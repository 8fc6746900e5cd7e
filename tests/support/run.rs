//! Runs the program as a person does, in a folder of its own, and reads what it left behind.
#![expect(
    clippy::disallowed_methods,
    reason = "it looks at the disk as a person would"
)]

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder in which the program runs; nothing of the person who runs the tests reaches it.
pub struct Desk {
    folder: TempDir,
    /// Options that every run gets, such as `--sim=smooth`.
    options: Vec<String>,
}

/// How one run ended.
#[derive(Debug)]
pub struct Run {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Desk {
    /// Makes a desk whose runs all get `options`.
    pub fn new(options: &[&str]) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            options: options.iter().map(|&option| option.to_owned()).collect(),
        }
    }

    /// Where the program runs.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the program with these words.
    pub fn run(&self, words: &[&str]) -> Run {
        let home = self.path().join("home");
        let output = Command::new(env!("CARGO_BIN_EXE_oar-script"))
            .args(words)
            .args(&self.options)
            .arg("--state-dir")
            .arg(self.path().join("state"))
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_STATE_HOME", home.join("state"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("the program writes text");
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Runs the program and reads its answer as JSON.
    pub fn json(&self, words: &[&str]) -> (i32, Value) {
        let run = self.run(&[words, &["--output", "json", "--quiet"]].concat());
        let answer = serde_json::from_str(&run.stdout)
            .unwrap_or_else(|error| panic!("{error} in the answer to {words:?}:\n{run:?}"));
        (run.code, answer)
    }

    /// Runs a command as a report prints it: `TEXT` and `EMAIL` are filled in, and of alternatives
    /// (`accept|reject`) the one in `choices` is taken.
    pub fn type_in(&self, command: &str, choices: &[&str]) -> Run {
        let words = words(command);
        let words: Vec<&str> = words
            .iter()
            .skip(1)
            .map(|word| match word.as_str() {
                "TEXT" => "as the test says",
                "EMAIL" => "lead@example.com",
                word => word
                    .split('|')
                    .find(|part| choices.contains(part))
                    .unwrap_or(word),
            })
            .collect();
        self.run(&words)
    }

    /// The kept documents of the simulated world.
    pub fn world(&self) -> Value {
        let file = self.only_world().join("world.json");
        let text = std::fs::read(&file).expect("the world is kept");
        serde_json::from_slice(&text).expect("the world is JSON")
    }

    /// How often a tool started or changed something outside. Tools that this program runs itself are
    /// counted by what they left behind, wherever they ran.
    pub fn triggers(&self, tool: &str) -> u64 {
        let world = self.world();
        let documents = &world["documents"];
        match tool {
            "oar_take_ownership" => ownerships(documents),
            "oar_push_to_cdn_staging" => pushes(documents),
            "approve_merge_request" => by_server(documents, tool) + approvals(documents),
            "move_advisory" => by_server(documents, tool) + moves(documents),
            _ => documents["oar"]["triggers"][tool].as_u64().unwrap_or(0),
        }
    }

    /// How often anything was started or changed outside.
    pub fn all_triggers(&self) -> u64 {
        let world = self.world();
        let triggers = world["documents"]["oar"]["triggers"].as_object();
        let of_server: u64 = triggers
            .into_iter()
            .flatten()
            .filter(|(tool, _)| !EFFECTS.contains(&tool.as_str()))
            .filter_map(|(_, count)| count.as_u64())
            .sum();
        of_server + EFFECTS.map(|tool| self.triggers(tool)).iter().sum::<u64>()
    }

    /// How many changing calls reached the tools.
    pub fn changing_calls(&self) -> usize {
        let world = self.world();
        let calls = world["documents"]["oar"]["calls"].as_array();
        calls.map_or(0, Vec::len)
    }

    /// The StateBox of a release as YAML, if there is one.
    pub fn statebox(&self, release: &str) -> Option<String> {
        let y_stream: Vec<_> = release.split('.').take(2).collect();
        let path = format!("_releases/{}/statebox/{release}.yaml", y_stream.join("."));
        let world = self.world();
        let text = &world["documents"]["github"]["branches"]["z-stream"][path];
        text.as_str().map(str::to_owned)
    }

    /// The status of a task in the StateBox.
    pub fn status(&self, release: &str, task: &str) -> String {
        let text = self.statebox(release).expect("there is a StateBox");
        let document = oar_script::release::statebox::StateBox::parse_any(&text)
            .expect("the StateBox can be read");
        document.status(task).word().to_owned()
    }

    fn only_world(&self) -> PathBuf {
        let worlds = std::fs::read_dir(self.path().join("state").join("sim"))
            .expect("a world was made")
            .map(|entry| entry.expect("the folder can be read").path())
            .collect::<Vec<_>>();
        assert_eq!(worlds.len(), 1, "one desk, one world: {worlds:?}");
        worlds.into_iter().next().expect("there is one")
    }
}

/// The node of this name in a report.
pub fn node<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["nodes"]
        .as_array()
        .and_then(|nodes| nodes.iter().find(|node| node["name"] == name))
        .unwrap_or_else(|| panic!("no node `{name}` in {report}"))
}

/// The state of every node in a report, by name.
pub fn states(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    report["nodes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|node| (text(&node["name"]), text(&node["state"])))
        .collect()
}

/// The commands that a hint names: each begins with `oar-script` and ends before a comma, a
/// parenthesis or a semicolon outside of quotes.
pub fn commands(hint: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut rest = hint;
    while let Some(start) = rest.find("oar-script ") {
        let mut is_quoted = false;
        let end = rest[start..]
            .char_indices()
            .find(|(_, letter)| {
                is_quoted ^= *letter == '"';
                !is_quoted && matches!(letter, ',' | ';' | '(' | ')')
            })
            .map_or(rest.len(), |(end, _)| start + end);
        commands.push(rest[start..end].trim().to_owned());
        rest = &rest[end..];
    }
    commands
}

fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for letter in command.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            letter => words.last_mut().expect("there is a word").push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The tools that are counted by what they left behind.
const EFFECTS: [&str; 4] = [
    "oar_take_ownership",
    "oar_push_to_cdn_staging",
    "approve_merge_request",
    "move_advisory",
];

/// What the server counted; it leaves no other trace of these.
fn by_server(documents: &Value, tool: &str) -> u64 {
    documents["oar"]["triggers"][tool].as_u64().unwrap_or(0)
}

/// The approvals of merge requests since the world began.
fn approvals(documents: &Value) -> u64 {
    let notes = entries(&documents["gitlab"]["merge_requests"])
        .flat_map(|request| request["notes"].as_array().into_iter().flatten());
    let is_one = |note: &&Value| note["body"] == "approved this merge request";
    notes.filter(is_one).count() as u64
}

/// The steps of advisories to `REL_PREP` since the world began.
fn moves(documents: &Value) -> u64 {
    let comments = entries(&documents["errata"]["advisories"])
        .flat_map(|advisory| advisory["comments"].as_array().into_iter().flatten());
    let is_one = |comment: &&Value| comment["text"] == "Changed state from QE to REL_PREP";
    comments.filter(is_one).count() as u64
}

/// The comments that name an owner; without a merge request, whether an advisory has one.
fn ownerships(documents: &Value) -> u64 {
    let requests = documents["gitlab"]["merge_requests"].as_object();
    let requests: Vec<&Value> = requests
        .into_iter()
        .flatten()
        .map(|(_, entry)| entry)
        .collect();
    if requests.is_empty() {
        let mut advisories = entries(&documents["errata"]["advisories"]);
        return advisories
            .any(|advisory| advisory["qa_owner"].is_string())
            .into();
    }
    let notes = requests
        .iter()
        .flat_map(|request| request["notes"].as_array().into_iter().flatten());
    // The server's stand-in writes the text alone.
    let says = |note: &&Value| {
        let text = note["body"].as_str().or(note.as_str());
        text.is_some_and(|text| text.starts_with("QE Release Lead is @"))
    };
    notes.filter(says).count() as u64
}

/// The staging pushes since the world began.
fn pushes(documents: &Value) -> u64 {
    let starts = documents["sim"]["releases"].as_object();
    let start = starts.into_iter().flatten().next();
    let start = start.and_then(|(_, start)| start.as_str()).unwrap_or("");
    let jobs = entries(&documents["errata"]["advisories"])
        .flat_map(|advisory| advisory["push"].as_array().into_iter().flatten());
    let is_new = |job: &&Value| job["started_at"].as_str().is_some_and(|at| at >= start);
    jobs.filter(is_new).count() as u64
}

fn entries(document: &Value) -> impl Iterator<Item = &Value> {
    let entries = document.as_object().into_iter().flatten();
    entries.map(|(_, entry)| entry)
}
