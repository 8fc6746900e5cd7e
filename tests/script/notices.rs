//! What the shipped module makes of a change, and what an override makes of that.

use oar_script::script::notices;

use super::desk::Desk;

/// What `notice_text` says about a change: these entries, and `()` for all others.
fn told(entries: &str, files: &[(&str, &str)]) -> String {
    let main = format!(
        "import \"notices\";
         let change = #{{ kind: (), key: \"k\", release: \"4.20.1\", lead: (), task: (), reason: \"why\",
             owner: (), next: (), link: (), since: (), typical: (), informs: false }};
         change += #{{ {entries} }};
         let text = notice_text(change);
         if text == () {{ \"nothing\" }} else {{ `${{notice_contact(change)}}: ${{text}}` }}"
    );
    let mut all = vec![("/project/main.rhai", main.as_str())];
    all.extend(files);
    let desk = Desk::new(&all);
    let host = desk.builder().register(notices::register).build();
    let host = host.expect("a host");
    let program = match host.load("main") {
        Ok(program) => program,
        Err(error) => panic!("{}", error.render(false)),
    };
    match host.run(&program, Vec::new()) {
        Ok(value) => value.to_string(),
        Err(error) => panic!("{}", error.render(false)),
    }
}

#[test]
fn what_people_must_act_on_is_told_with_everything_they_need() {
    let entries =
        "kind: \"failed\", task: \"stage-testing\", owner: \"QE\", lead: \"a@example.com\",
        link: \"https://example.com\", next: \"oar-script retry\"";
    assert_eq!(
        told(entries, &[]),
        "qe-release: *stage-testing failed*: why\n\
         Waits for: QE\n\
         Owner of the release: a@example.com\n\
         See: https://example.com\n\
         Next: oar-script retry"
    );
    for (kind, words) in [
        ("blocked", "gate is blocked"),
        ("undecided", "gate needs a decision"),
        ("in_doubt", "gate is in doubt"),
    ] {
        let entries = format!("kind: \"{kind}\", task: \"gate\", informs: true");
        let text = format!("qe-release: *{words}*: why (holds nothing back)");
        assert_eq!(told(&entries, &[]), text);
    }
}

#[test]
fn what_is_usual_or_said_by_the_tools_is_not_told() {
    for entries in [
        "kind: \"passed\", task: \"take-ownership\"",
        "kind: \"waiting\", task: \"build-promotion\", owner: \"ART\"",
        "kind: \"late\", task: \"gate\", owner: \"the calendar\", typical: \"1 hour\"",
        "kind: \"something new\"",
    ] {
        assert_eq!(told(entries, &[]), "nothing", "{entries}");
    }
}

#[test]
fn the_gate_long_waits_new_build_data_and_the_end_are_told() {
    for (entries, text) in [
        (
            "kind: \"passed\", task: \"gate\", next: \"x\"",
            "*the gate is passed*: why",
        ),
        (
            "kind: \"late\", task: \"stage-testing\", owner: \"Jenkins\", typical: \"2 to 4 hours\"",
            "*stage-testing takes long* (usually 2 to 4 hours): why\nWaits for: Jenkins",
        ),
        ("kind: \"drift\"", "*the build data changed*: why"),
        ("kind: \"complete\"", "*the release is complete*: why"),
    ] {
        assert_eq!(told(entries, &[]), format!("qe-release: {text}"));
    }
}

#[test]
fn each_of_the_two_functions_can_be_replaced_alone() {
    let whom = "fn notice_contact(change) { \"art\" }";
    let whom = told("kind: \"drift\"", &[("/project/overrides/a.rhai", whom)]);
    assert_eq!(whom, "art: *the build data changed*: why");
    let what = "fn notice_text(change) { if change.kind == \"drift\" { \"look\" } }";
    let files = [("/project/overrides/a.rhai", what)];
    assert_eq!(told("kind: \"drift\"", &files), "qe-release: look");
    assert_eq!(told("kind: \"failed\"", &files), "nothing");
}
