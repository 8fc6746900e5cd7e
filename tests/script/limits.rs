//! What scripts may not do, and how much of what they may.

use super::desk::{Desk, report, value};

#[test]
fn functions_may_call_each_other_256_levels_deep() {
    let text = |depth: usize| {
        format!("fn down(n) {{ if n == 0 {{ 0 }} else {{ 1 + down(n - 1) }} }} down({depth})")
    };
    assert_eq!(value(&text(250)), "250");
    let report = report(&text(300));
    assert!(
        report.contains("functions call each other too deeply"),
        "{report}"
    );
}

#[test]
fn deep_calls_fit_into_branches_as_well() {
    let text = "fn down(n) { if n == 0 { 0 } else { let x = [#{ a: 1 + down(n - 1) }]; x[0].a } }\n\
        parallel([|| down(200), || down(200)]).len()";
    assert_eq!(value(text), "2");
}

#[test]
fn brackets_may_be_nested_100_levels_deep() {
    let text = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(value(&text(100)), "1");
    let report = report(&text(400));
    assert!(report.contains("nested too deeply"), "{report}");
}

#[test]
fn a_hostile_depth_ends_in_a_report() {
    for (open, close) in [
        ("[", "]"),
        ("#{a:", "}"),
        ("{", "}"),
        ("if true {", "}"),
        ("(|| ", ")"),
    ] {
        let text = format!("{}1{}", open.repeat(5000), close.repeat(5000));
        assert!(report(&text).contains("error[syntax]"), "{open}");
    }
}

#[test]
fn values_have_a_largest_size() {
    let grow = "let t = \"0123456789abcdef\"; loop { t += t; }";
    assert!(report(grow).contains("a value is larger than a script may make"));
    let grow = "let a = [1, 2, 3, 4]; loop { a += a; }";
    assert!(report(grow).contains("a value is larger than a script may make"));
}

#[test]
fn eval_is_off() {
    let report = report("eval(\"1 + 1\")");
    assert!(report.contains("`eval` is off"), "{report}");
}

#[test]
fn files_and_processes_are_out_of_reach() {
    for call in [
        "open_file(\"x\")",
        "read(\"x\")",
        "exec(\"ls\")",
        "http_get(\"x\")",
        "env(\"HOME\")",
    ] {
        let report = report(call);
        assert!(report.contains("error[unknown_function]"), "{report}");
    }
}

#[test]
fn reserved_words_are_names() {
    let text = "let repo = #{ public: 1, default: 2, sync: 3, match: 4, new: 5, package: 6 };\n\
        let default = 10; let match = |new| new + 1;\n\
        repo.public + repo.default + repo.sync + repo.match + repo.new + repo.package + default + match.call(1)";
    assert_eq!(value(text), "33");
}

#[test]
fn print_and_debug_are_said_in_the_world() {
    let world = Desk::new(&[]);
    let host = world.builder().build().expect("a host");
    let program = host
        .load_text("main.rhai", "print(`a ${1}`); debug([2]);")
        .expect("it loads");
    let _ = host.run(&program, Vec::new()).expect("it runs");
    assert_eq!(world.printed(), ["a 1", "[2]"]);
}

#[test]
fn durations_are_whole_seconds() {
    assert_eq!(
        value("[seconds(5), minutes(2), hours(1.5), days(1)]"),
        "[5, 120, 5400, 86400]"
    );
    assert_eq!(value("now()"), "2027-03-01T09:00:00Z");
    assert_eq!(value("sleep(hours(2)); now()"), "2027-03-01T11:00:00Z");
    assert!(report("sleep(-1)").contains("a duration cannot be negative"));
    assert!(report("minutes(9223372036854775807)").contains("too long"));
    assert!(report("minutes(\"5\")").contains("a duration is a number of seconds, not string"));
}
