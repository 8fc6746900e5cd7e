//! The tools: their table, their outcomes, the client and the emulated server.

mod bench;
mod binding;
mod client;
mod commands;
mod emulator;
mod native;
mod native_ownership;
mod native_push;
mod office;
mod outcome;
mod programs;
mod recorded;
mod routed;
mod store;
mod tools;
mod wire;
mod worksheet;
