//! Tests of `src/state`.

mod binding;
mod conformance;
mod first;
mod local;
