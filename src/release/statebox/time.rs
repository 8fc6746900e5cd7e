//! The forms of time in a document: what is read is wide, what is written is one form.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Writes `time` as documents have it: `2027-03-01T09:10:00Z`.
pub fn format(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads `2027-03-01T09:10:00Z`, with an offset, with a fraction, or without either, which is UTC.
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let naive: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(naive).ok()
    })
}

/// Reads a release date such as `2027-Mar-06` or `2026-Feb-3`; months are English.
pub fn parse_day(text: &str) -> Option<Date> {
    let mut parts = text.trim().split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || !matches!(day.len(), 1 | 2) {
        return None;
    }
    let month = month.to_ascii_lowercase();
    let place = MONTHS.iter().position(|name| *name == month)?;
    let month = i8::try_from(place + 1).ok()?;
    Date::new(year.parse().ok()?, month, day.parse().ok()?).ok()
}
