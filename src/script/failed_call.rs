//! What "function not found" means: an unknown name, a wrong number of arguments, or wrong types.

use super::{
    catalogue::{Catalogue, FunctionInfo, type_word},
    diagnostic::Diagnostic,
    explain::count,
    suggest,
};

/// Splits "function not found" into what it can mean.
pub(super) fn explain(signature: &str, catalogue: Option<&Catalogue>) -> Diagnostic {
    let (name, types) = signature.split_once(" (").unwrap_or((signature, ""));
    let name = name.trim();
    let types = types.strip_suffix(')').unwrap_or(types);
    let types: Vec<String> = match types.is_empty() {
        true => Vec::new(),
        false => types.split(", ").map(type_word).collect(),
    };
    let is_operator = !name.starts_with(|first: char| first.is_alphabetic() || first == '_');
    if is_operator {
        let diagnostic = Diagnostic::error(
            "wrong_type",
            format!("`{name}` cannot be used with {}", types.join(" and ")),
        );
        return match types.iter().any(|word| word == "()") {
            true => diagnostic.help("one side is empty (`()`): what it was read from has no value"),
            false => diagnostic,
        };
    }
    let Some(catalogue) = catalogue else {
        return Diagnostic::error(
            "unknown_function",
            format!(
                "no function `{name}` fits the arguments ({})",
                types.join(", ")
            ),
        );
    };
    let named = catalogue.named(name);
    if named.is_empty() {
        return unknown_function(name, catalogue);
    }
    let fitting: Vec<_> = named
        .iter()
        .copied()
        .filter(|function| function.arity == types.len())
        .collect();
    if fitting.is_empty() {
        return wrong_arity(name, types.len(), false, &named);
    }
    wrong_arguments(name, &types, &fitting)
}

/// Says that nothing has this name.
pub(super) fn unknown_function(name: &str, catalogue: &Catalogue) -> Diagnostic {
    let diagnostic =
        Diagnostic::error("unknown_function", format!("there is no function `{name}`"))
            .label("not defined in this script, its imports or the host");
    match suggest::did_you_mean(&catalogue.similar(name)) {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// Says that a function takes another number of arguments.
///
/// A method of the host counts the value it is called on; the reader of the call does not.
pub(super) fn wrong_arity(
    name: &str,
    given: usize,
    is_method: bool,
    named: &[&FunctionInfo],
) -> Diagnostic {
    let written = |function: &&FunctionInfo| match is_method && function.place.is_none() {
        true => function.arity.saturating_sub(1),
        false => function.arity,
    };
    let mut arities: Vec<_> = named.iter().map(written).collect();
    arities.sort_unstable();
    arities.dedup();
    let wanted = match arities.as_slice() {
        [only] => count(*only, "argument"),
        many => {
            let words: Vec<_> = many.iter().map(ToString::to_string).collect();
            format!("{} arguments", words.join(" or "))
        }
    };
    let mut diagnostic = Diagnostic::error(
        "wrong_arguments",
        format!("`{name}` takes {wanted}, not {given}"),
    );
    for function in named.iter().take(4) {
        diagnostic = diagnostic.help(function.signature());
        if let Some(place) = &function.place {
            diagnostic = diagnostic.related(Some(place.clone()), "defined here");
        }
    }
    diagnostic
}

fn wrong_arguments(name: &str, types: &[String], fitting: &[&FunctionInfo]) -> Diagnostic {
    let fits = |place: usize, word: &str| {
        fitting.iter().any(|function| {
            let wanted = &function.types()[place];
            wanted.is_empty() || wanted == "any" || wanted == word
        })
    };
    let wrong = types
        .iter()
        .enumerate()
        .find(|(place, word)| !fits(*place, word));
    let mut diagnostic = match wrong {
        Some((place, word)) => {
            let diagnostic = Diagnostic::error(
                "wrong_arguments",
                format!("argument {} of `{name}` cannot be {word}", place + 1),
            );
            match word.as_str() {
                "()" => diagnostic.note(format!(
                    "argument {} is empty (`()`): what it was read from has no value",
                    place + 1
                )),
                _ => diagnostic,
            }
        }
        None => Diagnostic::error(
            "wrong_arguments",
            format!("`{name}` does not take ({})", types.join(", ")),
        ),
    };
    for function in fitting.iter().take(4) {
        diagnostic = diagnostic.help(function.signature());
    }
    diagnostic
}
