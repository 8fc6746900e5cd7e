//! The table of OAR tools: what each is called, what it takes, and whether it changes anything.
//!
//! Script functions, argument checks, the reference and the simulated server are made from it.

mod commands;
mod table;

use serde_json::{Map, Value};

pub use commands::{COMMANDS, Command, Part};
pub use table::TOOLS;

use crate::error::{Error, Result};

/// One OAR tool.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// The name on the wire, such as `oar_take_ownership`.
    pub name: &'static str,
    /// What it takes, in the order scripts pass it.
    pub params: &'static [Param],
    /// The text of the reference.
    pub doc: &'static str,
    /// Whether it changes something that other people see.
    pub is_changing: bool,
    /// What its answer looks like.
    pub form: Form,
    /// Whether it is the final approval, which has a guard of its own.
    pub is_approval: bool,
    /// Whether the OAR server has it. What it does not have runs in this program alone.
    pub is_on_server: bool,
}

/// One parameter of a tool.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: ParamKind,
    /// What it is when left out.
    pub default: ParamDefault,
    /// What it means.
    pub doc: &'static str,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ParamKind {
    /// Text.
    Text,
    /// Yes or no.
    Flag,
}

/// What happens when a parameter is left out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ParamDefault {
    /// It must be given.
    Required,
    /// It may be left out and may not be sent as `null`.
    Absent,
    /// It may be left out or sent as `null`.
    Null,
    /// It is this text.
    Text(&'static str),
    /// It is this flag.
    Flag(bool),
}

/// What the answer of a tool looks like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// The log of a command, from which an outcome is read.
    Text,
    /// A JSON object.
    Json,
}

impl Tool {
    /// The name scripts use: without `oar_`, so `oar::take_ownership`.
    pub fn script_name(&self) -> &'static str {
        self.name.strip_prefix("oar_").unwrap_or(self.name)
    }

    /// The task it works on, or its name with dashes when it works on none.
    pub fn task(&self) -> String {
        self.script_name().replace('_', "-")
    }

    /// Returns the arguments as they go on the wire.
    ///
    /// `null` is left out, numbers become text where text is asked for. Fails with `invalid` for
    /// arguments that are unknown, missing or of another type.
    pub fn arguments(&self, given: &Value) -> Result<Map<String, Value>> {
        let empty = Map::new();
        let given = match given {
            Value::Null => &empty,
            Value::Object(given) => given,
            _ => return Err(self.wrong("the arguments must be a map")),
        };
        if let Some(name) = given
            .keys()
            .find(|name| self.params.iter().all(|param| param.name != *name))
        {
            return Err(self
                .wrong(&format!("it has no parameter `{name}`"))
                .hint(format!("it takes {}", self.signature())));
        }
        let mut arguments = Map::new();
        for param in self.params {
            let value = given.get(param.name).unwrap_or(&Value::Null);
            match self.checked(param, value)? {
                Some(value) => {
                    arguments.insert(param.name.to_owned(), value);
                }
                None if param.default == ParamDefault::Required => {
                    return Err(self
                        .wrong(&format!("`{}` is missing", param.name))
                        .hint(format!("it takes {}", self.signature())));
                }
                None => {}
            }
        }
        self.refuse_traps(&arguments)?;
        Ok(arguments)
    }

    /// Whether a call with these arguments changes something.
    pub fn changes_with(&self, arguments: &Map<String, Value>) -> bool {
        let is_dry_run = self.name == "oarctl_jira_notificator"
            && arguments.get("dry_run") == Some(&Value::Bool(true));
        self.is_changing && !is_dry_run
    }

    /// Whether a call with these arguments starts something that runs on by itself.
    pub fn triggers_with(&self, arguments: &Map<String, Value>) -> bool {
        let has = |name: &str| {
            arguments
                .get(name)
                .and_then(Value::as_str)
                .is_some_and(|text| !text.is_empty())
        };
        match self.name {
            "oar_image_consistency_check" => !has("job_id"),
            "oar_stage_testing" => !has("build_number"),
            "oar_push_to_cdn_staging"
            | "oar_change_advisory_status"
            | "job_run"
            | "jobctl_start_controller"
            | "jobctl_trigger_jobs_for_build"
            | "jobctl_start_aggregator" => true,
            _ => false,
        }
    }

    /// The value of a parameter: what was given, or its default.
    fn value(&self, given: &Map<String, Value>, name: &str) -> Option<Value> {
        if let Some(value) = given.get(name) {
            return Some(value.clone());
        }
        let param = self.params.iter().find(|param| param.name == name)?;
        match param.default {
            ParamDefault::Text(text) => Some(text.into()),
            ParamDefault::Flag(flag) => Some(flag.into()),
            ParamDefault::Required | ParamDefault::Absent | ParamDefault::Null => None,
        }
    }

    fn checked(&self, param: &Param, value: &Value) -> Result<Option<Value>> {
        let mistyped = |wanted: &str| self.wrong(&format!("`{}` must be {wanted}", param.name));
        match (param.kind, value) {
            (_, Value::Null) => Ok(None),
            (ParamKind::Text, Value::String(text)) => {
                let is_blank = text.trim().is_empty();
                if is_blank && param.default == ParamDefault::Required {
                    return Err(self.wrong(&format!("`{}` is empty", param.name)));
                }
                Ok((!is_blank).then(|| Value::String(text.clone())))
            }
            (ParamKind::Text, Value::Number(number)) => Ok(Some(number.to_string().into())),
            (ParamKind::Flag, Value::Bool(_)) => Ok(Some(value.clone())),
            (ParamKind::Text, _) => Err(mistyped("text")),
            (ParamKind::Flag, _) => Err(mistyped("true or false")),
        }
    }

    fn refuse_traps(&self, arguments: &Map<String, Value>) -> Result<()> {
        let is_ignored_by_the_server = self.name == "jobctl_start_controller"
            && arguments.get("trigger_prow_job") == Some(&Value::Bool(false));
        if is_ignored_by_the_server {
            return Err(self
                .wrong("`trigger_prow_job` cannot be switched off")
                .hint("the server starts the jobs all the same, so do not call it"));
        }
        Ok(())
    }

    fn signature(&self) -> String {
        let names: Vec<_> = self
            .params
            .iter()
            .map(|param| match param.default {
                ParamDefault::Required => format!("`{}`", param.name),
                _ => format!("`{}` (optional)", param.name),
            })
            .collect();
        match names.as_slice() {
            [] => "nothing".to_owned(),
            names => names.join(", "),
        }
    }

    fn wrong(&self, why: &str) -> Error {
        Error::invalid(format!("cannot call `{}`: {why}", self.name)).service("oar")
    }
}

/// Returns the tool with this name, on the wire or in scripts.
pub fn tool(name: &str) -> Result<&'static Tool> {
    TOOLS
        .iter()
        .find(|tool| tool.name == name || tool.script_name() == name)
        .ok_or_else(|| {
            let close = close_names(name);
            let hint = match close.as_slice() {
                [] => "`oar-script docs oar` lists the tools".to_owned(),
                names => format!("did you mean `{}`?", names.join("` or `")),
            };
            Error::not_found(format!("no tool `{name}`"))
                .service("oar")
                .hint(hint)
        })
}

/// The script names of up to three tools that share the most words with `name`.
fn close_names(name: &str) -> Vec<&'static str> {
    let words = |name: &str| -> Vec<String> {
        let name = name.to_lowercase().replace(['-', '.', ' '], "_");
        let name = name.strip_prefix("oar_").unwrap_or(&name);
        name.split('_').map(str::to_owned).collect()
    };
    let given = words(name);
    let shared = |tool: &Tool| {
        let own = words(tool.name);
        let count = own.iter().filter(|word| given.contains(*word)).count();
        // Of two that share as much, the shorter name is nearer.
        (count, std::cmp::Reverse(own.len()))
    };
    let most = TOOLS.iter().map(|tool| shared(tool).0).max().unwrap_or(0);
    let mut close: Vec<&Tool> = TOOLS
        .iter()
        .filter(|tool| most > 0 && shared(tool).0 == most)
        .collect();
    close.sort_by_key(|tool| std::cmp::Reverse(shared(tool)));
    close
        .iter()
        .take(3)
        .map(|tool| tool.script_name())
        .collect()
}
