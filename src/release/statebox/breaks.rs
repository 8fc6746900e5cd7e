//! The three line breaks that only YAML 1.1 knows: U+0085, U+2028 and U+2029.
//!
//! PyYAML writes them raw and indents what follows. Our parser speaks YAML 1.2, where they are
//! letters, so before it reads a text that has them each becomes a letter of its own and a line
//! feed, and after it read a value the pair becomes the break again.

/// The breaks and the letters that stand in for them while the text is parsed.
const STAND_INS: [(char, char); 3] = [
    ('\u{85}', '\u{f8f0}'),
    ('\u{2028}', '\u{f8f1}'),
    ('\u{2029}', '\u{f8f2}'),
];

/// Returns the text for the parser, `None` when it needs no change.
pub(super) fn mask(text: &str) -> Option<String> {
    if !text.chars().any(|letter| stand_in(letter).is_some()) {
        return None;
    }
    let mut masked = String::with_capacity(text.len() + 16);
    let mut block = None;
    let mut before = 0;
    let mut rest = text;
    while let Some(end) = rest.find(is_break) {
        let (line, from_break) = rest.split_at(end);
        let letter = from_break.chars().next().expect("a break was found");
        rest = &from_break[letter.len_utf8()..];
        if !line.is_empty() {
            before = indent(line);
            block = block.filter(|indent| before >= *indent);
            if block.is_none() {
                block = block_indent(line, rest);
            }
        }
        if let Some(stand_in) = stand_in(letter) {
            if line.is_empty() {
                let after = indent(rest.trim_start_matches(is_break));
                let width = block.unwrap_or(before.max(after));
                masked.extend(std::iter::repeat_n(' ', width));
            }
            masked.push_str(line);
            masked.push(stand_in);
        } else {
            masked.push_str(line);
        }
        masked.push('\n');
    }
    masked.push_str(rest);
    Some(masked)
}

/// The indent of the block scalar that the line opens, if it opens one.
fn block_indent(line: &str, rest: &str) -> Option<usize> {
    let (head, marks) = line.rsplit_once(' ')?;
    let marks = marks.strip_prefix(['|', '>'])?.trim_end_matches(['+', '-']);
    if marks.is_empty() {
        return Some(indent(rest));
    }
    let mut column = indent(head);
    while let Some(inner) = head[column..].strip_prefix("- ") {
        column += 2 + indent(inner);
    }
    Some(column + marks.parse::<usize>().ok()?)
}

fn indent(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

/// Returns a parsed value with its breaks.
pub(super) fn unmask(text: &str) -> String {
    let mut unmasked = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match STAND_INS.iter().find(|(_, stand_in)| *stand_in == letter) {
            Some((original, _)) => {
                letters.next_if(|next| matches!(next, '\n' | ' '));
                unmasked.push(*original);
            }
            None => unmasked.push(letter),
        }
    }
    unmasked
}

fn stand_in(letter: char) -> Option<char> {
    STAND_INS
        .iter()
        .find_map(|(original, stand_in)| (*original == letter).then_some(*stand_in))
}

fn is_break(letter: char) -> bool {
    letter == '\n' || stand_in(letter).is_some()
}
