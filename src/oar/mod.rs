//! The OAR tools: their table, the rule that reads an outcome from an answer, and the bridge to a
//! server that runs them.

pub mod tools;
pub mod outcome;
pub mod backend;
pub mod mcp;
mod trouble;
pub mod store;
pub mod binding;
