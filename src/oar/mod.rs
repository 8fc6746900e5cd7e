//! The OAR tools: their table, the rule that reads an outcome from an answer, and the bridge to a
//! server that runs them.

pub mod backend;
pub mod binding;
pub mod mcp;
pub mod outcome;
pub mod store;
pub mod tools;
mod trouble;
