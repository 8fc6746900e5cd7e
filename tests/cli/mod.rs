//! Tests of `src/cli`.

mod analyze;
