//! The tools: their table, their outcomes, the client and the emulated server.

mod bench;
mod binding;
mod client;
mod emulator;
mod outcome;
mod recorded;
mod store;
mod tools;
mod wire;
mod worksheet;
