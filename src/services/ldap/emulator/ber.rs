//! Messages of LDAP (RFC 4511) as they are encoded.

use lber::{
    common::TagClass,
    structure::{PL, StructureTag},
};

/// What somebody asks.
#[derive(Debug)]
pub(super) enum Request {
    /// To be let in.
    Bind {
        version: i64,
        name: String,
        is_simple: bool,
    },
    /// To leave.
    Unbind,
    /// To forget a question.
    Abandon,
    /// For entries.
    Search(Search),
    /// For something else, and the number of its answer if we know one.
    Other { answer: Option<u64> },
}

/// A search.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) base: String,
    pub(super) scope: Scope,
    pub(super) most: usize,
    pub(super) has_names_only: bool,
    pub(super) filter: Filter,
    pub(super) attributes: Vec<String>,
}

/// How far a search goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scope {
    Base,
    Below,
}

/// What entries are wanted.
#[derive(Debug)]
pub(super) enum Filter {
    Equal(String, String),
    Present(String),
    Unknown,
}

impl Request {
    /// Reads a message; `None` when it is none. The first is its number.
    pub(super) fn of(message: StructureTag) -> Option<(i64, Self)> {
        let mut parts = message.expect_constructed()?.into_iter();
        let id = number(parts.next()?)?;
        let operation = parts.next()?;
        if operation.class != TagClass::Application {
            return None;
        }
        let request = match operation.id {
            0 => bind(operation)?,
            2 => Self::Unbind,
            3 => Self::Search(search(operation)?),
            16 => Self::Abandon,
            id @ (6 | 8 | 10 | 12 | 14 | 23) => Self::Other {
                answer: Some(id + 1),
            },
            _ => Self::Other { answer: None },
        };
        Some((id, request))
    }
}

fn bind(operation: StructureTag) -> Option<Request> {
    let mut parts = operation.expect_constructed()?.into_iter();
    let version = number(parts.next()?)?;
    let name = text(parts.next()?)?;
    let method = parts.next()?;
    let is_simple = method.class == TagClass::Context && method.id == 0;
    Some(Request::Bind {
        version,
        name,
        is_simple,
    })
}

fn search(operation: StructureTag) -> Option<Search> {
    let mut parts = operation.expect_constructed()?.into_iter();
    let base = text(parts.next()?)?;
    let scope = match number(parts.next()?)? {
        0 => Scope::Base,
        1 | 2 => Scope::Below,
        _ => return None,
    };
    let _aliases = parts.next()?;
    let most = usize::try_from(number(parts.next()?)?).ok()?;
    let _seconds = parts.next()?;
    let has_names_only = number(parts.next()?)? != 0;
    let filter = filter(parts.next()?)?;
    let attributes = parts.next()?.expect_constructed()?;
    let attributes = attributes.into_iter().map(text);
    Some(Search {
        base,
        scope,
        most,
        has_names_only,
        filter,
        attributes: attributes.collect::<Option<_>>()?,
    })
}

fn filter(tag: StructureTag) -> Option<Filter> {
    Some(match (tag.class, tag.id) {
        (TagClass::Context, 3) => {
            let mut parts = tag.expect_constructed()?.into_iter();
            Filter::Equal(text(parts.next()?)?, text(parts.next()?)?)
        }
        (TagClass::Context, 7) => Filter::Present(text(tag)?),
        _ => Filter::Unknown,
    })
}

fn text(tag: StructureTag) -> Option<String> {
    String::from_utf8(tag.expect_primitive()?).ok()
}

fn number(tag: StructureTag) -> Option<i64> {
    let bytes = tag.expect_primitive()?;
    let is_negative = bytes
        .first()
        .is_some_and(|first| first & 0x80 != 0 && bytes.len() > 1);
    if bytes.is_empty() || bytes.len() > 8 || is_negative {
        return None;
    }
    Some(
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | i64::from(*byte)),
    )
}

/// A message with the number of the question it answers.
pub(super) fn message(id: i64, operation: StructureTag) -> StructureTag {
    sequence(vec![integer(2, id), operation])
}

/// A result with a number and a reason. `tag` says of which operation.
pub(super) fn result(tag: u64, code: i64, reason: &str) -> StructureTag {
    let parts = vec![integer(10, code), octets(""), octets(reason)];
    constructed(TagClass::Application, tag, parts)
}

/// An entry that was found.
pub(super) fn entry(name: &str, attributes: &[(String, Vec<String>)]) -> StructureTag {
    let attributes = attributes.iter().map(|(name, values)| {
        let values = values.iter().map(|value| octets(value)).collect();
        sequence(vec![
            octets(name),
            constructed(TagClass::Universal, 17, values),
        ])
    });
    let parts = vec![octets(name), sequence(attributes.collect())];
    constructed(TagClass::Application, 4, parts)
}

fn sequence(parts: Vec<StructureTag>) -> StructureTag {
    constructed(TagClass::Universal, 16, parts)
}

fn constructed(class: TagClass, id: u64, parts: Vec<StructureTag>) -> StructureTag {
    StructureTag {
        class,
        id,
        payload: PL::C(parts),
    }
}

fn octets(text: &str) -> StructureTag {
    StructureTag {
        class: TagClass::Universal,
        id: 4,
        payload: PL::P(text.as_bytes().to_vec()),
    }
}

/// A number as an integer (2) or an enumerated (10), in as few bytes as it needs.
fn integer(id: u64, value: i64) -> StructureTag {
    let bytes = value.to_be_bytes();
    let is_spare = |pair: &[u8]| {
        (pair[0] == 0 && pair[1] & 0x80 == 0) || (pair[0] == 0xff && pair[1] & 0x80 != 0)
    };
    let spare = bytes.windows(2).take_while(|pair| is_spare(pair)).count();
    StructureTag {
        class: TagClass::Universal,
        id,
        payload: PL::P(bytes[spare..].to_vec()),
    }
}
