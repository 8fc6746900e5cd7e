//! The tools as script functions: `oar::take_ownership(release, email)` and all others of the table.
//!
//! Optional parameters may be left out from the end, or given by name in a trailing map.

use std::{any::TypeId, sync::Arc};

use rhai::{Dynamic, EvalAltResult, FuncRegistration, Map, Module, NativeCallContext, RhaiFunc};
use serde_json::Value;

use super::{
    backend::{Answer, Oar},
    by_hand,
    routed::Place,
    tools::{Form, Param, ParamDefault, ParamKind, TOOLS, Tool},
};
use crate::{
    call::{Control, Session, to_script},
    error::{Error, Kind},
    value::{to_dynamic, to_json},
};

/// Returns the namespace `oar`.
pub fn module() -> Module {
    let mut module = Module::new();
    module.set_id("oar");
    module.set_doc(
        "//! The OAR tools: what the release tools of QE do, one function each.\n\
         //!\n\
         //! Commands return `#{ status, reason, output, owner, next, link, remote, recheck_secs, \
         attempt, tool }`, where `status` is the word of an outcome and `attempt` is `not_started`, \
         `started`, `running`, `ended`, `lost` or `in_doubt`. The others return the server's JSON as a map.\n",
    );
    register_backend(&mut module);
    for tool in TOOLS {
        let required = tool
            .params
            .iter()
            .filter(|param| param.default == ParamDefault::Required)
            .count();
        for count in required..=tool.params.len() {
            register(&mut module, tool, count);
        }
    }
    module
}

/// `oar::backend(tool)`: where a tool runs.
fn register_backend(module: &mut Module) {
    FuncRegistration::new("backend")
        .in_internal_namespace()
        .with_params_info(["tool: &str", "String"])
        .with_comments([
            "/// Returns where a tool runs by the settings: `\"native\"` (in this program), `\"mcp\"` (on the \
             OAR server) or `\"cli\"` (a program of the release tools on this machine).",
            "///",
            "/// `tool` is the name of a tool here or on the server, such as `\"take_ownership\"`.",
            "/// Throws `not_found` when there is no such tool, `refused` when it runs nowhere by the settings.",
        ])
        .set_into_module(
            module,
            |context: NativeCallContext, tool: &str| -> Result<String, Box<EvalAltResult>> {
                let session = Session::of(&context)?;
                let oar = session.get::<Oar>().map_err(to_script)?;
                let place = oar.place(tool).map_err(to_script)?;
                let place = place.ok_or_else(|| {
                    to_script(
                        Error::new(Kind::Refused, format!("`{tool}` runs nowhere by the settings"))
                            .service("oar")
                            .hint("set `oar.backend`, or `[oar.tools]` for this tool"),
                    )
                })?;
                Ok(place.word().to_owned())
            },
        );
}

fn register(module: &mut Module, tool: &'static Tool, count: usize) {
    let given = &tool.params[..count];
    let call = move |context: Option<NativeCallContext>, values: &mut [&mut Dynamic]| {
        let Some(context) = context else {
            return Err(to_script(Error::invalid(
                "this function needs a host to run in",
            )));
        };
        call(&context, tool, values).map_err(|mut error| {
            // The engine fills in the place of methods, not of functions in a namespace.
            if error.position().is_none() {
                error.set_position(context.call_position());
            }
            error
        })
    };
    let comments = comments(tool, given);
    FuncRegistration::new(tool.script_name())
        .in_internal_namespace()
        .with_params_info(signature(given))
        .with_comments(&comments)
        .set_into_module_raw(
            module,
            vec![TypeId::of::<Dynamic>(); count],
            RhaiFunc::Pure {
                func: Arc::new(call),
                has_context: true,
                is_pure: true,
                is_volatile: true,
            },
        );
}

fn call(
    context: &NativeCallContext,
    tool: &'static Tool,
    values: &mut [&mut Dynamic],
) -> Result<Dynamic, Box<EvalAltResult>> {
    let arguments = arguments(context, tool, values)?;
    let checked = tool.arguments(&arguments).map_err(to_script)?;
    let is_changing = tool.changes_with(&checked);
    let session = Session::of(context)?;
    let oar = session.get::<Oar>().map_err(to_script)?;
    let arguments = Value::Object(checked);
    let name = format!("oar.{}", tool.script_name());
    let request = oar.call(tool.name, &arguments);
    let answer = session.call_from_script(&name, arguments.clone(), is_changing, request)?;
    if Control::current().node.is_none()
        && oar.place(tool.name).map_err(to_script)? == Some(Place::Native)
    {
        let kept = by_hand::keep(&session, tool, &arguments, &answer);
        session.wait(kept).map_err(to_script)?;
    }
    Ok(as_value(tool, answer))
}

/// Puts positional values and a trailing map of options together.
fn arguments(
    context: &NativeCallContext,
    tool: &'static Tool,
    values: &mut [&mut Dynamic],
) -> Result<Value, Box<EvalAltResult>> {
    let mut arguments = serde_json::Map::new();
    let last = values.len().saturating_sub(1);
    for (place, (param, value)) in tool.params.iter().zip(values.iter()).enumerate() {
        let is_options = place == last
            && param.default != ParamDefault::Required
            && value.read_lock::<Map>().is_some();
        let given = if is_options {
            to_json(value).map_err(to_script)?
        } else {
            plain(context, param, value)?
        };
        match given {
            Value::Object(options) if is_options => arguments.extend(options),
            given => {
                arguments.insert(param.name.to_owned(), given);
            }
        }
    }
    Ok(Value::Object(arguments))
}

/// A value as JSON. Where text is asked for, a host value such as a release becomes its text.
fn plain(
    context: &NativeCallContext,
    param: &Param,
    value: &Dynamic,
) -> Result<Value, Box<EvalAltResult>> {
    match to_json(value) {
        Ok(json) => Ok(json),
        Err(_) if param.kind == ParamKind::Text => context
            .call_native_fn::<rhai::ImmutableString>("to_string", (value.clone(),))
            .map(|text| Value::String(text.into())),
        Err(error) => Err(to_script(error)),
    }
}

fn as_value(tool: &Tool, answer: Answer) -> Dynamic {
    if tool.form == Form::Json {
        return to_dynamic(&answer.json.unwrap_or_default());
    }
    let mut map = Map::new();
    for key in [
        "status",
        "reason",
        "output",
        "owner",
        "next",
        "link",
        "remote",
        "recheck_secs",
    ] {
        map.insert(key.into(), Dynamic::UNIT);
    }
    let outcome = serde_json::to_value(&answer.outcome).unwrap_or_default();
    for (key, value) in outcome.as_object().into_iter().flatten() {
        map.insert(key.as_str().into(), to_dynamic(value));
    }
    let attempt = answer
        .attempt
        .map_or(Dynamic::UNIT, |attempt| attempt.word().into());
    map.insert("attempt".into(), attempt);
    map.insert("tool".into(), answer.tool.into());
    map.into()
}

fn signature(params: &[Param]) -> Vec<String> {
    params
        .iter()
        .map(|param| {
            let kind = match param.kind {
                ParamKind::Text => "String",
                ParamKind::Flag => "bool",
            };
            format!("{}: {kind}", param.name)
        })
        .chain(["Map".to_owned()])
        .collect()
}

fn comments(tool: &Tool, given: &[Param]) -> Vec<String> {
    let mut lines: Vec<String> = tool
        .doc
        .lines()
        .map(|line| format!("/// {line}").trim_end().to_owned())
        .collect();
    if !given.is_empty() {
        lines.push("///".to_owned());
    }
    for param in given {
        let default = match param.default {
            ParamDefault::Required => String::new(),
            ParamDefault::Absent | ParamDefault::Null => " (optional)".to_owned(),
            ParamDefault::Text(text) => format!(" (`{text}` when left out)"),
            ParamDefault::Flag(flag) => format!(" (`{flag}` when left out)"),
        };
        lines.push(format!("/// `{}`: {}{default}.", param.name, param.doc));
    }
    if given
        .iter()
        .any(|param| param.default != ParamDefault::Required)
    {
        lines.push("/// Optional ones can also be given by name in a last map.".to_owned());
    }
    lines
}
