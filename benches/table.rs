//! Tables and the statistics in them.

use std::time::Duration;

use comfy_table::{Table, presets::NOTHING};

/// Prints a table under a heading.
pub fn print(title: &str, header: &[&str], rows: &[Vec<String>]) {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    println!("{title}\n{table}\n");
}

/// What repeated runs took.
pub struct Times(Vec<Duration>);

impl Times {
    /// Runs `work` so many times.
    pub fn of(count: usize, mut work: impl FnMut() -> Duration) -> Self {
        Self::from((0..count).map(|_| work()).collect())
    }

    /// Takes measured times.
    pub fn from(mut times: Vec<Duration>) -> Self {
        times.sort();
        Self(times)
    }

    /// The time in the middle.
    pub fn median(&self) -> Duration {
        self.0[self.0.len() / 2]
    }

    /// Median and least.
    pub fn text(&self) -> String {
        format!("{} ({})", millis(self.median()), millis(self.0[0]))
    }
}

/// A time in milliseconds.
pub fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// Whether a measured value keeps to its target.
pub fn verdict(is_kept: bool) -> String {
    if is_kept { "ok" } else { "OVER" }.to_owned()
}
