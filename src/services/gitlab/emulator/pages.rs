//! Pages of lists, by number or (trees only) by the last entry seen.

use axum::{
    Json,
    http::{HeaderName, HeaderValue},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;

use super::call::Call;

const USUAL: usize = 20;
const MOST: usize = 100;

/// Answers with the page of a list that was asked for.
pub fn page(call: &Call, entries: Vec<Value>) -> Response {
    let number = |name: &str, otherwise: usize| {
        let value = call.value(name).and_then(|text| text.parse().ok());
        value.filter(|value| *value > 0).unwrap_or(otherwise)
    };
    let size = number("per_page", USUAL).min(MOST);
    if call.value("pagination") == Some("keyset") {
        return keyset(call, entries, size);
    }
    let page = number("page", 1);
    let total = entries.len();
    let pages = total.div_ceil(size).max(1);
    let mut links = vec![("first", 1), ("last", pages)];
    if page > 1 {
        links.push(("prev", page - 1));
    }
    if page < pages {
        links.push(("next", page + 1));
    }
    let links: Vec<_> = links
        .into_iter()
        .map(|(relation, page)| {
            let address =
                call.address(&[("page", &page.to_string()), ("per_page", &size.to_string())]);
            format!("<{address}>; rel=\"{relation}\"")
        })
        .collect();
    let shown: Vec<_> = entries
        .into_iter()
        .skip((page - 1).saturating_mul(size))
        .take(size)
        .collect();
    let near = |page: usize| {
        if (1..=pages).contains(&page) {
            page.to_string()
        } else {
            String::new()
        }
    };
    let headers = [
        ("link", links.join(", ")),
        ("x-page", page.to_string()),
        ("x-per-page", size.to_string()),
        ("x-next-page", near(page + 1)),
        ("x-prev-page", near(page - 1)),
        ("x-total", total.to_string()),
        ("x-total-pages", pages.to_string()),
    ];
    with_headers(Json(shown).into_response(), &headers)
}

fn keyset(call: &Call, entries: Vec<Value>, size: usize) -> Response {
    let after = call.value("page_token");
    let begin = after
        .and_then(|token| entries.iter().position(|entry| entry["id"] == token))
        .map_or(0, |place| place + 1);
    let is_last = entries.len() <= begin + size;
    let shown: Vec<_> = entries.into_iter().skip(begin).take(size).collect();
    let last = shown
        .last()
        .and_then(|entry| entry["id"].as_str())
        .map(str::to_owned);
    let response = Json(shown).into_response();
    match last.filter(|_| !is_last) {
        Some(token) => {
            let address = call.address(&[("page_token", &token), ("per_page", &size.to_string())]);
            with_headers(response, &[("link", format!("<{address}>; rel=\"next\""))])
        }
        None => response,
    }
}

fn with_headers(mut response: Response, headers: &[(&'static str, String)]) -> Response {
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}
