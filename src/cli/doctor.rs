//! `doctor`: whether every service can be used from here, and what to do about those that cannot.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use comfy_table::{ContentArrangement, Table, presets::UTF8_HORIZONTAL_ONLY};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    args::{Options, Output},
    out::{self, Failure},
    view::View,
    wiring::Wiring,
};
use crate::{
    call::Control,
    error::{Error, Kind, Result},
    services::{Checkup, Row, SERVICES},
    world::{BoxFuture, kerberos::Ticket},
};

/// How long everything that is asked may take; all is asked at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// A person has to act.
const NOT_USABLE: u8 = 4;

/// What gets a Kerberos ticket.
const KINIT: &str = "kinit";

/// What is known of one service.
struct Examined {
    row: &'static Row,
    endpoint: String,
    source: String,
    missing: Vec<&'static str>,
    /// Not there when a credential is missing: then nothing is asked.
    answer: Option<Result<String>>,
}

/// What is known of the Kerberos ticket.
struct Kerberos {
    ticket: Result<Ticket>,
    now: Timestamp,
}

/// Shows where each service is, whether it can be reached, and whether it takes our credential. Only
/// reads.
pub fn doctor(options: &Options, view: &Arc<View>) -> Result<u8, Failure> {
    let wiring = Wiring::new(options, view.clone())?;
    // A person waits for the answer.
    let control = Control {
        is_hasty: true,
        ..Control::current()
    };
    let (kerberos, services) = control.scope(|| wiring.block_on(examine(&wiring)));
    let is_usable = kerberos.is_usable() && services.iter().all(Examined::is_usable);
    match options.output {
        Output::Json => out::json(&json!({
            "is_usable": is_usable,
            "kerberos": kerberos.to_json(),
            "services": services.iter().map(|found| found.to_json(&wiring)).collect::<Vec<_>>(),
        })),
        Output::Text => out::answer(&options.at_hand(&text(&kerberos, &services))),
    }
    Ok(if is_usable { 0 } else { NOT_USABLE })
}

async fn examine(wiring: &Wiring) -> (Kerberos, Vec<Examined>) {
    let documents = &wiring.config.sheets.documents;
    let newest = documents.iter().max_by_key(|(y_stream, _)| {
        let parts = y_stream.split('.').map(str::parse::<u32>);
        parts.map(Result::unwrap_or_default).collect::<Vec<_>>()
    });
    let checkup = Checkup {
        session: &wiring.session,
        y_stream: newest.map(|(y_stream, _)| y_stream.as_str()),
        document: newest.map(|(_, document)| document.as_str()),
    };
    let now = wiring.world.now();
    let ticket = in_time(wiring.world.ticket());
    let services = SERVICES.iter().map(|row| -> BoxFuture<'_, Examined> {
        let checkup = &checkup;
        let (endpoint, source) = place(wiring, row);
        let missing = missing(wiring, row);
        Box::pin(async move {
            let answer = if missing.is_empty() {
                Some(in_time((row.check)(checkup)).await)
            } else {
                None
            };
            Examined {
                row,
                endpoint,
                source,
                missing,
                answer,
            }
        })
    });
    let (ticket, services) = tokio::join!(ticket, all(services.collect()));
    (Kerberos { ticket, now }, services)
}

/// Waits for all of them at once.
async fn all<T>(mut work: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut done: Vec<Option<T>> = work.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (work, done) in work.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(answer) = work.as_mut().poll(context)
            {
                *done = Some(answer);
            }
        }
        if done.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

async fn in_time<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(answer) => answer,
        Err(_) => {
            let message = format!("no answer within {} seconds", PATIENCE.as_secs());
            Err(Error::new(Kind::Unreachable, message))
        }
    }
}

/// Where a service is, and who says so.
fn place(wiring: &Wiring, row: &Row) -> (String, String) {
    if let Some(endpoint) = wiring.world.endpoint(row.name) {
        return (endpoint.to_string(), "simulated world".to_owned());
    }
    if let Some(endpoint) = wiring.config.endpoint(row.name) {
        let key = format!("services.{}.endpoint", row.name);
        let source = wiring.config.source(&key).unwrap_or("settings");
        return (endpoint.to_string(), source.to_owned());
    }
    (row.endpoint.to_owned(), "default".to_owned())
}

fn missing(wiring: &Wiring, row: &Row) -> Vec<&'static str> {
    let names = row.credentials.iter().copied();
    names
        .filter(|name| wiring.world.secret(name).is_none())
        .collect()
}

impl Examined {
    fn is_usable(&self) -> bool {
        matches!(self.answer, Some(Ok(_)))
    }

    fn word(&self) -> &'static str {
        match &self.answer {
            Some(Ok(_)) => "ok",
            Some(Err(error)) => error.kind.word(),
            None => "not set",
        }
    }

    fn says(&self) -> String {
        match &self.answer {
            Some(Ok(says)) => says.clone(),
            Some(Err(error)) => error.chain().to_string(),
            None => format!("not asked: {} is not set", self.missing.join(" and ")),
        }
    }

    fn hint(&self) -> Option<String> {
        match &self.answer {
            Some(Ok(_)) => None,
            Some(Err(error)) => match (&error.hint, error.kind) {
                (Some(hint), _) => Some(hint.clone()),
                (None, Kind::Unreachable) => Some(format!(
                    "is this the network, or the VPN, that reaches {}?",
                    self.endpoint
                )),
                (None, _) => None,
            },
            None => {
                let names = self.missing.iter().map(|name| format!("`{name}`"));
                let names: Vec<_> = names.collect();
                let variables = if names.len() == 1 {
                    "variable"
                } else {
                    "variables"
                };
                Some(format!(
                    "set the environment {variables} {}",
                    names.join(" and ")
                ))
            }
        }
    }

    fn to_json(&self, wiring: &Wiring) -> Value {
        let credentials = self
            .row
            .credentials
            .iter()
            .map(|name| json!({"name": name, "is_set": wiring.world.secret(name).is_some()}));
        let error = match &self.answer {
            Some(Err(error)) => out::error_json(error),
            _ => Value::Null,
        };
        json!({
            "name": self.row.name,
            "title": self.row.title,
            "endpoint": self.endpoint,
            "endpoint_from": self.source,
            "credentials": credentials.collect::<Vec<_>>(),
            "is_usable": self.is_usable(),
            "checked": self.row.health,
            "says": self.says(),
            "hint": self.hint(),
            "error": error,
        })
    }
}

impl Kerberos {
    fn is_usable(&self) -> bool {
        let ticket = self.ticket.as_ref();
        ticket.is_ok_and(|ticket| ticket.expires_at.is_none_or(|end| end > self.now))
    }

    fn word(&self) -> &'static str {
        match &self.ticket {
            Ok(_) if self.is_usable() => "ok",
            Ok(_) => "expired",
            Err(error) => error.kind.word(),
        }
    }

    fn says(&self) -> String {
        match &self.ticket {
            Ok(ticket) => {
                let end = ticket.expires_at.map_or("forever".to_owned(), |end| {
                    end.strftime("until %Y-%m-%d %H:%M UTC").to_string()
                });
                format!("a ticket of {}, {end}", ticket.principal)
            }
            Err(error) => error.chain().to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        if self.is_usable() {
            return None;
        }
        let hint = self.ticket.as_ref().err();
        let hint = hint.and_then(|error| error.hint.clone());
        Some(hint.unwrap_or_else(|| format!("`{KINIT}` gets a ticket")))
    }

    fn to_json(&self) -> Value {
        let ticket = self.ticket.as_ref().ok();
        json!({
            "is_usable": self.is_usable(),
            "principal": ticket.map(|ticket| ticket.principal.as_str()),
            "expires_at": ticket.and_then(|ticket| ticket.expires_at).map(|end| end.to_string()),
            "command": KINIT,
            "says": self.says(),
            "hint": self.hint(),
            "error": self.ticket.as_ref().err().map(out::error_json),
        })
    }
}

fn text(kerberos: &Kerberos, services: &[Examined]) -> String {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(out::width())
        .set_header(["service", "", "says", "address", "from"]);
    let said = kerberos.says();
    table.add_row(["Kerberos", kerberos.word(), &said, "", ""]);
    for found in services {
        let said = found.says();
        let (title, place, source) = (found.row.title, &found.endpoint, &found.source);
        table.add_row([title, found.word(), &said, place, source]);
    }
    let mut lines = vec![table.to_string()];
    // In lines of their own: what is copied must not be broken.
    let hints = services.iter().map(|found| (found.row.title, found.hint()));
    let hints = [("Kerberos", kerberos.hint())].into_iter().chain(hints);
    lines.extend(hints.filter_map(|(title, hint)| Some(format!("{title}: {}", hint?))));
    let count = services.iter().filter(|found| !found.is_usable()).count();
    let count = count + usize::from(!kerberos.is_usable());
    lines.push(match count {
        0 => "everything can be used".to_owned(),
        1 => "1 of them cannot be used".to_owned(),
        count => format!("{count} of them cannot be used"),
    });
    lines.join("\n")
}
