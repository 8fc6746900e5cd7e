//! Tests of `src/script`.
