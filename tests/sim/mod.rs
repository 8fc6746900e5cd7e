//! Simulated worlds: seeds, scenarios, persistence, the harness.

mod harness;
mod real;
mod scenario;
mod seed;

use std::sync::{Arc, LazyLock};

use oar_script::sim::{Options, Simulation, StandIn, state::SimState};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("the test machine can start two threads")
});

/// The runtime that all tests share.
pub fn runtime() -> &'static Runtime {
    &RUNTIME
}

/// Opens a world without emulators.
pub fn open(options: Options) -> Simulation {
    open_with(options, |_| Vec::new())
}

/// Opens a world with the given emulators.
pub fn open_with(
    options: Options,
    emulators: impl FnOnce(&Arc<SimState>) -> Vec<(&'static str, StandIn)>,
) -> Simulation {
    Simulation::open(options, runtime().handle(), emulators).expect("the world opens")
}
