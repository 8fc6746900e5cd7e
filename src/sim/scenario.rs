//! Scenarios: scripts that say how a simulated world differs from one in which all goes well.
//!
//! A scenario is a Rhai file with `//!` lines, the first of which is shown in listings, and
//! `fn scenario(world)`. It runs in an engine of its own that can do nothing but change the
//! [`Plan`]; what the methods of `world` are is in [`METHODS`].
#![expect(
    clippy::disallowed_methods,
    reason = "scenario files are input of the simulated world, not of the release"
)]

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use rhai::{Engine, EvalAltResult, Scope};

use super::{
    methods::{Draft, METHODS, register},
    plan::Plan,
};
use crate::error::{Error, Kind, Place, Result};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scripts/scenarios");

/// The scenario of a world when none is named.
pub const DEFAULT: &str = "smooth";

/// A scenario as text.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name: the file's name without its ending.
    pub name: String,
    /// The file as messages name it.
    pub file: String,
    /// The script.
    pub text: String,
}

/// A scenario as listings show it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// The first line of its documentation.
    pub summary: String,
    /// Where it is: a path, or `embedded`.
    pub place: String,
}

impl Scenario {
    /// Finds a scenario: a path, then the project's folder `scenarios`, then the embedded ones.
    pub fn find(name: &str, project: Option<&Path>) -> Result<Self> {
        if name.contains(['/', '\\']) || name.ends_with(".rhai") {
            return Self::from_file(Path::new(name));
        }
        if let Some(file) = project
            .map(|project| project.join("scenarios").join(format!("{name}.rhai")))
            .filter(|file| file.is_file())
        {
            return Self::from_file(&file);
        }
        let file = format!("{name}.rhai");
        let text = EMBEDDED
            .get_file(&file)
            .and_then(|file| file.contents_utf8())
            .ok_or_else(|| {
                let names: Vec<_> = list(project)
                    .into_iter()
                    .map(|listed| listed.name)
                    .collect();
                Error::not_found(format!("no scenario `{name}`"))
                    .hint(format!("the scenarios are {}", names.join(", ")))
            })?;
        Ok(Self {
            name: name.to_owned(),
            file: format!("scenarios/{file}"),
            text: text.to_owned(),
        })
    }

    /// The first line of its documentation.
    pub fn summary(&self) -> String {
        summary(&self.text)
    }

    /// Changes the plan as the script says.
    pub fn apply(&self, plan: &mut Plan) -> Result<()> {
        let engine = engine();
        let ast = engine.compile(&self.text).map_err(|error| {
            let message = format!("cannot read the scenario: {}", error.err_type());
            Error::invalid(message).at(self.place(error.position()))
        })?;
        let is_there = ast
            .iter_functions()
            .any(|function| function.name == "scenario" && function.params.len() == 1);
        if !is_there {
            return Err(Error::invalid("the scenario has no `fn scenario(world)`")
                .at(self.place(rhai::Position::new(1, 1))));
        }
        let draft = Draft::new(plan.clone());
        let answer: Result<rhai::Dynamic, _> =
            engine.call_fn(&mut Scope::new(), &ast, "scenario", (draft.clone(),));
        drop(answer.map_err(|error| self.explain(&error))?);
        *plan = draft.plan();
        Ok(())
    }

    fn from_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let kind = match error.kind() {
                std::io::ErrorKind::NotFound => Kind::NotFound,
                std::io::ErrorKind::PermissionDenied => Kind::Denied,
                _ => Kind::Invalid,
            };
            Error::new(
                kind,
                format!("cannot read the scenario `{}`", path.display()),
            )
            .because(error)
        })?;
        Ok(Self {
            name: path
                .file_stem()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            file: path.display().to_string(),
            text,
        })
    }

    fn explain(&self, error: &EvalAltResult) -> Error {
        let inner = error.unwrap_inner();
        let place = self.place(inner.position());
        let message = match inner {
            EvalAltResult::ErrorFunctionNotFound(call, _) => {
                let call = call
                    .replace("oar_script::sim::methods::", "")
                    .replace("Draft", "world")
                    .replace("&mut ", "");
                let name = call.split([' ', '(']).next().unwrap_or_default();
                if let Some((form, _)) = METHODS
                    .iter()
                    .find(|(form, _)| form.split('(').next() == Some(name))
                {
                    return Error::invalid(format!("wrong values: `{call}`, expected `{form}`"))
                        .at(place)
                        .hint(all_methods());
                }
                format!("a scenario has no `{call}`")
            }
            EvalAltResult::ErrorRuntime(value, _) => value.to_string(),
            other => {
                let mut other = other.to_string();
                if let Some(end) = other.rfind(" (line ") {
                    other.truncate(end);
                }
                other
            }
        };
        Error::invalid(message).at(place).hint(all_methods())
    }

    /// Some errors, such as running for too long, have no position: they are about the whole file.
    fn place(&self, position: rhai::Position) -> Option<Place> {
        Some(Place {
            file: self.file.clone(),
            line: position.line().unwrap_or(1),
            column: position.position().unwrap_or(1),
        })
    }
}

/// Lists the scenarios by name: the project's first where it has one of the same name.
pub fn list(project: Option<&Path>) -> Vec<Listed> {
    let mut listed: Vec<_> = project
        .map(|project| project.join("scenarios"))
        .and_then(|folder| std::fs::read_dir(folder).ok())
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "rhai"))
        .filter_map(|path: PathBuf| {
            let text = std::fs::read_to_string(&path).ok()?;
            Some(Listed {
                name: path.file_stem()?.to_string_lossy().into_owned(),
                summary: summary(&text),
                place: path.display().to_string(),
            })
        })
        .collect();
    for file in EMBEDDED.files() {
        let Some(name) = file.path().file_stem().map(|name| name.to_string_lossy()) else {
            continue;
        };
        if !listed.iter().any(|other| other.name == name) {
            listed.push(Listed {
                name: name.into_owned(),
                summary: summary(file.contents_utf8().unwrap_or_default()),
                place: "embedded".to_owned(),
            });
        }
    }
    listed.sort_by(|one, other| one.name.cmp(&other.name));
    listed
}

fn summary(text: &str) -> String {
    text.lines()
        .find_map(|line| line.strip_prefix("//!"))
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn all_methods() -> String {
    let forms: Vec<_> = METHODS.iter().map(|(form, _)| *form).collect();
    format!("`world` has: {}", forms.join(", "))
}

fn engine() -> Engine {
    let mut engine = Engine::new();
    engine.disable_symbol("eval");
    engine.set_optimization_level(rhai::OptimizationLevel::None);
    engine.set_max_operations(200_000);
    engine.set_max_call_levels(32);
    engine.set_max_expr_depths(64, 64);
    engine.set_max_string_size(100_000);
    engine.set_max_array_size(10_000);
    engine.set_max_map_size(10_000);
    engine.set_max_modules(0);
    engine.on_print(|_| {});
    engine.on_debug(|_, _, _| {});
    register(&mut engine);
    engine
}
