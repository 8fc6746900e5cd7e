//! Tests of `src/release`.

mod shipment;
mod shipment_pipeline;
mod statebox;
mod statebox_change;
mod statebox_emit;
pub mod test_result;
mod test_result_advice;
mod test_result_reading;
mod test_result_registry;
