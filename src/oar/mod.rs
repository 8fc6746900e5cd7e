//! The OAR tools: their table, the rule that reads an outcome from an answer, the tools that this
//! program runs itself, and the bridges to a server and to programs that run the others.

pub mod backend;
pub mod binding;
mod by_hand;
pub mod cli;
pub mod mcp;
pub mod native;
pub mod outcome;
pub mod routed;
pub mod store;
pub mod tools;
mod trouble;
