//! Which class a result file is in: a reader must never take a missing, damaged or half-written
//! file for a result.
//!
//! ```text
//! missing -> in flight -> decided -> promotion requested -> decided
//! (any)   -> invalid JSON, unsupported layout
//! ```

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::document::TestResult;
use crate::error::{Error, Result};

/// A result file, by class.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reading {
    /// There is no such file: not created yet, or a nightly that has been recycled.
    Missing,
    /// Not JSON.
    InvalidJson(Fault),
    /// JSON, but not the layout of a result; the text says what is wrong with it.
    UnsupportedLayout(String),
    /// Jobs run, or ran and have not been counted together yet.
    InFlight(TestResult),
    /// A person asked for promotion; the next pass of the aggregator decides anew.
    PromotionRequested(TestResult),
    /// Counted together, with a stored decision.
    Decided(TestResult),
}

/// Where a file stops being JSON.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// Whether the file ends too early, as one that is cut off does.
    pub is_truncated: bool,
    /// What is wrong, lower case.
    pub message: String,
}

impl Fault {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        if self.is_truncated {
            "the file is cut off; read it again, and if it stays so, look at its history on the record branch"
        } else {
            "the file was probably edited by hand; repair it on the record branch"
        }
    }
}

impl Reading {
    /// Reads the bytes of a file; none when there is no file.
    pub fn of(bytes: Option<&[u8]>) -> Self {
        let Some(bytes) = bytes else {
            return Self::Missing;
        };
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let value: Value = match serde_json::from_slice(text) {
            Ok(value) => value,
            Err(error) => return Self::InvalidJson(fault(&error)),
        };
        let result = match TestResult::from_value(&value, identity(bytes)) {
            Ok(result) => result,
            Err(why) => return Self::UnsupportedLayout(why),
        };
        match (result.aggregated, result.accepted) {
            (Some(true), Some(_)) => Self::Decided(result),
            (Some(false), _) if result.is_promoted_by_hand => Self::PromotionRequested(result),
            _ => Self::InFlight(result),
        }
    }

    /// The same, when the file is the one of `build`.
    ///
    /// Errors: `invalid` when it is a result of another build.
    pub fn of_build(bytes: Option<&[u8]>, build: &str) -> Result<Self> {
        let reading = Self::of(bytes);
        match reading.result() {
            Some(result) if result.build.name != build => Err(Error::invalid(format!(
                "the result file of `{build}` is about `{}`",
                result.build.name
            ))
            .hint("the file was copied or edited by hand; repair it on the record branch")),
            _ => Ok(reading),
        }
    }

    /// The result, when the file is one.
    pub fn result(&self) -> Option<&TestResult> {
        match self {
            Self::InFlight(result) | Self::PromotionRequested(result) | Self::Decided(result) => {
                Some(result)
            }
            Self::Missing | Self::InvalidJson(_) | Self::UnsupportedLayout(_) => None,
        }
    }

    /// Whether the file holds a decision.
    pub fn is_decided(&self) -> bool {
        matches!(self, Self::Decided(_))
    }

    /// The result, or an error that says why there is none.
    ///
    /// Errors: `not_found` for a missing file, `invalid` for one that is no result.
    pub fn into_result(self) -> Result<TestResult> {
        match self {
            Self::InFlight(result) | Self::PromotionRequested(result) | Self::Decided(result) => {
                Ok(result)
            }
            Self::Missing => Err(Error::not_found("no test result yet").hint(
                "the file appears when the first jobs are triggered, some time after the build",
            )),
            Self::InvalidJson(fault) => Err(Error::invalid(format!(
                "the test result is not valid JSON: {} at line {}, column {}",
                fault.message, fault.line, fault.column
            ))
            .hint(fault.hint())),
            Self::UnsupportedLayout(why) => Err(Error::invalid(format!(
                "the test result has an unsupported layout: {why}"
            ))
            .hint("files of early 2024 and before look different; read it by hand")),
        }
    }

    /// The status people see, such as `accepted by a person`.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Missing => "not started",
            Self::InvalidJson(_) | Self::UnsupportedLayout(_) => "unreadable",
            Self::PromotionRequested(_) => "promotion requested",
            Self::InFlight(_) => "in progress",
            Self::Decided(result) if result.accepted == Some(true) => "accepted",
            Self::Decided(result) if result.is_promoted_by_hand => "accepted by a person",
            Self::Decided(_) => "rejected",
        }
    }
}

/// Returns the SHA-256 of a file in hex, which binds a decision to one version of it.
pub fn identity(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn fault(error: &serde_json::Error) -> Fault {
    let is_truncated = error.is_eof();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let message = if is_truncated {
        "it ends too early".to_owned()
    } else {
        let message = error.to_string();
        message
            .strip_suffix(&position)
            .unwrap_or(&message)
            .to_owned()
    };
    Fault {
        line: error.line().max(1),
        column: error.column().max(1),
        is_truncated,
        message,
    }
}
