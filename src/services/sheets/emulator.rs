//! The stand-in of Google Sheets.

use std::sync::Arc;

use axum::Router;

use crate::sim::state::SimState;

/// Returns the routes.
pub fn router(_state: Arc<SimState>) -> Router {
    Router::new()
}
