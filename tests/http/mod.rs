//! Tests of `src/http`.

mod answers;
mod changes;
mod negotiate;
mod requests;
mod retries;
mod secrets;
mod skew;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use oar_script::{
    http::{Auth, Caller, Http},
    world::World,
};
use url::Url;

use crate::support::services_world::{ServicesWorld, serve};

/// What the test server answers with.
#[derive(Clone, Default)]
struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    fn new(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
        }
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A world, a way out of it, and a caller of a server that always answers the same.
struct Demo {
    world: Arc<ServicesWorld>,
    http: Http,
    caller: Caller,
}

impl Demo {
    async fn new(reply: Reply) -> Self {
        let base = serve(Router::new().fallback(any(answer)).with_state(reply)).await;
        Self::at(base, Auth::missing("DEMO_TOKEN"))
    }

    fn at(base: Url, auth: Auth) -> Self {
        let world = Arc::new(ServicesWorld::default());
        let http = Http::new(world.clone() as Arc<dyn World>).unwrap();
        let caller = http.service("demo", base, auth);
        Self {
            world,
            http,
            caller,
        }
    }

    fn requests(&self) -> u64 {
        self.http.counts()["demo"]
    }
}

async fn answer(State(reply): State<Reply>) -> Response {
    let mut response = (StatusCode::from_u16(reply.status).unwrap(), reply.body).into_response();
    for (name, value) in reply.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// Answers with the path and the headers it got.
async fn echo(path: Option<Path<String>>, headers: HeaderMap) -> String {
    let path = path.map(|path| path.0).unwrap_or_default();
    format!("{path}\n{headers:?}")
}

/// An address at which nobody listens.
async fn nobody() -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap()
}
