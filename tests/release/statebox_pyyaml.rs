//! Documents after any operations are, byte for byte, what PyYAML writes of what it reads.
#![expect(clippy::disallowed_methods, reason = "the fixtures are files")]

use std::{fs, io::Write as _, process::Stdio, thread};

use jiff::{SignedDuration, Timestamp};
use oar_script::release::{
    TaskStatus,
    statebox::{Change, StateBox},
    task::STATEBOX_TASKS,
};
use serde_json::{Map, Value, json};

use super::statebox::{NOW, empty_document};
use crate::support::python::python;

/// Reads and writes one document a line, as the Python tool does: texts with a line feed literal.
const AGAIN: &str = r#"
import json, sys, yaml
class Dumper(yaml.SafeDumper):
    pass
def text(dumper, data):
    style = "|" if "\n" in data else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)
Dumper.add_representer(str, text)
for line in sys.stdin:
    before = json.loads(line)
    data = yaml.safe_load(before)
    after = yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True,
        default_flow_style=False)
    print(json.dumps({"data": data, "yaml": after}, default=str))
"#;

/// Pieces of text that have trapped writers of YAML. U+0085 is not among them: PyYAML writes it and
/// reads a space, so no document with it is stable; `statebox_emit` holds the bytes.
const AWKWARD: [&str; 43] = [
    "",
    " ",
    "  ",
    "\t",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\u{feff}",
    "\u{2028}",
    "\u{a0}",
    ":",
    ": ",
    " #",
    "# no comment",
    "- ",
    "-",
    "---",
    "...",
    "? ",
    "!tag",
    "&anchor",
    "*alias",
    "{",
    "]",
    "'",
    "\"",
    "\\",
    "%",
    "@",
    "`",
    "|",
    "> ",
    "yes",
    "no",
    "null",
    "~",
    "=",
    "<<",
    "2027-03-01T09:10:00Z",
    "12:30:45",
    "0x1F",
    "1_000",
];

const WORDS: [&str; 12] = [
    "build",
    "4.20.1",
    "sha256:0123456789abcdef",
    "größer",
    "日本語",
    "🚀",
    "e\u{301}",
    "https://prow.example.com/view/gs/a/very/long/path/that/does/not/break/1234567890123456789",
    "lead@example.com",
    "status is changed to [Pass]",
    "True",
    "1e5",
];

/// Random choices that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.roll(12) {
            match self.roll(6) {
                0 | 1 => text.push_str(self.pick(&AWKWARD)),
                2 => text.push('\n'),
                3 => text.push_str(&" ".repeat(1 + self.roll(3))),
                _ => {
                    text.push_str(self.pick(&WORDS));
                    text.push(' ');
                }
            }
        }
        if self.roll(8) == 0 {
            text = format!("{text}{}", "long words ".repeat(3 + self.roll(30)));
        }
        text
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.roll(if depth > 2 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => (self.roll(2) == 0).into(),
            2 => json!(self.roll(1_000_000) as i64 - 500_000),
            3 | 4 => self.text().into(),
            5 => (0..self.roll(4)).map(|_| self.value(depth + 1)).collect(),
            _ => {
                let entries = self.roll(4);
                let entries = (0..entries).map(|_| (self.text(), self.value(depth + 1)));
                Value::Object(entries.collect())
            }
        }
    }

    fn change(&mut self, now: Timestamp) -> Change {
        let task = self.pick(&STATEBOX_TASKS).to_owned();
        match self.roll(8) {
            0..3 => Change::SetTask {
                name: task,
                status: [
                    TaskStatus::NotStarted,
                    TaskStatus::InProgress,
                    TaskStatus::Pass,
                    TaskStatus::Fail,
                ][self.roll(4)],
                result: (self.roll(5) > 0).then(|| self.text()),
                started_at: (self.roll(2) == 0).then_some(now),
                completed_at: None,
                is_reset: true,
            },
            3 => Change::AddIssue {
                text: self.text(),
                is_blocker: self.roll(2) == 0,
                related_tasks: (0..self.roll(3)).map(|_| task.clone()).take(1).collect(),
            },
            4 => Change::ResolveIssue {
                text: self.text(),
                resolution: self.text(),
            },
            5 => Change::Claim {
                task,
                token: "0192aa11".to_owned(),
                holder: self.pick(&WORDS).to_owned(),
                until: now + SignedDuration::from_mins(10),
            },
            _ => {
                let mut entries = Map::new();
                entries.insert("note".to_owned(), self.value(0));
                Change::PatchMetadata(entries)
            }
        }
    }
}

/// The fixtures, and thousands of documents that random operations made of them.
fn documents() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/statebox");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut texts: Vec<String> = files
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let mut starts = vec![empty_document()];
    starts.extend(texts.iter().map(|text| {
        let document = StateBox::parse_any(text).unwrap();
        assert_eq!(document.to_yaml(), *text, "a fixture is written as it was");
        document
    }));
    let mut dice = Dice(20_270_301);
    let mut now: Timestamp = NOW.parse().unwrap();
    for round in 0..600 {
        let start = if round % 16 == 0 {
            dice.roll(starts.len())
        } else {
            0
        };
        let mut document = starts[start].clone();
        for _ in 0..8 {
            now += SignedDuration::from_secs(61);
            let before = document.clone();
            match document.apply(&dice.change(now), now) {
                Ok(true) => texts.push(document.to_yaml()),
                Ok(false) => assert_eq!(document, before),
                Err(_) => assert_eq!(document, before, "an error changes nothing"),
            }
        }
    }
    texts
}

#[test]
fn pyyaml_reads_the_same_and_writes_the_same_bytes() {
    let Some(mut python) = python(&["yaml"]) else {
        return;
    };
    let documents = documents();
    assert!(documents.len() > 2000, "{}", documents.len());
    let mut python = python
        .args(["-c", AGAIN])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = python.stdin.take().unwrap();
    let lines: String = documents
        .iter()
        .map(|text| format!("{}\n", json!(text)))
        .collect();
    let writer = thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = python.wait_with_output().unwrap();
    let written = writer.join().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    let mut compared = 0;
    for (text, answer) in documents.iter().zip(answers.lines()) {
        let answer: Value = serde_json::from_str(answer).unwrap();
        assert_eq!(answer["yaml"], *text.as_str(), "PyYAML writes other bytes");
        let ours = StateBox::parse_any(text).unwrap().to_json();
        assert_eq!(answer["data"], ours, "PyYAML reads other values in {text}");
        compared += 1;
    }
    written.unwrap();
    assert!(output.status.success());
    assert_eq!(compared, documents.len());
}
