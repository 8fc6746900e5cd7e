//! Where script files come from, and which one wins when a name exists more than once.
//!
//! ```text
//! --scripts DIR  ->  project  ->  user  ->  embedded (scripts/, then stdlib/)
//! ```
//!
//! A name is a path below one of these roots, such as `phases/promotion`. It cannot leave them.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use include_dir::{Dir, DirEntry, include_dir};
use serde::Serialize;

use super::suggest;
use crate::{
    error::{Error, Kind, Result},
    world::World,
};

static SCRIPTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scripts");
static STDLIB: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/stdlib");

/// Where a script file comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A file named by its path.
    Path,
    /// The folder given with `--scripts`.
    Given,
    /// The project's script folder.
    Project,
    /// The user's script folder.
    User,
    /// Shipped with the program.
    Embedded,
    /// Text that never was a file: the prompt, a test.
    Text,
}

impl Origin {
    /// The word for people, such as `project`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Path => "named",
            Self::Given => "given",
            Self::Project => "project's",
            Self::User => "user's",
            Self::Embedded => "shipped",
            Self::Text => "typed",
        }
    }
}

/// A script file with its text.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name in messages, such as `phases/promotion.rhai`.
    pub name: String,
    /// Where it lies, if it is a file.
    pub path: Option<PathBuf>,
    /// Which root it comes from.
    pub origin: Origin,
    /// The text.
    pub text: Arc<str>,
}

impl Source {
    /// Makes a source of a text that is no file.
    pub fn text(name: impl Into<String>, text: impl AsRef<str>) -> Self {
        Self {
            name: name.into(),
            path: None,
            origin: Origin::Text,
            text: text.as_ref().into(),
        }
    }
}

/// The search order.
#[derive(Clone)]
pub struct Sources {
    world: Arc<dyn World>,
    roots: Vec<(Origin, PathBuf)>,
}

impl Sources {
    /// Makes a search order of the given folders, the strongest first; embedded files come last.
    pub fn new(world: Arc<dyn World>, roots: Vec<(Origin, PathBuf)>) -> Self {
        Self { world, roots }
    }

    /// Returns the file that wins for this name, with or without `.rhai`.
    ///
    /// Throws `refused` for a name that leaves the roots, `not_found` with similar names,
    /// `invalid` when the file cannot be read or is no text.
    pub fn find(&self, name: &str) -> Result<Source> {
        let name = clean(name)?;
        for (origin, root) in &self.roots {
            if let Some(source) = self.read_below(*origin, root, &name)? {
                return Ok(source);
            }
        }
        embedded(&name).ok_or_else(|| self.missing(&name))
    }

    /// Reads a file by its path; `None` when there is none.
    pub fn open(&self, path: &Path) -> Result<Option<Source>> {
        let name = path.display().to_string();
        self.read(Origin::Path, path, &name)
    }

    /// Returns the files of the roots that lie behind the one that wins, nearest first.
    pub fn shadowed_by(&self, source: &Source) -> Vec<Origin> {
        let behind = self
            .roots
            .iter()
            .skip_while(|(origin, _)| *origin != source.origin)
            .skip(1)
            .filter(|(_, root)| self.world.read(&root.join(&source.name)).is_ok())
            .map(|(origin, _)| *origin);
        let is_ours = !matches!(
            source.origin,
            Origin::Embedded | Origin::Text | Origin::Path
        );
        behind
            .chain(embedded(&source.name).map(|_| Origin::Embedded))
            .filter(|_| is_ours)
            .collect()
    }

    /// Returns the files under `overrides/`, the weakest first.
    pub fn overrides(&self) -> Result<Vec<Source>> {
        let mut found: Vec<Source> = Vec::new();
        for (origin, root) in self.roots.iter().rev() {
            for name in self.list(root) {
                if !name.starts_with("overrides/") {
                    continue;
                }
                if let Some(mut source) = self.read_below(*origin, root, &name)? {
                    if found.iter().any(|other| other.name == source.name) {
                        source.name = root.join(&name).display().to_string();
                    }
                    found.push(source);
                }
            }
        }
        Ok(found)
    }

    /// Returns the names of all script files, without those under `overrides/`.
    pub fn names(&self) -> Vec<String> {
        let mut names: BTreeSet<String> = self
            .roots
            .iter()
            .flat_map(|(_, root)| self.list(root))
            .collect();
        list_embedded(&SCRIPTS, &mut names);
        list_embedded(&STDLIB, &mut names);
        names
            .into_iter()
            .filter(|name| !name.starts_with("overrides/"))
            .collect()
    }

    fn list(&self, root: &Path) -> Vec<String> {
        let files = self.world.list(root).unwrap_or_default();
        files
            .iter()
            .map(|path| path.to_string_lossy().replace('\\', "/"))
            .filter(|name| name.ends_with(".rhai"))
            .collect()
    }

    fn read_below(&self, origin: Origin, root: &Path, name: &str) -> Result<Option<Source>> {
        let path = root.join(name);
        let source = self.read(origin, &path, name)?;
        if source.is_some() && is_outside(root, &path) {
            return Err(Error::new(
                Kind::Refused,
                format!("`{name}` is a link out of its folder"),
            )
            .hint(format!("put the file itself into {}", root.display())));
        }
        Ok(source)
    }

    fn read(&self, origin: Origin, path: &Path, name: &str) -> Result<Option<Source>> {
        let bytes = match self.world.read(path) {
            Ok(bytes) => bytes,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => {
                let message = format!("cannot read the script {}", path.display());
                return Err(Error::invalid(message).because(error));
            }
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            Error::invalid(format!("the script {} is not UTF-8 text", path.display()))
                .because(error)
        })?;
        Ok(Some(Source {
            name: name.to_owned(),
            path: Some(path.to_owned()),
            origin,
            text: text.trim_start_matches('\u{feff}').into(),
        }))
    }

    fn missing(&self, name: &str) -> Error {
        let error = Error::not_found(format!("there is no script `{name}`"));
        let names = self.names();
        let close = suggest::closest(name, names.iter());
        match suggest::did_you_mean(&close) {
            Some(hint) => error.hint(hint),
            None => {
                let folders: Vec<_> = self
                    .roots
                    .iter()
                    .map(|(_, root)| root.display().to_string())
                    .chain(["the shipped scripts".to_owned()])
                    .collect();
                error.hint(format!("searched {}", folders.join(", ")))
            }
        }
    }
}

/// Checks that a name stays below its root and gives it the extension of scripts.
fn clean(name: &str) -> Result<String> {
    let path = Path::new(name);
    let is_below = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if name.trim().is_empty() || !is_below || name.contains(['\\', '\0']) {
        return Err(
            Error::new(Kind::Refused, format!("`{name}` leaves the script folders")).hint(
                "name a script by its path below the script folder, such as `phases/promotion`",
            ),
        );
    }
    let parts: Vec<_> = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    let name = parts.join("/");
    Ok(match name.ends_with(".rhai") {
        true => name,
        false => format!("{name}.rhai"),
    })
}

fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as Io;
    matches!(
        error.kind(),
        Io::NotFound | Io::NotADirectory | Io::IsADirectory
    )
}

/// Whether a file that lies on the disk is reached through a link that leaves its root. Files of a
/// world in memory have no links.
fn is_outside(root: &Path, path: &Path) -> bool {
    match (root.canonicalize(), path.canonicalize()) {
        (Ok(root), Ok(path)) => !path.starts_with(root),
        _ => false,
    }
}

fn embedded(name: &str) -> Option<Source> {
    let file = SCRIPTS.get_file(name).or_else(|| STDLIB.get_file(name))?;
    Some(Source {
        name: name.to_owned(),
        path: None,
        origin: Origin::Embedded,
        text: file.contents_utf8()?.into(),
    })
}

fn list_embedded(folder: &Dir<'_>, names: &mut BTreeSet<String>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => list_embedded(folder, names),
            DirEntry::File(file) => {
                let name = file.path().to_string_lossy().replace('\\', "/");
                if name.ends_with(".rhai") {
                    names.insert(name);
                }
            }
        }
    }
}
