//! What the passes of a release ask of whom, and whether anything is asked twice in one pass.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    release::{LARGE, Pass, Release, alike},
    table::{self, Times},
};

/// Prints requests by service for every pass of a release, and of a large one.
pub fn measure() {
    print(
        "",
        "requests of each pass; the first opens a session, in the last nothing has changed",
    );
    print(
        LARGE,
        "requests of each pass, 6 advisories and 40 files in the shipment",
    );
}

fn print(more: &str, title: &str) {
    let passes = Release::open(Duration::ZERO, more).passes();
    let services: BTreeSet<&str> = passes
        .iter()
        .flat_map(|pass| pass.counts.keys().map(|(service, _)| service.as_str()))
        .collect();
    let mut header = vec!["pass", "took"];
    header.extend(&services);
    header.extend(["ends", "asked twice"]);
    let groups = alike(&passes, |pass| {
        (pass.counts.clone(), pass.report.outcome.word(), twice(pass))
    });
    let rows: Vec<_> = groups
        .into_iter()
        .map(|(numbers, group)| row(numbers, &group, &services))
        .collect();
    table::print(title, &header, &rows);
}

fn row(numbers: String, passes: &[&Pass], services: &BTreeSet<&str>) -> Vec<String> {
    let pass = passes[0];
    let times = Times::from(passes.iter().map(|pass| pass.took).collect());
    let mut row = vec![numbers, times.text()];
    row.extend(services.iter().map(|service| {
        let counts = pass.counts.iter().filter(|((name, _), _)| name == service);
        counts.map(|(_, count)| count).sum::<u64>().to_string()
    }));
    row.push(pass.report.outcome.word().to_owned());
    row.push(twice(pass));
    row
}

fn twice(pass: &Pass) -> String {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for request in &pass.requests {
        *counts.entry(&request.what).or_default() += 1;
    }
    let twice = counts.iter().filter(|(_, count)| **count > 1);
    twice
        .map(|(what, count)| format!("{what} ×{count}"))
        .collect::<Vec<_>>()
        .join("; ")
}
