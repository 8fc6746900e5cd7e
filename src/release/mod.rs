//! Pure rules of a release: everything here is a function of its input, nothing reads or writes.

pub mod outcome;
pub mod shipment;
pub mod statebox;
pub mod task;
pub mod test_result;
pub mod version;

pub use outcome::{Ending, Outcome, Remote};
pub use task::TaskStatus;
pub use version::Version;
