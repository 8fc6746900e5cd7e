//! The stand-in of Google Sheets against gspread, which the Python tool uses.
#![expect(
    clippy::disallowed_methods,
    reason = "the other program reads its key file from the disk"
)]

use oar_script::services::sheets::emulator;
use serde_json::json;

use crate::support::{
    python::python,
    services_world::{serve, state},
};

const DOCUMENT: &str = "1A2b3C4d5E6f7G8h9I0jKlMnOpQrStUvWxYz01234567";

#[tokio::test(flavor = "multi_thread")]
async fn gspread_finds_what_it_finds_at_google() {
    let Some(mut python) = python(&["gspread"]) else {
        return;
    };
    let documents = json!({"spreadsheets": {
        DOCUMENT: {"title": "4.20 test report", "shared_with": [emulator::EMAIL], "tabs": [
            {"id": 0, "title": "template", "cells": {
                "A9": {"value": "Bug to be verified"},
                "B8": {"value": "Not Started"},
            }},
        ]},
        "private": {"title": "private", "shared_with": [], "tabs": []},
    }});
    let base = serve(emulator::router(state("sheets", documents))).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.json");
    std::fs::write(&file, emulator::key_file(&format!("{base}token"))).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/sheets.py");
    python.args([script, base.as_str(), DOCUMENT]).arg(&file);
    let output = tokio::task::spawn_blocking(move || python.output().unwrap())
        .await
        .unwrap();
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{trouble}");
}
