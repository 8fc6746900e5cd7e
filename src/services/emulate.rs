//! What the stand-ins have in common: showing faults, and answering in the usual forms.
//!
//! | fault | acts first | then |
//! |---|---|---|
//! | `refused` | no | the connection closes without an answer |
//! | `status:NNN` | no | answers with this status |
//! | `retry_after:SECS` | no | 429 with `Retry-After` |
//! | `secondary_limit:SECS` | no | 403 as GitHub sends it to who asks too much at once |
//! | `html` | no | 200 with a page, as a proxy would |
//! | `wrong_type` | yes | the answer calls itself a page |
//! | `malformed` | yes | the answer has a stray character in front |
//! | `truncated` | yes | the first half of the answer, as if it were all |
//! | `reset` | yes | the first half of the answer, then the connection closes |
//! | `slow` | yes | the answer comes a fifth of a second late |
//! | `timeout` | yes | no answer comes |
//! | `clock:SECS` | yes | the answer says a time that is so far ahead; negative for behind |
//!
//! A fault that acts first is the one where a change happens and its sender does not learn of it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Json,
    body::{Body, Bytes, to_bytes},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::ReaderStream;

use crate::sim::state::SimState;

const PAGE: &str = "<!DOCTYPE html>\n<html><body><h1>Sign in</h1></body></html>\n";

const SECONDARY_LIMIT: &str =
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";

/// Answers one call: lets `act` do what the service does, unless a fault comes in between.
pub async fn answer(
    state: &SimState,
    service: &str,
    operation: &str,
    act: impl FnOnce() -> Response,
) -> Response {
    let Some(fault) = state.fault(service, operation) else {
        return act();
    };
    let (name, detail) = fault.kind.split_once(':').unwrap_or((&fault.kind, ""));
    match name {
        "refused" => broken(Bytes::new()).into_response(),
        "status" => {
            let status = detail
                .parse()
                .ok()
                .and_then(|code| StatusCode::from_u16(code).ok());
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(json!({"message": "made to fail"}))).into_response()
        }
        "retry_after" => {
            let wait = HeaderValue::from_str(detail).unwrap_or(HeaderValue::from_static("60"));
            let headers = [(header::RETRY_AFTER, wait)];
            (StatusCode::TOO_MANY_REQUESTS, headers, "too many requests").into_response()
        }
        "secondary_limit" => {
            let wait = HeaderValue::from_str(detail).ok();
            let wait = wait.filter(|wait| !wait.is_empty());
            let headers = [(
                header::RETRY_AFTER,
                wait.unwrap_or(HeaderValue::from_static("60")),
            )];
            let document = json!({"message": SECONDARY_LIMIT});
            (StatusCode::FORBIDDEN, headers, Json(document)).into_response()
        }
        "html" => Html(PAGE).into_response(),
        "wrong_type" => {
            let mut response = act();
            let page = HeaderValue::from_static("text/html; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, page);
            response
        }
        "malformed" => damaged(act(), |bytes| [b"}", &bytes[..]].concat().into()).await,
        "truncated" => damaged(act(), |bytes| half(&bytes).into()).await,
        "reset" => damaged(act(), |bytes| broken(half(&bytes))).await,
        "slow" => {
            tokio::time::sleep(Duration::from_millis(200)).await;
            act()
        }
        "clock" => {
            let mut response = act();
            let ahead = SignedDuration::from_secs(detail.parse::<i32>().unwrap_or_default().into());
            let at = state.clock().now().saturating_add(ahead);
            set_date(&mut response, at.unwrap_or(Timestamp::MAX));
            response
        }
        "timeout" => {
            let response = act();
            tokio::time::sleep(Duration::from_secs(600)).await;
            response
        }
        other => {
            let text = format!("no stand-in knows the fault `{other}`");
            (StatusCode::NOT_IMPLEMENTED, text).into_response()
        }
    }
}

/// Says when the answer was given, unless it says so already.
pub fn set_date(response: &mut Response, at: Timestamp) {
    let text = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&text) {
        response.headers_mut().entry(header::DATE).or_insert(date);
    }
}

/// Returns the document of a service, `null` when there is none.
pub fn document(state: &SimState, service: &str) -> Value {
    state.read(|stored| stored.documents[service].clone())
}

async fn damaged(response: Response, damage: impl FnOnce(Bytes) -> Body) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, damage(bytes))
}

fn half(bytes: &Bytes) -> Bytes {
    bytes.slice(..bytes.len() / 2)
}

/// A body that ends in a broken connection. With nothing to send first, not even the status goes
/// out, because the server has not written it yet.
pub(crate) fn broken(first: Bytes) -> Body {
    Body::from_stream(ReaderStream::new(Broken {
        is_flushed: first.is_empty(),
        first,
    }))
}

struct Broken {
    first: Bytes,
    is_flushed: bool,
}

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let length = self.first.len().min(buffer.remaining());
            buffer.put_slice(&self.first.split_to(length));
            return Poll::Ready(Ok(()));
        }
        if !self.is_flushed {
            // The server writes out what it has when there is nothing more to read for now.
            self.is_flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }
}
