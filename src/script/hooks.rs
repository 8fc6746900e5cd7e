//! The only file that uses what the engine calls volatile: the token mapper, the progress callback
//! and the syntax tree.
//!
//! An upgrade of the engine is reviewed here. The rest of the host sees plain data: calls, imports,
//! functions, registered functions.

use std::{cell::Cell, collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use rhai::{AST, ASTFlags, ASTNode, Dynamic, Engine, Expr, FnCallExpr, Position, Stmt, Token};

use super::{catalogue::FunctionInfo, stopper::StopState};
use crate::{call::Control, world::World};

/// Words the engine reserves and also gives a meaning; all other reserved words become names.
const KEPT_WORDS: [&str; 11] = [
    "this",
    "print",
    "debug",
    "type_of",
    "eval",
    "Fn",
    "call",
    "curry",
    "is_def_var",
    "is_def_fn",
    "is_shared",
];

/// How many operations pass between two looks at cancellation and deadline.
const POLL_OPERATIONS: u32 = 256;

/// How many looks a branch whose sibling failed still gets for its clean-up, about a million
/// operations.
const GRACE_POLLS: u32 = 4096;

thread_local! {
    static OPERATIONS: Cell<u32> = const { Cell::new(0) };
    static POLLS_AFTER_CANCEL: Cell<u32> = const { Cell::new(0) };
}

/// Why the interpreter was ended from outside. Scripts cannot catch it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stop {
    /// A person insisted.
    Hard,
    /// The deadline of `timeout` passed.
    Deadline(Timestamp),
    /// A sibling branch failed and this one did not end by itself.
    Sibling,
}

/// Lets scripts use most reserved words (`match`, `default`, `sync`, …) as names.
#[expect(deprecated, reason = "the engine marks volatile functions this way")]
pub(super) fn free_reserved_words(engine: &mut Engine) {
    engine.on_parse_token(|token, _, _| match token {
        Token::Reserved(word) if is_free(&word) => Token::Identifier(word),
        token => token,
    });
}

fn is_free(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_alphabetic()) && !KEPT_WORDS.contains(&word)
}

/// Makes the interpreter look at cancellation and deadline while it runs.
pub(super) fn watch(engine: &mut Engine, world: Arc<dyn World>, stop: Arc<StopState>) {
    engine.on_progress(move |_| {
        let count = OPERATIONS.get().wrapping_add(1);
        OPERATIONS.set(count);
        if !count.is_multiple_of(POLL_OPERATIONS) {
            return None;
        }
        look(&*world, &stop).map(Dynamic::from)
    });
}

fn look(world: &dyn World, stop: &StopState) -> Option<Stop> {
    if stop.is_hard() {
        return Some(Stop::Hard);
    }
    let control = Control::current();
    if let Some(deadline) = control.deadline
        && world.now() >= deadline
    {
        return Some(Stop::Deadline(deadline));
    }
    if !control.token.is_cancelled() || stop.is_soft() {
        POLLS_AFTER_CANCEL.set(0);
        return None;
    }
    let polls = POLLS_AFTER_CANCEL.get() + 1;
    POLLS_AFTER_CANCEL.set(polls);
    (polls > GRACE_POLLS).then_some(Stop::Sibling)
}

/// An `import` statement.
#[derive(Debug)]
pub(super) struct Import {
    /// The path, if it is a constant text.
    pub path: Option<String>,
    /// The name after `as`.
    pub alias: Option<String>,
    /// Whether it stands outside of functions and blocks.
    pub is_top_level: bool,
    /// Where the keyword is.
    pub position: Position,
}

/// Returns the imports of a file in the order they are written.
pub(super) fn imports(ast: &AST) -> Vec<Import> {
    let mut found = Vec::new();
    ast.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, position))) = path.last() {
            let (target, alias) = &**import;
            found.push(Import {
                path: match target {
                    Expr::StringConstant(text, ..) => Some(text.to_string()),
                    _ => None,
                },
                alias: (!alias.is_empty()).then(|| alias.as_str().to_owned()),
                is_top_level: path.len() == 1 && is_statement_of(ast, *position),
                position: *position,
            });
        }
        true
    });
    found
}

fn is_statement_of(ast: &AST, position: Position) -> bool {
    ast.statements()
        .iter()
        .any(|statement| statement.position() == position)
}

/// Returns the place of the first statement that does something, in a file that may only define.
pub(super) fn first_action(ast: &AST) -> Option<Position> {
    ast.statements()
        .iter()
        .find(|statement| match statement {
            Stmt::Noop(_) | Stmt::Import(..) => false,
            Stmt::Var(_, flags, _) => !flags.intersects(ASTFlags::CONSTANT),
            _ => true,
        })
        .map(Stmt::position)
}

/// Returns the names of the constants a file defines outside of functions.
pub(super) fn constants(ast: &AST) -> Vec<String> {
    ast.statements()
        .iter()
        .filter_map(|statement| match statement {
            Stmt::Var(variable, flags, _) if flags.intersects(ASTFlags::CONSTANT) => {
                Some(variable.0.as_str().to_owned())
            }
            _ => None,
        })
        .collect()
}

/// A call in a script.
#[derive(Debug)]
pub(super) struct Call {
    /// The namespace, such as `oar`, or empty.
    pub namespace: String,
    /// The function.
    pub name: String,
    /// The number of arguments, without the value a method is called on.
    pub arguments: usize,
    /// Whether it is written `value.name(..)`.
    pub is_method: bool,
    /// Where the name is.
    pub position: Position,
}

/// Returns all calls by name, and the names that are fields of map values: they may hold functions.
pub(super) fn calls(ast: &AST) -> (Vec<Call>, BTreeSet<String>) {
    let mut calls = Vec::new();
    let mut fields = BTreeSet::new();
    ast.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::FnCall(call, position))) => {
                push_call(&mut calls, call, false, *position);
            }
            Some(ASTNode::Expr(Expr::FnCall(call, position))) => {
                push_call(&mut calls, call, false, *position);
            }
            Some(ASTNode::Expr(Expr::MethodCall(call, position))) => {
                push_call(&mut calls, call, true, *position);
            }
            Some(ASTNode::Expr(Expr::Map(map, _))) => {
                fields.extend(map.0.iter().map(|(key, _)| key.as_str().to_owned()));
            }
            Some(ASTNode::Expr(Expr::Property(property, _))) => {
                fields.insert(property.2.to_string());
            }
            _ => {}
        }
        true
    });
    (calls, fields)
}

fn push_call(calls: &mut Vec<Call>, call: &FnCallExpr, is_method: bool, position: Position) {
    if call.is_operator_call() || KEPT_WORDS.contains(&call.name.as_str()) {
        return;
    }
    let namespace = call.namespace.to_string();
    calls.push(Call {
        position: match namespace.is_empty() {
            true => position,
            false => call.namespace.position(),
        },
        namespace,
        name: call.name.to_string(),
        arguments: call.args.len(),
        is_method,
    });
}

/// A function that a script file defines.
#[derive(Debug)]
pub(super) struct Definition {
    /// The name; with the type in front for `fn int.double()`.
    pub name: String,
    /// The names of the parameters.
    pub params: Vec<String>,
    /// The doc comment without its slashes.
    pub doc: String,
    /// Whether it is marked `private`.
    pub is_private: bool,
    /// Where the body begins.
    pub body: Position,
    /// Where the body ends.
    pub end: Position,
}

/// Returns the functions a file defines, without closures, in the order they are written.
pub(super) fn definitions(ast: &AST) -> Vec<Definition> {
    let mut found: Vec<_> = ast
        .iter_fn_def()
        .filter(|function| !is_closure(&function.name))
        .map(|function| Definition {
            name: match &function.this_type {
                Some(receiver) => format!("{receiver}.{}", function.name),
                None => function.name.to_string(),
            },
            params: function.params.iter().map(ToString::to_string).collect(),
            doc: doc_text(function.comments.iter().map(|line| line.as_str())),
            is_private: matches!(function.access, rhai::FnAccess::Private),
            body: function.body.start_position(),
            end: function.body.end_position(),
        })
        .collect();
    found.sort_by_key(|function| (function.body.line(), function.body.position()));
    found
}

/// Whether a function name was made by the engine for a closure.
pub(super) fn is_closure(name: &str) -> bool {
    name.starts_with("anon$")
}

/// Returns the functions of the engine that scripts can call by name.
pub(super) fn registered(engine: &Engine, with_standard: bool) -> Vec<FunctionInfo> {
    engine.collect_fn_metadata(
        None,
        |function| {
            let metadata = function.metadata;
            let is_name = metadata
                .name
                .starts_with(|first: char| first.is_alphabetic() || first == '_')
                && !metadata.name.contains('$');
            is_name.then(|| FunctionInfo {
                namespace: function.namespace.to_string(),
                name: metadata.name.to_string(),
                arity: metadata.num_params,
                params: metadata
                    .params_info
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                returns: metadata.return_type.to_string(),
                doc: doc_text(metadata.comments.iter().map(|line| line.as_str())),
                place: None,
            })
        },
        with_standard,
    )
}

/// Strips comment marks from doc lines.
pub(super) fn doc_text<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut text = Vec::new();
    for block in lines {
        for line in block.lines() {
            let line = line.trim_start();
            let line = line
                .strip_prefix("///")
                .or_else(|| line.strip_prefix("/**"))
                .or_else(|| line.strip_prefix("* "))
                .unwrap_or(line);
            let line = line.strip_suffix("*/").unwrap_or(line);
            text.push(line.strip_prefix(' ').unwrap_or(line).trim_end());
        }
    }
    text.join("\n").trim_matches('\n').to_owned()
}
