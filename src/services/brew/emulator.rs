//! The stand-in of Brew, both of its hosts, over `brew` of the simulated state.
//!
//! ```json
//! {"builds": {"rhcos-x86_64-9.6.20270227-0": {"components": [["kernel", "5.14.0", "570.30.1.el9_6"]]},
//!             "kernel-5.14.0-570.30.1.el9_6": {"tags": ["rhel-9.6.0-candidate"]}}}
//! ```
//!
//! Of the hub it has `listTags` and `getAPIVersion`, of the download host one file a build and the
//! page at its top. Tokens are looked at, not checked.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
    routing::{get, post},
};
use quick_xml::escape::{escape, unescape};
use serde_json::{Value, json};

use crate::{
    services::emulate::{answer, document},
    sim::state::SimState,
};

const SERVICE: &str = "brew";

type Sim = State<Arc<SimState>>;

/// Returns the routes.
pub fn router(state: Arc<SimState>) -> Router {
    Router::new()
        .route("/brewhub", post(hub))
        .route("/brewroot/", get(top))
        .route(
            "/brewroot/packages/{name}/{version}/{release}/metadata.json",
            get(metadata),
        )
        .with_state(state)
}

async fn hub(State(state): Sim, headers: HeaderMap, body: String) -> Response {
    let method = between(&body, "<methodName>", "</methodName>");
    let operation = match method {
        "listTags" => "tags",
        "getAPIVersion" => "version",
        _ => "unknown",
    };
    answer(&state, SERVICE, operation, || {
        let kind = headers.get(header::CONTENT_TYPE);
        if kind.is_none_or(|kind| kind != "text/xml") {
            return (StatusCode::BAD_REQUEST, "expected text/xml").into_response();
        }
        match method {
            "listTags" => list_tags(&state, &body),
            "getAPIVersion" => {
                response("<params><param><value><int>1</int></value></param></params>")
            }
            _ => fault(1, &format!("Invalid method: {method}")),
        }
    })
    .await
}

fn list_tags(state: &SimState, body: &str) -> Response {
    let is_named = body
        .contains("<member><name>__starstar</name><value><boolean>1</boolean></value></member>");
    let build = between(
        body,
        "<member><name>build</name><value><string>",
        "</string>",
    );
    let (true, Ok(build)) = (is_named && !build.is_empty(), unescape(build)) else {
        return fault(1019, "listTags() takes the name of a build");
    };
    let stored = &document(state, SERVICE)["builds"][&*build];
    if stored.is_null() {
        return fault(1000, &format!("No such build: '{build}'"));
    }
    let tags = stored["tags"].as_array().into_iter().flatten();
    let tags: String = tags
        .filter_map(Value::as_str)
        .enumerate()
        .map(|(place, name)| {
            let name = escape(name);
            format!(
                "<value><struct>\n<member><name>arches</name><value><nil/></value></member>\n\
                 <member><name>id</name><value><int>{place}</int></value></member>\n\
                 <member><name>locked</name><value><boolean>0</boolean></value></member>\n\
                 <member><name>name</name><value><string>{name}</string></value></member>\n\
                 </struct></value>\n"
            )
        })
        .collect();
    response(&format!(
        "<params>\n<param>\n<value><array><data>\n{tags}</data></array></value>\n</param>\n</params>"
    ))
}

async fn top(State(state): Sim, headers: HeaderMap) -> Response {
    answer(&state, SERVICE, "knock", || {
        if is_unknown(&headers) {
            return challenge();
        }
        Html("<!DOCTYPE html>\n<title>Index of /brewroot</title>\n").into_response()
    })
    .await
}

async fn metadata(
    State(state): Sim,
    Path((name, version, release)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "kernel", || {
        if is_unknown(&headers) {
            return challenge();
        }
        let stored = &document(&state, SERVICE)["builds"][format!("{name}-{version}-{release}")];
        let Some(components) = stored["components"].as_array() else {
            return (StatusCode::NOT_FOUND, "Not Found").into_response();
        };
        let components = components.iter().map(|component| {
            json!({"type": "rpm", "name": component[0], "version": component[1],
                "release": component[2], "epoch": null, "arch": "x86_64"})
        });
        let components: Vec<_> = components.collect();
        Json(json!({
            "metadata_version": 0,
            "build": {"name": name, "version": version, "release": release},
            "output": [
                {"type": "log", "arch": "noarch", "components": null},
                {"type": "image", "arch": "x86_64", "components": components},
            ],
        }))
        .into_response()
    })
    .await
}

fn is_unknown(headers: &HeaderMap) -> bool {
    let shown = headers.get(header::AUTHORIZATION);
    let shown = shown
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    !shown.starts_with("Negotiate ")
}

fn challenge() -> Response {
    let headers = [(header::WWW_AUTHENTICATE, "Negotiate")];
    (
        StatusCode::UNAUTHORIZED,
        headers,
        Html("<title>401</title>"),
    )
        .into_response()
}

fn fault(code: i64, text: &str) -> Response {
    let text = escape(text);
    response(&format!(
        "<fault>\n<value><struct>\n\
         <member>\n<name>faultCode</name>\n<value><int>{code}</int></value>\n</member>\n\
         <member>\n<name>faultString</name>\n<value><string>{text}</string></value>\n</member>\n\
         </struct></value>\n</fault>"
    ))
}

fn response(inner: &str) -> Response {
    let body = format!("<?xml version='1.0'?>\n<methodResponse>\n{inner}\n</methodResponse>\n");
    ([(header::CONTENT_TYPE, "text/xml")], body).into_response()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let after = text.split_once(start).map_or("", |(_, after)| after);
    after.split_once(end).map_or("", |(found, _)| found)
}
