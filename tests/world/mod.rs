//! Tests of `src/world`.
