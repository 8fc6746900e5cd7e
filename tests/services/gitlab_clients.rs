//! The stand-in of GitLab against the library that other programs use.

use oar_script::{
    services::gitlab::emulator,
    sim::seed::{START, Seed},
};
use serde_json::Value;

use crate::support::{
    python::python,
    services_world::{serve, state},
};

#[tokio::test(flavor = "multi_thread")]
async fn programs_with_python_gitlab_work_on_a_fresh_world() {
    let Some(mut python) = python(&["gitlab"]) else {
        return;
    };
    let seed = Seed {
        scenario: "smooth".to_owned(),
        seed: 0,
        version: "4.20.1".parse().unwrap(),
        start: START,
    };
    let mut documents = seed.documents(&seed.identity(&Value::Null));
    let gitlab = documents["gitlab"].take();
    let base = serve(emulator::router(state("gitlab", gitlab))).await;
    let ran = tokio::task::spawn_blocking(move || {
        python
            .arg("tests/clients/gitlab.py")
            .arg(base.as_str())
            .output()
    });
    let output = ran.await.unwrap().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}
