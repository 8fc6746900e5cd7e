//! The line in the result of a task that says who is about to start its work.
//!
//! It keeps two operators apart while a trigger is on its way. The Python tool knows nothing of it and
//! replaces it with the log of its next command.

use jiff::Timestamp;

use super::time;

const START: &str = "oar-script claim ";

/// Returns the line of a claim.
pub(super) fn line(token: &str, holder: &str, until: Timestamp) -> String {
    format!("{START}{token} by {holder} until {}", time::format(until))
}

/// Returns who holds a claim that has not run out, other than the one with `token`.
pub(super) fn holder<'a>(text: &'a str, token: &str, now: Timestamp) -> Option<&'a str> {
    let (theirs, rest) = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix(START))?
        .split_once(" by ")?;
    let (holder, until) = rest.rsplit_once(" until ")?;
    let until = time::parse(until)?;
    (theirs != token && until > now).then_some(holder)
}

/// Returns a text without the lines of claims.
pub(super) fn without(text: &str) -> String {
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with(START))
        .collect();
    lines.join("\n")
}
