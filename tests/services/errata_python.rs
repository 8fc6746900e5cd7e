//! The stand-in of the Errata Tool against the Python library people use.

use oar_script::services::errata::emulator;
use serde_json::json;

use crate::support::{
    python::python,
    services_world::{serve, state},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_library_works_on_it() {
    let Some(mut python) = python(&["requests", "jsonpath_rw", "six"]) else {
        return;
    };
    let tests: Vec<_> = (1..=25)
        .map(|id| json!({"id": id, "status": "PASSED", "nvr": format!("image-{id}")}))
        .collect();
    let state = state(
        "errata",
        json!({
            "users": ["lead@example.com"],
            "advisories": {
                "180101": {"type": "RHSA", "state": "QE", "qa_owner": "first@example.com",
                    "jira_issues": ["OCPBUGS-1", "OCPBUGS-2"], "external_tests": tests, "push": [],
                    "builds": {"RHEL-9-OSE-4.20": ["cri-o-1.33-1.el9"]},
                    "content_alerts": {"blocking": true, "alerts": []},
                    "refreshed_alerts": {"blocking": false, "alerts": []}},
                "180102": {"type": "RHSA", "state": "QE", "jira_issues": ["OCPBUGS-3"], "push": [],
                    "blocking_advisories": [180_101], "refresh_error": "no answer",
                    "blocks": ["CAT tests are not verified"]},
            },
        }),
    );
    let base = serve(emulator::router(state)).await;
    let address = base.as_str().trim_end_matches('/').to_owned();
    let run = tokio::task::spawn_blocking(move || {
        python
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/clients/errata.py"
            ))
            .args([address.as_str(), "180101", "180102"])
            .output()
            .unwrap()
    });
    let output = run.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.code() == Some(77) {
        let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("skipped: {said}"));
        return;
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    assert!(said.ends_with("done\n"), "{said}");
}
