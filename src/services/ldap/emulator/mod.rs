//! The stand-in of the directory, over `ldap.people` of the simulated state:
//!
//! ```json
//! {"qa1": {"name": "Qa One", "mail": "qa1@example.com", "manager": "boss1", "groups": ["team"]}}
//! ```
//!
//! It speaks LDAP, version 3, without TLS, to who does not say a name: searches for an equal
//! `rhatPrimaryMail`, `uid` or `memberOf` in everything below the base, and what a directory says of
//! itself. Anything else it is unwilling to perform. Of the usual faults (`services/emulate.rs`)
//! those about HTTP are answered with a refusal; `busy` is one more.

mod ber;
mod directory;

use std::{sync::Arc, time::Duration};

use bytes::BytesMut;
use lber::{parse::parse_tag, structure::StructureTag, write::encode_into};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use self::ber::{Request, Search, result};
use crate::sim::{
    stand_in::{Heard, StandIn},
    state::SimState,
};

const SERVICE: &str = "ldap";

/// No question is longer.
const LONGEST_MESSAGE: usize = 8192;

/// Results by their numbers.
const SUCCESS: i64 = 0;
const PROTOCOL_ERROR: i64 = 2;
const NO_OTHER_METHOD: i64 = 7;
const WRONG_PASSWORD: i64 = 49;
const MAY_NOT: i64 = 50;
const BUSY: i64 = 51;
const UNWILLING: i64 = 53;
const OTHER: i64 = 80;

/// Returns the stand-in.
pub fn stand_in(state: Arc<SimState>) -> StandIn {
    StandIn::tcp("ldap", move |stream, heard| {
        let state = state.clone();
        Box::pin(async move {
            // A connection that breaks ends its conversation; the next one begins anew.
            let _ = converse(&state, stream, &heard).await;
        })
    })
}

async fn converse(state: &SimState, mut stream: TcpStream, heard: &Heard) -> std::io::Result<()> {
    let mut buffer = BytesMut::new();
    loop {
        let message = match parse_tag(&buffer) {
            Ok((rest, message)) => {
                let length = buffer.len() - rest.len();
                let _ = buffer.split_to(length);
                message
            }
            Err(lber::Err::Incomplete(_)) if buffer.len() <= LONGEST_MESSAGE => {
                if stream.read_buf(&mut buffer).await? == 0 {
                    return Ok(());
                }
                continue;
            }
            Err(_) => return Ok(()),
        };
        let Some((id, request)) = Request::of(message) else {
            return Ok(());
        };
        let answer = match request {
            Request::Unbind => return Ok(()),
            Request::Abandon => continue,
            Request::Bind {
                version,
                name,
                is_simple,
            } => {
                let (code, text) = bind(version, &name, is_simple);
                vec![result(1, code, text)]
            }
            Request::Search(search) => {
                heard.note("search").await;
                match searched(state, &search).await {
                    Reply::Whole(answer) => answer,
                    Reply::Half(answer) => {
                        let bytes = written(id, answer)?;
                        return stream.write_all(&bytes[..bytes.len() / 2]).await;
                    }
                    Reply::Nonsense => return stream.write_all(b"}\x00 this is no LDAP").await,
                    Reply::Nothing => return Ok(()),
                }
            }
            Request::Other { answer: Some(tag) } => {
                vec![result(tag, UNWILLING, "this stand-in only searches")]
            }
            Request::Other { answer: None } => return Ok(()),
        };
        let bytes = written(id, answer)?;
        stream.write_all(&bytes).await?;
    }
}

/// What is said to a search.
enum Reply {
    Whole(Vec<StructureTag>),
    /// The first half of it, then the connection closes.
    Half(Vec<StructureTag>),
    Nonsense,
    /// The connection closes.
    Nothing,
}

async fn searched(state: &SimState, search: &Search) -> Reply {
    let Some(fault) = state.fault(SERVICE, "search") else {
        return Reply::Whole(directory::answer(state, search));
    };
    let (name, detail) = fault.kind.split_once(':').unwrap_or((&fault.kind, ""));
    let refused = |code, reason| Reply::Whole(vec![result(5, code, reason)]);
    match (name, detail) {
        ("refused", _) => Reply::Nothing,
        ("timeout", _) => {
            tokio::time::sleep(Duration::from_secs(600)).await;
            Reply::Nothing
        }
        ("slow", _) => {
            tokio::time::sleep(Duration::from_millis(200)).await;
            Reply::Whole(directory::answer(state, search))
        }
        ("reset" | "truncated", _) => Reply::Half(directory::answer(state, search)),
        ("malformed", _) => Reply::Nonsense,
        ("busy" | "retry_after" | "secondary_limit", _) | ("status", "429" | "503") => {
            refused(BUSY, "come back later")
        }
        ("status", "401" | "403") => refused(MAY_NOT, "who you are may not search"),
        _ => refused(OTHER, "made to fail"),
    }
}

fn bind(version: i64, name: &str, is_simple: bool) -> (i64, &'static str) {
    match (version, name, is_simple) {
        (3, "", true) => (SUCCESS, ""),
        (3, _, true) => (WRONG_PASSWORD, ""),
        (3, _, false) => (NO_OTHER_METHOD, "no SASL here"),
        _ => (PROTOCOL_ERROR, "only version 3"),
    }
}

/// The answers to the question with the number `id`, one message each.
fn written(id: i64, answers: Vec<StructureTag>) -> std::io::Result<BytesMut> {
    let mut bytes = BytesMut::new();
    for answer in answers {
        encode_into(&mut bytes, ber::message(id, answer))?;
    }
    Ok(bytes)
}
