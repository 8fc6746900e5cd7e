//! The tools: their table, their outcomes, the client and the emulated server.

mod bench;
mod binding;
mod client;
mod emulator;
mod native;
mod native_bugs;
mod native_greenwave;
mod native_notificator;
mod outcome;
mod recorded;
mod retired_bench;
mod routed;
mod store;
mod tools;
mod wire;
mod worksheet;
