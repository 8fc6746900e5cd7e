//! The stand-in of the customer portal, over `portal.pages` of the simulated state: from the path of
//! a page to whether it `is_public`, or where it has `moved_to`.
//!
//! What it shows of a page is its path. Signing in is not there.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{Html, IntoResponse as _, Response},
    routing::get,
};

use crate::{
    services::emulate::{answer, document},
    sim::state::SimState,
};

const SERVICE: &str = "portal";

/// Returns the routes.
pub fn router(state: Arc<SimState>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/{*path}", get(page))
        .with_state(state)
}

async fn page(State(state): State<Arc<SimState>>, uri: Uri) -> Response {
    answer(&state, SERVICE, "is_public", || {
        let path = uri.path();
        let pages = document(&state, SERVICE)["pages"].take();
        let stored = &pages[path];
        if let Some(place) = stored["moved_to"].as_str() {
            let headers = [(header::LOCATION, place.to_owned())];
            return (StatusCode::MOVED_PERMANENTLY, headers).into_response();
        }
        // The list of all advisories is there whatever happens to one of them.
        if stored["is_public"] == true || matches!(path, "/" | "/errata/") {
            return Html(format!("<!DOCTYPE html>\n<title>{path}</title>\n")).into_response();
        }
        let text = "<!DOCTYPE html>\n<title>Page not found</title>\n";
        (StatusCode::NOT_FOUND, Html(text)).into_response()
    })
    .await
}
