//! What is found before anything runs.

use super::desk::{Desk, load_report, run};

fn report(text: &str) -> String {
    let world = Desk::new(&[]);
    let mut module = rhai::Module::new();
    module.set_native_fn("take_ownership", |_: &str, _: &str| Ok(()));
    let host = world
        .builder()
        .module("oar", module)
        .register(|engine| {
            engine.register_fn("task", |_: &mut rhai::Map, _: &str| ());
        })
        .build()
        .expect("a host");
    let error = host
        .load_text("main.rhai", text)
        .expect_err("this script is wrong");
    assert!(world.printed().is_empty(), "nothing runs");
    error.render(false)
}

#[test]
fn a_misspelt_function_in_a_phase_is_found_before_the_run() {
    let report = load_report(&[
        (
            "/project/main.rhai",
            "import \"phases/one\";\nprint(\"starting\");\none();",
        ),
        (
            "/project/phases/one.rhai",
            "fn one() {\n    if now() == \"\" {\n        prepare_relase(1);\n    }\n}\nfn prepare_release(x) { x }",
        ),
    ]);
    insta::assert_snapshot!(report, @r#"
    error[unknown_function]: there is no function `prepare_relase`
     --> phases/one.rhai:3:9
      |
    3 |         prepare_relase(1);
      |         ^^^^^^^^^^^^^^ not defined in this script, its imports or the host
      |
      = help: did you mean `prepare_release`?
    "#);
}

#[test]
fn a_misspelt_binding_is_found_with_its_namespace() {
    let text = report("print(1);\nlet f = |x| oar::take_ownershp(x, \"\");\nf.call(\"4.20.1\")");
    insta::assert_snapshot!(text, @r#"
    error[unknown_function]: there is no function `oar::take_ownershp`
     --> main.rhai:2:13
      |
    2 | let f = |x| oar::take_ownershp(x, "");
      |             ^^^^^^^^^^^^^^^^^^ not defined in this script, its imports or the host
      |
      = help: did you mean `oar::take_ownership`?
    "#);
}

#[test]
fn a_forgotten_namespace_is_suggested() {
    let text = report("take_ownership(\"4.20.1\", \"\")");
    assert!(
        text.contains("did you mean `oar::take_ownership`?"),
        "{text}"
    );
}

#[test]
fn an_unknown_namespace_is_found() {
    let text = report("ora::take_ownership(\"4.20.1\", \"\")");
    assert!(text.contains("there is no namespace `ora`"), "{text}");
    assert!(text.contains("did you mean `oar`?"), "{text}");
}

#[test]
fn a_wrong_number_of_arguments_is_found() {
    let text = report("print(1);\noar::take_ownership(\"4.20.1\");");
    insta::assert_snapshot!(text, @r#"
    error[wrong_arguments]: `oar::take_ownership` takes 2 arguments, not 1
     --> main.rhai:2:1
      |
    2 | oar::take_ownership("4.20.1");
      | ^^^^^^^^^^^^^^^^^^^
      |
      = help: oar::take_ownership(_, _)
    "#);
}

#[test]
fn a_wrong_number_of_arguments_of_a_method_counts_what_is_written() {
    let text = report("let flow = #{};\nflow.task(\"a\", \"b\");");
    assert!(text.contains("`task` takes 1 argument, not 2"), "{text}");
    let text = report("let flow = #{};\nflow.taks(\"a\");");
    assert!(text.contains("did you mean `take` or `task`?"), "{text}");
}

#[test]
fn every_finding_is_reported_in_the_order_of_the_file() {
    let host = super::desk::host(&[]);
    let error = host
        .load_text("main.rhai", "one();\ntwo();\nfn f() { three(); }")
        .expect_err("nothing of it exists");
    let titles: Vec<_> = error
        .diagnostics
        .iter()
        .map(|finding| finding.title.as_str())
        .collect();
    assert_eq!(
        titles,
        [
            "there is no function `one`",
            "there is no function `two`",
            "there is no function `three`"
        ]
    );
}

#[test]
fn an_undefined_variable_is_found() {
    let error = run("let count = 1;\nfn f() { count }\nf()").expect_err("functions are pure");
    assert_eq!(
        error.to_string(),
        "main.rhai:2:10: there is no variable `count` here"
    );
}

#[test]
fn functions_in_fields_and_on_values_are_no_findings() {
    let text = "let m = #{ go: |x| x };\n let v = #{};\n v.later = || 1;\n \
        fn int.double() { this * 2 }\n fn greet() { `hi ${this}` }\n \
        [m.go(1), v.later(), 4.double(), \"x\".greet(), \"a b\".split().len(), m.keys().len(), type_of(1)]";
    let value = run(text).unwrap_or_else(|error| panic!("{}", error.render(false)));
    assert_eq!(value.to_string(), r#"[1, 1, 8, "hi x", 2, 1, "i64"]"#);
}
