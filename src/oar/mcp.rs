//! An OAR MCP server as a backend: sessions, turns, time limits, and errors with a class.
//!
//! A call that changes something is sent once. When its answer is lost the error is ambiguous and
//! the decision is left to whoever called; only reads are repeated here.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use rmcp::{
    RoleClient, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ClientConfig,
        Implementation,
    },
    service::RunningService,
    transport::{
        StreamableHttpClientTransport, common::client_side_sse::NeverRetry,
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, Semaphore};
use url::Url;

use super::{
    backend::{Backend, Ran},
    routed::Place,
    tools::{Form, Tool},
    trouble::{self, Trouble},
};
use crate::{
    call::Control,
    error::{Error, Kind, Result},
    http::Tally,
    world::{BoxFuture, Event, What, World},
};

/// Where an OAR server is by default.
pub const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:8000/mcp";

const CONNECT_LIMIT: Duration = Duration::from_secs(120);
const TEXT_LIMIT: Duration = Duration::from_secs(600);
const JSON_LIMIT: Duration = Duration::from_secs(60);
const TEXT_TURNS: usize = 3;
const TRIES: u32 = 3;
const FIRST_WAIT_SECS: u64 = 60;
/// A session begins with a greeting, a confirmation and a stream for what the server wants to say.
const REQUESTS_OF_A_SESSION: u64 = 3;

type Connection = RunningService<RoleClient, ClientConfig>;

/// The client of one OAR server.
pub struct Server {
    world: Arc<dyn World>,
    http: reqwest::Client,
    endpoint: Url,
    tally: Option<Tally>,
    connection: Mutex<Option<Arc<Connection>>>,
    text_turns: Semaphore,
    json_turns: Semaphore,
    printing_turns: Semaphore,
}

impl Server {
    /// Makes a client of the server that the world has, or else of the one at `otherwise`.
    pub fn new(world: Arc<dyn World>, http: reqwest::Client, otherwise: Url) -> Self {
        let endpoint = world.endpoint("oar").unwrap_or(otherwise);
        Self {
            world,
            http,
            endpoint,
            tally: None,
            connection: Mutex::default(),
            text_turns: Semaphore::new(TEXT_TURNS),
            json_turns: Semaphore::new(1),
            printing_turns: Semaphore::new(1),
        }
    }

    /// Counts every request here.
    pub fn counted(mut self, tally: Tally) -> Self {
        self.tally = Some(tally);
        self
    }

    /// Where the server is.
    pub fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// Returns the names of the tools that the server has.
    pub async fn tool_names(&self) -> Result<Vec<String>> {
        let connection = self.connect().await?;
        self.count(1);
        let listed = tokio::time::timeout(JSON_LIMIT, connection.peer().list_all_tools())
            .await
            .map_err(|_| self.explain(Trouble::timed_out(), false))?
            .map_err(|error| self.explain(trouble::of_call(&error), false))?;
        Ok(listed
            .into_iter()
            .map(|tool| tool.name.into_owned())
            .collect())
    }

    async fn run_tool(&self, tool: &'static Tool, arguments: Map<String, Value>) -> Result<String> {
        let is_changing = tool.changes_with(&arguments);
        let mut tries = 1;
        loop {
            let error = match self.attempt(tool, &arguments, is_changing).await {
                Ok(text) => return Ok(text),
                Err(error) => error,
            };
            let is_last = tries == TRIES || Control::current().is_hasty;
            if is_changing || !error.is_retryable() || is_last {
                return Err(error);
            }
            let wait_secs = FIRST_WAIT_SECS << (tries - 1);
            let hint = error
                .hint
                .as_ref()
                .map_or(String::new(), |hint| format!(" ({hint})"));
            let why = format!("`{}`: {}{hint}", tool.name, error.chain());
            self.world.say(&Event {
                at: self.world.now(),
                node: None,
                what: What::Retrying(why, wait_secs),
            });
            self.world.sleep(Duration::from_secs(wait_secs)).await;
            tries += 1;
        }
    }

    /// Calls a tool once, in its turn. A read whose session is gone gets a new one at once.
    async fn attempt(
        &self,
        tool: &'static Tool,
        arguments: &Map<String, Value>,
        is_changing: bool,
    ) -> Result<String> {
        let _turn = match tool.form {
            Form::Text => self.text_turns.acquire().await,
            Form::Json => self.json_turns.acquire().await,
        }
        .expect("nobody closes the turns");
        let _printing = if matches!(tool.name, "oar_image_consistency_check" | "job_run") {
            Some(
                self.printing_turns
                    .acquire()
                    .await
                    .expect("nobody closes the turns"),
            )
        } else {
            None
        };
        let began = Instant::now();
        let mut answer = self.send(tool, arguments, is_changing).await;
        if let Err((_, trouble)) = &answer
            && trouble.is_session_lost
            && !is_changing
        {
            answer = self.send(tool, arguments, is_changing).await;
        }
        let answer = answer.map_err(|(error, _)| error);
        let release = arguments.get("release").and_then(Value::as_str);
        tracing::info!(
            tool = tool.name,
            release,
            millis = began.elapsed().as_millis() as u64,
            error = answer.as_ref().err().map(|error| error.kind.word()),
            "called"
        );
        answer
    }

    async fn send(
        &self,
        tool: &'static Tool,
        arguments: &Map<String, Value>,
        is_changing: bool,
    ) -> Result<String, (Error, Trouble)> {
        let connection = self
            .connect()
            .await
            .map_err(|error| (error, Trouble::default()))?;
        let limit = match tool.form {
            Form::Text => TEXT_LIMIT,
            Form::Json => JSON_LIMIT,
        };
        self.count(1);
        let request = CallToolRequestParams::new(tool.name).with_arguments(arguments.clone());
        let answered = tokio::time::timeout(limit, connection.peer().call_tool_once(request)).await;
        let trouble = match answered {
            Ok(Ok(CallToolResponse::Complete(result))) => {
                return text_of(tool, &result).map_err(|error| (error, Trouble::default()));
            }
            Ok(Ok(_)) => Trouble::new(
                Kind::Unexpected,
                "it answered with something else than a result",
            ),
            Ok(Err(error)) => trouble::of_call(&error),
            Err(_) => Trouble::timed_out(),
        };
        if trouble.is_session_lost || connection.peer().is_transport_closed() {
            self.forget(&connection).await;
        }
        Err((self.explain(trouble.clone(), is_changing), trouble))
    }

    async fn connect(&self) -> Result<Arc<Connection>> {
        let mut kept = self.connection.lock().await;
        if let Some(connection) = kept.as_ref()
            && !connection.peer().is_transport_closed()
        {
            return Ok(connection.clone());
        }
        let mut config = StreamableHttpClientTransportConfig::with_uri(self.endpoint.as_str())
            .reinit_on_expired_session(false);
        config.retry_config = Arc::new(NeverRetry::default());
        let transport = StreamableHttpClientTransport::with_client(self.http.clone(), config);
        let client = ClientConfig::new(
            ClientCapabilities::default(),
            Implementation::new("oar-script", env!("CARGO_PKG_VERSION")),
        );
        self.count(REQUESTS_OF_A_SESSION);
        let connected = tokio::time::timeout(CONNECT_LIMIT, client.serve(transport))
            .await
            .map_err(|_| self.explain(Trouble::timed_out(), false))?
            .map_err(|error| self.explain(trouble::of_start(&error), false))?;
        let connection = Arc::new(connected);
        *kept = Some(connection.clone());
        Ok(connection)
    }

    fn count(&self, requests: u64) {
        if let Some(tally) = &self.tally {
            tally.add(requests);
        }
    }

    async fn forget(&self, lost: &Arc<Connection>) {
        let mut kept = self.connection.lock().await;
        if kept
            .as_ref()
            .is_some_and(|connection| Arc::ptr_eq(connection, lost))
        {
            *kept = None;
        }
    }

    fn explain(&self, trouble: Trouble, is_changing: bool) -> Error {
        // Not in the message: that goes into the journal, where the same trouble is the same text.
        tracing::info!(endpoint = %self.endpoint, message = trouble.message, "the server failed");
        let mut error = Error::new(
            trouble.kind,
            format!("the server failed: {}", trouble.message),
        )
        .service("oar");
        error.status = trouble.status;
        error.is_ambiguous = is_changing && trouble.may_have_run;
        let hint = if error.is_ambiguous {
            "the call may have been carried out: read the state again before repeating it"
        } else if trouble.is_session_lost {
            "the server was restarted; nothing was done, so the call can be made again"
        } else {
            match trouble.kind {
                Kind::Unreachable => {
                    "start the OAR MCP server and set `oar.endpoint`, or try with `--sim`"
                }
                Kind::Busy => "try again later",
                Kind::Denied => {
                    "look at what stands in front of the server; it asks for no credential itself"
                }
                _ => "check that `oar.endpoint` is an OAR MCP server; its path is usually `/mcp`",
            }
        };
        error.hint(hint)
    }
}

impl Backend for Server {
    fn run<'a>(
        &'a self,
        tool: &'static Tool,
        arguments: Map<String, Value>,
    ) -> BoxFuture<'a, Result<Ran>> {
        Box::pin(async move { self.run_tool(tool, arguments).await.map(Ran::from) })
    }

    fn place(&self, _tool: &Tool) -> Option<Place> {
        Some(Place::Mcp)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("endpoint", &self.endpoint.as_str())
            .finish_non_exhaustive()
    }
}

fn text_of(tool: &Tool, result: &CallToolResult) -> Result<String> {
    let text: Vec<_> = result
        .content
        .iter()
        .filter_map(|block| block.as_text())
        .map(|text| text.text.as_str())
        .collect();
    let text = text.join("\n");
    if result.is_error == Some(true) {
        let text: String = text.trim().chars().take(500).collect();
        return Err(Error::invalid(format!("the server refused `{}`: {text}", tool.name))
            .service("oar")
            .hint("the server may be of another version; compare its tools with `oar-script docs oar`"));
    }
    Ok(text)
}
