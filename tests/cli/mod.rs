//! Tests of `src/cli`.

mod analyze;
mod args;
mod backends;
mod bad_input;
mod clock;
mod config;
mod crash;
mod doctor;
mod editing;
mod effects;
mod native_release;
mod notices;
mod person;
mod readme;
mod real_releases;
mod releases;
mod repeat;
mod requests;
mod scenarios;
mod secrets;
mod store_budgets;
mod store_people;
mod store_troubles;
mod stores;
mod two_operators;
