//! Tests of `src/cli`.

mod analyze;
mod bad_input;
mod crash;
mod editing;
mod repeat;
mod two_operators;
mod real_releases;
mod scenarios;
mod args;
mod readme;
