//! All tests, one binary. The folders have the names of `src`.

mod cli;
mod config;
mod flow;
mod house;
mod http;
mod oar;
mod release;
mod script;
mod services;
mod sim;
mod state;
mod support;
mod world;
