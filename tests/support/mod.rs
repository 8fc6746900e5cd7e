//! What several tests need.

pub mod program;
pub mod python;
pub mod run;
pub mod scripts;
pub mod services_world;
pub mod shared;
