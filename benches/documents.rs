//! The rules alone: result files judged, StateBox documents read and written.
#![expect(clippy::disallowed_methods, reason = "reads fixtures")]

use std::{fs, path::Path, time::Instant};

use oar_script::release::{
    statebox::StateBox,
    test_result::{Analysis, FileName},
};

use super::table::{self, Times, millis};

const ROUNDS: usize = 20;

/// Prints how many documents a second are evaluated.
pub fn measure() {
    let results: Vec<_> = files("test-results", "json")
        .into_iter()
        .filter_map(|(name, bytes)| Some((name.parse::<FileName>().ok()?, bytes)))
        .collect();
    let states: Vec<_> = files("statebox", "yaml")
        .into_iter()
        .filter_map(|(_, bytes)| String::from_utf8(bytes).ok())
        .filter(|text| StateBox::parse_any(text).is_ok())
        .collect();
    let judged = Times::of(ROUNDS, || {
        let began = Instant::now();
        for (file, bytes) in &results {
            let analysis = Analysis::of(&file.build, &file.arch, Some(bytes), None);
            std::hint::black_box(analysis).expect("a fixture");
        }
        began.elapsed()
    });
    let read = Times::of(ROUNDS, || {
        let began = Instant::now();
        for text in &states {
            let document = StateBox::parse_any(text).expect("a fixture");
            std::hint::black_box(document.to_yaml());
        }
        began.elapsed()
    });
    let row = |what: &str, count: usize, bytes: usize, times: &Times| {
        vec![
            what.to_owned(),
            count.to_string(),
            format!("{} KiB", bytes / 1024),
            times.text(),
            millis(times.median() / u32::try_from(count.max(1)).expect("few files")),
            format!("{:.0}", count as f64 / times.median().as_secs_f64()),
        ]
    };
    let result_bytes = results.iter().map(|(_, bytes)| bytes.len()).sum();
    let state_bytes = states.iter().map(String::len).sum();
    table::print(
        "documents",
        &["", "files", "size", "all", "each", "a second"],
        &[
            row("test results judged", results.len(), result_bytes, &judged),
            row(
                "StateBox read and written",
                states.len(),
                state_bytes,
                &read,
            ),
        ],
    );
}

fn files(folder: &str, ending: &str) -> Vec<(String, Vec<u8>)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let entries = fs::read_dir(fixtures.join(folder)).expect("fixtures");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|other| other == ending))
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            (name.into_owned(), fs::read(&path).expect("a fixture"))
        })
        .collect();
    files.sort();
    files
}
