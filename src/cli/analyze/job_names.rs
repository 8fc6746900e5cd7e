//! Shortens job names: they are long, and alike up to the part that matters.

const MARK: &str = "-automated-release-";

/// Job names split into what they share and what differs.
pub(super) struct JobNames {
    prefix: String,
}

impl JobNames {
    /// Finds what `names` share: all up to the part that says what a job does, or else whole words.
    pub(super) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names = names.into_iter();
        let Some(first) = names.next() else {
            return Self {
                prefix: String::new(),
            };
        };
        let mut shared = match first.find(MARK) {
            Some(at) => &first[..at + MARK.len()],
            None => first.rfind('-').map_or("", |at| &first[..=at]),
        };
        for name in names {
            while !name.starts_with(shared) {
                let shorter = shared.trim_end_matches('-');
                shared = shorter.rfind('-').map_or("", |at| &shorter[..=at]);
            }
        }
        Self {
            prefix: shared.to_owned(),
        }
    }

    /// What all names share; may be empty.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The part that differs.
    pub(super) fn short<'a>(&self, name: &'a str) -> &'a str {
        match name.strip_prefix(&self.prefix) {
            Some("") | None => name,
            Some(rest) => rest,
        }
    }
}
