//! The simulated outside: the state all emulators share, the emulators, scenarios, faults.

pub mod state;
