//! Which call outside failed last, for the report of an error.

use std::sync::{Mutex, PoisonError};

use crate::{
    call::{Operation, Permit},
    error::{Error, Result},
};

/// Remembers which call outside failed last, for the report of an error.
#[derive(Debug, Default)]
pub(super) struct LastFailure {
    call: Mutex<Option<(String, String)>>,
}

impl LastFailure {
    /// Returns the name of the call whose error this is.
    pub(super) fn operation_of(&self, error: &Error) -> Option<String> {
        let call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
        let (operation, text) = call.as_ref()?;
        (*text == error.to_string()).then(|| operation.clone())
    }
}

impl Permit for LastFailure {
    fn check(&self, _operation: &Operation) -> Result<()> {
        Ok(())
    }

    fn ended(&self, operation: &Operation, error: Option<&Error>) {
        if let Some(error) = error {
            let call = (operation.name.clone(), error.to_string());
            *self.call.lock().unwrap_or_else(PoisonError::into_inner) = Some(call);
        }
    }
}
