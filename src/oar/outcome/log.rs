//! The log inside an answer: what the state store keeps of it.

use std::sync::LazyLock;

use regex::Regex;

static HOOK_END: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"StateBox updated successfully for task '|Failed to update StateBox for task '|Unexpected error updating StateBox: ",
    )
    .expect("the pattern is constant")
});

static HOOK_LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: [A-Z]+: (?:Initialized StateBox for release |Loaded state from ",
        r"|State file not found, returning default state|Created new task: |Updated task '",
        r"|Updated state file |Created state file |SHA mismatch detected|Attempt \d+/\d+: ",
        r"|Merging local and remote states|State merge completed|Conflict detected )",
    ))
    .expect("the pattern is constant")
});

/// Returns the log lines of an answer as the state store keeps them: without the headline and
/// without what the server logged while it recorded the result. `None` when there are none.
pub fn kept_text(answer: &str) -> Option<String> {
    let text = answer.trim();
    let body = match text.strip_prefix(['✓', '✗']) {
        Some(rest) => rest
            .split_once('\n')
            .map_or("", |(_, body)| body.trim_start()),
        None => text,
    };
    let body = before_failure_report(body);
    let lines: Vec<_> = body.lines().collect();
    let end = hook_start(&lines).unwrap_or(lines.len());
    let kept = lines[..end].join("\n").trim().to_owned();
    (!kept.is_empty()).then_some(kept)
}

/// Returns the first `Error:` message of a failed command.
pub(super) fn error_message(text: &str) -> Option<&str> {
    text.lines()
        .find_map(|line| line.strip_prefix("Error: "))
        .map(str::trim)
        .filter(|message| !message.is_empty())
}

fn before_failure_report(body: &str) -> &str {
    if body.starts_with("✗ ") {
        return error_message(body).unwrap_or("");
    }
    body.split("\n✗ Command execution failed")
        .next()
        .unwrap_or(body)
}

fn hook_start(lines: &[&str]) -> Option<usize> {
    let end = lines.iter().rposition(|line| HOOK_END.is_match(line))?;
    let mut start = end;
    while start > 0 && HOOK_LINE.is_match(lines[start - 1]) {
        start -= 1;
        if lines[start].contains(": Initialized StateBox for release ") {
            break;
        }
    }
    Some(start)
}
