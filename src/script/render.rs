//! A finding as text for a person: source lines with a caret, over several files, then help and
//! notes.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Element, Level, Origin, Renderer, Snippet};

use super::diagnostic::{Diagnostic, Frame, Severity, Texts};
use crate::error::Place;

/// Returns `diagnostic` as text, with the lines of `texts` it is about.
pub fn render(diagnostic: &Diagnostic, texts: &Texts, is_coloured: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut main = level
        .primary_title(diagnostic.title.as_str())
        .id(diagnostic.code.as_str())
        .elements(Vec::<Element<'_>>::new());
    if let Some(place) = &diagnostic.place {
        main = main.element(show(
            place,
            texts,
            AnnotationKind::Primary,
            diagnostic.label.as_deref(),
        ));
    }
    for (place, text) in &diagnostic.related {
        main = main.element(show(place, texts, AnnotationKind::Context, Some(text)));
    }
    let (shown, folded) = visible(diagnostic);
    let labels: Vec<_> = shown
        .iter()
        .map(|frame| format!("in this call of `{}`", frame.function))
        .collect();
    for (frame, label) in shown.iter().zip(&labels) {
        if let Some(place) = &frame.call {
            main = main.element(show(place, texts, AnnotationKind::Context, Some(label)));
        }
    }
    let folded = match folded {
        0 => None,
        1 => Some("1 call inside shipped scripts is not shown".to_owned()),
        count => Some(format!(
            "{count} calls inside shipped scripts are not shown"
        )),
    };
    for note in diagnostic.notes.iter().chain(&folded) {
        main = main.element(Level::NOTE.message(note.as_str()));
    }
    for help in &diagnostic.help {
        main = main.element(Level::HELP.message(help.as_str()));
    }
    let renderer = match is_coloured {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    renderer.render(&[main])
}

/// The frames to show, the innermost first, and how many are left out.
fn visible(diagnostic: &Diagnostic) -> (Vec<&Frame>, usize) {
    let is_same_place = |frame: &Frame| frame.call == diagnostic.place;
    let frames: Vec<_> = diagnostic
        .frames
        .iter()
        .rev()
        .filter(|frame| frame.call.is_some() && !is_same_place(frame))
        .collect();
    let mut shown: Vec<_> = frames
        .iter()
        .copied()
        .filter(|frame| !frame.is_shipped)
        .collect();
    let folded = frames.len() - shown.len();
    // A deep recursion repeats itself: both ends tell the story.
    const BOTH_ENDS: usize = 4;
    if shown.len() > 2 * BOTH_ENDS {
        shown.drain(BOTH_ENDS..shown.len() - BOTH_ENDS);
    }
    (shown, folded)
}

fn show<'a>(
    place: &'a Place,
    texts: &'a Texts,
    kind: AnnotationKind,
    label: Option<&'a str>,
) -> Element<'a> {
    match texts.get(&place.file) {
        Some(text) => {
            let span = span(text, place);
            Snippet::<Annotation<'_>>::source(text)
                .path(place.file.as_str())
                .annotation(kind.span(span).label(label))
                .into()
        }
        None => Origin::path(place.file.as_str())
            .line(place.line)
            .char_column(place.column)
            .into(),
    }
}

/// The bytes of the token at a place.
pub(super) fn span(text: &str, place: &Place) -> Range<usize> {
    let line_start = text
        .split_inclusive('\n')
        .take(place.line.saturating_sub(1))
        .map(str::len)
        .sum::<usize>()
        .min(text.len());
    let line = text[line_start..].lines().next().unwrap_or_default();
    let column = line
        .char_indices()
        .nth(place.column.saturating_sub(1))
        .map_or(line.len(), |(byte, _)| byte);
    let length = token_length(&line[column..]);
    let start = line_start + column;
    start..(start + length).min(text.len())
}

fn token_length(text: &str) -> usize {
    let Some(first) = text.chars().next() else {
        return 0;
    };
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    if is_word(first) {
        // `oar::take_ownership` is one name for the reader.
        let mut end = text.find(|letter| !is_word(letter)).unwrap_or(text.len());
        while let Some(rest) = text[end..].strip_prefix("::") {
            let more = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
            if more == 0 {
                break;
            }
            end += 2 + more;
        }
        return end;
    }
    if matches!(first, '"' | '\'' | '`') {
        let mut is_escaped = false;
        for (byte, letter) in text.char_indices().skip(1) {
            match letter {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                letter if letter == first => return byte + letter.len_utf8(),
                _ => {}
            }
        }
        return text.trim_end().len();
    }
    first.len_utf8()
}
