//! The settings: the user's `oar-script.toml`, the project's, and environment variables
//! `OAR_SCRIPT_…`, each winning over the one before.
//!
//! It holds no secret and reads nothing but through the world. A secret comes from the environment
//! variable that the Python tool uses too; a key that looks like one is an error.

mod file;
mod keys;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use figment::Figment;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    error::{Error, Result},
    world::World,
};

pub use keys::{KEYS, Key, SERVICE_NAMES, looks_secret};

/// The name of the file.
pub const FILE_NAME: &str = "oar-script.toml";

/// All settings, checked.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where outside services live, by the name of the service.
    pub services: BTreeMap<String, Service>,
    /// How the OAR tools run.
    pub oar: Oar,
    /// Where the state of releases is kept.
    pub state: State,
    /// The repository with test results.
    pub github: Github,
    /// Where people keep their scripts.
    pub scripts: Scripts,
    /// The record of passes, effects and decisions.
    pub journal: Journal,
    #[serde(skip)]
    sources: BTreeMap<String, String>,
}

/// One outside service: `[services.<name>]`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// Its address, when it is not the usual one, such as `https://github.example.com/api/v3`.
    pub endpoint: Option<Url>,
}

/// The OAR tools: `[oar]`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Oar {
    /// What carries the tools out; `mcp` unless said otherwise.
    pub backend: Backend,
    /// The address of the MCP server, such as `http://localhost:8000/mcp`.
    pub endpoint: Option<Url>,
}

/// What carries the OAR tools out.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// A running OAR MCP server.
    #[default]
    Mcp,
    /// The `oar` program.
    Cli,
    /// This program itself.
    Native,
}

/// The state store: `[state]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// Which store; `local` unless said otherwise.
    pub store: Store,
    /// The git repository of the local store; a folder, relative to the file that names it.
    pub path: Option<PathBuf>,
    /// The branch that keeps StateBox files on GitHub; `z-stream` unless said otherwise.
    pub branch: String,
}

impl Default for State {
    fn default() -> Self {
        Self {
            store: Store::default(),
            path: None,
            branch: "z-stream".to_owned(),
        }
    }
}

/// Which state store is used.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    /// StateBox files in a local git repository.
    #[default]
    Local,
    /// StateBox files on GitHub.
    Github,
}

/// The repository with test results: `[github]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Github {
    /// A clone of it to read from instead of asking GitHub; relative to the file that names it.
    pub local_clone: Option<PathBuf>,
    /// Owner and name; `openshift/release-tests` unless said otherwise.
    pub repository: String,
}

impl Default for Github {
    fn default() -> Self {
        Self {
            local_clone: None,
            repository: "openshift/release-tests".to_owned(),
        }
    }
}

/// Where people keep their scripts: `[scripts]`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scripts {
    /// The project's script folder, relative to the file that names it.
    pub folder: Option<PathBuf>,
}

/// The journal: `[journal]`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Journal {
    /// Where journals are kept, relative to the file that names it.
    pub folder: Option<PathBuf>,
}

impl Config {
    /// Reads the settings: defaults, then the user's file in `user_folder`, then the project's file
    /// in `working` or the next folder above that has one, then the environment.
    ///
    /// Fails with `invalid` for a key nobody knows, a value of the wrong kind, or a secret.
    pub fn load(world: &dyn World, working: &Path, user_folder: Option<&Path>) -> Result<Self> {
        let mut layers = Vec::new();
        if let Some(folder) = user_folder {
            layers.extend(file::read(world, &folder.join(FILE_NAME))?);
        }
        for folder in working.ancestors() {
            let found = file::read(world, &folder.join(FILE_NAME))?;
            if found.is_some() {
                layers.extend(found);
                break;
            }
        }
        Self::from_layers(world, layers)
    }

    /// Reads the settings from one file that somebody named, and the environment.
    ///
    /// Fails with `not_found` when there is no such file.
    pub fn load_file(world: &dyn World, path: &Path) -> Result<Self> {
        let layer = file::read(world, path)?.ok_or_else(|| {
            Error::not_found(format!("there is no file `{}`", path.display()))
                .hint("give `--config` the path of a settings file")
        })?;
        Self::from_layers(world, vec![layer])
    }

    /// Where a service lives, if a setting says so.
    pub fn endpoint(&self, service: &str) -> Option<&Url> {
        self.services.get(service)?.endpoint.as_ref()
    }

    /// Where a setting comes from: `file:line` or the name of an environment variable. `None` for
    /// a default.
    pub fn source(&self, key: &str) -> Option<&str> {
        self.sources.get(key).map(String::as_str)
    }

    /// Every setting that has a value, with its key, its value as text and where it comes from.
    pub fn entries(&self) -> Vec<Entry> {
        keys::all()
            .filter_map(|key| {
                let document = serde_json::to_value(self).expect("settings have a JSON form");
                let pointer = format!("/{}", key.replace('.', "/"));
                let value = match document.pointer(&pointer)? {
                    serde_json::Value::Null => return None,
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let source = self.source(&key).unwrap_or("default").to_owned();
                Some(Entry { key, value, source })
            })
            .collect()
    }

    fn from_layers(world: &dyn World, files: Vec<file::Layer>) -> Result<Self> {
        let environment = file::environment(world);
        let mut figment = Figment::new();
        let mut sources = BTreeMap::new();
        for layer in files.into_iter().chain(environment) {
            sources.extend(layer.sources.clone());
            figment = figment.merge(layer);
        }
        let mut config: Self = figment
            .extract()
            .map_err(|error| file::wrong_value(error, &sources))?;
        config.sources = sources;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        let services = self
            .services
            .iter()
            .map(|(name, service)| (format!("services.{name}.endpoint"), &service.endpoint));
        let oar = ("oar.endpoint".to_owned(), &self.oar.endpoint);
        for (key, endpoint) in services.chain([oar]) {
            let Some(endpoint) = endpoint else {
                continue;
            };
            let wrong = |why: &str| {
                Err(Error::invalid(format!("`{key}` {why}")).hint(format!(
                    "it is set in {}",
                    self.source(&key).unwrap_or("the code")
                )))
            };
            if !matches!(endpoint.scheme(), "http" | "https") || endpoint.host().is_none() {
                return wrong("is not an `http` or `https` address");
            }
            if endpoint.password().is_some() || !endpoint.username().is_empty() {
                return wrong("holds a user name or password, which belong in the environment");
            }
        }
        let is_repository = match self.github.repository.split_once('/') {
            Some((owner, name)) => !owner.is_empty() && !name.is_empty() && !name.contains('/'),
            None => false,
        };
        if !is_repository {
            return Err(Error::invalid(format!(
                "`github.repository` is `{}`, not an owner and a name",
                self.github.repository
            ))
            .hint("write it as `openshift/release-tests`"));
        }
        Ok(())
    }
}

/// One setting, for people.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Entry {
    /// The key with its section, such as `oar.backend`.
    pub key: String,
    /// The value as text.
    pub value: String,
    /// `file:line`, the name of an environment variable, or `default`.
    pub source: String,
}

/// The folder of the user's settings: `$XDG_CONFIG_HOME/oar-script` or `~/.config/oar-script`.
pub fn user_folder(world: &dyn World) -> Option<PathBuf> {
    let configured = world
        .env("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute());
    let folder = configured.or_else(|| Some(PathBuf::from(world.env("HOME")?).join(".config")))?;
    Some(folder.join("oar-script"))
}
