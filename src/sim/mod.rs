//! The simulated outside: the state all emulators share, how a fresh world is made, and the harness
//! that serves the emulators on loopback.
//!
//! ```text
//! scenario --methods--> plan --seed, results--> state <--emulators-- harness
//! ```

pub mod build_data;
pub mod harness;
pub mod methods;
pub mod oar;
pub mod people;
pub mod plan;
pub mod real;
pub mod requests;
pub mod results;
pub mod scenario;
pub mod seed;
pub mod sheet;
pub mod shipment;
pub mod shipping;
pub mod stand_in;
pub mod state;
pub mod statebox_branch;
pub mod trackers;
pub mod tracking;

pub use harness::{Options, Simulation};
pub use scenario::list;
pub use stand_in::StandIn;
