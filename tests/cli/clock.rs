//! A clock that is wrong shows in the report of a pass.

use serde_json::Value;

use crate::support::program::Program;

fn notes(program: &Program) -> String {
    let ran = program.drive(&["--output", "json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(report["notes"].is_array(), "{ran:?}");
    report["notes"].to_string()
}

#[test]
fn a_service_that_lives_in_another_time_is_named() {
    let fault = r#"world.fault("github", "*", "clock:1200", 1000, 0);"#;
    let told = notes(&Program::quick_but(fault));
    assert!(
        told.contains("this machine's clock is 20 minutes behind that of github"),
        "{told}"
    );
}

#[test]
fn services_of_a_simulated_world_share_its_clock() {
    let told = notes(&Program::quick());
    assert!(!told.contains("clock"), "{told}");
}
