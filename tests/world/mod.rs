//! The world outside: turns, files, prepared answers.

mod clock;
mod kerberos;
mod process;
mod simulated;
mod system;
