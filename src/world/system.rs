//! The real world: the machine's clock, disk, environment, programs and terminal.
//!
//! Which services have an address of their own, and how a person is reached, is given from outside.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place where the real outside is reached"
)]

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use super::{
    Answer, BoxFuture, Event, Question, Terminal, World, disk,
    kerberos::{self, Kerberos, Ticket},
    process::{self, Command, Exit, Listener},
};
use crate::error::Result;

/// The real world.
pub struct SystemWorld {
    terminal: Arc<dyn Terminal>,
    endpoints: HashMap<String, Url>,
    kerberos: Kerberos,
}

impl SystemWorld {
    /// Makes the real world; `endpoints` names the services that are not at their default address.
    pub fn new(terminal: Arc<dyn Terminal>, endpoints: HashMap<String, Url>) -> Self {
        Self {
            terminal,
            endpoints,
            kerberos: Kerberos::default(),
        }
    }
}

impl World for SystemWorld {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    fn time_zone(&self) -> TimeZone {
        TimeZone::system()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn env(&self, name: &str) -> Option<String> {
        // The standard library panics on such names.
        if name.is_empty() || name.contains(['=', '\0']) {
            return None;
        }
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn secret(&self, name: &str) -> Option<SecretString> {
        self.env(name).map(SecretString::from)
    }

    fn negotiate<'a>(&'a self, service: &'a Url) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(async move {
            if kerberos::is_stand_in(service) {
                return Ok(kerberos::stand_in_token(self.fresh_id()));
            }
            Ok(self.kerberos.token(kerberos::host(service)?).await?)
        })
    }

    fn ticket(&self) -> BoxFuture<'_, Result<Ticket>> {
        Box::pin(async move { Ok(self.kerberos.ticket(self.now()).await?) })
    }

    fn endpoint(&self, service: &str) -> Option<Url> {
        self.endpoints.get(service).cloned()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        disk::read(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        disk::write(path, bytes, disk::Safety::Synced)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        disk::append(path, bytes, disk::Safety::Synced)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send>> {
        disk::lock(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        disk::list(folder)
    }

    fn run<'a>(
        &'a self,
        command: &'a Command,
        listener: Listener<'a>,
    ) -> BoxFuture<'a, io::Result<Exit>> {
        Box::pin(process::run(command, listener))
    }

    fn ask(&self, question: &Question) -> Result<Option<Answer>> {
        self.terminal.ask(question)
    }

    fn say(&self, event: &Event) {
        self.terminal.say(event);
    }

    fn fresh_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn person(&self) -> String {
        self.env("USER")
            .or_else(|| self.env("LOGNAME"))
            .unwrap_or_else(|| "unknown".to_owned())
    }
}
