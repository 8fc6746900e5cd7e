//! The stand-in of the directory against the Python library people use.

use oar_script::services::ldap::emulator::stand_in;
use serde_json::json;

use crate::support::{
    python::python,
    services_world::{serve, state},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_library_works_on_it() {
    let Some(mut python) = python(&["ldap3"]) else {
        return;
    };
    let people = json!({
        "qa1": {"mail": "qa1@example.com", "manager": "boss1", "groups": ["team"], "name": "Qa One"},
        "qa2": {"mail": "o(d)d*\\@example.com", "groups": ["team"]},
        "boss1": {"mail": "boss1@example.com"},
    });
    let base = serve(stand_in(state("ldap", json!({"people": people})))).await;
    let port = base.port().unwrap().to_string();
    let run = tokio::task::spawn_blocking(move || {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/ldap.py");
        python.args([script, &port]).output().unwrap()
    });
    let output = run.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    assert!(said.ends_with("done\n"), "{said}");
}
