//! Tests of `src/cli`.

mod analyze;
mod requests;
