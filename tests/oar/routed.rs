//! Which tool runs where.

use std::{collections::BTreeMap, sync::Arc};

use oar_script::{
    config,
    error::{Error, Kind, Result},
    oar::{
        backend::{Backend, Oar, Ran},
        native::Native,
        routed::{Place, Routed},
        tools::{TOOLS, Tool},
    },
    world::BoxFuture,
};
use serde_json::{Map, Value, json};

/// Answers with its own name.
struct Named(&'static str);

impl Backend for Named {
    fn run<'a>(
        &'a self,
        _tool: &'static Tool,
        _arguments: Map<String, Value>,
    ) -> BoxFuture<'a, Result<Ran>> {
        Box::pin(async { Ok(json!({ "ran": self.0 }).to_string().into()) })
    }
}

fn routed(otherwise: config::Backend, tools: &[(&str, config::Backend)]) -> Result<Routed, Error> {
    let tools: BTreeMap<_, _> = tools
        .iter()
        .map(|(name, backend)| ((*name).to_owned(), *backend))
        .collect();
    Routed::new(
        otherwise,
        &tools,
        Arc::new(Named("native")),
        Arc::new(Named("mcp")),
    )
}

fn refusal(tools: &[(&str, config::Backend)]) -> Error {
    let error = routed(config::Backend::Mcp, tools).unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    error
}

#[tokio::test]
async fn tools_run_here_when_they_can_and_on_the_server_otherwise() {
    let oar = Oar::new(Arc::new(routed(config::Backend::Native, &[]).unwrap()));
    for tool in TOOLS {
        let place = match Native::has(tool) || !tool.is_on_server {
            true => Place::Native,
            false => Place::Mcp,
        };
        assert_eq!(oar.place(tool.name).unwrap(), Some(place), "{}", tool.name);
    }
    let about = json!({"release": "4.20.1"});
    for (tool, place) in [
        ("oar_get_release_status", "native"),
        ("is_release_shipped", "mcp"),
    ] {
        let answer = oar.call(tool, &about).await.unwrap();
        assert_eq!(answer.json.unwrap()["ran"], place);
    }
}

#[test]
fn every_tool_that_runs_here_is_in_the_table() {
    for name in Native::names() {
        assert!(TOOLS.iter().any(|tool| tool.name == name), "{name}");
    }
    for tool in TOOLS.iter().filter(|tool| !tool.is_on_server) {
        assert!(Native::has(tool), "nobody can run {}", tool.name);
    }
}

#[test]
fn single_tools_are_moved_by_either_name() {
    let tools = [
        ("get_release_status", config::Backend::Native),
        ("oar_get_issues", config::Backend::Native),
    ];
    let oar = Oar::new(Arc::new(routed(config::Backend::Mcp, &tools).unwrap()));
    assert_eq!(
        oar.place("get_release_status").unwrap(),
        Some(Place::Native)
    );
    assert_eq!(oar.place("get_issues").unwrap(), Some(Place::Native));
    assert_eq!(oar.place("add_issue").unwrap(), Some(Place::Mcp));
    let tools = [("add_issue", config::Backend::Mcp)];
    let oar = Oar::new(Arc::new(routed(config::Backend::Native, &tools).unwrap()));
    assert_eq!(oar.place("add_issue").unwrap(), Some(Place::Mcp));
    assert_eq!(oar.place("no_such_tool").unwrap_err().kind, Kind::NotFound);
}

#[test]
fn a_name_that_is_no_tool_gets_the_close_ones() {
    let error = refusal(&[("add_isue", config::Backend::Mcp)]);
    assert_eq!(error.message, "`oar.tools.add_isue` names no tool");
    assert!(error.hint.unwrap().contains("`add_issue`"));
    let error = refusal(&[("take-ownership", config::Backend::Mcp)]);
    assert_eq!(error.hint.unwrap(), "did you mean `take_ownership`?");
    let error = refusal(&[("xyz", config::Backend::Mcp)]);
    assert!(error.hint.unwrap().contains("docs oar"));
}

#[test]
fn a_tool_that_is_not_here_cannot_be_moved_here() {
    let error = refusal(&[("stage_testing", config::Backend::Native)]);
    assert!(
        error
            .message
            .contains("`oar.tools.stage_testing` is `native`")
    );
    assert!(error.hint.unwrap().contains("oar_add_issue"));
}

#[test]
fn a_tool_named_twice_is_refused() {
    let error = refusal(&[
        ("add_issue", config::Backend::Native),
        ("oar_add_issue", config::Backend::Mcp),
    ]);
    assert!(error.message.contains("are the same tool"));
}

#[test]
fn the_program_of_the_python_tool_is_not_run_yet() {
    let error = refusal(&[("add_issue", config::Backend::Cli)]);
    assert!(error.message.contains("`oar.tools.add_issue` is `cli`"));
    let error = routed(config::Backend::Cli, &[]).unwrap_err();
    assert!(error.message.contains("`oar.backend` is `cli`"));
}
