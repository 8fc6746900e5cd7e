//! Tests of `src/flow`.

mod approval;
pub mod desk;
mod effect;
mod graph;
mod journal;
mod pass;
mod report;
