//! What several tests need.

pub mod program;
pub mod run;
pub mod services_world;
