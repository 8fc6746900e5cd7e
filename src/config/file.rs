//! Reads one layer of settings and remembers on which line each of them stands.

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use figment::{
    Metadata, Profile, Provider, Source,
    providers::{Format as _, Toml},
    value::{Dict, Map, Value},
};

use super::keys::{self, KEYS};
use crate::{
    error::{Error, Kind, Place, Result},
    world::World,
};

/// Settings from one place.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) values: Dict,
    /// Where each key comes from.
    pub(super) sources: BTreeMap<String, String>,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::from("settings", Source::Custom(self.name.clone()))
    }

    fn data(&self) -> figment::error::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// Reads a file; `None` when there is none.
pub(super) fn read(world: &dyn World, path: &Path) -> Result<Option<Layer>> {
    let bytes = match world.read(path) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => {
            let message = format!("cannot read `{}`", path.display());
            return Err(Error::new(Kind::Unexpected, message).because(error));
        }
    };
    let shown = path.display().to_string();
    let text = String::from_utf8(bytes)
        .map_err(|error| Error::invalid(format!("`{shown}` is not text")).because(error))?;
    let mut values = Toml::string(&text)
        .data()
        .map_err(|error| {
            // The lines that quote the file are left out: they may hold a secret.
            let text = error.to_string();
            let told: Vec<_> = text.lines().filter(|line| !line.contains('|')).collect();
            Error::invalid(format!("cannot read `{shown}`")).because(Reason(told.join(": ")))
        })?
        .remove(&Profile::Default)
        .unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut sources = BTreeMap::new();
    for (path, value) in flattened(&values) {
        let key = path.join(".");
        let line = line_of(&text, &key);
        check(&path, &value, &shown, line)?;
        let source = match line {
            Some(line) => format!("{shown}:{line}"),
            None => shown.clone(),
        };
        sources.insert(key, source);
    }
    for key in KEYS.iter().filter(|key| key.is_path) {
        settle(world, &mut values, key.name, folder);
    }
    Ok(Some(Layer {
        name: shown,
        values,
        sources,
    }))
}

/// Reads `OAR_SCRIPT_<SECTION>_<KEY>` for every setting there is.
pub(super) fn environment(world: &dyn World) -> Vec<Layer> {
    keys::fixed()
        .filter_map(|key| {
            let name = format!("OAR_SCRIPT_{}", key.replace('.', "_").to_uppercase());
            let text = world.env(&name)?;
            let mut values = Dict::new();
            insert(
                &mut values,
                &key.split('.').collect::<Vec<_>>(),
                text.into(),
            );
            if KEYS.iter().any(|known| known.is_path && known.name == key) {
                settle(world, &mut values, &key, Path::new(""));
            }
            let sources = BTreeMap::from([(key, name.clone())]);
            Some(Layer {
                name,
                values,
                sources,
            })
        })
        .collect()
}

/// A value of the wrong kind, with the place it stands at.
pub(super) fn wrong_value(error: figment::Error, sources: &BTreeMap<String, String>) -> Error {
    let key = error.path.join(".");
    let message = match sources.get(&key) {
        Some(source) => format!("`{key}` in {source} has a value that does not fit"),
        None => "a setting does not fit".to_owned(),
    };
    Error::invalid(message).because(Reason(error.kind.to_string()))
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Reason(pub(super) String);

/// A key must be known and must not be, or hold, a secret.
fn check(path: &[String], value: &Value, file: &str, line: Option<usize>) -> Result<()> {
    let key = path.join(".");
    let place = line.map(|line| Place {
        file: file.to_owned(),
        line,
        column: 1,
    });
    let place_text = match line {
        Some(line) => format!("{file}:{line}"),
        None => file.to_owned(),
    };
    let known = keys::find(path);
    let leaf = path.last().map_or("", String::as_str);
    let has_secret_name = known.is_none() && keys::looks_secret(leaf);
    let is_secret = has_secret_name || value.as_str().is_some_and(keys::is_token);
    if is_secret {
        return Err(Error::invalid(format!(
            "`{key}` in {place_text} is a secret, which does not belong in a file"
        ))
        .hint(format!(
            "remove it there and set the environment variable {}",
            keys::secret_setting(&key)
        ))
        .at(place));
    }
    if known.is_some() {
        return Ok(());
    }
    Err(
        Error::invalid(format!("there is no setting `{key}`, in {place_text}"))
            .hint(keys::advice(path))
            .at(place),
    )
}

/// All values with their full keys. An empty section has none.
fn flattened(values: &Dict) -> Vec<(Vec<String>, Value)> {
    let mut flat = Vec::new();
    for (name, value) in values {
        match value.as_dict() {
            Some(section) => {
                flat.extend(flattened(section).into_iter().map(|(mut path, value)| {
                    path.insert(0, name.clone());
                    (path, value)
                }))
            }
            None => flat.push((vec![name.clone()], value.clone())),
        }
    }
    flat
}

/// Makes a relative path one that starts at `folder`, and `~` the person's home.
fn settle(world: &dyn World, values: &mut Dict, key: &str, folder: &Path) {
    let Some((section, leaf)) = key.split_once('.') else {
        return;
    };
    let Some(Value::Dict(_, section)) = values.get_mut(section) else {
        return;
    };
    let Some(Value::String(_, text)) = section.get_mut(leaf) else {
        return;
    };
    let home = text.strip_prefix("~/").zip(world.env("HOME"));
    let path = match home {
        Some((rest, home)) => PathBuf::from(home).join(rest),
        None => folder.join(text.as_str()),
    };
    *text = path.display().to_string();
}

/// Puts a value where the path says, below what is there already.
pub(super) fn insert(values: &mut Dict, path: &[&str], value: Value) {
    let [name, rest @ ..] = path else {
        return;
    };
    if rest.is_empty() {
        values.insert((*name).to_owned(), value);
        return;
    }
    let section = values
        .entry((*name).to_owned())
        .or_insert_with(|| Dict::new().into());
    if let Value::Dict(_, section) = section {
        insert(section, rest, value);
    }
}

/// The line a key stands on, counted from 1, as far as a look at the lines can tell.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let mut section = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line
            .strip_prefix('[')
            .and_then(|line| line.split(']').next())
        {
            section = bare(header);
        } else if let Some((name, _)) = line.split_once('=') {
            let name = bare(name);
            let full = match section.as_str() {
                "" => name,
                section => format!("{section}.{name}"),
            };
            let holds = key
                .strip_prefix(&full)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            if holds {
                return Some(index + 1);
            }
        }
    }
    None
}

fn bare(name: &str) -> String {
    name.chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '"' | '\'' | '['))
        .collect()
}
