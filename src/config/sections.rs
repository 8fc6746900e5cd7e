//! The sections of the settings, as they stand in the file.

use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serialize, de};
use url::Url;

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
    /// What carries the tools out; `native` unless said otherwise.
    pub backend: Backend,
    /// The address of the MCP server, such as `http://localhost:8000/mcp`.
    pub endpoint: Option<Url>,
    /// The folder with the programs `oar`, `oarctl`, `job` and `jobctl`, relative to the file that
    /// names it; found on the `PATH` when left out.
    pub programs: Option<PathBuf>,
    /// How long one of these programs may run, such as `45m`; by the tool when left out.
    pub limit: Option<String>,
    /// The encrypted settings of the Python tool (`configstore.json`), relative to the file that
    /// names it. Its key is the secret `OAR_JWK`.
    pub settings_file: Option<PathBuf>,
    /// What carries single tools out, by the name scripts use, such as `take_ownership`.
    pub tools: BTreeMap<String, Backend>,
}

impl Oar {
    /// What carries a tool out; `tool` with or without the `oar_` of the MCP server.
    pub fn backend_of(&self, tool: &str) -> Backend {
        let name = tool.strip_prefix("oar_").unwrap_or(tool);
        self.tools.get(name).copied().unwrap_or(self.backend)
    }

    /// How long a program may run, if a setting says so.
    pub fn limit(&self) -> Option<Duration> {
        let limit: SignedDuration = self.limit.as_ref()?.parse().ok()?;
        Duration::try_from(limit)
            .ok()
            .filter(|limit| !limit.is_zero())
    }
}

/// What carries the OAR tools out.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// A running OAR MCP server.
    Mcp,
    /// The programs of the Python tool on this machine; what they cannot do, this program does itself.
    Cli,
    /// This program itself, where it can; the others run on the MCP server.
    #[default]
    Native,
}

/// The state store: `[state]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// Which store; `github` unless said otherwise.
    pub store: Store,
    /// The git repository of the local store; a folder, relative to the file that names it.
    pub path: Option<PathBuf>,
    /// The branch that keeps StateBox files on GitHub; `z-stream` unless said otherwise.
    pub branch: String,
    /// Where every change is written a second time.
    pub mirror: Option<Mirror>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            store: Store::default(),
            path: None,
            branch: "z-stream".to_owned(),
            mirror: None,
        }
    }
}

/// Which state store is used.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    /// StateBox files in a local git repository.
    Local,
    /// StateBox files on GitHub, where everybody sees them.
    #[default]
    Github,
    /// The Google Sheet of the y-stream: statuses only.
    Sheet,
}

/// Where every change of the state is written a second time.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mirror {
    /// The Google Sheet of the y-stream.
    Sheet,
}

/// The Google Sheets: `[sheets]`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sheets {
    /// The id of the document of each y-stream: `[sheets.documents]`, `"4.20" = "…"`.
    pub documents: BTreeMap<String, String>,
}

/// Whom to tell: `[contacts]`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contacts {
    /// Attributes of the teams on Slack: `[contacts.slack.<team>]`, such as `channel`, `id` or a
    /// y-stream for the handle of its group.
    pub slack: BTreeMap<String, BTreeMap<String, String>>,
}

/// What people are told in Slack: `[notices]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notices {
    /// Whether a drive tells people what changed for them; yes unless said otherwise.
    #[serde(deserialize_with = "flag")]
    pub enabled: bool,
}

impl Default for Notices {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// The repository with test results and StateBox files: `[github]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Github {
    /// A clone of it to read test results from instead of asking GitHub; relative to the file that
    /// names it.
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

/// A flag of the file, or the word for one in an environment variable.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    struct Flag;
    impl de::Visitor<'_> for Flag {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true or false")
        }

        fn visit_bool<E: de::Error>(self, flag: bool) -> Result<bool, E> {
            Ok(flag)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<bool, E> {
            text.parse()
                .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }
    deserializer.deserialize_any(Flag)
}
