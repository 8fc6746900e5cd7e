//! The tools: their table, their outcomes, the client and the emulated server.

mod bench;
mod binding;
mod client;
mod emulator;
mod native;
mod native_cve;
mod native_detector;
mod native_ownership;
mod native_push;
mod office;
mod outcome;
mod recorded;
mod routed;
mod store;
mod tools;
mod wire;
mod worksheet;
