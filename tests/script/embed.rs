//! The example that embeds the host.

#[path = "../../examples/embed.rs"]
#[expect(dead_code, reason = "an example has a `main`")]
mod example;

use super::desk::Desk;
use oar_script::Host;

#[test]
fn the_example_runs() {
    let answer = example::answer().expect("it runs");
    assert_eq!(answer, r#"["4.19: 4 builds", "4.20: 4 builds"]"#);
}

#[test]
fn a_host_needs_a_world() {
    let error = Host::builder().build().expect_err("there is no world");
    assert_eq!(error.message, "a host needs a world");
}

#[test]
fn the_functions_of_a_host_have_names_types_and_text() {
    let host = Desk::new(&[]).builder().build().expect("a host");
    let functions = host.functions();
    let find = |name: &str| {
        functions
            .iter()
            .find(|function| function.name == name)
            .unwrap_or_else(|| panic!("there is no `{name}`"))
    };
    assert_eq!(
        find("parallel_map").signature(),
        "parallel_map(items: array, function: function)"
    );
    assert!(find("timeout").doc.contains("throws `timeout`"));
    assert!(
        functions
            .iter()
            .all(|function| !function.doc.is_empty() || function.name.starts_with("to_"))
    );
}
