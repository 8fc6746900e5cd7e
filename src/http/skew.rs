//! Notices when a service's clock and the world's disagree.
//!
//! Tokens and tickets are good for a time frame, and due dates are days: with a wrong clock both go
//! wrong in ways that do not name the clock.

use std::{collections::BTreeMap, sync::Mutex};

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use reqwest::header::{AGE, DATE, HeaderMap};

/// A smaller difference hurts nobody.
const TOLERATED: SignedDuration = SignedDuration::from_mins(5);

/// How far the clock of a service is from ours.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Skew {
    /// The service.
    pub service: String,
    /// Its time less ours.
    pub difference: SignedDuration,
}

impl Skew {
    /// Says it in one sentence part, such as `this machine's clock is 12 minutes behind that of
    /// github`.
    pub fn told(&self) -> String {
        let far = self.difference.abs();
        let far = match (far.as_hours() / 24, far.as_hours(), far.as_mins()) {
            (days @ 2.., _, _) => format!("{days} days"),
            (_, hours @ 2.., _) => format!("{hours} hours"),
            (_, _, minutes) => format!("{minutes} minutes"),
        };
        let side = if self.difference.is_positive() {
            "behind"
        } else {
            "ahead of"
        };
        format!(
            "this machine's clock is {far} {side} that of {}",
            self.service
        )
    }
}

/// The differences that the last answer of each service showed.
#[derive(Default)]
pub(super) struct Skews(Mutex<BTreeMap<String, SignedDuration>>);

impl Skews {
    /// Looks at the time in an answer; one without a time says nothing.
    pub(super) fn notice(&self, service: &str, headers: &HeaderMap, now: Timestamp) {
        let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
        let Some(date) = text(DATE).and_then(|date| rfc2822::parse(date).ok()) else {
            return;
        };
        // A copy on the way is as old as it says.
        let age = text(AGE).and_then(|age| age.parse::<u32>().ok());
        let age = SignedDuration::from_secs(i64::from(age.unwrap_or_default()));
        let difference = date.timestamp().duration_since(now) + age;
        let mut known = self.lock();
        if difference.abs() > TOLERATED {
            known.insert(service.to_owned(), difference);
        } else {
            known.remove(service);
        }
    }

    pub(super) fn of(&self, service: &str) -> Option<Skew> {
        let difference = *self.lock().get(service)?;
        Some(Skew {
            service: service.to_owned(),
            difference,
        })
    }

    /// The largest of them.
    pub(super) fn largest(&self) -> Option<Skew> {
        let known = self.lock();
        let (service, difference) = known.iter().max_by_key(|(_, far)| far.abs())?;
        Some(Skew {
            service: service.clone(),
            difference: *difference,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, SignedDuration>> {
        self.0
            .lock()
            .expect("no thread panics while it holds the differences")
    }
}
