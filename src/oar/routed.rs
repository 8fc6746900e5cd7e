//! Which tool runs where: in this process, or on an OAR server.
//!
//! The setting `oar.backend` decides for all tools and `[oar.tools]` for single ones, by their name
//! on the wire or in scripts. `native` for all means: the tools that this program has run here, the
//! others on the server. A tool that the server does not have always runs here.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::{Map, Value};

use super::{
    backend::{Backend, Ran},
    native::Native,
    tools::{TOOLS, Tool, tool},
};
use crate::{
    config,
    error::{Error, Result},
    world::BoxFuture,
};

/// Where a tool runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// In this process.
    Native,
    /// On an OAR MCP server.
    Mcp,
}

impl Place {
    /// The word of the settings, such as `native`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Mcp => "mcp",
        }
    }
}

/// Hands each tool to the backend that the settings name.
pub struct Routed {
    places: BTreeMap<&'static str, Place>,
    native: Arc<dyn Backend>,
    mcp: Arc<dyn Backend>,
}

impl Routed {
    /// Decides where each tool runs; `tools` holds the exceptions from `otherwise`.
    ///
    /// Fails with `invalid` for a name that is no tool, a tool named twice, a tool that is to run
    /// here and cannot, and for `cli`, which is not built.
    pub fn new(
        otherwise: config::Backend,
        tools: &BTreeMap<String, config::Backend>,
        native: Arc<dyn Backend>,
        mcp: Arc<dyn Backend>,
    ) -> Result<Self> {
        let mut places = BTreeMap::new();
        for tool in TOOLS {
            let place = match otherwise {
                _ if !tool.is_on_server => Place::Native,
                config::Backend::Native if Native::has(tool) => Place::Native,
                config::Backend::Native | config::Backend::Mcp => Place::Mcp,
                config::Backend::Cli => return Err(not_built("oar.backend")),
            };
            places.insert(tool.name, place);
        }
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
            let place = match backend {
                config::Backend::Mcp | config::Backend::Cli if !tool.is_on_server => {
                    return Err(only_here(&key));
                }
                config::Backend::Native if Native::has(tool) => Place::Native,
                config::Backend::Native => return Err(not_native(&key)),
                config::Backend::Mcp => Place::Mcp,
                config::Backend::Cli => return Err(not_built(&key)),
            };
            places.insert(tool.name, place);
        }
        Ok(Self {
            places,
            native,
            mcp,
        })
    }
}

impl Backend for Routed {
    fn run<'a>(
        &'a self,
        tool: &'static Tool,
        arguments: Map<String, Value>,
    ) -> BoxFuture<'a, Result<Ran>> {
        match self.place(tool) {
            Some(Place::Native) => self.native.run(tool, arguments),
            _ => self.mcp.run(tool, arguments),
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

fn not_native(key: &str) -> Error {
    Error::invalid(format!(
        "`{key}` is `native`, but this program does not have the tool itself"
    ))
    .hint(format!(
        "set it to `mcp`; these run here: {}",
        Native::names().collect::<Vec<_>>().join(", ")
    ))
}

fn only_here(key: &str) -> Error {
    Error::invalid(format!("`{key}` names a tool that only this program has"))
        .hint("leave the setting out, or set it to `native`")
}

fn not_built(key: &str) -> Error {
    Error::invalid(format!(
        "`{key}` is `cli`, which this version cannot do yet"
    ))
    .hint("set it to `native` or `mcp`")
}
