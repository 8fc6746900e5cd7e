//! Reads the text of a document into a tree, or says where it is broken.

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, Span, StrInput};

use super::{breaks, node::Node};
use crate::error::{Error, Result};

/// Deeper documents are not state documents.
const MAX_DEPTH: usize = 64;

/// Reads one document.
///
/// Fails with `invalid` and the line and column on broken YAML, repeated keys, anchors, foreign
/// tags, an empty text and a second document.
pub(super) fn read(text: &str) -> Result<Node> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let masked = breaks::mask(text);
    let mut options = Options::default();
    options.set_emit_comments(false);
    let input = masked.as_deref().unwrap_or(text);
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(input, options),
        is_masked: masked.is_some(),
    };
    reader.document()
}

struct Reader<'input> {
    parser: Parser<'input, StrInput<'input>>,
    is_masked: bool,
}

impl<'input> Reader<'input> {
    fn document(&mut self) -> Result<Node> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                _ if root.is_some() => {
                    return Err(broken(&span.start, "a second document begins")
                        .hint("keep one document in the file"));
                }
                event => root = Some(self.node(event, &span, 0)?),
            }
        }
        root.ok_or_else(|| {
            Error::invalid("the state document is empty")
                .hint("restore the file from its history, or create it anew")
        })
    }

    fn node(&mut self, event: Event<'input>, span: &Span, depth: usize) -> Result<Node> {
        if depth > MAX_DEPTH {
            return Err(broken(&span.start, "values are nested too deeply"));
        }
        match event {
            Event::Scalar(_, _, 1.., _)
            | Event::SequenceStart(_, 1.., _)
            | Event::MappingStart(_, 1.., _) => Err(unsupported(span, "an anchor")),
            Event::Scalar(text, style, _, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                let text = if self.is_masked {
                    breaks::unmask(&text)
                } else {
                    text.into_owned()
                };
                match tag {
                    None if is_plain => Ok(Node::plain(&text)),
                    None => Ok(Node::text(text)),
                    Some(tag) => match tag.suffix() {
                        "!" | "" | "str" => Ok(Node::text(text)),
                        _ => Err(unsupported(span, "a tag")),
                    },
                }
            }
            Event::SequenceStart(..) => self.list(depth),
            Event::MappingStart(..) => self.map(depth),
            Event::Alias(_) => Err(unsupported(span, "an alias")),
            _ => Err(broken(&span.start, "a value is missing")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Node> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Node::List(items));
            }
            items.push(self.node(event, &span, depth + 1)?);
        }
    }

    fn map(&mut self, depth: usize) -> Result<Node> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(Node::Map(entries));
            }
            let key = self.node(event, &span, depth + 1)?;
            if !matches!(key, Node::Scalar(_)) {
                return Err(broken(&span.start, "a key is a list or a map"));
            }
            if entries.iter().any(|(known, _)| *known == key) {
                let message = format!("the key `{}` is there twice", key.key_text());
                return Err(broken(&span.start, &message).hint("keep one of the two"));
            }
            let (event, span) = self.next()?;
            let value = self.node(event, &span, depth + 1)?;
            entries.push((key, value));
        }
    }

    fn next(&mut self) -> Result<(Event<'input>, Span)> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(broken(error.marker(), &error.info())),
            None => Err(Error::invalid("the state document ends too early")
                .hint("restore the file from its history")),
        }
    }
}

fn unsupported(span: &Span, what: &str) -> Error {
    broken(&span.start, &format!("{what} is used")).hint("write the value itself in its place")
}

fn broken(place: &Marker, why: &str) -> Error {
    Error::invalid(format!(
        "the state document is not proper YAML: line {}, column {}: {why}",
        place.line(),
        place.col() + 1,
    ))
    .hint("correct that line in the file, or restore the file from its history")
}
