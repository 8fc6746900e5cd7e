//! What teams see of a release that is kept where they share it: the document and the commits on
//! the branch, the tab of the sheet.
#![expect(
    clippy::disallowed_methods,
    reason = "somebody else changes the simulated outside between two runs"
)]

use std::{collections::BTreeMap, fs};

use oar_script::{
    release::{statebox::StateBox, task::STATEBOX_TASKS},
    sim::sheet,
};
use serde_json::Value;

use super::program::{Program, RELEASE, release};

/// Where the document of the release of these tests is on the branch.
pub const DOCUMENT: &str = "_releases/4.20/statebox/4.20.1.yaml";

/// Settings that keep the state in `store`, with a copy in the sheet if `is_mirrored`.
pub fn settings(store: &str, is_mirrored: bool) -> String {
    let mirror = if is_mirrored {
        "mirror = \"sheet\"\n"
    } else {
        ""
    };
    format!("[state]\nstore = \"{store}\"\n{mirror}")
}

/// The document on the branch; `None` when there is none.
pub fn document(program: &Program) -> Option<StateBox> {
    let documents = program.documents();
    let text = documents["github"]["branches"]["z-stream"][DOCUMENT].as_str()?;
    Some(StateBox::parse(text, &release()).expect("a document that parses"))
}

/// The status of every task in the document on the branch.
pub fn statuses(program: &Program) -> BTreeMap<String, String> {
    let document = document(program).expect("a document on the branch");
    let word = |task: &&str| document.status(task).word().to_owned();
    let tasks = STATEBOX_TASKS.iter();
    tasks.map(|task| ((*task).to_owned(), word(task))).collect()
}

/// What the commits of the branch say was done, sorted: the subjects, also those that travelled in
/// one commit.
pub fn subjects(program: &Program) -> Vec<String> {
    let documents = program.documents();
    let commits = documents["github"]["commits"]["z-stream"].as_array();
    let messages = commits.into_iter().flatten();
    let mut subjects: Vec<String> = messages
        .filter_map(|commit| commit["message"].as_str())
        .flat_map(str::lines)
        .filter(|line| !line.is_empty() && !line.starts_with("StateBox-Change: "))
        .map(str::to_owned)
        .collect();
    subjects.sort();
    subjects
}

/// What these cells of the release's tab show.
pub fn cells(program: &Program, names: &[&str]) -> Vec<String> {
    let documents = program.documents();
    let tab = sheet::tab(&documents, "4.20", RELEASE).expect("a tab of the release");
    let text = |name: &&str| sheet::text(tab, name).to_owned();
    names.iter().map(text).collect()
}

/// Changes the documents of the simulated outside between two runs.
pub fn change(program: &Program, change: impl FnOnce(&mut Value)) {
    let file = program.path("world/world.json");
    let text = fs::read(&file).expect("a world");
    let mut world: Value = serde_json::from_slice(&text).expect("a world is JSON");
    change(&mut world["documents"]);
    fs::write(file, world.to_string()).expect("a written world");
}
