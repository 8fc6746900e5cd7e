//! The scripting host: loads scripts and what they import, checks them, runs them, and explains what
//! goes wrong. What scripts can do outside is registered by the services and by the flow.

mod branches;
pub mod builder;
mod bundle;
pub mod calling;
pub mod catalogue;
mod check;
mod combinators;
pub mod diagnostic;
pub mod engine;
mod explain;
pub mod facts;
mod failed_call;
pub mod faults;
pub mod flow;
pub mod header;
mod hooks;
pub mod host;
mod last_failure;
pub mod notices;
pub mod program;
pub mod reference;
pub mod release;
pub mod render;
pub mod sources;
pub mod stopper;
mod suggest;
mod syntax;
pub mod units;
