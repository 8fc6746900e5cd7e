//! The settings: the encrypted file of the Python tool, the user's `oar-script.toml`, the project's,
//! and environment variables `OAR_SCRIPT_…`, each winning over the one before.
//!
//! It holds no secret and reads nothing but through the world. A secret comes from the environment
//! variable that the Python tool uses too; a key that looks like one is an error.

mod check;
pub mod credentials;
mod file;
mod jwe;
mod keys;
mod sections;
mod settings_file;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use figment::Figment;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::{
    error::{Error, Result},
    world::World,
};

pub use keys::{KEYS, Key, SERVICE_NAMES, TOOL_NAMES, looks_secret};
pub use sections::{
    Backend, Contacts, Github, Journal, Mirror, Notices, Oar, Scripts, Service, Sheets, State,
    Store,
};

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
    /// The Google Sheets.
    pub sheets: Sheets,
    /// The repository with test results and StateBox files.
    pub github: Github,
    /// Who owns releases: an e-mail address by y-stream, and one for `default`.
    pub owners: BTreeMap<String, String>,
    /// Whom to tell.
    pub contacts: Contacts,
    /// What people are told.
    pub notices: Notices,
    /// Where people keep their scripts.
    pub scripts: Scripts,
    /// The record of passes, effects and decisions.
    pub journal: Journal,
    #[serde(skip)]
    sources: BTreeMap<String, String>,
    #[serde(skip)]
    ignored: usize,
}

/// Where settings stand, before the encrypted file of the Python tool is opened.
#[derive(Clone, Debug)]
pub struct Layers(Vec<file::Layer>);

impl Layers {
    /// Reads the user's file in `user_folder`, the project's file in `working` or the next folder
    /// above that has one, and the environment.
    ///
    /// Fails with `invalid` for a key nobody knows, or a secret.
    pub fn find(world: &dyn World, working: &Path, user_folder: Option<&Path>) -> Result<Self> {
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
        layers.extend(file::environment(world));
        Ok(Self(layers))
    }

    /// Reads one file that somebody named, and the environment.
    ///
    /// Fails with `not_found` when there is no such file.
    pub fn named(world: &dyn World, path: &Path) -> Result<Self> {
        let layer = file::read(world, path)?.ok_or_else(|| {
            Error::not_found(format!("there is no file `{}`", path.display()))
                .hint("give `--config` the path of a settings file")
        })?;
        let mut layers = vec![layer];
        layers.extend(file::environment(world));
        Ok(Self(layers))
    }

    /// Returns the settings, with those of the encrypted file when one is named.
    ///
    /// Fails with `invalid` for a value that does not fit, `not_found` when the encrypted file does
    /// not exist, `denied` when its key is not set.
    pub fn settings(self, world: &dyn World) -> Result<Config> {
        let own = self.clone().without_settings_file()?;
        let Some(path) = &own.oar.settings_file else {
            return Ok(own);
        };
        let source = own.source("oar.settings_file").unwrap_or("the code");
        let read = settings_file::read(world, path, source)?;
        let mut layers = vec![read.layer];
        layers.extend(self.0);
        let mut config = Config::merged(layers)?;
        config.ignored = read.ignored;
        Ok(config)
    }

    /// Returns the settings without opening the encrypted file: for what needs no real service.
    pub fn without_settings_file(self) -> Result<Config> {
        Config::merged(self.0)
    }
}

impl Config {
    /// Reads the settings from where [`Layers::find`] looks, the encrypted file included.
    pub fn load(world: &dyn World, working: &Path, user_folder: Option<&Path>) -> Result<Self> {
        Layers::find(world, working, user_folder)?.settings(world)
    }

    /// Reads the settings from one file that somebody named, the environment, and the encrypted
    /// file.
    pub fn load_file(world: &dyn World, path: &Path) -> Result<Self> {
        Layers::named(world, path)?.settings(world)
    }

    /// Where a service lives, if a setting says so.
    pub fn endpoint(&self, service: &str) -> Option<&Url> {
        self.services.get(service)?.endpoint.as_ref()
    }

    /// Who owns the releases of a y-stream such as `4.20`.
    pub fn owner(&self, y_stream: &str) -> Option<&str> {
        let owner = self.owners.get(y_stream).or(self.owners.get("default"))?;
        Some(owner)
    }

    /// The id of the Google Sheet of a y-stream.
    pub fn document(&self, y_stream: &str) -> Option<&str> {
        Some(self.sheets.documents.get(y_stream)?)
    }

    /// An attribute of a team on Slack, such as the `channel` of `art`.
    pub fn slack_contact(&self, team: &str, attribute: &str) -> Option<&str> {
        Some(self.contacts.slack.get(team)?.get(attribute)?)
    }

    /// Where a setting comes from: `file:line`, `file:entry` for the encrypted file, or the name of
    /// an environment variable. `None` for a default.
    pub fn source(&self, key: &str) -> Option<&str> {
        self.sources.get(key).map(String::as_str)
    }

    /// How many entries of the encrypted file are none of our settings.
    pub fn ignored(&self) -> usize {
        self.ignored
    }

    /// Every setting there is, in the order they are shown, with its value if it has one.
    pub fn entries(&self) -> Vec<Entry> {
        let document = serde_json::to_value(self).expect("settings have a JSON form");
        let mut entries: Vec<Entry> = Vec::new();
        for key in KEYS {
            let parts: Vec<_> = key.name.split('.').collect();
            for (path, value) in keys::expand(&document, &parts) {
                let name = path.join(".");
                let is_shown = entries.iter().any(|entry| entry.key == name);
                if !is_shown && keys::find(&path).is_some_and(|found| found.name == key.name) {
                    entries.push(Entry {
                        source: self.source(&name).unwrap_or("default").to_owned(),
                        value: match value {
                            Value::Null => None,
                            Value::String(text) => Some(text),
                            other => Some(other.to_string()),
                        },
                        key: name,
                        about: key.about,
                    });
                }
            }
        }
        entries
    }

    fn merged(layers: Vec<file::Layer>) -> Result<Self> {
        let mut figment = Figment::new();
        let mut sources = BTreeMap::new();
        for layer in layers {
            sources.extend(layer.sources.clone());
            figment = figment.merge(layer);
        }
        let mut config: Self = figment
            .extract()
            .map_err(|error| file::wrong_value(error, &sources))?;
        config.sources = sources;
        check::check(&config)?;
        Ok(config)
    }
}

/// The setting that is most likely meant by a key that is none.
pub fn nearest(key: &str) -> Option<String> {
    let path: Vec<String> = key.split('.').map(str::to_owned).collect();
    keys::nearest(&path)
}

/// One setting, for people.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Entry {
    /// The key with its section, such as `oar.backend`.
    pub key: String,
    /// The value as text; `None` when nothing is set and nothing is usual.
    pub value: Option<String>,
    /// `file:line`, the name of an environment variable, or `default`.
    pub source: String,
    /// What it is for, in one line.
    pub about: &'static str,
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
