//! The test results of a build: what the result file says, what the acceptance rule makes of it,
//! and what a person should think of it.
//!
//! ```text
//! bytes -> Reading -> TestResult -> acceptance (the rule)  \
//!                                -> coverage (the registry) -> Analysis -> verdict
//! ```
//!
//! Everything here is a function of its input. Who fetches the files and who shows the analysis
//! stands elsewhere.

pub mod acceptance;
pub mod analysis;
pub mod document;
pub mod file_name;
pub mod job_name;
pub mod known_jobs;
pub mod reading;
pub mod registry;
pub mod scenario;
pub mod unit;
pub mod verdict;

pub use acceptance::{Acceptance, JobEvaluation, JobWord};
pub use analysis::{Analysis, Flake};
pub use document::{Build, Job, Run, RunState, Suite, TestResult};
pub use file_name::{FileName, PointerName, arch_name, is_nightly, minor};
pub use job_name::Platform;
pub use known_jobs::expected_jobs;
pub use reading::{Fault, Reading, identity};
pub use registry::{Coverage, JobList, Registry, RegistryJob};
pub use scenario::{Family, Scenario};
pub use unit::{Class, Evidence, Unit};
pub use verdict::{Confidence, Verdict, Word, verdict};
