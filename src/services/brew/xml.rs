//! XML-RPC as Koji speaks it: a call with named arguments, and an answer as a JSON value.

use quick_xml::{Reader, events::Event};
use reqwest::header::HeaderValue;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// What calls and answers call themselves.
pub const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/xml");

/// Answers nest no deeper than this; more is no answer of Koji's.
const DEEPEST: usize = 32;

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Answered {
    /// The value that was asked for.
    Value(Value),
    /// A refusal.
    Fault(Fault),
}

/// A refusal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// Its number.
    pub code: i64,
    /// What it says.
    pub text: String,
}

/// Returns a call of `method`. Koji takes named arguments in a map with a mark of its own.
pub fn call(method: &str, named: &[(&str, &str)]) -> String {
    let mut parameters = String::new();
    if !named.is_empty() {
        let members = named.iter().map(|(name, value)| {
            let value = quick_xml::escape::escape(*value);
            format!("<member><name>{name}</name><value><string>{value}</string></value></member>")
        });
        let members: String = members.collect();
        parameters = format!(
            "<param><value><struct>{members}<member><name>__starstar</name>\
             <value><boolean>1</boolean></value></member></struct></value></param>"
        );
    }
    format!(
        "<?xml version=\"1.0\"?>\n<methodCall><methodName>{method}</methodName>\
         <params>{parameters}</params></methodCall>\n"
    )
}

/// Reads an answer. Dates and binary data stay the text they are.
///
/// Fails with `invalid` when it is no answer to a call.
pub fn answer(text: &str) -> Result<Answered> {
    let root = tree(text)?;
    if root.name != "methodResponse" {
        return Err(wrong(format!("it begins with `{}`", root.name)));
    }
    let first = root.only_child()?;
    match first.name.as_str() {
        "params" => Ok(Answered::Value(value(first.only_child()?.only_child()?)?)),
        "fault" => {
            let fault = value(first.only_child()?)?;
            match (fault["faultCode"].as_i64(), fault["faultString"].as_str()) {
                (Some(code), Some(text)) => Ok(Answered::Fault(Fault {
                    code,
                    text: text.to_owned(),
                })),
                _ => Err(wrong("a fault without number or text".to_owned())),
            }
        }
        other => Err(wrong(format!("it holds `{other}`"))),
    }
}

/// An element, with its text when there is no element in it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn only_child(&self) -> Result<&Self> {
        match self.children.as_slice() {
            [child] => Ok(child),
            children => Err(wrong(format!(
                "`{}` holds {} elements instead of one",
                self.name,
                children.len()
            ))),
        }
    }

    fn child(&self, name: &str) -> Result<&Self> {
        let child = self.children.iter().find(|child| child.name == name);
        child.ok_or_else(|| wrong(format!("`{}` has no `{name}`", self.name)))
    }
}

fn tree(text: &str) -> Result<Element> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        let event = reader
            .read_event()
            .map_err(|error| wrong("it is not XML".to_owned()).because(error))?;
        let place = open.last_mut().ok_or_else(ended)?;
        match event {
            Event::Start(tag) => {
                let name = tag.name().as_ref().to_owned();
                if open.len() > DEEPEST {
                    return Err(wrong("it nests too deep".to_owned()));
                }
                open.push(Element {
                    name,
                    ..Element::default()
                });
            }
            Event::Empty(tag) => place.children.push(Element {
                name: tag.name().as_ref().to_owned(),
                ..Element::default()
            }),
            Event::End(_) => {
                let done = open.pop().ok_or_else(ended)?;
                open.last_mut().ok_or_else(ended)?.children.push(done);
            }
            Event::Text(text) => place.text.push_str(&text),
            Event::GeneralRef(reference) => place.text.push_str(&letter(&reference)?),
            Event::CData(text) => place.text.push_str(&text),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::DocType(_) => {}
        }
    }
    match open.as_mut_slice() {
        [top] if top.children.len() == 1 => Ok(top.children.remove(0)),
        _ => Err(ended()),
    }
}

/// A letter that is written by name or number.
fn letter(reference: &quick_xml::events::BytesRef<'_>) -> Result<String> {
    if let Ok(Some(letter)) = reference.resolve_char_ref() {
        return Ok(letter.to_string());
    }
    let name: &str = reference;
    quick_xml::escape::resolve_predefined_entity(name)
        .map(str::to_owned)
        .ok_or_else(|| wrong(format!("nobody knows `&{name};`")))
}

/// Reads a `value`; one without a type is text.
fn value(element: &Element) -> Result<Value> {
    if element.name != "value" {
        return Err(wrong(format!("`{}` instead of a value", element.name)));
    }
    if element.children.is_empty() {
        return Ok(element.text.as_str().into());
    }
    let typed = element.only_child()?;
    let text = typed.text.trim();
    let number = |text: &str| wrong(format!("`{text}` is not a number"));
    Ok(match typed.name.as_str() {
        "string" | "base64" | "dateTime.iso8601" => typed.text.as_str().into(),
        "int" | "i4" | "i8" => text.parse::<i64>().map_err(|_| number(text))?.into(),
        "double" => text.parse::<f64>().map_err(|_| number(text))?.into(),
        "boolean" => (text == "1").into(),
        "nil" | "ex:nil" => Value::Null,
        "array" => {
            let values = typed.child("data")?.children.iter().map(value);
            Value::Array(values.collect::<Result<_>>()?)
        }
        "struct" => {
            let members = typed.children.iter().map(|member| {
                let name = member.child("name")?.text.clone();
                Ok((name, value(member.child("value")?)?))
            });
            Value::Object(members.collect::<Result<Map<_, _>>>()?)
        }
        other => return Err(wrong(format!("nobody knows values of type `{other}`"))),
    })
}

fn ended() -> Error {
    wrong("it ends too early".to_owned())
}

fn wrong(trouble: String) -> Error {
    Error::invalid(format!("the answer is no XML-RPC: {trouble}"))
}
