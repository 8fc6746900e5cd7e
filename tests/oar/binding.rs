use std::sync::Arc;

use oar_script::{
    call::{Operation, Permit, Session},
    error::{Error, Kind, Result},
    oar::{
        binding, outcome,
        tools::{ParamDefault, TOOLS},
    },
};
use rhai::{Dynamic, Engine, Map};
use serde_json::json;

use super::bench::Bench;

/// Runs a script on a thread of its own, as the host does.
async fn run(
    bench: &Bench,
    permit: Option<Arc<dyn Permit>>,
    script: &'static str,
) -> Result<Dynamic, String> {
    let session = Session::new(bench.world.clone(), tokio::runtime::Handle::current());
    session.put(Arc::new(bench.oar.clone()));
    if let Some(permit) = permit {
        session.set_permit("test", permit);
    }
    tokio::task::spawn_blocking(move || {
        let mut engine = Engine::new();
        engine.register_static_module("oar", binding::module().into());
        engine
            .register_type_with_name::<Named>("Named")
            .register_fn("to_string", |named: &mut Named| named.0.clone());
        engine.register_fn("named", |text: &str| Named(text.to_owned()));
        engine.set_default_tag(Dynamic::from(session));
        engine
            .eval::<Dynamic>(script)
            .map_err(|error| match *error {
                rhai::EvalAltResult::ErrorRuntime(value, _) => match value.try_cast::<Error>() {
                    Some(error) => format!("{}: {}", error.kind, error.message),
                    None => "something else was thrown".to_owned(),
                },
                other => other.to_string(),
            })
    })
    .await
    .unwrap()
}

#[derive(Clone)]
struct Named(String);

#[tokio::test(flavor = "multi_thread")]
async fn a_command_returns_its_outcome_as_a_map() {
    let bench = Bench::new().await;
    let value = run(&bench, None, r#"oar::image_consistency_check("4.20.1")"#)
        .await
        .unwrap();
    let map = value.cast::<Map>();
    assert_eq!(map["status"].clone().into_string().unwrap(), "in_progress");
    assert_eq!(map["attempt"].clone().into_string().unwrap(), "started");
    assert_eq!(
        map["tool"].clone().into_string().unwrap(),
        "oar_image_consistency_check"
    );
    let remote = map["remote"].clone().cast::<Map>();
    assert_eq!(remote["kind"].clone().into_string().unwrap(), "prow-job");
    for key in ["reason", "output", "owner", "next", "link", "recheck_secs"] {
        assert!(map.contains_key(key), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_tool_returns_its_document() {
    let bench = Bench::new().await;
    let value = run(
        &bench,
        None,
        r#"oar::get_release_metadata("4.20.1").advisories.rpm"#,
    )
    .await
    .unwrap();
    assert_eq!(value.as_int().unwrap(), 180101);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_may_be_any_value_whose_text_is_the_version() {
    let bench = Bench::new().await;
    let value = run(
        &bench,
        None,
        r#"oar::get_release_metadata(named("4.20.1")).release"#,
    )
    .await
    .unwrap();
    assert_eq!(value.into_string().unwrap(), "4.20.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn options_are_given_by_place_or_by_name() {
    let bench = Bench::new().await;
    let script = r#"
        oar::create_test_report("4.20.1");
        oar::add_issue("4.20.1", "one", false);
        oar::add_issue("4.20.1", "two", #{ related_tasks: "stage-testing" });
        oar::get_issues("4.20.1", #{ blockers_only: true }).count
    "#;
    assert_eq!(
        run(&bench, None, script).await.unwrap().as_int().unwrap(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_are_thrown_as_invalid() {
    let bench = Bench::new().await;
    let thrown = run(&bench, None, r#"oar::image_signed_check(())"#)
        .await
        .unwrap_err();
    assert_eq!(
        thrown,
        "invalid: cannot call `oar_image_signed_check`: `release` is missing"
    );
    let thrown = run(
        &bench,
        None,
        r#"oar::get_issues("4.20.1", #{ blocker: true })"#,
    )
    .await
    .unwrap_err();
    assert!(thrown.contains("no parameter `blocker`"), "{thrown}");
}

struct Refusing;

impl Permit for Refusing {
    fn check(&self, operation: &Operation) -> Result<()> {
        if operation.is_changing {
            return Err(Error::new(Kind::Refused, format!("no {}", operation.name)));
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_never_reaches_the_server() {
    let bench = Bench::new().await;
    let thrown = run(
        &bench,
        Some(Arc::new(Refusing)),
        r#"oar::push_to_cdn_staging("4.20.1")"#,
    )
    .await
    .unwrap_err();
    assert_eq!(thrown, "refused: no oar.push_to_cdn_staging");
    assert_eq!(bench.requests("oar_push_to_cdn_staging"), 0);
    let value = run(
        &bench,
        Some(Arc::new(Refusing)),
        r#"oar::get_release_metadata("4.20.1")"#,
    )
    .await
    .unwrap();
    assert!(value.is_map());
}

#[test]
fn every_tool_is_a_documented_function() {
    let mut engine = Engine::new_raw();
    engine.register_static_module("oar", binding::module().into());
    let metadata: serde_json::Value =
        serde_json::from_str(&engine.gen_fn_metadata_to_json(false).unwrap()).unwrap();
    let functions = metadata["modules"]["oar"]["functions"].as_array().unwrap();
    for tool in TOOLS {
        let found: Vec<_> = functions
            .iter()
            .filter(|function| function["name"] == tool.script_name())
            .collect();
        let optional = tool
            .params
            .iter()
            .filter(|param| param.default != ParamDefault::Required)
            .count();
        assert_eq!(found.len(), optional + 1, "{}", tool.name);
        assert!(found.iter().all(|function| {
            function["docComments"][0]
                .as_str()
                .unwrap()
                .starts_with("/// ")
        }));
    }
}

#[test]
fn words_of_attempts_are_those_of_json() {
    use outcome::Attempt;
    for attempt in [
        Attempt::NotStarted,
        Attempt::Started,
        Attempt::Running,
        Attempt::Ended,
        Attempt::Lost,
        Attempt::InDoubt,
    ] {
        assert_eq!(json!(attempt), attempt.word());
    }
}
