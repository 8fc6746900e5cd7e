//! The answers of JSON tools as bytes: written as Python writes JSON, because other programs read
//! them, and the answer of a tool that was refused.

use std::io;

use serde::Serialize;
use serde_json::{Value, json, ser::Formatter};

/// Writes JSON as Python does: a space after `,` and `:`, and nothing but printable ASCII.
pub(super) fn text(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, Python);
    value
        .serialize(&mut writer)
        .expect("a JSON value can be written to memory");
    String::from_utf8(bytes).expect("only ASCII is written")
}

/// The answer of a tool that changed nothing because a rule forbids it.
pub(super) fn refused(error: &str, release: &str) -> Value {
    json!({"success": false, "error": error, "release": release})
}

struct Python;

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        separate(writer, first)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        separate(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for letter in fragment.chars() {
            if matches!(letter, ' '..='~') {
                write!(writer, "{letter}")?;
                continue;
            }
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

fn separate<W: ?Sized + io::Write>(writer: &mut W, first: bool) -> io::Result<()> {
    if first {
        Ok(())
    } else {
        writer.write_all(b", ")
    }
}
