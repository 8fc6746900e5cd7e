//! Looks at a whole program before it runs: a misspelt function deep in a phase is found now, not
//! two hours into a release.

use super::{
    catalogue::Catalogue,
    diagnostic::Diagnostic,
    failed_call,
    hooks::{self, Call},
    program::Program,
};

/// Returns calls of functions that do not exist, and calls with a number of arguments that nothing
/// with this name takes, in the order of the files.
pub(super) fn check(program: &Program, catalogue: &Catalogue) -> Vec<Diagnostic> {
    let (mut calls, fields) = hooks::calls(&program.ast);
    calls.retain(|call| !program.is_inactive(call.position));
    calls.sort_by_key(|call| (call.position.line(), call.position.position()));
    calls.dedup_by_key(|call| call.position);
    calls
        .iter()
        .filter(|call| !(call.is_method && fields.contains(&call.name)))
        .filter_map(|call| finding(call, catalogue))
        .map(|(call, diagnostic)| diagnostic.at(program.locate(call.position)))
        .collect()
}

fn finding<'c>(call: &'c Call, catalogue: &Catalogue) -> Option<(&'c Call, Diagnostic)> {
    if call.namespace == "global" {
        return None;
    }
    let name = match call.namespace.as_str() {
        "" => call.name.clone(),
        namespace => format!("{namespace}::{}", call.name),
    };
    if catalogue.accepts(&name, call.arguments, call.is_method) {
        return None;
    }
    let named = catalogue.named(&name);
    let diagnostic = match named.as_slice() {
        [] => failed_call::unknown_function(&name, catalogue),
        named => failed_call::wrong_arity(&name, call.arguments, call.is_method, named),
    };
    Some((call, diagnostic))
}
