//! Tests of `src/cli`.

mod analyze;
mod real_releases;
mod scenarios;
