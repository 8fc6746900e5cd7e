//! Tests of `src/release`.

pub mod test_result;
mod test_result_advice;
mod test_result_reading;
mod test_result_registry;
mod statebox;
mod statebox_change;
mod statebox_emit;
