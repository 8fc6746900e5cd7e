//! The tools: their table, their outcomes, the client and the emulated server.

mod bench;
mod binding;
mod client;
mod commands;
mod emulator;
mod native;
mod native_approval;
mod native_approval_effects;
mod native_bugs;
mod native_cve;
mod native_detector;
mod native_greenwave;
mod native_notificator;
mod native_ownership;
mod native_push;
mod native_shipped;
mod office;
mod outcome;
mod programs;
mod recorded;
mod retired_bench;
mod routed;
mod store;
mod tools;
mod wire;
mod worksheet;
