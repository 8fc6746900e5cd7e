//! Tests of `src/state`.

mod conformance;
mod first;
mod local;
