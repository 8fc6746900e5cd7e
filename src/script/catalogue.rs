//! Every function a script can call, as data: for the check before a run, for the explanation of a
//! failed call, and for the reference.

use rhai::Engine;
use serde::Serialize;

use super::{hooks, program::Program, suggest};
use crate::error::Place;

/// One function scripts can call.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct FunctionInfo {
    /// The namespace, such as `oar`; empty for free functions.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The number of parameters; a method counts the value it is called on.
    pub arity: usize,
    /// The parameters as `name: type`, as far as they are known.
    pub params: Vec<String>,
    /// The type of the result, empty when unknown.
    pub returns: String,
    /// The documentation.
    pub doc: String,
    /// Where it is defined, for functions of scripts.
    pub place: Option<Place>,
}

impl FunctionInfo {
    /// The name with its namespace, as scripts write it.
    pub fn full_name(&self) -> String {
        match self.namespace.as_str() {
            "" => self.name.clone(),
            namespace => format!("{namespace}::{}", self.name),
        }
    }

    /// Whether scripts write it as `full_name`.
    fn is_named(&self, full_name: &str) -> bool {
        match self.namespace.as_str() {
            "" => self.name == full_name,
            namespace => full_name
                .strip_prefix(namespace)
                .and_then(|rest| rest.strip_prefix("::"))
                .is_some_and(|name| name == self.name),
        }
    }

    /// The name with its parameters, in the words scripts use for types.
    pub fn signature(&self) -> String {
        let params: Vec<_> = self.parameters().collect();
        let mut text = format!("{}({})", self.full_name(), params.join(", "));
        let returns = type_word(&self.returns);
        if !returns.is_empty() && returns != "()" {
            text.push_str(" -> ");
            text.push_str(&returns);
        }
        text
    }

    /// The types of the parameters, empty where unknown.
    pub(super) fn types(&self) -> Vec<String> {
        (0..self.arity)
            .map(|place| match self.params.get(place) {
                Some(param) => param
                    .split_once(':')
                    .map_or(String::new(), |(_, word)| type_word(word)),
                None => String::new(),
            })
            .collect()
    }

    fn parameters(&self) -> impl Iterator<Item = String> + '_ {
        self.types().into_iter().enumerate().map(|(place, word)| {
            let param = self.params.get(place).map_or("_", String::as_str);
            let name = param.split(':').next().unwrap_or("_").trim();
            match (name, word.as_str()) {
                ("" | "_" | "?", "") => "_".to_owned(),
                ("" | "_" | "?", word) => word.to_owned(),
                (name, "") => name.to_owned(),
                (name, word) => format!("{name}: {word}"),
            }
        })
    }
}

/// All functions that the scripts of one program can call.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue {
    functions: Vec<FunctionInfo>,
    scripts: Vec<FunctionInfo>,
}

impl Catalogue {
    /// Collects what the engine has, the standard functions of the language included.
    pub(super) fn new(engine: &Engine) -> Self {
        let mut functions = hooks::registered(engine, true);
        // The engine keeps them in no particular order; reports must not differ.
        functions.sort_by_cached_key(FunctionInfo::signature);
        Self {
            functions,
            scripts: Vec::new(),
        }
    }

    /// Adds the functions of a program.
    pub(super) fn with(&self, program: &Program) -> Self {
        Self {
            functions: self.functions.clone(),
            scripts: program
                .functions()
                .iter()
                .map(|function| function.info())
                .collect(),
        }
    }

    /// Returns the functions with exactly this name.
    pub(super) fn named(&self, full_name: &str) -> Vec<&FunctionInfo> {
        self.all()
            .filter(|function| function.is_named(full_name))
            .collect()
    }

    /// Whether a call could reach a function; a method of a script does not count its receiver.
    pub(super) fn accepts(&self, full_name: &str, arguments: usize, is_method: bool) -> bool {
        let natives = arguments + usize::from(is_method);
        self.functions
            .iter()
            .any(|function| function.arity == natives && function.is_named(full_name))
            || self.scripts.iter().any(|function| {
                let name = match is_method {
                    true => function.name.rsplit('.').next().unwrap_or_default(),
                    false => function.name.as_str(),
                };
                function.arity == arguments && name == full_name
            })
    }

    /// Returns up to three names that look like `full_name`.
    pub(super) fn similar(&self, full_name: &str) -> Vec<String> {
        let names = self.all().map(FunctionInfo::full_name);
        let mut close = suggest::closest(full_name, names);
        if close.is_empty() {
            // The right function under another namespace, or with the namespace forgotten.
            let bare = full_name.rsplit("::").next().unwrap_or(full_name);
            close = self
                .all()
                .filter(|function| function.name == bare)
                .map(FunctionInfo::full_name)
                .collect();
            close.sort();
            close.dedup();
            close.truncate(3);
        }
        close
    }

    fn all(&self) -> impl Iterator<Item = &FunctionInfo> {
        self.scripts.iter().chain(&self.functions)
    }
}

/// Returns the word scripts use for a type of the host.
pub(super) fn type_word(text: &str) -> String {
    let mut text = text.trim().trim_start_matches('&').trim();
    text = text.strip_prefix("mut ").unwrap_or(text);
    for wrapper in [
        "Result<",
        "RhaiResultOf<",
        "std::result::Result<",
        "core::result::Result<",
    ] {
        if let Some(inner) = text.strip_prefix(wrapper) {
            text = inner
                .split(',')
                .next()
                .unwrap_or(inner)
                .trim_end_matches('>');
        }
    }
    if text.contains('|') {
        // The engine lists all forms of a text this way.
        return "string".to_owned();
    }
    if text.ends_with("Vec<rhai::types::dynamic::Dynamic>") || text.ends_with("Vec<Dynamic>") {
        return "array".to_owned();
    }
    if text.contains("BTreeMap<") {
        return "map".to_owned();
    }
    let last = text.rsplit("::").next().unwrap_or(text);
    match last {
        "i64" | "INT" => "int",
        "f64" | "FLOAT" => "float",
        "str" | "String" | "ImmutableString" => "string",
        "Dynamic" | "?" | "T" => "any",
        "Array" => "array",
        "Map" => "map",
        "FnPtr" | "Fn" => "function",
        "RhaiResult" => "any",
        word => word,
    }
    .to_owned()
}
