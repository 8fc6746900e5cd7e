//! The `//!` lines at the top of a script: what it is, which API level it wants, which arguments it
//! takes.
//!
//! ```text
//! //! Drives one release.
//! //!
//! //! api: 1
//! //! args: release [--owner EMAIL] [--dry-run] [note...]
//! ```
//!
//! `name` is required, `[name]` may be left out, `[name...]` takes what is left; `[--flag]` is a
//! boolean, `[--option VALUE]` a text, `--option VALUE` a required one.

use rhai::{Array, Dynamic, Map};
use serde::Serialize;

use super::suggest;
use crate::error::{Error, Result};

/// The newest level of the script API.
pub const API_LEVEL: i64 = 1;

/// What a script says about itself.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Header {
    /// The first line.
    pub summary: String,
    /// All lines without `api` and `args`.
    pub doc: String,
    /// The API level, if it names one.
    pub api: Option<i64>,
    /// The arguments; `None` when the script has no `args` line.
    pub args: Option<Vec<Argument>>,
}

/// One argument a script takes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Argument {
    /// The name as it is typed, without dashes.
    pub name: String,
    /// How it is given.
    pub form: Form,
    /// Whether it must be given.
    pub is_required: bool,
}

/// How an argument is given.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// By its place.
    Positional,
    /// All that is left, by place.
    Rest,
    /// `--name`, true or false.
    Flag,
    /// `--name VALUE`, with the word that stands for the value in the help.
    Option(String),
}

impl Argument {
    /// The name in the `args` map of the script.
    pub fn key(&self) -> String {
        self.name.replace('-', "_")
    }

    fn usage(&self) -> String {
        let text = match &self.form {
            Form::Positional => self.name.to_uppercase(),
            Form::Rest => format!("{}...", self.name.to_uppercase()),
            Form::Flag => format!("--{}", self.name),
            Form::Option(value) => format!("--{} {value}", self.name),
        };
        match self.is_required {
            true => text,
            false => format!("[{text}]"),
        }
    }
}

impl Header {
    /// Reads the header of a script. The error carries the line it is about.
    pub(super) fn parse(text: &str) -> Result<Self, (usize, Error)> {
        let mut header = Self::default();
        let mut lines = Vec::new();
        let comments = text
            .lines()
            .enumerate()
            .map(|(place, line)| (place + 1, line.trim()))
            .skip_while(|(_, line)| line.is_empty())
            .take_while(|(_, line)| line.starts_with("//!"));
        for (number, line) in comments {
            let line = line.trim_start_matches("//!").trim();
            if let Some(level) = line.strip_prefix("api:") {
                header.api = Some(level_of(level.trim()).map_err(|error| (number, error))?);
            } else if let Some(spec) = line.strip_prefix("args:") {
                let more = parse_spec(spec).map_err(|error| (number, error))?;
                header.args.get_or_insert_default().extend(more);
                check_spec(header.args.as_deref().unwrap_or_default())
                    .map_err(|error| (number, error))?;
            } else {
                lines.push(line);
            }
        }
        header.doc = lines.join("\n").trim().to_owned();
        header.summary = header.doc.lines().next().unwrap_or_default().to_owned();
        Ok(header)
    }

    /// Returns the `args` map of the script for the words on the command line.
    ///
    /// Absent options are `()`, absent flags `false`. Throws `invalid` with a hint for an unknown,
    /// missing or surplus argument.
    pub fn parse_args(&self, words: &[String]) -> Result<Map> {
        let specs = self.args.as_deref().unwrap_or_default();
        let mut values: Map = specs
            .iter()
            .map(|spec| {
                let empty = match spec.form {
                    Form::Flag => false.into(),
                    Form::Rest => Array::new().into(),
                    Form::Positional | Form::Option(_) => Dynamic::UNIT,
                };
                (spec.key().into(), empty)
            })
            .collect();
        let mut places = specs
            .iter()
            .filter(|spec| matches!(spec.form, Form::Positional | Form::Rest))
            .peekable();
        let mut words = words.iter();
        let mut is_literal = false;
        while let Some(word) = words.next() {
            if word == "--" && !is_literal {
                is_literal = true;
                continue;
            }
            if let Some(option) = word.strip_prefix("--").filter(|_| !is_literal) {
                let (spec, value) = self.option(specs, option, &mut words)?;
                values.insert(spec.key().into(), value);
                continue;
            }
            let spec = places
                .peek()
                .ok_or_else(|| self.wrong(format!("unexpected argument `{word}`")))?;
            match spec.form {
                Form::Rest => {
                    let key = spec.key();
                    if let Some(mut rest) = values
                        .get_mut(key.as_str())
                        .and_then(|rest| rest.write_lock::<Array>())
                    {
                        rest.push(word.as_str().into());
                    }
                }
                _ => {
                    values.insert(spec.key().into(), word.as_str().into());
                    places.next();
                }
            }
        }
        for spec in specs.iter().filter(|spec| spec.is_required) {
            let is_empty = values.get(spec.key().as_str()).is_none_or(|value| {
                value.is_unit()
                    || value
                        .read_lock::<Array>()
                        .is_some_and(|rest| rest.is_empty())
            });
            if is_empty {
                return Err(self.wrong(format!("the argument `{}` is missing", spec.usage())));
            }
        }
        Ok(values)
    }

    fn option<'a>(
        &self,
        specs: &'a [Argument],
        word: &str,
        words: &mut std::slice::Iter<'_, String>,
    ) -> Result<(&'a Argument, Dynamic)> {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word, None),
        };
        let options = || {
            specs
                .iter()
                .filter(|spec| matches!(spec.form, Form::Flag | Form::Option(_)))
        };
        let Some(spec) = options().find(|spec| spec.name == name) else {
            let error = self.wrong(format!("unknown option `--{name}`"));
            let close = suggest::closest(name, options().map(|spec| spec.name.as_str()));
            let close: Vec<_> = close.iter().map(|name| format!("--{name}")).collect();
            return Err(match suggest::did_you_mean(&close) {
                Some(hint) => error.hint(hint),
                None => error,
            });
        };
        match (&spec.form, value) {
            (Form::Flag, None) => Ok((spec, true.into())),
            (Form::Flag, Some(_)) => Err(self.wrong(format!("`--{name}` does not take a value"))),
            (_, Some(value)) => Ok((spec, value.into())),
            (_, None) => match words.next() {
                Some(value) => Ok((spec, value.as_str().into())),
                None => Err(self.wrong(format!("`--{name}` needs a value"))),
            },
        }
    }

    fn wrong(&self, message: String) -> Error {
        Error::invalid(message).hint(match self.usage() {
            usage if usage.is_empty() => "this script takes no arguments".to_owned(),
            usage => format!("usage: {usage}"),
        })
    }

    /// Returns the arguments in one line, such as `RELEASE [--owner EMAIL]`.
    pub fn usage(&self) -> String {
        let words: Vec<_> = self.args.iter().flatten().map(Argument::usage).collect();
        words.join(" ")
    }

    /// Returns the help text of a script called `name`.
    pub fn help(&self, name: &str) -> String {
        let usage = format!("{name} {}", self.usage());
        format!("{}\n\nUsage: {}\n", self.doc, usage.trim_end())
            .trim_start()
            .to_owned()
    }
}

fn level_of(text: &str) -> Result<i64> {
    match text.parse::<i64>() {
        Ok(level) if (1..=API_LEVEL).contains(&level) => Ok(level),
        Ok(level) => Err(
            Error::invalid(format!("this program has no script API level {level}")).hint(format!(
                "it knows the levels 1 to {API_LEVEL}; a newer program may know more"
            )),
        ),
        Err(_) => Err(Error::invalid(format!("`{text}` is no script API level"))
            .hint(format!("write `api: {API_LEVEL}`"))),
    }
}

fn parse_spec(text: &str) -> Result<Vec<Argument>> {
    let mut specs = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (item, is_required) = match rest.strip_prefix('[') {
            Some(inner) => {
                let end = inner
                    .find(']')
                    .ok_or_else(|| Error::invalid("a `[` in `args` is not closed"))?;
                rest = inner[end + 1..].trim_start();
                (inner[..end].trim(), false)
            }
            None => {
                let mut end = word_end(rest);
                let after = rest[end..].trim_start();
                let value = &after[..word_end(after)];
                let is_value = !value.is_empty()
                    && value
                        .chars()
                        .all(|letter| letter.is_ascii_uppercase() || letter == '_');
                if rest.starts_with("--") && is_value {
                    end = rest.len() - after.len() + value.len();
                }
                let item = rest[..end].trim();
                rest = rest[end..].trim_start();
                (item, true)
            }
        };
        specs.push(parse_item(item, is_required)?);
    }
    Ok(specs)
}

fn word_end(text: &str) -> usize {
    text.find(|letter: char| letter.is_whitespace() || letter == '[')
        .unwrap_or(text.len())
}

fn parse_item(item: &str, is_required: bool) -> Result<Argument> {
    let (name, form) = match item.strip_prefix("--") {
        Some(option) => match option.split_once(char::is_whitespace) {
            Some((name, value)) => (name, Form::Option(value.trim().to_owned())),
            None if is_required => {
                return Err(
                    Error::invalid(format!("the flag `--{option}` cannot be required")).hint(
                        format!("write `[--{option}]`, or `--{option} VALUE` for an option"),
                    ),
                );
            }
            None => (option, Form::Flag),
        },
        None => match item.strip_suffix("...") {
            Some(name) => (name, Form::Rest),
            None => (item, Form::Positional),
        },
    };
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    if !is_name {
        return Err(Error::invalid(format!("`{item}` is no argument"))
            .hint("write `name`, `[name]`, `[name...]`, `[--flag]` or `[--option VALUE]`"));
    }
    Ok(Argument {
        name: name.to_owned(),
        form,
        is_required,
    })
}

fn check_spec(specs: &[Argument]) -> Result<()> {
    for (place, spec) in specs.iter().enumerate() {
        let before = &specs[..place];
        if before.iter().any(|other| other.key() == spec.key()) {
            return Err(Error::invalid(format!(
                "the argument `{}` is declared twice",
                spec.name
            )));
        }
        let is_place = matches!(spec.form, Form::Positional | Form::Rest);
        if is_place && before.iter().any(|other| other.form == Form::Rest) {
            return Err(Error::invalid(format!(
                "`{}` comes after the rest",
                spec.name
            )));
        }
        let is_after_optional = before
            .iter()
            .any(|other| other.form == Form::Positional && !other.is_required);
        if is_place && spec.is_required && is_after_optional {
            let message = format!(
                "the required argument `{}` comes after an optional one",
                spec.name
            );
            return Err(Error::invalid(message));
        }
    }
    Ok(())
}
