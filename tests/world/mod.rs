//! The world outside: turns, files, prepared answers.

mod clock;
mod simulated;
mod system;
