//! What the errors of the MCP library mean to us: how bad it is, and whether the call may have run.

use std::{error::Error as StdError, time::Duration};

use rmcp::{
    service::{ClientInitializeError, ServiceError},
    transport::streamable_http_client::StreamableHttpError,
};

use crate::error::Kind;

/// What went wrong with a call.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub kind: Kind,
    pub message: String,
    pub status: Option<u16>,
    pub may_have_run: bool,
    pub is_session_lost: bool,
}

impl Default for Trouble {
    fn default() -> Self {
        Self::new(Kind::Unexpected, "")
    }
}

impl Trouble {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            status: None,
            may_have_run: true,
            is_session_lost: false,
        }
    }

    /// No answer in time.
    pub fn timed_out() -> Self {
        Self::new(Kind::Unreachable, "it gave no answer in time")
    }

    fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    fn not_run(mut self) -> Self {
        self.may_have_run = false;
        self
    }

    fn session_lost(mut self) -> Self {
        self.is_session_lost = true;
        self
    }
}

/// What an error of a call means.
pub(super) fn of_call(error: &ServiceError) -> Trouble {
    match error {
        ServiceError::TransportSend(error) => of_transport(error.error.as_ref()),
        ServiceError::McpError(error) => of_protocol(&error.message),
        ServiceError::TransportClosed => {
            Trouble::new(Kind::Unreachable, "the connection was closed").session_lost()
        }
        ServiceError::Timeout { timeout } => timed_out_after(*timeout),
        other => Trouble::new(Kind::Unexpected, other.to_string()),
    }
}

/// What an error while connecting means; no tool was called yet.
pub(super) fn of_start(error: &ClientInitializeError) -> Trouble {
    let trouble = match error {
        ClientInitializeError::TransportError { error, .. } => of_transport(error.error.as_ref()),
        ClientInitializeError::JsonRpcError(error) => of_protocol(&error.message),
        ClientInitializeError::ConnectionClosed(why) => Trouble::new(
            Kind::Unreachable,
            format!("the connection was closed: {why}"),
        ),
        other => Trouble::new(Kind::Unexpected, format!("it does not speak MCP: {other}")),
    };
    trouble.not_run()
}

fn of_transport(error: &(dyn StdError + Send + Sync + 'static)) -> Trouble {
    let Some(error) = error.downcast_ref::<StreamableHttpError<reqwest::Error>>() else {
        return Trouble::new(Kind::Unexpected, error.to_string());
    };
    match error {
        StreamableHttpError::Client(error) => of_http(error),
        StreamableHttpError::HttpStatus(error) => of_status(error.status),
        StreamableHttpError::SessionExpired => {
            Trouble::new(Kind::Unreachable, "the session is unknown there")
                .status(404)
                .not_run()
                .session_lost()
        }
        StreamableHttpError::UnexpectedContentType(kind) => Trouble::new(
            Kind::Unexpected,
            format!(
                "it answered with {} instead of MCP",
                kind.as_deref().unwrap_or("something unnamed")
            ),
        ),
        StreamableHttpError::AuthRequired(_) => {
            Trouble::new(Kind::Denied, "it asks for a credential")
                .status(401)
                .not_run()
        }
        StreamableHttpError::InsufficientScope(_) => Trouble::new(Kind::Denied, "it refuses us")
            .status(403)
            .not_run(),
        StreamableHttpError::UnexpectedServerResponse(what) => of_text(what),
        StreamableHttpError::Deserialize(_) => {
            Trouble::new(Kind::Unexpected, "its answer is not MCP")
        }
        StreamableHttpError::TransportChannelClosed
        | StreamableHttpError::UnexpectedEndOfStream => {
            Trouble::new(Kind::Unreachable, "the connection was closed").session_lost()
        }
        other => Trouble::new(Kind::Unreachable, other.to_string()),
    }
}

fn of_http(error: &reqwest::Error) -> Trouble {
    if let Some(status) = error.status() {
        return of_status(status.as_u16());
    }
    if error.is_connect() {
        return Trouble::new(Kind::Unreachable, format!("no connection: {}", root(error)))
            .not_run();
    }
    if error.is_timeout() {
        return Trouble::timed_out();
    }
    Trouble::new(
        Kind::Unreachable,
        format!("the connection broke: {}", root(error)),
    )
}

fn of_status(status: u16) -> Trouble {
    let kind = match status {
        401 | 403 => Kind::Denied,
        404 => Kind::NotFound,
        429 | 503 => Kind::Busy,
        500..=599 => Kind::Unreachable,
        _ => Kind::Unexpected,
    };
    let trouble = Trouble::new(kind, format!("HTTP status {status}")).status(status);
    if status < 500 {
        trouble.not_run()
    } else {
        trouble
    }
}

/// The library puts the status of odd answers into a text.
fn of_text(text: &str) -> Trouble {
    let status = text
        .split_once("HTTP ")
        .and_then(|(_, rest)| rest.get(..3))
        .and_then(|code| code.parse().ok());
    match status {
        Some(status) => of_status(status),
        None if text.contains('<') => Trouble::new(Kind::Unexpected, "it answered with a web page"),
        None => {
            let start: String = text.chars().take(120).collect();
            Trouble::new(Kind::Unexpected, format!("its answer is not MCP: {start}"))
        }
    }
}

fn of_protocol(message: &str) -> Trouble {
    if message.contains("stream closed before its final response") {
        return Trouble::new(Kind::Unreachable, "the answer was lost on the way");
    }
    if message.contains("Task") && message.contains("group") {
        return Trouble::new(Kind::Busy, "it is still starting").not_run();
    }
    if message.contains("Session not found") || message.contains("Missing session ID") {
        return Trouble::new(Kind::Unreachable, "the session is unknown there")
            .not_run()
            .session_lost();
    }
    Trouble::new(
        Kind::Unexpected,
        format!("it answered with a protocol error: {message}"),
    )
}

fn timed_out_after(limit: Duration) -> Trouble {
    Trouble::new(
        Kind::Unreachable,
        format!("it gave no answer within {} s", limit.as_secs()),
    )
}

fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn StdError = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
