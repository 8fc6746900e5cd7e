//! Tests of `src/state`.

mod conformance;
mod local;
mod newest;
