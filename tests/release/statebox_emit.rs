//! The bytes of a document are those PyYAML writes.

#![expect(clippy::disallowed_methods, reason = "the fixtures are files")]

use std::{fs, io::Write as _, process::Stdio};

use oar_script::release::statebox::{Change, StateBox};
use serde_json::{Value, json};

use super::statebox::{NOW, empty_document};
use crate::support::python::python;

/// The document with `value` as the metadata entry `note`.
fn with_note(value: Value) -> StateBox {
    let mut document = empty_document();
    let Value::Object(patch) = json!({ "note": value }) else {
        unreachable!("it is an object")
    };
    let now = NOW.parse().unwrap();
    document.apply(&Change::PatchMetadata(patch), now).unwrap();
    document
}

fn note_of(document: &StateBox) -> Value {
    document.to_json()["metadata"]["note"].clone()
}

#[test]
fn a_string_is_written_in_the_style_of_pyyaml() {
    #[track_caller]
    fn check(value: &str, expected: &str) {
        let yaml = with_note(value.into()).to_yaml();
        let start = yaml.find("\n  note:").unwrap() + "\n  note: ".len();
        let end = yaml.find("\ntasks:").unwrap();
        assert_eq!(&yaml[start..end], expected, "of {value:?}");
    }
    check("plain text", "plain text");
    check("", "''");
    for typed in [
        "yes",
        "No",
        "on",
        "true",
        "null",
        "~",
        "1",
        "-1",
        "0x1F",
        "1_000",
        "12:30:45",
        "1.5",
        ".5",
        "1e+3.",
        "1.0e+3",
        ".inf",
        "2027-03-01",
        "2027-03-01T09:10:00Z",
        "2027-3-1 9:10:00.5 +2",
        "=",
        "<<",
        "0b11",
        "017",
    ] {
        let expected = match typed {
            "1e+3." => typed.to_owned(),
            _ => format!("'{typed}'"),
        };
        check(typed, &expected);
    }
    for plain in [
        "1e3",
        "y",
        "n",
        "08:5x",
        "4.20.1",
        "2027-Mar-06",
        "a:b",
        "a#b",
        "-x",
        "?x",
        ":x",
    ] {
        check(plain, plain);
    }
    for quoted in [
        "a: b", "a #b", "- a", "?", "-", "*a", "&a", "!a", "@a", "`a", "{a", "[a", "\"a", " a",
        "a ", "a:", "#a", "%a", "|a", ">a", "---", "...",
    ] {
        check(quoted, &format!("'{quoted}'"));
    }
    check("it's: so", "'it''s: so'");
    check("'a", "'''a'");
    check("a\nb", "|-\n    a\n    b");
    check("a\nb\n", "|\n    a\n    b");
    check("a\n\n", "|+\n    a\n");
    check(" a\nb", "|2-\n     a\n    b");
    check("\na", "|2-\n\n    a");
    check("a \nb", "\"a \\nb\"");
    check("a\n b ", "\"a\\n b \"");
    check("a\tb", "\"a\\tb\"");
    check("a\r\nb", "\"a\\r\\nb\"");
    check("\u{1}\u{7f}\u{feff}\u{80}", "\"\\x01\\x7F\\uFEFF\\x80\"");
    check("→ ✓ é 😀", "→ ✓ é 😀");
    check("😀\t", "\"\\U0001F600\\t\"");
    let long = format!("{} tail of it", "word ".repeat(15).trim_end());
    check(&long, &long.replace(" tail", "\n    tail"));
    check(
        &format!("a: {}", "word ".repeat(20).trim_end()),
        &format!(
            "'a: {}\n    {}'",
            "word ".repeat(14).trim_end(),
            "word ".repeat(6).trim_end()
        ),
    );
}

#[test]
fn other_values_are_written_in_the_style_of_pyyaml() {
    let value = json!({
        "a": null, "b": true, "c": [], "d": {}, "e": [1, [2, "3"], {"f": -1, "g": [{}]}],
        "no": 1.5, "": 1e300, "k: v": u64::MAX,
    });
    let yaml = with_note(value).to_yaml();
    let expected = "
  note:
    a: null
    b: true
    c: []
    d: {}
    e:
    - 1
    - - 2
      - '3'
    - f: -1
      g:
      - {}
    'no': 1.5
    '': 1.0e+300
    'k: v': 18446744073709551615
tasks: []";
    let expected = expected.replace("    '': ", "    ? ''\n    : ");
    assert!(yaml.contains(&expected), "{yaml}");
}

#[test]
fn kept_line_breaks_at_the_end_need_an_end_mark() {
    let head = "schema_version: '1.0'\nrelease: 4.20.1\n";
    let yaml = format!("{head}last: |+\n  a\n\n...\n");
    let document = StateBox::parse_any(&format!("{head}last: \"a\\n\\n\"\n")).unwrap();
    assert_eq!(document.to_yaml(), yaml);
    assert_eq!(StateBox::parse_any(&yaml).unwrap(), document);
}

/// Strings of pieces that matter to YAML, the same ones in every run.
struct Strings(u64);

impl Strings {
    const PIECES: [&str; 52] = [
        " ",
        " ",
        " ",
        "  ",
        "\n",
        "\n",
        "\n\n",
        "\t",
        "\r",
        "a",
        "bc",
        "word",
        "longer-word",
        ":",
        ": ",
        " #",
        "#",
        "'",
        "\"",
        "\\",
        "-",
        "- ",
        "?",
        "? ",
        "|",
        ">",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&",
        "*",
        "!",
        "%",
        "@",
        "`",
        "---",
        "...",
        "é",
        "→",
        "😀",
        "\u{85}",
        "\u{2028}",
        "\u{2029}",
        "\u{feff}",
        "\u{0}",
        "\u{7f}",
        "\u{a0}",
        "\u{fffe}",
        "2027-03-01",
        "1",
    ];

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn piece(&mut self, is_wild: bool) -> &'static str {
        let pieces = if is_wild {
            &Self::PIECES[..]
        } else {
            &Self::PIECES[..42]
        };
        pieces[self.below(pieces.len())]
    }

    fn next(&mut self) -> String {
        let is_wild = self.below(4) == 0;
        match self.below(6) {
            0 => (0..self.below(4)).map(|_| self.piece(is_wild)).collect(),
            1 => (0..self.below(12)).map(|_| self.piece(is_wild)).collect(),
            2 => (0..self.below(60)).map(|_| self.piece(is_wild)).collect(),
            4 => {
                let marks: Vec<char> = "0123456789-+.:_exbTZ ".chars().collect();
                let length = self.below(22);
                (0..length)
                    .map(|_| marks[self.below(marks.len())])
                    .collect()
            }
            3 => {
                let words = self.below(60);
                (0..words)
                    .map(|_| match self.below(12) {
                        0 => self.piece(is_wild).to_owned(),
                        1 => "  ".to_owned(),
                        length => format!("{} ", "x".repeat(length)),
                    })
                    .collect()
            }
            _ => {
                let lines = self.below(6);
                let text: String = (0..lines)
                    .map(|_| {
                        format!(
                            "{}{}\n",
                            "line ".repeat(self.below(25)).trim_end(),
                            self.piece(false)
                        )
                    })
                    .collect();
                text.trim_end_matches('\t').to_owned()
            }
        }
    }
}

#[test]
fn what_is_written_reads_back_the_same() {
    let mut strings = Strings(1);
    for _ in 0..2500 {
        let value = Value::from(strings.next());
        let document = with_note(json!([{ "in": value, "last": value }]));
        let yaml = document.to_yaml();
        let again =
            StateBox::parse_any(&yaml).unwrap_or_else(|error| panic!("{value:?}: {error}\n{yaml}"));
        assert_eq!(note_of(&again), note_of(&document), "{yaml}");
        assert_eq!(again.to_yaml(), yaml, "{value:?}");
    }
}

#[test]
fn a_damaged_document_is_an_error_or_a_document() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/statebox");
    let mut strings = Strings(3);
    let mut readable = 0;
    for name in ["4.22.0-rc.1", "4.18.47", "5.0.0-ec.3"] {
        let text = fs::read_to_string(format!("{folder}/{name}.yaml")).unwrap();
        let letters: Vec<char> = text.chars().collect();
        for _ in 0..400 {
            let start = strings.below(letters.len());
            let cut = strings.below(4).min(letters.len() - start);
            let piece = strings.piece(true);
            let damaged: String = letters[..start]
                .iter()
                .copied()
                .chain(piece.chars())
                .chain(letters[start + cut..].iter().copied())
                .collect();
            if let Ok(document) = StateBox::parse_any(&damaged) {
                readable += 1;
                let again = StateBox::parse_any(&document.to_yaml())
                    .unwrap_or_else(|error| panic!("{error}\n{damaged}"));
                assert_eq!(again.to_json(), document.to_json(), "{damaged}");
            }
        }
    }
    assert!(readable > 100, "{readable}");
}

const DUMP: &str = r#"
import json, sys, yaml
class Dumper(yaml.SafeDumper):
    pass
def text(dumper, data):
    style = "|" if "\n" in data else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)
Dumper.add_representer(str, text)
Dumper.ignore_aliases = lambda self, data: True
documents = json.load(sys.stdin)
json.dump([yaml.dump(d, Dumper=Dumper, sort_keys=False, allow_unicode=True,
    default_flow_style=False) for d in documents], sys.stdout)
"#;

#[test]
fn pyyaml_writes_the_same_bytes() {
    let Some(mut python) = python(&["yaml"]) else {
        return;
    };
    let mut strings = Strings(7);
    let documents: Vec<StateBox> = (0..1500)
        .map(|_| {
            let (one, two, key) = (strings.next(), strings.next(), strings.next());
            with_note(json!([one, { key: two }]))
        })
        .collect();
    let input: Vec<Value> = documents.iter().map(StateBox::to_json).collect();
    let mut python = python
        .args(["-c", DUMP])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(&input).unwrap();
    python.stdin.take().unwrap().write_all(&input).unwrap();
    let output = python.wait_with_output().unwrap().stdout;
    let expected: Vec<String> = serde_json::from_slice(&output).unwrap();
    for (document, expected) in documents.iter().zip(expected) {
        assert_eq!(document.to_yaml(), expected, "{}", document.to_json());
    }
}
