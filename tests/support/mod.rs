//! What several tests need.

pub mod program;
pub mod python;
pub mod run;
pub mod services_world;
