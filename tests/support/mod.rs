//! What several tests need.

pub mod run;
pub mod services_world;
