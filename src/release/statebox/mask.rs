//! Keeps e-mail addresses out of a public repository.

use std::sync::LazyLock;

use regex::Regex;

const REPLACEMENT: &str = "[EMAIL_REDACTED]";

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b")
        .expect("the pattern is part of the program")
});

/// Replaces each e-mail address by `[EMAIL_REDACTED]`; image digests stay.
pub fn mask_emails(text: &str) -> String {
    EMAIL.replace_all(text, REPLACEMENT).into_owned()
}
