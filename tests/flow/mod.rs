//! Tests of `src/flow`.

mod approval;
pub mod desk;
mod drift;
mod effect;
mod graph;
mod journal;
mod pass;
mod report;
