//! Which tool runs where.

use std::{collections::BTreeMap, sync::Arc};

use oar_script::{
    config,
    error::{Error, Kind, Result},
    oar::{
        backend::{Backend, Oar, Ran},
        cli::Programs,
        native::Native,
        routed::{Backends, Place, Routed},
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
        Backends {
            native: Arc::new(Named("native")),
            mcp: Arc::new(Named("mcp")),
            cli: Arc::new(Named("cli")),
        },
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
    for (tool, about, place) in [
        ("oar_get_release_status", about, "native"),
        ("mcp_cache_stats", json!({}), "mcp"),
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
fn a_setting_that_cannot_be_followed_names_the_backends_that_can() {
    for tool in TOOLS {
        for (place, backend) in [
            (Place::Native, config::Backend::Native),
            (Place::Mcp, config::Backend::Mcp),
            (Place::Cli, config::Backend::Cli),
        ] {
            let moved = routed(config::Backend::Mcp, &[(tool.name, backend)]);
            let Some(obstacle) = place.obstacle(tool) else {
                let place_now = Oar::new(Arc::new(moved.unwrap())).place(tool.name);
                assert_eq!(place_now.unwrap(), Some(place), "{}", tool.name);
                continue;
            };
            let error = moved.unwrap_err();
            assert_eq!(error.kind, Kind::Invalid);
            assert!(error.message.ends_with(obstacle), "{}", error.message);
            let hint = error.hint.unwrap();
            for other in Place::of(tool) {
                assert!(hint.contains(other.word()), "{}: {hint}", tool.name);
            }
            assert!(!hint.contains(place.word()), "{}: {hint}", tool.name);
        }
    }
}

#[test]
fn every_tool_can_run_somewhere() {
    for tool in TOOLS {
        assert!(Place::of(tool).count() > 0, "{}", tool.name);
    }
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
fn what_no_program_does_runs_here_when_the_programs_are_chosen() {
    let oar = Oar::new(Arc::new(routed(config::Backend::Cli, &[]).unwrap()));
    for tool in TOOLS {
        let place = if Programs::has(tool) {
            Some(Place::Cli)
        } else {
            Native::has(tool).then_some(Place::Native)
        };
        assert_eq!(oar.place(tool.name).unwrap(), place, "{}", tool.name);
    }
}

#[tokio::test]
async fn a_tool_that_runs_nowhere_is_refused_with_the_backends_that_can() {
    let oar = Oar::new(Arc::new(routed(config::Backend::Cli, &[]).unwrap()));
    let error = oar.call("mcp_cache_stats", &json!({})).await.unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
    assert_eq!(
        error.message,
        "`mcp_cache_stats` runs neither as a program nor in this one"
    );
    assert_eq!(
        error.hint.unwrap(),
        "set `oar.tools.mcp_cache_stats` to `mcp`"
    );
}

#[tokio::test]
async fn each_backend_gets_the_tools_that_are_its_own() {
    let tools = [
        ("stage_testing", config::Backend::Mcp),
        ("take_ownership", config::Backend::Cli),
    ];
    let oar = Oar::new(Arc::new(routed(config::Backend::Native, &tools).unwrap()));
    for (tool, place) in [
        ("get_release_status", Place::Native),
        ("stage_testing", Place::Mcp),
        ("take_ownership", Place::Cli),
    ] {
        assert_eq!(oar.place(tool).unwrap(), Some(place));
    }
    let arguments = json!({"release": "4.20.1", "email": "lead@example.com"});
    let answer = oar.call("take_ownership", &arguments).await.unwrap();
    assert!(answer.text.contains("cli"), "{}", answer.text);
}
