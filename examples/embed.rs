//! Embeds the host in a program: gives scripts one function of its own, runs a script, prints what
//! it returns.
//!
//! ```text
//! cargo run --example embed
//! ```

use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use oar_script::{
    Host,
    error::Result,
    world::{Answer, BoxFuture, Event, Question, What, World, clock::VirtualClock},
};
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

const SCRIPT: &str = "
fn line(stream) {
    `${stream}: ${count_builds(stream)} builds`
}

print(\"counting\");
parallel_map([\"4.19\", \"4.20\"], |stream| line(stream))
";

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", answer()?);
    Ok(())
}

/// Runs the script and returns its value as text.
pub fn answer() -> Result<String, Box<dyn Error>> {
    let host = Host::builder()
        .world(Arc::new(Room::new()?))
        .register(|engine| {
            engine.register_fn("count_builds", |stream: &str| stream.len() as i64);
        })
        .build()?;
    let program = host.load_text("count.rhai", SCRIPT)?;
    let value = host.run(&program, Vec::new())?;
    Ok(value.to_string())
}

/// A world with a clock and a voice, and nothing else. A program that drives real releases uses
/// the system's world instead.
struct Room {
    clock: VirtualClock,
}

impl Room {
    fn new() -> Result<Self, jiff::Error> {
        let start = "2027-03-01T09:00:00Z".parse()?;
        Ok(Self {
            clock: VirtualClock::new(start, false),
        })
    }
}

impl World for Room {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.clock.sleep(duration) })
    }

    fn env(&self, _name: &str) -> Option<String> {
        None
    }

    fn secret(&self, _name: &str) -> Option<SecretString> {
        None
    }

    fn endpoint(&self, _service: &str) -> Option<Url> {
        None
    }

    fn read(&self, _path: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn write(&self, _path: &Path, _bytes: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn append(&self, _path: &Path, _bytes: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn list(&self, _folder: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }

    fn ask(&self, _question: &Question) -> Result<Option<Answer>> {
        Ok(None)
    }

    fn say(&self, event: &Event) {
        if let What::Printed(text) = &event.what {
            println!("{text}");
        }
    }

    fn fresh_id(&self) -> Uuid {
        Uuid::nil()
    }

    fn person(&self) -> String {
        "somebody@example.com".to_owned()
    }
}
