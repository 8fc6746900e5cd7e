//! An embeddable scripting host that drives OpenShift z-stream releases.
//!
//! The modules in the order a newcomer should read them:
#![warn(missing_docs)]
#![deny(unsafe_code)]

pub mod call;
pub mod cli;
pub mod config;
pub mod error;
pub mod flow;
pub mod http;
pub mod oar;
pub mod release;
pub mod script;
pub mod services;
pub mod sim;
pub mod state;
pub mod value;
pub mod world;

pub use script::host::Host;
