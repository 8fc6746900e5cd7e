//! Reads the text of one query. Named fragments, directives and mutations are not understood.

use serde_json::{Map, Value};

use super::Trouble;

type Result<T> = std::result::Result<T, Trouble>;

/// One query: the variables it declares and what it selects.
pub(super) struct Operation {
    declared: Vec<Declared>,
    pub(super) selections: Vec<Selection>,
}

struct Declared {
    name: String,
    kind: String,
    usual: Option<Value>,
}

/// One thing that is asked for.
pub(super) enum Selection {
    Field(Field),
    /// `... on Kind { … }`
    On(String, Vec<Selection>),
}

pub(super) struct Field {
    /// The alias, else the name.
    pub(super) key: String,
    pub(super) name: String,
    pub(super) arguments: Vec<(String, Argument)>,
    pub(super) selections: Vec<Selection>,
}

pub(super) enum Argument {
    Variable(String),
    Literal(Value),
}

impl Operation {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut reader = Reader {
            tokens: tokens(text)?,
            place: 0,
        };
        let operation = reader.operation()?;
        match reader.peek() {
            None => Ok(operation),
            Some(token) => Err(unexpected(Some(token))),
        }
    }

    /// The value of every declared variable.
    pub(super) fn bind(&self, given: &Map<String, Value>) -> Result<Map<String, Value>> {
        let mut bound = Map::new();
        for Declared { name, kind, usual } in &self.declared {
            let given = given.get(name).filter(|value| !value.is_null());
            let value = given.or(usual.as_ref()).cloned().unwrap_or_default();
            if value.is_null() && kind.ends_with('!') {
                return Err(Trouble::invalid(format!(
                    "Variable ${name} of type {kind} was provided invalid value"
                )));
            }
            bound.insert(name.clone(), value);
        }
        Ok(bound)
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Mark(char),
    Spread,
    Name(String),
    Value(Value),
}

struct Reader {
    tokens: Vec<Token>,
    place: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.place).cloned();
        self.place += 1;
        token
    }

    fn take(&mut self, mark: char) -> bool {
        let is_there = self.peek() == Some(&Token::Mark(mark));
        if is_there {
            self.place += 1;
        }
        is_there
    }

    fn expect(&mut self, mark: char) -> Result<()> {
        if self.take(mark) {
            return Ok(());
        }
        Err(unexpected(self.peek()))
    }

    fn name(&mut self) -> Result<String> {
        match self.next() {
            Some(Token::Name(name)) => Ok(name),
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn operation(&mut self) -> Result<Operation> {
        let mut declared = Vec::new();
        if let Some(Token::Name(word)) = self.peek() {
            if word != "query" {
                return Err(Trouble::invalid(format!("`{word}` is not understood here")));
            }
            self.place += 1;
            if matches!(self.peek(), Some(Token::Name(_))) {
                self.place += 1;
            }
            if self.take('(') {
                while !self.take(')') {
                    declared.push(self.declaration()?);
                }
            }
        }
        let selections = self.selections()?;
        Ok(Operation {
            declared,
            selections,
        })
    }

    fn declaration(&mut self) -> Result<Declared> {
        self.expect('$')?;
        let name = self.name()?;
        self.expect(':')?;
        let mut kind = self.name()?;
        if self.take('!') {
            kind.push('!');
        }
        let usual = if self.take('=') {
            match self.argument()? {
                Argument::Literal(value) => Some(value),
                Argument::Variable(name) => {
                    return Err(Trouble::invalid(format!("${name} is no usual value")));
                }
            }
        } else {
            None
        };
        Ok(Declared { name, kind, usual })
    }

    fn selections(&mut self) -> Result<Vec<Selection>> {
        self.expect('{')?;
        let mut selections = Vec::new();
        while !self.take('}') {
            selections.push(self.selection()?);
        }
        if selections.is_empty() {
            return Err(unexpected(Some(&Token::Mark('}'))));
        }
        Ok(selections)
    }

    fn selection(&mut self) -> Result<Selection> {
        if self.peek() == Some(&Token::Spread) {
            self.place += 1;
            let word = self.name()?;
            if word != "on" {
                return Err(Trouble::invalid(format!(
                    "Fragment {word} was used, but not defined"
                )));
            }
            return Ok(Selection::On(self.name()?, self.selections()?));
        }
        let first = self.name()?;
        let (key, name) = if self.take(':') {
            (first, self.name()?)
        } else {
            (first.clone(), first)
        };
        let mut arguments = Vec::new();
        if self.take('(') {
            while !self.take(')') {
                let name = self.name()?;
                self.expect(':')?;
                arguments.push((name, self.argument()?));
            }
        }
        let selections = if self.peek() == Some(&Token::Mark('{')) {
            self.selections()?
        } else {
            Vec::new()
        };
        Ok(Selection::Field(Field {
            key,
            name,
            arguments,
            selections,
        }))
    }

    fn argument(&mut self) -> Result<Argument> {
        match self.next() {
            Some(Token::Mark('$')) => Ok(Argument::Variable(self.name()?)),
            Some(Token::Value(value)) => Ok(Argument::Literal(value)),
            Some(Token::Name(word)) => Ok(Argument::Literal(match word.as_str() {
                "true" => true.into(),
                "false" => false.into(),
                "null" => Value::Null,
                _ => word.into(),
            })),
            other => Err(unexpected(other.as_ref())),
        }
    }
}

fn unexpected(token: Option<&Token>) -> Trouble {
    let what = match token {
        None => "the end of the query".to_owned(),
        Some(Token::Mark(mark)) => format!("\"{mark}\""),
        Some(Token::Spread) => "\"...\"".to_owned(),
        Some(Token::Name(name)) => format!("\"{name}\""),
        Some(Token::Value(value)) => value.to_string(),
    };
    Trouble::invalid(format!("Parse error on {what}"))
}

fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            _ if first.is_whitespace() || matches!(first, ',' | '\u{feff}') => {}
            '#' => length = rest.find('\n').unwrap_or(rest.len()),
            '{' | '}' | '(' | ')' | ':' | '$' | '!' | '=' => tokens.push(Token::Mark(first)),
            '.' if rest.starts_with("...") => {
                length = 3;
                tokens.push(Token::Spread);
            }
            '"' if !rest.starts_with("\"\"\"") => {
                // A text has the escapes of JSON, and ends on its line.
                length = text_length(rest).ok_or_else(|| unexpected(None))?;
                let value = serde_json::from_str(&rest[..length])
                    .map_err(|_| Trouble::invalid("Parse error on a text"))?;
                tokens.push(Token::Value(value));
            }
            _ if first == '-' || first.is_ascii_digit() => {
                length = run(rest, |letter| letter == '-' || letter.is_ascii_digit());
                let number = rest[..length].parse::<i64>();
                let number = number.map_err(|_| Trouble::invalid("Parse error on a number"))?;
                tokens.push(Token::Value(number.into()));
            }
            _ if first == '_' || first.is_ascii_alphabetic() => {
                length = run(rest, |letter| {
                    letter == '_' || letter.is_ascii_alphanumeric()
                });
                tokens.push(Token::Name(rest[..length].to_owned()));
            }
            _ => return Err(Trouble::invalid(format!("Parse error on \"{first}\""))),
        }
        rest = &rest[length..];
    }
    Ok(tokens)
}

fn run(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !is_part(letter)).unwrap_or(text.len())
}

/// How long the text in quotes at the start is, quotes included.
fn text_length(rest: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (place, letter) in rest.char_indices().skip(1) {
        match letter {
            '\n' => return None,
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some(place + 1),
            _ => {}
        }
    }
    None
}
