//! Tests of `src/release`.

mod discovery;
mod statebox;
mod statebox_change;
mod statebox_emit;
mod statebox_pyyaml;
pub mod test_result;
mod test_result_advice;
mod test_result_reading;
mod test_result_registry;
mod tracking;
