//! A pass under 100 ms a request against its longest chain of requests that wait for each other.

use std::time::Duration;

use super::{
    release::{LARGE, Pass, Release, alike},
    table::{self, Times, millis, verdict},
};

const LATENCY: Duration = Duration::from_millis(100);
const ROUNDS: usize = 3;
const MOST: f64 = 1.15;
const MOST_OF_LARGE: f64 = 1.2;

/// Prints wall time over longest chain for all passes of a release that ask something, and of a large
/// one.
pub fn measure() {
    print(
        "",
        MOST,
        &format!("passes with {} a request", millis(LATENCY)),
    );
    let title = format!(
        "6 advisories and 40 files in the shipment, {} a request",
        millis(LATENCY)
    );
    print(LARGE, MOST_OF_LARGE, &title);
}

fn print(more: &str, most: f64, title: &str) {
    let rounds: Vec<_> = (0..ROUNDS)
        .map(|_| Release::open(LATENCY, more).passes())
        .collect();
    let groups = alike(&rounds[0], |pass| (pass.askers(), pass.chain()));
    let mut rows = Vec::new();
    let mut first = 0;
    for (numbers, group) in groups {
        let range = first..first + group.len();
        first = range.end;
        let times = rounds
            .iter()
            .flat_map(|passes| passes.get(range.clone()).unwrap_or_default())
            .map(|pass| pass.took)
            .collect();
        if group[0].chain() > 0 {
            rows.push(row(numbers, group[0], &Times::from(times), most));
        }
    }
    let target = format!("≤ {most}");
    let header = [
        "pass",
        "requests by node",
        "all",
        "chain",
        "chain takes",
        "pass took",
        "ratio",
        &target,
    ];
    table::print(title, &header, &rows);
}

fn row(numbers: String, pass: &Pass, times: &Times, most: f64) -> Vec<String> {
    let chain = LATENCY * pass.chain();
    let ratio = times.median().as_secs_f64() / chain.as_secs_f64();
    vec![
        numbers,
        pass.askers().join(", "),
        (pass.requests.len() + pass.set_up() as usize).to_string(),
        pass.chain().to_string(),
        millis(chain),
        times.text(),
        format!("{ratio:.2}"),
        verdict(ratio <= most),
    ]
}
