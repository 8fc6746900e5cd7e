//! The emulated OAR server: the MCP server of the Python tool over the simulated outside.
//!
//! It behaves as the real one does, with its odd habits: it records waits as failures, sets passed
//! tasks back, and starts jobs although the answer gets lost. The programs behind its commands can be run
//! too, as if they were on this machine. What runs for long is over when the
//! virtual clock says so. Left out: the older SSE transport and the Google sheet behind the checker.
//!
//! Documents it keeps under `oar`: `releases` (build data), `checker` (one, with its y-stream's
//! lock), `calls` (every changing call), `triggers` and `requests` (counts per tool). `lacks` lists
//! what the server's environment is without: `APITOKEN`, `GITHUB_TOKEN`, `KERBEROS`, `OC`, `GCP_SA_FILE`.
//! `backend` and `backends` (by tool) say what carries the tools out when no setting does.

mod approval;
mod book;
mod checker;
mod command;
mod consistency;
mod cve;
mod data;
mod dispatch;
mod finished;
mod hook;
mod issues;
mod jobs;
mod outside;
mod ownership;
mod program;
mod push;
mod report;
mod server;
mod signed;
mod stage;
mod text;
mod worksheet;

pub use checker::Watched;
pub use server::{Running, start, start_in};
