//! Which YAML style a string can and should be written in, by the rules PyYAML follows.

use super::resolve::{Resolved, resolve};

/// How a scalar is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

/// What a text allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Analysis {
    pub(super) is_empty: bool,
    pub(super) is_multiline: bool,
    allows_plain: bool,
    allows_single: bool,
    allows_literal: bool,
}

/// Chooses the style of a string value. `is_simple_key` is set for keys written as `key: …`.
pub(super) fn of_text(text: &str, analysis: &Analysis, is_simple_key: bool) -> Style {
    let wants_literal = text.contains('\n');
    let is_bare_text = resolve(text) == Resolved::Text;
    let is_unfit_key = is_simple_key && (analysis.is_empty || analysis.is_multiline);
    if !wants_literal && is_bare_text && !is_unfit_key && analysis.allows_plain {
        Style::Plain
    } else if wants_literal && !is_simple_key && analysis.allows_literal {
        Style::Literal
    } else if !wants_literal && analysis.allows_single && !(is_simple_key && analysis.is_multiline)
    {
        Style::SingleQuoted
    } else {
        Style::DoubleQuoted
    }
}

/// Looks at every character once.
pub(super) fn analyze(text: &str) -> Analysis {
    if text.is_empty() {
        return Analysis {
            is_empty: true,
            is_multiline: false,
            allows_plain: true,
            allows_single: true,
            allows_literal: false,
        };
    }
    let letters: Vec<char> = text.chars().collect();
    let last = letters.len() - 1;
    let is_white = |place: usize| {
        letters
            .get(place)
            .is_none_or(|letter| is_whitespace(*letter))
    };

    let mut is_indicator = text.starts_with("---") || text.starts_with("...");
    let mut has_breaks = false;
    let mut is_special = false;
    let mut space_then_break = false;
    let mut break_then_space = false;
    for (place, &letter) in letters.iter().enumerate() {
        let is_before_white = is_white(place + 1);
        let is_after_white = place == 0 || is_whitespace(letters[place - 1]);
        is_indicator |= match letter {
            '#' => is_after_white,
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
            | '`' => place == 0,
            '?' | '-' => place == 0 && is_before_white,
            ':' => is_before_white,
            _ => false,
        };
        has_breaks |= is_break(letter);
        is_special |= !is_printable(letter);
        if let Some(&before) = place.checked_sub(1).and_then(|place| letters.get(place)) {
            space_then_break |= before == ' ' && is_break(letter);
            break_then_space |= is_break(before) && letter == ' ';
        }
    }
    let is_edge = |letter: char| letter == ' ' || is_break(letter);
    let is_fragile = space_then_break || is_special;
    Analysis {
        is_empty: false,
        is_multiline: has_breaks,
        allows_plain: !(is_edge(letters[0])
            || is_edge(letters[last])
            || has_breaks
            || is_fragile
            || is_indicator),
        allows_single: !(break_then_space || is_fragile),
        allows_literal: !(letters[last] == ' ' || is_fragile),
    }
}

pub(super) fn is_break(letter: char) -> bool {
    matches!(letter, '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_whitespace(letter: char) -> bool {
    is_break(letter) || matches!(letter, '\0' | ' ' | '\t' | '\r')
}

/// Whether PyYAML writes the letter as it is outside double quotes.
fn is_printable(letter: char) -> bool {
    matches!(letter,
        '\n' | '\u{20}'..='\u{7e}' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}'
        | '\u{10000}'..='\u{10fffe}')
        && letter != '\u{feff}'
}
