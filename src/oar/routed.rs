//! Which tool runs where: in this process, on an OAR server, or as a program on this machine.
//!
//! The setting `oar.backend` decides for all tools and `[oar.tools]` for single ones, by their name
//! on the wire or in scripts. What the backend for all cannot run is run elsewhere:
//!
//! | `oar.backend` | a tool that it cannot run |
//! |---|---|
//! | `native` | runs on the server |
//! | `mcp` | runs here |
//! | `cli` | runs here; what does not run here either is refused when it is called |
//!
//! A single tool is never moved: a setting that names a backend which cannot run it is an error.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::{Map, Value};

use super::{
    backend::{Backend, Ran},
    cli::Programs,
    native::Native,
    tools::{TOOLS, Tool, tool},
};
use crate::{
    config,
    error::{Error, Kind, Result},
    world::BoxFuture,
};

/// Where a tool runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// In this process.
    Native,
    /// On an OAR MCP server.
    Mcp,
    /// As a program of the Python tool on this machine.
    Cli,
}

impl Place {
    /// Every place.
    pub const ALL: [Self; 3] = [Self::Native, Self::Mcp, Self::Cli];

    /// The word of the settings, such as `native`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Mcp => "mcp",
            Self::Cli => "cli",
        }
    }

    /// Says why a tool cannot run there; `None` when it can.
    pub fn obstacle(self, tool: &Tool) -> Option<&'static str> {
        match self {
            Self::Native if !Native::has(tool) => {
                Some("this program does not have the tool itself")
            }
            Self::Mcp if !tool.is_on_server => Some("only this program has the tool"),
            Self::Cli if !tool.is_on_server => Some("only this program has the tool"),
            Self::Cli if !Programs::has(tool) => {
                Some("none of the programs of the release tools does this")
            }
            Self::Native | Self::Mcp | Self::Cli => None,
        }
    }

    /// The places where a tool can run.
    pub fn of(tool: &Tool) -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(|place| place.obstacle(tool).is_none())
    }

    /// Where to look next for a tool that cannot run here.
    fn instead(self) -> Self {
        match self {
            Self::Native => Self::Mcp,
            Self::Mcp | Self::Cli => Self::Native,
        }
    }
}

impl From<config::Backend> for Place {
    fn from(backend: config::Backend) -> Self {
        match backend {
            config::Backend::Native => Self::Native,
            config::Backend::Mcp => Self::Mcp,
            config::Backend::Cli => Self::Cli,
        }
    }
}

/// What runs the tools of each place.
#[derive(Clone)]
pub struct Backends {
    /// In this process.
    pub native: Arc<dyn Backend>,
    /// On an OAR MCP server.
    pub mcp: Arc<dyn Backend>,
    /// As programs on this machine.
    pub cli: Arc<dyn Backend>,
}

/// Hands each tool to the backend that the settings name.
pub struct Routed {
    places: BTreeMap<&'static str, Place>,
    backends: Backends,
}

impl Routed {
    /// Decides where each tool runs; `tools` holds the exceptions from `otherwise`.
    ///
    /// Fails with `invalid` for a name that is no tool, a tool named twice, and a tool that is named
    /// with a backend that cannot run it.
    pub fn new(
        otherwise: config::Backend,
        tools: &BTreeMap<String, config::Backend>,
        backends: Backends,
    ) -> Result<Self> {
        let wanted = Place::from(otherwise);
        let mut places: BTreeMap<&'static str, Place> = TOOLS
            .iter()
            .filter_map(|tool| {
                let mut choice = [wanted, wanted.instead()].into_iter();
                let place = choice.find(|place| place.obstacle(tool).is_none())?;
                Some((tool.name, place))
            })
            .collect();
        let mut named: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, backend) in tools {
            let key = format!("oar.tools.{name}");
            let tool = tool(name).map_err(|error| unknown(&key, error))?;
            if let Some(other) = named.insert(tool.name, name) {
                return Err(Error::invalid(format!(
                    "`oar.tools.{other}` and `{key}` are the same tool"
                ))
                .hint("keep one of the two settings"));
            }
            let place = Place::from(*backend);
            if let Some(obstacle) = place.obstacle(tool) {
                return Err(cannot(&key, place, tool, obstacle));
            }
            places.insert(tool.name, place);
        }
        Ok(Self { places, backends })
    }
}

impl Backend for Routed {
    fn run<'a>(
        &'a self,
        tool: &'static Tool,
        arguments: Map<String, Value>,
    ) -> BoxFuture<'a, Result<Ran>> {
        match self.place(tool) {
            Some(Place::Native) => self.backends.native.run(tool, arguments),
            Some(Place::Mcp) => self.backends.mcp.run(tool, arguments),
            Some(Place::Cli) => self.backends.cli.run(tool, arguments),
            None => Box::pin(async { Err(nowhere(tool)) }),
        }
    }

    fn place(&self, tool: &Tool) -> Option<Place> {
        self.places.get(tool.name).copied()
    }
}

impl fmt::Debug for Routed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routed")
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}

fn unknown(key: &str, error: Error) -> Error {
    let hint = error.hint.unwrap_or_default();
    Error::invalid(format!("`{key}` names no tool")).hint(hint)
}

/// A setting that asks for what cannot be.
fn cannot(key: &str, place: Place, tool: &Tool, obstacle: &str) -> Error {
    let hint = match words(tool).as_str() {
        "`native`" => "leave the setting out, or set it to `native`".to_owned(),
        words => format!("set it to {words}"),
    };
    Error::invalid(format!("`{key}` is `{}`, but {obstacle}", place.word())).hint(hint)
}

/// A tool that no backend of these settings can run.
fn nowhere(tool: &Tool) -> Error {
    let what = format!("`{}` runs neither as a program nor in this one", tool.name);
    Error::new(Kind::Refused, what).service("oar").hint(format!(
        "set `oar.tools.{}` to {}",
        tool.script_name(),
        words(tool)
    ))
}

/// The words of the settings for the places where a tool can run.
fn words(tool: &Tool) -> String {
    let words: Vec<_> = Place::of(tool)
        .map(|place| format!("`{}`", place.word()))
        .collect();
    words.join(" or ")
}
