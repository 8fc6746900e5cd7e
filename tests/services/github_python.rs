//! The stand-in of GitHub and PyGithub, with which the Python tool keeps its state.

use oar_script::services::github::emulator;
use serde_json::json;

use crate::support::{
    python::python,
    services_world::{serve, state},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pygithub_reads_and_writes_state() {
    let Some(mut python) = python(&["github"]) else {
        return;
    };
    let tracking = json!({"_releases/4.20/4.20.z.yaml": "releases: {}\n"});
    let state = state(
        "github",
        json!({
            "branches": {"main": {}, "z-stream": tracking},
            "tokens": {"reader-token": {"login": "reader", "permission": "read"}},
        }),
    );
    let base = serve(emulator::router(state)).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/pygithub.py");
    let address = base.as_str().trim_end_matches('/').to_owned();
    let output = tokio::task::spawn_blocking(move || python.arg(script).arg(address).output());
    let output = output.await.unwrap().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "done",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
