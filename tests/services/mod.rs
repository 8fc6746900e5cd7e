//! Tests of `src/services`.
