//! The wire: Streamable HTTP as the Python server speaks it, on loopback.

use std::{
    collections::HashSet,
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, ReadBuf},
    net::TcpListener,
};
use tokio_util::{io::ReaderStream, sync::CancellationToken};
use url::Url;
use uuid::Uuid;

use super::{
    checker,
    dispatch::{self, Reply},
    outside::Outside,
    program::Programs,
};
use crate::{
    error::{Error, Kind, Result},
    sim::{Simulation, requests::Requests, state::SimState},
    state::StateStore,
    world::simulated,
};

/// The name of this service among the others of a world.
pub(super) const SERVICE: &str = "oar";
const SESSION: &str = "mcp-session-id";
const VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
static SERVERS: AtomicU64 = AtomicU64::new(0);

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stop: CancellationToken,
    outside: Outside,
    programs: Arc<Programs>,
}

impl Running {
    /// The address of its MCP endpoint.
    pub fn endpoint(&self) -> Url {
        Url::parse(&format!("http://{}/mcp", self.address)).expect("a socket address makes a URL")
    }

    /// The programs behind the server's tools, as somebody on the same machine runs them.
    pub fn programs(&self) -> Arc<dyn simulated::Programs> {
        self.programs.clone()
    }

    /// Lets the background checker do what it would have done by now.
    ///
    /// The server does this before every request; a world whose clock moved calls it before somebody
    /// reads the state store.
    pub async fn settle(&self) {
        checker::settle(&self.outside).await;
    }

    /// Forgets all sessions, as a restart does.
    pub fn restart(&self) {
        self.outside.forget();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[derive(Clone)]
struct Server {
    outside: Outside,
    stop: CancellationToken,
    sessions: Arc<Sessions>,
    requests: Requests,
    latency: Duration,
}

#[derive(Debug)]
struct Sessions {
    server: u64,
    count: AtomicU64,
    open: Mutex<(u64, HashSet<String>)>,
}

impl Sessions {
    fn open(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}/{}/{count}", std::process::id(), self.server);
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
            .simple()
            .to_string();
        self.lock().1.insert(id.clone());
        id
    }

    fn knows(&self, id: &str, epoch: u64) -> bool {
        let mut open = self.lock();
        if open.0 != epoch {
            *open = (epoch, HashSet::new());
        }
        open.1.contains(id)
    }

    fn close(&self, id: &str) {
        self.lock().1.remove(id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (u64, HashSet<String>)> {
        self.open
            .lock()
            .expect("no thread panics while it holds the sessions")
    }
}

/// Starts the server on a free port of the loopback interface.
///
/// Fails with `unexpected` when no port can be had.
pub async fn start(state: Arc<SimState>, store: Arc<dyn StateStore>) -> Result<Running> {
    serve(state, store, Requests::default(), Duration::ZERO).await
}

/// Starts the server as one more service of a simulated world, and puts the programs behind it there:
/// as late as the others with their answers, and counted with them, a call under the name of its tool.
///
/// Fails with `unexpected` when no port can be had.
pub async fn start_in(simulation: &Simulation, store: Arc<dyn StateStore>) -> Result<Running> {
    let requests = simulation.requests().clone();
    let running = serve(
        simulation.state().clone(),
        store,
        requests,
        simulation.latency(),
    )
    .await?;
    simulation.world().set_endpoint(SERVICE, running.endpoint());
    simulation.world().set_programs(running.programs());
    Ok(running)
}

async fn serve(
    state: Arc<SimState>,
    store: Arc<dyn StateStore>,
    requests: Requests,
    latency: Duration,
) -> Result<Running> {
    let failed = |error: io::Error| {
        Error::new(Kind::Unexpected, "cannot start the simulated OAR server").because(error)
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let stop = CancellationToken::new();
    let outside = Outside::new(state.clone(), store.clone());
    let programs = Arc::new(Programs {
        server: outside.clone(),
        own: Outside::new(state, store),
        requests: requests.clone(),
        latency,
    });
    let server = Server {
        outside: outside.clone(),
        stop: stop.clone(),
        sessions: Arc::new(Sessions {
            server: SERVERS.fetch_add(1, Ordering::Relaxed),
            count: AtomicU64::new(0),
            open: Mutex::default(),
        }),
        requests,
        latency,
    };
    let router = Router::new()
        .route("/mcp", any(mcp))
        .route(
            "/mcp/",
            any(async || (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/mcp")])),
        )
        .route("/health", get(health))
        .with_state(server);
    let stopped = stop.clone();
    tokio::spawn(async move {
        let serving = axum::serve(listener, router)
            .with_graceful_shutdown(async move { stopped.cancelled().await });
        if let Err(error) = serving.await {
            tracing::warn!("the simulated OAR server ended: {error}");
        }
    });
    Ok(Running {
        address,
        stop,
        outside,
        programs,
    })
}

async fn mcp(
    State(server): State<Server>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !server.latency.is_zero() {
        tokio::time::sleep(server.latency).await;
    }
    server.requests.count(SERVICE, operation(&method, &body));
    let session = text_of(&headers, SESSION);
    if let Some(id) = &session
        && !server.sessions.knows(id, server.outside.epoch())
    {
        return protocol_error(StatusCode::NOT_FOUND, -32600, "Session not found", None);
    }
    match method {
        Method::POST => post(&server, &headers, session, &body).await,
        Method::GET => listen(&server, &headers, session),
        Method::DELETE => match session {
            Some(id) => {
                server.sessions.close(&id);
                StatusCode::OK.into_response()
            }
            None => missing_session(),
        },
        _ => protocol_error(
            StatusCode::METHOD_NOT_ALLOWED,
            -32600,
            "Method Not Allowed",
            None,
        ),
    }
}

/// What a request is counted under: the tool, else the method of the protocol, else that of HTTP.
fn operation(method: &Method, body: &[u8]) -> String {
    let message: Value = serde_json::from_slice(body).unwrap_or_default();
    let name = match message["method"].as_str() {
        Some("tools/call") => message["params"]["name"].as_str(),
        other => other,
    };
    name.map_or_else(|| format!("{method} /mcp"), str::to_owned)
}

async fn post(
    server: &Server,
    headers: &HeaderMap,
    session: Option<String>,
    body: &[u8],
) -> Response {
    let accepts = |wanted: &str| {
        text_of(headers, header::ACCEPT.as_str()).is_some_and(|accept| accept.contains(wanted))
    };
    if !accepts("application/json") || !accepts("text/event-stream") {
        return protocol_error(
            StatusCode::NOT_ACCEPTABLE,
            -32600,
            "Not Acceptable: Client must accept both application/json and text/event-stream",
            session.as_deref(),
        );
    }
    let is_json = text_of(headers, header::CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("application/json"));
    if !is_json {
        return protocol_error(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            -32600,
            "Unsupported Media Type: Content-Type must be application/json",
            session.as_deref(),
        );
    }
    let message: Value = match serde_json::from_slice(body) {
        Ok(message) => message,
        Err(error) => {
            return protocol_error(
                StatusCode::BAD_REQUEST,
                -32700,
                &format!("Parse error: {error}"),
                session.as_deref(),
            );
        }
    };
    let method = message["method"].as_str().unwrap_or_default();
    if method == "initialize" {
        let id = server.sessions.open();
        let answer =
            json!({"jsonrpc": "2.0", "id": message["id"], "result": welcome(&message["params"])});
        return frame(&answer, &id);
    }
    let Some(session) = session else {
        return missing_session();
    };
    if message.get("id").is_none() || method.is_empty() {
        return (StatusCode::ACCEPTED, [(SESSION, session)]).into_response();
    }
    let result = match method {
        "ping" => json!({}),
        "tools/list" => json!({"tools": dispatch::listing()}),
        "prompts/list" => json!({"prompts": []}),
        "resources/list" => json!({"resources": []}),
        "resources/templates/list" => json!({"resourceTemplates": []}),
        "tools/call" => match dispatch::call(&server.outside, &message["params"]).await {
            Reply::Result(result) => result,
            Reply::Status(status) => return status.into_response(),
            Reply::Page => {
                let page = "<!DOCTYPE html><html><body>Sign in</body></html>";
                return ([(header::CONTENT_TYPE, "text/html")], page).into_response();
            }
            Reply::Nothing => return broken_stream(&session),
        },
        _ => {
            let error =
                json!({"code": -32602, "message": "Invalid request parameters", "data": ""});
            let answer = json!({"jsonrpc": "2.0", "id": message["id"], "error": error});
            return frame(&answer, &session);
        }
    };
    frame(
        &json!({"jsonrpc": "2.0", "id": message["id"], "result": result}),
        &session,
    )
}

fn listen(server: &Server, headers: &HeaderMap, session: Option<String>) -> Response {
    let accept = text_of(headers, header::ACCEPT.as_str()).unwrap_or_default();
    if !accept.contains("text/event-stream") {
        return protocol_error(
            StatusCode::NOT_ACCEPTABLE,
            -32600,
            "Not Acceptable: Client must accept text/event-stream",
            session.as_deref(),
        );
    }
    let Some(session) = session else {
        return missing_session();
    };
    let (reader, writer) = tokio::io::duplex(64);
    let stop = server.stop.clone();
    tokio::spawn(async move {
        stop.cancelled().await;
        drop(writer);
    });
    (
        [
            (
                header::CONTENT_TYPE.as_str(),
                "text/event-stream".to_owned(),
            ),
            (SESSION, session),
        ],
        Body::from_stream(ReaderStream::new(reader)),
    )
        .into_response()
}

async fn health(State(server): State<Server>) -> Response {
    let (status, answer) = super::data::health(&server.outside);
    (status, axum::Json(answer)).into_response()
}

fn welcome(params: &Value) -> Value {
    let asked = params["protocolVersion"].as_str().unwrap_or_default();
    let version = VERSIONS
        .into_iter()
        .find(|version| *version == asked)
        .unwrap_or(VERSIONS[VERSIONS.len() - 1]);
    json!({
        "protocolVersion": version,
        "capabilities": {
            "experimental": {},
            "prompts": {"listChanged": false},
            "resources": {"subscribe": false, "listChanged": false},
            "tools": {"listChanged": true},
        },
        "serverInfo": {"name": "release-tests", "version": "2.14.7"},
    })
}

fn frame(message: &Value, session: &str) -> Response {
    (
        [
            (header::CONTENT_TYPE.as_str(), "text/event-stream"),
            (header::CACHE_CONTROL.as_str(), "no-cache, no-transform"),
            (SESSION, session),
        ],
        format!("event: message\r\ndata: {message}\r\n\r\n"),
    )
        .into_response()
}

fn missing_session() -> Response {
    protocol_error(
        StatusCode::BAD_REQUEST,
        -32600,
        "Bad Request: Missing session ID",
        None,
    )
}

fn protocol_error(status: StatusCode, code: i64, message: &str, session: Option<&str>) -> Response {
    let body = json!({
        "jsonrpc": "2.0",
        "id": "server-error",
        "error": {"code": code, "message": message},
    });
    let mut response = (status, axum::Json(body)).into_response();
    if let Some(value) = session.and_then(|session| session.parse().ok()) {
        response.headers_mut().insert(SESSION, value);
    }
    response
}

/// An answer whose connection breaks before anything useful was sent.
fn broken_stream(session: &str) -> Response {
    (
        [
            (header::CONTENT_TYPE.as_str(), "text/event-stream"),
            (SESSION, session),
        ],
        Body::from_stream(ReaderStream::new(Broken)),
    )
        .into_response()
}

struct Broken;

impl AsyncRead for Broken {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}
