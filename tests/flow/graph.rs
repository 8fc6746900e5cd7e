//! The graph that a script declares, and what is wrong with it.

use oar_script::{
    error::{Error, Place},
    flow::{Graph, NodeKind},
};

fn place(line: usize) -> Option<Place> {
    Some(Place {
        file: "phases/a.rhai".to_owned(),
        line,
        column: 5,
    })
}

/// A graph of tasks, each with what comes before it; node and `after` stand on line 10, 20, ….
fn graph(nodes: &[(&str, &[&str])]) -> Graph {
    let mut graph = Graph::default();
    for (number, (name, after)) in nodes.iter().enumerate() {
        let line = (number + 1) * 10;
        graph
            .add(name, NodeKind::Task, place(line))
            .expect("a name");
        let node = graph.get_mut(name).expect("it was just added");
        node.after = after
            .iter()
            .map(|before| ((*before).to_owned(), place(line + 1)))
            .collect();
    }
    graph
}

fn wrong(nodes: &[(&str, &[&str])]) -> Error {
    graph(nodes).check(|_| true).expect_err("a wrong graph")
}

fn is(error: &Error, line: usize, message: &str, hint: &str) {
    assert!(error.message.contains(message), "{error}");
    assert_eq!(
        error.place.as_ref().map(|place| place.line),
        Some(line),
        "{error}"
    );
    assert!(
        error.hint.as_deref().unwrap_or_default().contains(hint),
        "{:?}",
        error.hint
    );
}

#[test]
fn a_graph_in_order_is_accepted_whatever_the_order_of_its_declaration() {
    graph(&[("b", &["a"]), ("a", &[]), ("c", &["a", "b"])])
        .check(|_| true)
        .unwrap();
}

#[test]
fn an_unknown_node_is_named_with_its_place_and_the_nearest_name() {
    let error = wrong(&[("take-ownership", &[]), ("b", &["take-ownershp"])]);
    is(
        &error,
        21,
        "`b` comes after a node that does not exist: `take-ownershp`",
        "did you mean `take-ownership`?",
    );
}

#[test]
fn a_cycle_is_named_in_the_order_of_its_steps() {
    let error = wrong(&[("a", &["c"]), ("b", &["a"]), ("c", &["b"])]);
    is(
        &error,
        21,
        "these nodes wait for each other: a → b → c → a",
        "take one of the `after` away",
    );
    is(&wrong(&[("a", &["a"])]), 11, "a → a", "");
}

#[test]
fn a_node_without_a_function_is_named_with_its_place() {
    let error = graph(&[("a", &[]), ("b-c", &[])])
        .check(|name| name == "a")
        .unwrap_err();
    is(
        &error,
        20,
        "the node `b-c` has no function `b_c(release)`",
        "or remove the node",
    );
}

#[test]
fn a_name_that_is_taken_or_none_is_refused() {
    let mut graph = graph(&[("a", &[])]);
    let twice = graph.add("a", NodeKind::Check, place(30)).unwrap_err();
    is(
        &twice,
        30,
        "the node `a` is declared twice",
        "phases/a.rhai:10:5",
    );
    for name in ["", "A", "a b", "1", "a_b", "ä"] {
        let error = graph.add(name, NodeKind::Task, place(30)).unwrap_err();
        is(&error, 30, "is not a name for a node", "take-ownership");
    }
}

#[test]
fn an_empty_flow_is_refused() {
    let error = graph(&[]).check(|_| true).unwrap_err();
    assert_eq!(error.message, "the flow has no nodes");
}

#[test]
fn what_came_after_a_removed_node_comes_after_what_it_came_after() {
    let mut graph = graph(&[("a", &[]), ("b", &["a"]), ("c", &["b"])]);
    graph.remove("b", place(40)).unwrap();
    assert_eq!(graph.get("c").unwrap().after[0].0, "a");
    graph.check(|_| true).unwrap();
    is(
        &graph.remove("bb", place(40)).unwrap_err(),
        40,
        "cannot remove the node `bb`",
        "",
    );
}
