//! What stands in for a service: routes of HTTP, or a protocol of its own over TCP.

use std::{fmt, sync::Arc, time::Duration};

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::requests::Requests;
use crate::world::{BoxFuture, clock::VirtualClock};

type Talk = dyn Fn(TcpStream, Heard) -> BoxFuture<'static, ()> + Send + Sync;

/// What serves a service on loopback.
#[derive(Clone)]
pub struct StandIn {
    /// How its address begins, such as `http`.
    scheme: &'static str,
    speaks: Speaks,
}

#[derive(Clone)]
enum Speaks {
    Http(Router),
    Tcp(Arc<Talk>, Heard),
}

/// Told of every question, by a stand-in that does not speak HTTP.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    service: &'static str,
    requests: Option<Requests>,
    latency: Duration,
}

impl StandIn {
    /// Makes one that holds a conversation on every connection, at addresses that begin with `scheme`.
    pub fn tcp(
        scheme: &'static str,
        talk: impl Fn(TcpStream, Heard) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        Self {
            scheme,
            speaks: Speaks::Tcp(Arc::new(talk), Heard::default()),
        }
    }

    /// How its address begins.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// The same, whose answers come late and whose questions are counted.
    pub(super) fn watched(
        self,
        service: &'static str,
        requests: &Requests,
        latency: Duration,
        clock: VirtualClock,
    ) -> Self {
        let speaks = match self.speaks {
            Speaks::Http(router) => Speaks::Http(requests.watch(service, router, latency, clock)),
            Speaks::Tcp(talk, _) => {
                let heard = Heard {
                    service,
                    requests: Some(requests.clone()),
                    latency,
                };
                Speaks::Tcp(talk, heard)
            }
        };
        Self { speaks, ..self }
    }

    /// Serves until the end, which cuts conversations off.
    pub async fn serve(self, listener: TcpListener, end: CancellationToken) {
        let (talk, heard) = match self.speaks {
            Speaks::Tcp(talk, heard) => (talk, heard),
            Speaks::Http(router) => {
                let serving =
                    axum::serve(listener, router).with_graceful_shutdown(end.cancelled_owned());
                // Serving ends when the world is dropped; nobody is left to hear about it.
                let _ = serving.await;
                return;
            }
        };
        let mut conversations = tokio::task::JoinSet::new();
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                Some(_) = conversations.join_next() => {}
                accepted = listener.accept() => {
                    // Who was gone before we looked does not wait for an answer.
                    let Ok((stream, _)) = accepted else { continue };
                    conversations.spawn(talk(stream, heard.clone()));
                }
            }
        }
    }
}

impl From<Router> for StandIn {
    fn from(router: Router) -> Self {
        Self {
            scheme: "http",
            speaks: Speaks::Http(router),
        }
    }
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StandIn({})", self.scheme)
    }
}

impl Heard {
    /// Counts a question and waits as long as every answer takes.
    pub async fn note(&self, operation: &str) {
        if let Some(requests) = &self.requests {
            requests.count(self.service, operation.to_owned());
        }
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
    }
}
