//! The test reports in the simulated Google Sheets, as their owners and other programs use them.
//!
//! One document a y-stream with the tab `template`, and a tab for each release that is tracked there.
//! Newer y-streams have no document. The documents are those that the stand-in of the service
//! serves; what the template's labels say is made up where nobody wrote them down.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::{
    release::{
        TaskStatus, Version,
        sheet::{Content, Layout, Overall, TEMPLATE, head, links},
        statebox::Metadata,
    },
    services::sheets::emulator::EMAIL,
};

/// The last y-stream that has a document.
const LAST_MINOR: u64 = 20;

const HEAD: [(&str, &str); 11] = [
    ("A1", "Overall status"),
    ("A2", "Advisories"),
    ("A3", "Candidate builds"),
    ("A4", "Release ticket"),
    ("A7", "Task"),
    ("B7", "Status"),
    ("C7", "Bug"),
    ("D7", "QA contact"),
    ("E7", "Bug status"),
    ("F7", "Missed CVE trackers"),
    ("H7", "Others"),
];

const LABELS: [(&str, &str); 12] = [
    ("take-ownership", "Take ownership of advisories"),
    ("update-bug-list", "Bug to be verified"),
    (
        "image-consistency-check",
        "Payload-Images Consistency Testing",
    ),
    ("analyze-candidate-build", "Nightly build test"),
    ("analyze-promoted-build", "Signed build test"),
    ("check-greenwave-cvp-tests", "Greenwave CVP tests"),
    ("check-cve-tracker-bug", "Check CVE tracker bugs"),
    ("push-to-cdn-staging", "Pushing to CDN staging"),
    ("stage-testing", "Stage testing"),
    ("image-signed-check", "Payload image is well signed"),
    ("drop-bugs", "Drop bugs"),
    (
        "change-advisory-status",
        "Approve MR and change advisory status",
    ),
];

/// Returns the id of the document of a y-stream such as `4.20`, the same in every world.
pub fn document_id(y_stream: &str) -> String {
    let digest = Sha256::digest(format!("test report of {y_stream}").as_bytes());
    format!("1{}", URL_SAFE_NO_PAD.encode(digest))
}

/// The y-streams that have a document.
pub fn y_streams() -> impl Iterator<Item = String> {
    (1..=LAST_MINOR).map(|minor| format!("4.{minor}"))
}

/// Whether teams keep a document for the y-stream of a release.
pub fn has_document(release: &Version) -> bool {
    let y_stream = release.y_stream();
    let minor = y_stream
        .split('.')
        .nth(1)
        .and_then(|minor| minor.parse().ok());
    release.major() == 4 && minor.is_some_and(|minor: u64| minor <= LAST_MINOR)
}

/// Adds the document of a release's y-stream with a template for its flow, unless it is there.
pub fn add_document(documents: &mut Value, release: &Version, layout: Layout) {
    let y_stream = release.y_stream();
    let all = &mut documents["sheets"]["spreadsheets"];
    if !all.is_object() {
        *all = json!({});
    }
    let document = &mut all[document_id(&y_stream)];
    if document.is_null() {
        *document = json!({
            "title": format!("{y_stream} test report"),
            "shared_with": [EMAIL],
            "tabs": [{"id": 0, "title": TEMPLATE, "cells": template(layout)}],
        });
    }
}

/// Adds the tab of a release as the Python tool makes it, unless it is there; the document too.
pub fn add_tab(documents: &mut Value, release: &Version, metadata: &Metadata) {
    let layout = Layout::of(metadata);
    add_document(documents, release, layout);
    let title = release.to_string();
    let mut cells = template(layout);
    for (row, content) in head(metadata) {
        cells.insert(format!("B{row}"), filled(&content));
    }
    for (row, content) in links(release, metadata) {
        cells.insert(format!("A{row}"), filled(&content));
    }
    let document = &mut documents["sheets"]["spreadsheets"][document_id(&release.y_stream())];
    let Some(tabs) = document["tabs"].as_array_mut() else {
        return;
    };
    if tabs.iter().any(|tab| tab["title"] == title.as_str()) {
        return;
    }
    let number = tabs.iter().filter_map(|tab| tab["id"].as_i64()).max();
    let number = number.unwrap_or(0) + 1;
    tabs.push(json!({"id": number, "title": title, "cells": cells}));
}

/// Adds the tabs of `addition` that `documents` lack; their documents are there.
pub fn add_missing_tabs(documents: &mut Value, addition: &Value) {
    let added = addition["sheets"]["spreadsheets"].as_object();
    for (id, document) in added.into_iter().flatten() {
        let Some(present) = documents["sheets"]["spreadsheets"][id]["tabs"].as_array_mut() else {
            continue;
        };
        for tab in document["tabs"].as_array().into_iter().flatten() {
            if !present.iter().any(|other| other["title"] == tab["title"]) {
                let mut tab = tab.clone();
                let numbers = present.iter().filter_map(|tab| tab["id"].as_i64());
                tab["id"] = (numbers.max().unwrap_or(0) + 1).into();
                present.push(tab);
            }
        }
    }
}

/// A tab with this title in the document of a y-stream; `None` when either is missing.
pub fn tab<'a>(documents: &'a Value, y_stream: &str, title: &str) -> Option<&'a Value> {
    let tabs = &documents["sheets"]["spreadsheets"][document_id(y_stream)]["tabs"];
    tabs.as_array()?.iter().find(|tab| tab["title"] == title)
}

/// The text that a cell holds; nothing when it is empty.
pub fn text<'a>(tab: &'a Value, cell: &str) -> &'a str {
    tab["cells"][cell]["value"].as_str().unwrap_or_default()
}

/// Types text into a cell of a tab that is there.
pub fn type_into(documents: &mut Value, y_stream: &str, title: &str, cell: &str, text: &str) {
    let tabs = &mut documents["sheets"]["spreadsheets"][document_id(y_stream)]["tabs"];
    let tab = tabs
        .as_array_mut()
        .and_then(|tabs| tabs.iter_mut().find(|tab| tab["title"] == title));
    if let Some(tab) = tab {
        tab["cells"][cell] = json!({"value": text});
    }
}

fn template(layout: Layout) -> Map<String, Value> {
    let mut cells = Map::new();
    let mut put = |cell: String, text: &str| {
        cells.insert(cell, json!({"value": text}));
    };
    for (cell, text) in HEAD {
        put(cell.to_owned(), text);
    }
    put("B1".to_owned(), Overall::Green.word());
    for (task, row) in layout.tasks() {
        let label = LABELS.iter().find(|(name, _)| *name == task);
        put(format!("A{row}"), label.map_or(task, |(_, label)| label));
        put(format!("B{row}"), TaskStatus::NotStarted.word());
    }
    cells
}

/// A cell as the stand-in keeps it.
fn filled(content: &Content) -> Value {
    match content {
        Content::Text(text) => json!({"value": text}),
        Content::Rich(rich) => {
            let runs = rich.runs.iter().map(|run| {
                let format = match &run.link {
                    Some(link) => json!({"link": {"uri": link}}),
                    None => json!({}),
                };
                json!({"startIndex": run.start, "format": format})
            });
            json!({"value": rich.text, "runs": runs.collect::<Vec<_>>()})
        }
        Content::Formula(formula) => json!({"formula": formula}),
    }
}
