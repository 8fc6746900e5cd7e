//! Tests of `src/state`.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests prepare folders on the real disk"
)]

mod binding;
mod conformance;
mod github;

mod first;
mod interleavings;
mod local;
mod lost_answers;
mod mirror;
mod newest;
mod sheet;
mod sheet_bench;
mod sheet_limits;
mod world;
