//! Tests of `src/release`.
