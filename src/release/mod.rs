//! Pure rules of a release: everything here is a function of its input, nothing reads or writes.

pub mod advisory;
pub mod approval;
pub mod build_data;
pub mod discovery;
pub mod drift;
pub mod escalation;
pub mod greenwave;
pub mod kernel;
pub mod metadata;
pub mod outcome;
pub mod sheet;
pub mod shipment;
pub mod statebox;
pub mod task;
pub mod test_result;
pub mod ticket;
pub mod tracker;
pub mod tracking;
pub mod version;

pub use metadata::Metadata;
pub use outcome::{Ending, Outcome, Remote};
pub use task::TaskStatus;
pub use version::Version;
