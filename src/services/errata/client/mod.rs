//! The requests to the Errata Tool.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::{Host, Url};

use crate::{
    error::{Error, Kind, Result},
    http::Caller,
};

/// The tool is slow; this is its customary limit for reading.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Reads advisories.
#[derive(Debug)]
pub struct Client {
    caller: Caller,
}

/// What product security has to say about an advisory.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct SecurityAlerts {
    /// `RHSA`, `RHBA` or `RHEA`. Only the first kind has alerts.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether the alerts as a whole stop the advisory.
    pub blocking: bool,
    /// The single alerts.
    pub alerts: Vec<Alert>,
}

/// One alert.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Alert {
    /// Its short name, such as `cve_without_fixed_build`.
    pub name: String,
    /// What is wrong, in one line.
    pub text: String,
    /// What is wrong, at length.
    pub description: String,
    /// What to do about it.
    pub how_to_resolve: String,
    /// Whether this one stops the advisory.
    pub blocking: bool,
}

#[derive(Deserialize)]
struct Erratum {
    errata: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct AlertsAnswer {
    #[serde(default)]
    alerts: Option<Alerts>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Alerts {
    blocking: Option<bool>,
    alerts: Option<Vec<Alert>>,
}

impl Client {
    /// Makes a client.
    pub fn new(caller: Caller) -> Self {
        Self { caller }
    }

    /// Returns the security alerts of an advisory as the tool last computed them.
    ///
    /// An advisory that is no `RHSA` has none, and is not asked about them. Fails with `not_found`
    /// when there is no such advisory, `denied` at an address that wants a Kerberos ticket.
    /// Calls `GET /api/v1/erratum/{id}` and `GET /api/v1/erratum/{id}/security_alerts`.
    pub async fn security_alerts(&self, advisory: u64) -> Result<SecurityAlerts> {
        let kind = self.advisory_type(advisory).await?;
        if kind != "RHSA" {
            return Ok(SecurityAlerts {
                kind,
                ..SecurityAlerts::default()
            });
        }
        let path = format!("/api/v1/erratum/{advisory}/security_alerts");
        let answer: AlertsAnswer = self.caller.get(&path).timeout(TIMEOUT).send_json().await?;
        let alerts = answer.alerts.unwrap_or_default();
        Ok(SecurityAlerts {
            kind,
            blocking: alerts.blocking.unwrap_or(false),
            alerts: alerts.alerts.unwrap_or_default(),
        })
    }

    /// Returns the type of an advisory: `RHSA`, `RHBA` or `RHEA`.
    ///
    /// Calls `GET /api/v1/erratum/{id}`.
    pub async fn advisory_type(&self, advisory: u64) -> Result<String> {
        self.must_be_open()?;
        let path = format!("/api/v1/erratum/{advisory}");
        let erratum: Erratum = self.caller.get(&path).timeout(TIMEOUT).send_json().await?;
        let mut types = erratum.errata.into_keys();
        types.next().map(|kind| kind.to_uppercase()).ok_or_else(|| {
            let message = format!("the answer about advisory `{advisory}` does not say its type");
            Error::invalid(message).service(self.caller.service())
        })
    }

    /// Refuses before anything is sent to a place that would want a ticket.
    fn must_be_open(&self) -> Result<()> {
        let base = self.caller.base();
        if base.scheme() == "http" || is_loopback(base) {
            return Ok(());
        }
        let host = base.host_str().unwrap_or_default();
        Err(Error::new(
            Kind::Denied,
            format!("`{host}` wants a Kerberos ticket, and this build cannot show one yet"),
        )
        .service(self.caller.service())
        .hint(format!(
            "look at the advisory by hand: run `kinit`, then open https://{host} in a browser or \
             use the Python tool"
        )))
    }
}

fn is_loopback(base: &Url) -> bool {
    match base.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
