//! Measures what people wait for. `cargo bench` runs everything, `cargo bench -- latency` a part;
//! `docs/performance.md` says what the numbers mean.

mod documents;
mod latency;
mod process;
mod release;
mod requests;
mod table;
mod trace;

/// The parts by name.
const PARTS: [(&str, fn()); 4] = [
    ("process", process::measure),
    ("latency", latency::measure),
    ("requests", requests::measure),
    ("documents", documents::measure),
];

fn main() {
    let words: Vec<_> = std::env::args().skip(1).collect();
    // Cargo says `--bench` when it means to measure; `cargo test --all-targets` only runs this.
    if !words.iter().any(|word| word == "--bench") {
        return;
    }
    let wanted: Vec<_> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{cores} cores; times are medians, in brackets the least\n");
    for (name, measure) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str())) {
            measure();
        }
    }
}
