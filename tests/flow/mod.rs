//! Tests of `src/flow`.

mod approval;
pub mod desk;
mod drift;
mod effect;
mod graph;
mod journal;
mod notices;
mod pass;
mod report;
