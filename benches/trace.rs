//! Hears of every request, and for which node it was made.
//!
//! A request is made on the thread of its node, which bears the node's name; so does its trace line.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{LazyLock, Mutex},
    time::Instant,
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, filter::Targets, layer::Context, prelude::*};

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The thread it was made on: the name of a node, or another for the pass itself.
    pub node: String,
    /// Service and address, or the tool.
    pub what: String,
    /// When its answer was there.
    pub ended: Instant,
}

static HEARD: LazyLock<Mutex<Vec<Request>>> = LazyLock::new(Mutex::default);

/// Begins to listen.
pub fn listen() {
    let only = Targets::new()
        .with_target("oar_script::http", tracing::Level::DEBUG)
        .with_target("oar_script::oar", tracing::Level::INFO);
    // A second part of the same run listens already.
    let _ = tracing_subscriber::registry()
        .with(Ear.with_filter(only))
        .try_init();
}

/// What was heard since the last time.
pub fn heard() -> Vec<Request> {
    std::mem::take(&mut *HEARD.lock().expect("nobody panics while listening"))
}

struct Ear;

impl<S: Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        let word = |name: &str| words.0.get(name).cloned().unwrap_or_default();
        let what = match words.0.get("tool") {
            Some(tool) => format!("oar {tool}"),
            None => format!("{} {} {}", word("service"), word("method"), word("path")),
        };
        let node = std::thread::current().name().unwrap_or_default().to_owned();
        HEARD
            .lock()
            .expect("nobody panics while listening")
            .push(Request {
                node,
                what,
                ended: Instant::now(),
            });
    }
}

#[derive(Default)]
struct Words(BTreeMap<&'static str, String>);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}
