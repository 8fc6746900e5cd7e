//! The flow of a release: a graph of named nodes that is evaluated again and again, a record of
//! what happened, and the rules that no script can get around.

pub mod approval;
pub mod data;
pub mod drive;
pub mod effect;
pub mod graph;
pub mod journal;
pub mod look;
mod notes;
pub mod notice;
pub mod pass;
pub mod plan;
pub mod report;
pub mod watch;

pub use data::Data;
pub use drive::{Drive, Evidence, Sources, Stores};
pub use graph::{Graph, Node, NodeKind};
pub use journal::{Fact, Journal};
pub use plan::Plan;
pub use report::{PassOutcome, Report, State};
