//! Tests of `src/state`.

mod conformance;
mod local;
mod mirror;
mod sheet;
mod sheet_bench;
mod sheet_limits;
