//! Turns what went wrong on the wire into one of our kinds of error.

use std::{error::Error as StdError, time::Duration};

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};

use super::auth::Auth;
use crate::error::{Error, Kind, Result};

/// How much of an answer a message shows.
const EXCERPT: usize = 160;

/// Returns `None` for a thing that does not exist, and the thing or any other error as they are.
pub fn found<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(thing) => Ok(Some(thing)),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What an answer with a status that is no success means.
pub(crate) fn status_error(
    what: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    auth: &Auth,
    now: Timestamp,
) -> Error {
    let wait = retry_after(headers, now);
    let is_used_up = status == StatusCode::FORBIDDEN && (wait.is_some() || is_used_up(headers));
    let kind = match status.as_u16() {
        _ if is_used_up => Kind::Busy,
        404 | 410 => Kind::NotFound,
        401 | 403 | 407 => Kind::Denied,
        409 | 412 => Kind::Conflict,
        400 | 422 => Kind::Invalid,
        429 | 503 => Kind::Busy,
        408 | 502 | 504 => Kind::Unreachable,
        _ => Kind::Unexpected,
    };
    let mut message = format!("{what} was answered with {}", worded(status));
    let excerpt = excerpt(body);
    if !excerpt.is_empty() {
        message.push_str(&format!(": {excerpt}"));
    }
    let error = Error::new(kind, message)
        .status(status.as_u16())
        .retry_after(wait.filter(|_| kind == Kind::Busy));
    match kind {
        Kind::Denied => match auth.hint_after(status) {
            Some(hint) => error.hint(hint),
            None => error,
        },
        Kind::Busy => error.hint("the service asks to come back later"),
        _ => error,
    }
}

/// What a request that got no whole answer means.
pub(super) fn transport_error(what: &str, error: reqwest::Error) -> Error {
    let (kind, trouble) = trouble(&error);
    with_hint(Error::new(kind, format!("{what} {trouble}")).because(error.without_url()))
}

/// The same for an error that a client library has wrapped: only the innermost cause is kept.
pub(crate) fn wrapped_transport_error(what: &str, error: &(dyn StdError + 'static)) -> Error {
    let mut found = None;
    let mut innermost = error;
    loop {
        found = found.or(innermost.downcast_ref::<reqwest::Error>());
        match innermost.source() {
            Some(source) => innermost = source,
            None => break,
        }
    }
    let (kind, trouble) = found.map_or((Kind::Unexpected, "went wrong"), trouble);
    with_hint(
        Error::new(kind, format!("{what} {trouble}")).because(Innermost(innermost.to_string())),
    )
}

/// Says what to do about a certificate that is not trusted: it does not pass by itself.
fn with_hint(mut error: Error) -> Error {
    if !error.chain().contains("certificate") {
        return error;
    }
    error.kind = Kind::Unexpected;
    error.hint("install the root certificates that the service's certificate comes from")
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Innermost(String);

fn trouble(error: &reqwest::Error) -> (Kind, &'static str) {
    if error.is_builder() {
        (Kind::Invalid, "cannot be sent")
    } else if error.is_timeout() {
        (Kind::Unreachable, "got no answer in time")
    } else if error.is_connect() {
        (Kind::Unreachable, "found nobody to talk to")
    } else if error.is_redirect() {
        (Kind::Unexpected, "was sent in circles")
    } else if error.is_decode() {
        (Kind::Unreachable, "got an answer that broke off")
    } else {
        (Kind::Unreachable, "lost its connection")
    }
}

/// Whether no byte of the request can have reached the service.
pub(super) fn was_never_sent(error: &reqwest::Error) -> bool {
    error.is_connect() || error.is_builder()
}

/// The same for an error that a client library has wrapped.
pub(crate) fn wrapped_was_never_sent(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<reqwest::Error>() {
            return was_never_sent(error);
        }
        next = error.source();
    }
    false
}

/// The first characters of an answer in one line.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * EXCERPT)]);
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let line: String = line.chars().filter(|letter| !letter.is_control()).collect();
    if line.chars().count() <= EXCERPT {
        return line;
    }
    let start: String = line.chars().take(EXCERPT).collect();
    format!("{start}…")
}

fn worded(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// How long the service asks us to stay away: `Retry-After` in seconds or as a date, or the time
/// at which a used-up allowance is renewed.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let until =
        |at: Timestamp| Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO));
    if let Some(text) = text(headers, RETRY_AFTER.as_str()) {
        return match text.parse::<u64>() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => until(rfc2822::parse(text).ok()?.timestamp()),
        };
    }
    if !is_used_up(headers) {
        return None;
    }
    let renewed = text(headers, "x-ratelimit-reset")?.parse().ok()?;
    until(Timestamp::from_second(renewed).ok()?)
}

fn is_used_up(headers: &HeaderMap) -> bool {
    text(headers, "x-ratelimit-remaining") == Some("0")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}
