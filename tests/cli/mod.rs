//! Tests of `src/cli`.

mod analyze;
mod args;
mod readme;
