//! The world outside: turns, files, prepared answers.

mod clock;
mod kerberos;
mod simulated;
mod system;
