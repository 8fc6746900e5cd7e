//! What went wrong in a call of the library, in our words.
//!
//! The library's errors lack the status and the headers; its delegate hears them.

use std::error::Error as StdError;

use google_sheets4::{
    common::{self, Delegate, Retry},
    hyper::body::Body as _,
};
use jiff::Timestamp;
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde_json::Value;

use super::client::Call;
use crate::{
    error::{Error, Kind, Result},
    http::{
        Auth, Tried,
        classify::{excerpt, status_error},
    },
};

/// Hears what the library leaves out of its errors. It never lets the library try again.
#[derive(Default)]
pub(super) struct Listener {
    status: Option<StatusCode>,
    headers: HeaderMap,
    /// How long a body was that is not the expected JSON.
    bytes: usize,
}

impl Delegate for Listener {
    fn http_failure(&mut self, response: &common::Response, _error: Option<&Value>) -> Retry {
        self.status = Some(response.status());
        self.headers = response.headers().clone();
        self.bytes = length(response);
        Retry::Abort
    }

    fn response_json_decode_error(&mut self, text: &str, _error: &serde_json::Error) {
        // The library looks into successful answers only.
        self.status = Some(StatusCode::OK);
        self.bytes = text.len();
    }
}

/// How the library ends a call.
pub(super) type Answered<T> = common::Result<(common::Response, T)>;

impl Listener {
    /// What the trace line says of an answer; `None` is no answer in time.
    pub(super) fn tried<T>(&self, answer: Option<&Answered<T>>) -> Tried {
        let (status, bytes) = match answer {
            Some(Ok((response, _))) => (Some(response.status()), length(response)),
            _ => (self.status, self.bytes),
        };
        Tried {
            status: status.map(|status| status.as_u16()),
            bytes,
        }
    }
}

/// What is known about a call when it comes to judging its end.
pub(super) struct Trouble<'a> {
    pub(super) call: Call<'a>,
    /// The request, as messages show it.
    pub(super) what: String,
    /// The address of the service account.
    pub(super) email: &'a str,
    pub(super) now: Timestamp,
}

impl Trouble<'_> {
    /// Returns what came, or the error that it means; `None` is no answer in time.
    pub(super) async fn judge<T>(
        &self,
        answer: Option<Answered<T>>,
        listener: Listener,
    ) -> Result<T> {
        let what = &self.what;
        let error = match answer {
            None => return Err(self.lost("got no answer in time", None)),
            Some(Ok((response, answer))) if !is_page(response.headers()) => return Ok(answer),
            Some(Ok(_)) => return Err(self.page()),
            Some(Err(error)) => error,
        };
        match error {
            common::Error::HttpError(error) if error.is_connect() => {
                Err(self.unconnected(&innermost(&error)))
            }
            common::Error::HttpError(error) => {
                Err(self.lost("lost its connection", Some(innermost(&error))))
            }
            common::Error::JsonDecodeError(text, error) => Err(self.not_json(&text, error)),
            common::Error::BadRequest(document) => {
                Err(self.refused(&listener, document.to_string().as_bytes(), &document))
            }
            common::Error::Failure(response) => {
                let body = common::to_bytes(response.into_body()).await;
                Err(self.refused(&listener, &body.unwrap_or_default(), &Value::Null))
            }
            other => {
                let error = Error::new(Kind::Unexpected, format!("{what} went wrong"));
                Err(self.changed(error.because(Cause(other.to_string()))))
            }
        }
    }

    fn unconnected(&self, cause: &str) -> Error {
        let what = &self.what;
        let error = if cause.contains("certificate") {
            Error::new(
                Kind::Unexpected,
                format!("{what} met a certificate that is not trusted"),
            )
            .hint("install the root certificates that the service's certificate comes from")
        } else {
            Error::new(Kind::Unreachable, format!("{what} found nobody to talk to"))
        };
        // Nothing was sent, so nothing can have changed.
        error.because(Cause(cause.to_owned()))
    }

    fn lost(&self, trouble: &str, cause: Option<String>) -> Error {
        let error = Error::new(Kind::Unreachable, format!("{} {trouble}", self.what));
        self.changed(match cause {
            Some(cause) => error.because(Cause(cause)),
            None => error,
        })
    }

    /// The library reads a body that broke off as an empty one.
    fn not_json(&self, text: &str, error: serde_json::Error) -> Error {
        if text.is_empty() {
            return self.lost("got an answer that broke off", None);
        }
        if text.trim_start().starts_with('<') {
            return self.page();
        }
        let trouble = match error.classify() {
            serde_json::error::Category::Eof => "JSON that is cut off",
            serde_json::error::Category::Data => "JSON of a shape nobody expected",
            _ => "something that is not JSON",
        };
        let message = format!(
            "{} was answered with {trouble}, which begins `{}`",
            self.what,
            excerpt(text.as_bytes())
        );
        self.changed(Error::new(Kind::Invalid, message).because(error))
    }

    fn page(&self) -> Error {
        let message = format!("{} was answered with a page instead of JSON", self.what);
        let hint = "a proxy or a login page may have answered; check the address of the service";
        self.changed(Error::new(Kind::Unexpected, message).hint(hint))
    }

    fn refused(&self, listener: &Listener, body: &[u8], document: &Value) -> Error {
        let status = listener.status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let message = document["error"]["message"].as_str().unwrap_or_default();
        // Google's own words, not the JSON around them.
        let shown = if message.is_empty() {
            body
        } else {
            message.as_bytes()
        };
        let (headers, none) = (&listener.headers, Auth::none());
        let mut error = status_error(&self.what, status, headers, shown, &none, self.now);
        let (id, email) = (self.call.document, self.email);
        match status.as_u16() {
            // Google says the same of a tab that is missing and of a range that is none.
            400 if message.contains("Unable to parse range") => {
                let range = message
                    .rsplit_once("range: ")
                    .map_or("", |(_, range)| range);
                if let Some(tab) = tab_of(range) {
                    error.kind = Kind::NotFound;
                    error.message = format!("the document `{id}` has no tab `{tab}`");
                }
                error
            }
            400 if message.contains("already exists") => {
                error.kind = Kind::Conflict;
                error
            }
            401 => error.hint("the key of the service account may have been withdrawn"),
            403 if is_switched_off(message) => error.hint(format!(
                "enable the Google Sheets API in the project of `{email}`"
            )),
            403 => {
                error.message = format!("`{email}` may not use the document `{id}`: {message}");
                error.hint(format!("share the document with `{email}` as an editor"))
            }
            404 => {
                error.message = format!("there is no document `{id}`");
                error.hint("look at `[sheets.documents]` in the settings")
            }
            500.. => self.changed(error),
            _ => error,
        }
    }

    /// A change may have happened when its answer makes no sense.
    fn changed(&self, error: Error) -> Error {
        if self.call.is_changing {
            error.ambiguous()
        } else {
            error
        }
    }
}

/// Whether this can be the id of a document; anything else would change the meaning of an address.
pub(super) fn is_document_id(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    !text.is_empty() && text.bytes().all(is_part)
}

/// Whether Google refused because the project of the account does not use this service at all.
fn is_switched_off(message: &str) -> bool {
    message.contains("API has not been used") || message.contains("it is disabled")
}

/// The title of the tab in a well-formed range such as `'4.20.1'!B8:C9`.
fn tab_of(range: &str) -> Option<String> {
    let (title, cells) = range.rsplit_once('!')?;
    let is_cells =
        !cells.is_empty() && cells.split(':').count() <= 2 && cells.split(':').all(is_corner);
    let title = match title.strip_prefix('\'') {
        Some(rest) => rest.strip_suffix('\'')?.replace("''", "'"),
        None => title.to_owned(),
    };
    (is_cells && !title.is_empty()).then_some(title)
}

/// `B8`, `B` or `8`.
fn is_corner(text: &str) -> bool {
    let digits = text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    let letters = text.len() - digits.len();
    !text.is_empty() && letters <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_page(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
}

fn length(response: &common::Response) -> usize {
    let length = response.body().size_hint().lower();
    usize::try_from(length).unwrap_or(usize::MAX)
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Cause(String);
