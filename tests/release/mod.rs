//! Tests of `src/release`.

mod advisory;
mod advisory_push;
mod approval;
mod build_data;
mod discovery;
mod drift;
mod escalation;
mod greenwave;
mod kernel;
pub mod sheet;
mod sheet_head;
mod sheet_lists;
mod sheet_status;
mod shipment;
mod shipment_pipeline;
mod statebox;
mod statebox_change;
mod statebox_emit;
mod statebox_pyyaml;
pub mod test_result;
mod test_result_advice;
mod test_result_reading;
mod test_result_registry;
mod tracking;
