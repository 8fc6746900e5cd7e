//! Keeps secrets out of messages and traces.

use std::sync::{LazyLock, RwLock};

use regex::Regex;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::config::looks_secret;

const BLACKED_OUT: &str = "[hidden]";

/// Shorter texts are ordinary words: hiding them would garble messages and protect nothing.
const SHORTEST_SECRET: usize = 4;

/// A ticket, which is made anew for every request and so is not among the known secrets.
static TICKET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\bnegotiate\s+[A-Za-z0-9+/=_-]{8,}").expect("the pattern is constant")
});

/// The secrets this process has handed to callers.
#[derive(Default)]
pub(super) struct Secrets {
    known: RwLock<Vec<SecretString>>,
}

impl Secrets {
    pub(super) fn add(&self, secret: SecretString) {
        let text = secret.expose_secret().trim();
        if text.len() < SHORTEST_SECRET {
            return;
        }
        let mut known = self
            .known
            .write()
            .expect("no thread panics while it holds the secrets");
        if known.iter().all(|other| other.expose_secret() != text) {
            known.push(text.into());
            // A secret may hold another one: the longest goes first.
            known.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        }
    }

    pub(super) fn hide(&self, text: &str) -> String {
        let known = self
            .known
            .read()
            .expect("no thread panics while it holds the secrets");
        let text = known.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret.expose_secret(), BLACKED_OUT)
        });
        match TICKET.is_match(&text) {
            true => TICKET.replace_all(&text, "Negotiate [hidden]").into_owned(),
            false => text,
        }
    }
}

/// Returns the address without user name, password and the values of query parameters that
/// carry secrets.
pub fn without_secrets(url: &Url) -> Url {
    let mut shown = url.clone();
    // Both fail only for addresses that cannot have either.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_fragment(None);
    if url.query_pairs().any(|(name, _)| looks_secret(&name)) {
        let pairs: Vec<_> = url
            .query_pairs()
            .map(|(name, value)| {
                let value = if looks_secret(&name) {
                    "hidden".into()
                } else {
                    value
                };
                (name, value)
            })
            .collect();
        shown.query_pairs_mut().clear().extend_pairs(pairs);
    }
    shown
}
