//! An answer, read to its end.

use bytes::Bytes;
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde::de::DeserializeOwned;

use super::classify::excerpt;
use crate::error::{Error, Kind, Result};

/// A successful answer, or one with a status that was asked for.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status, below 400 unless the request accepts others.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The request, as messages show it.
    pub(crate) what: String,
}

impl Answer {
    /// Reads the body as JSON.
    ///
    /// Fails with `unexpected` when a page came instead or the document is cut off or malformed, which
    /// says nothing on what was asked; `invalid` when it is of another shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        if self.is_page() {
            return Err(self.wrong(Kind::Unexpected, "a page instead of JSON").hint(
                "a proxy or a login page may have answered; check the address of the service",
            ));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            let (kind, trouble) = match error.classify() {
                serde_json::error::Category::Eof => (Kind::Unexpected, "JSON that is cut off"),
                serde_json::error::Category::Data => {
                    (Kind::Invalid, "JSON of a shape nobody expected")
                }
                _ => (Kind::Unexpected, "something that is not JSON"),
            };
            self.wrong(kind, trouble).because(error)
        })
    }

    /// Reads the body as text; bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn is_page(&self) -> bool {
        self.headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
    }

    fn wrong(&self, kind: Kind, trouble: &str) -> Error {
        let mut message = format!("{} was answered with {trouble}", self.what);
        let start = excerpt(&self.body);
        if start.is_empty() {
            message.push_str(": the answer is empty");
        } else {
            message.push_str(&format!(", which begins `{start}`"));
        }
        Error::new(kind, message).status(self.status.as_u16())
    }
}
