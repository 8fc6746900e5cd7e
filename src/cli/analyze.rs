//! Shows the analysis of a build's test results: as data for programs and as text for people.
//!
//! Only renders. Who calls it reads the file, makes the [`Analysis`] and prints.
//!
//! [`Analysis`]: crate::release::test_result::Analysis

mod advice;
mod job_names;
mod page;
mod report;
mod text;
mod words;

pub use advice::next_actions;
pub use report::report;
pub use text::text;
