//! The scripting host: loads scripts and what they import, checks them, runs them, and explains what
//! goes wrong. What scripts can do outside is registered by the services and by the flow.

pub mod host;
pub mod program;
pub mod header;
pub mod sources;
mod bundle;
mod check;
pub mod catalogue;
pub mod engine;
mod hooks;
pub mod calling;
pub mod faults;
mod branches;
mod combinators;
pub mod units;
pub mod reference;
pub mod diagnostic;
mod explain;
pub mod render;
mod suggest;
pub mod release;
pub mod flow;
pub mod facts;
