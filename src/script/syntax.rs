//! What an error of the parser means.

use rhai::{Engine, LexError, ParseError, ParseErrorType};

use super::{
    diagnostic::Diagnostic,
    explain::{count, engine_text, lower},
    hooks,
    program::{self, File},
    suggest,
};

/// Explains why a file does not compile.
pub(super) fn parse_error(error: &ParseError, files: &[File], engine: &Engine) -> Diagnostic {
    let diagnostic = match error.err_type() {
        ParseErrorType::ModuleUndefined(name) => {
            let mut namespaces: Vec<_> = hooks::registered(engine, false)
                .into_iter()
                .map(|function| function.namespace)
                .filter(|namespace| !namespace.is_empty())
                .collect();
            namespaces.sort();
            namespaces.dedup();
            let diagnostic = explain(error.err_type());
            let close = suggest::closest(name, namespaces.iter());
            match suggest::did_you_mean(&close) {
                Some(help) => diagnostic.help(help),
                None if namespaces.is_empty() => diagnostic,
                None => diagnostic.help(format!("the host has {}", namespaces.join(", "))),
            }
        }
        other => explain(other),
    };
    diagnostic.at(program::locate(files, error.position()))
}

pub(super) fn explain(error: &ParseErrorType) -> Diagnostic {
    use ParseErrorType as P;
    let code = "syntax";
    match error {
        P::UnexpectedEOF => Diagnostic::error(code, "the script ends too early")
            .help("a bracket, a block or a text is not closed"),
        P::VariableUndefined(name) => Diagnostic::error(
            "unknown_variable",
            format!("there is no variable `{name}` here"),
        )
        .help("functions see their parameters only; a top-level `const` is `global::NAME`"),
        P::ModuleUndefined(name) => Diagnostic::error(
            "unknown_namespace",
            format!("there is no namespace `{name}`"),
        ),
        P::WrongDocComment => Diagnostic::error(
            code,
            "a `///` comment stands before something that is no function",
        )
        .help("use `//` here, or `//!` at the top of the file"),
        P::Reserved(word) => Diagnostic::error(
            code,
            format!("`{word}` is a word of the language and cannot be a name"),
        )
        .help(format!(
            "choose another name; a field of a map is reachable as `map[\"{word}\"]`"
        )),
        P::BadInput(LexError::ImproperSymbol(symbol, _)) if symbol == "eval" => {
            Diagnostic::error(code, "`eval` is off: a script is what its files say")
        }
        P::FnDuplicatedDefinition(name, params) => Diagnostic::error(
            "defined_twice",
            format!(
                "the function `{name}` with {} is defined twice in this file",
                count(*params, "parameter")
            ),
        ),
        P::ExprTooDeep => Diagnostic::error(code, "this expression is nested too deeply")
            .help("give its parts names with `let`"),
        other => Diagnostic::error(code, lower(&engine_text(&other.to_string()))),
    }
}
