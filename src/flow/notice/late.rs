//! Reading how long something usually takes, out of the words for people.

use std::{sync::LazyLock, time::Duration};

use jiff::SignedDuration;
use regex::Regex;

/// A number with its unit; of `6 to 24 hours` the second.
static SPAN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(\d{1,6})\s*(second|minute|min|hour|day|h\b|d\b)")
        .expect("the pattern is part of the program")
});

/// Nothing is late before this long after its usual time.
const SHORTEST_GRACE: Duration = Duration::from_hours(1);

/// Returns the longest time that a text such as `6 to 24 hours` names. `None` when it names none.
pub fn longest(typical: &str) -> Option<Duration> {
    SPAN.captures_iter(typical)
        .filter_map(|found| {
            let count: u64 = found[1].parse().ok()?;
            let unit = match &found[2] {
                "second" => 1,
                "minute" | "min" => 60,
                "hour" | "h" => 3_600,
                _ => 86_400,
            };
            Some(Duration::from_secs(count * unit))
        })
        .max()
}

/// Whether something that has taken this long takes longer than people should wait in silence: its
/// usual time and half as long again, an hour at least.
pub(super) fn is_late(taken: SignedDuration, typical: &str) -> bool {
    longest(typical).is_some_and(|usual| {
        let limit = usual + SHORTEST_GRACE.max(usual / 2);
        Duration::try_from(taken).is_ok_and(|taken| taken > limit)
    })
}
