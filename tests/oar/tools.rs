use oar_script::{
    error::Kind,
    oar::tools::{Form, TOOLS, tool},
};
use serde_json::{Value, json};

fn arguments(name: &str, given: Value) -> Result<Value, (Kind, String)> {
    tool(name)
        .unwrap()
        .arguments(&given)
        .map(Value::Object)
        .map_err(|error| (error.kind, error.message))
}

#[test]
fn every_tool_has_its_own_name_and_a_doc() {
    for tool in TOOLS {
        assert_eq!(
            TOOLS
                .iter()
                .filter(|other| other.script_name() == tool.script_name())
                .count(),
            1
        );
        assert!(
            tool.doc.lines().next().unwrap().ends_with('.'),
            "{}",
            tool.name
        );
    }
    assert_eq!(
        TOOLS
            .iter()
            .filter(|tool| tool.is_on_server && tool.form == Form::Text)
            .count(),
        16
    );
}

#[test]
fn only_the_final_approval_has_the_approval_guard() {
    let guarded: Vec<_> = TOOLS
        .iter()
        .filter(|tool| tool.is_approval)
        .map(|tool| tool.name)
        .collect();
    assert_eq!(
        guarded,
        ["oar_change_advisory_status", "oar_add_qe_approval"]
    );
}

#[test]
fn null_is_left_out_and_numbers_become_text() {
    let checked = arguments(
        "stage_testing",
        json!({"release": "4.20.1", "build_number": 1501}),
    );
    assert_eq!(
        checked,
        Ok(json!({"release": "4.20.1", "build_number": "1501"}))
    );
    let checked = arguments(
        "oar_image_consistency_check",
        json!({"release": "4.20.1", "job_id": null}),
    );
    assert_eq!(checked, Ok(json!({"release": "4.20.1"})));
}

#[test]
fn wrong_arguments_are_refused_by_name() {
    let check = |name: &str, given: Value, part: &str| {
        let (kind, message) = arguments(name, given).unwrap_err();
        assert_eq!(kind, Kind::Invalid);
        assert!(message.contains(part), "{message}");
    };
    check(
        "take_ownership",
        json!({"release": "4.20.1"}),
        "`email` is missing",
    );
    check(
        "take_ownership",
        json!({"release": "4.20.1", "email": " "}),
        "`email` is empty",
    );
    check(
        "image_signed_check",
        json!({"release": "4.20.1", "x": 1}),
        "no parameter `x`",
    );
    check(
        "image_signed_check",
        json!({"release": ["4.20.1"]}),
        "`release` must be text",
    );
    check(
        "add_issue",
        json!({"release": "4.20.1", "issue": "x", "blocker": "yes"}),
        "`blocker` must be true or false",
    );
    check("image_signed_check", json!("4.20.1"), "must be a map");
    check(
        "jobctl_start_controller",
        json!({"release": "4.20", "trigger_prow_job": false}),
        "cannot be switched off",
    );
}

#[test]
fn an_unknown_tool_is_not_found() {
    assert_eq!(tool("oar_make_coffee").unwrap_err().kind, Kind::NotFound);
}

#[test]
fn a_look_at_a_known_job_triggers_nothing() {
    let triggers = |name: &str, given: Value| {
        let tool = tool(name).unwrap();
        tool.triggers_with(&tool.arguments(&given).unwrap())
    };
    assert!(triggers(
        "image_consistency_check",
        json!({"release": "4.20.1"})
    ));
    assert!(!triggers(
        "image_consistency_check",
        json!({"release": "4.20.1", "job_id": "a"})
    ));
    assert!(triggers(
        "stage_testing",
        json!({"release": "4.20.1", "build_number": ""})
    ));
    assert!(!triggers(
        "stage_testing",
        json!({"release": "4.20.1", "build_number": 7})
    ));
}
