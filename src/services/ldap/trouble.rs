//! What went wrong in a conversation with the directory, as one of our kinds of error.

use std::io;

use ldap3::LdapError;

use crate::{
    error::{Error, Kind},
    http::Shown,
};

/// Returns what an error of the library means for a question.
pub(super) fn judge(shown: &Shown, error: LdapError) -> Error {
    match error {
        LdapError::LdapResult { result } => refusal(shown, result.rc, &result.text),
        LdapError::Io { source } => connection(shown, source),
        LdapError::Timeout { .. } => {
            Error::new(Kind::Unreachable, format!("{shown} got no answer in time"))
        }
        LdapError::OpSend { .. }
        | LdapError::ResultRecv { .. }
        | LdapError::IdScrubSend { .. }
        | LdapError::EndOfStream => {
            Error::new(Kind::Unreachable, format!("{shown} lost its connection"))
        }
        other => Error::new(Kind::Invalid, format!("{shown} cannot be asked")).because(other),
    }
}

/// The directory's own numbers.
fn refusal(shown: &Shown, code: u32, text: &str) -> Error {
    let kind = match code {
        32 => Kind::NotFound,
        7 | 8 | 13 | 48 | 49 | 50 => Kind::Denied,
        3 | 51 | 52 => Kind::Busy,
        2 | 18 | 21 | 34 => Kind::Invalid,
        _ => Kind::Unexpected,
    };
    let mut message = format!("{shown} was refused with {code}");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !text.is_empty() {
        message.push_str(&format!(": {text}"));
    }
    Error::new(kind, message)
}

fn connection(shown: &Shown, cause: io::Error) -> Error {
    if cause.to_string().contains("certificate") {
        // It does not pass by itself.
        return Error::new(Kind::Unexpected, format!("{shown} found nobody to trust"))
            .because(cause)
            .hint("install the root certificates that the service's certificate comes from");
    }
    let trouble = match cause.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => "lost its connection",
        _ => "found nobody to talk to",
    };
    Error::new(Kind::Unreachable, format!("{shown} {trouble}")).because(cause)
}
