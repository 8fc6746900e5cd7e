//! The requests to Brew.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;

use super::xml::{self, Answered, Fault};
use crate::{
    error::{Error, Kind, Result},
    http::{Caller, found},
    release::kernel,
};

const TIMEOUT: Duration = Duration::from_secs(60);

/// Koji's numbers for what went wrong.
const DENIED: [i64; 5] = [1002, 1004, 1006, 1007, 1008];
const RETRY: i64 = 1009;
const OFFLINE: i64 = 1014;
const WRONG_ARGUMENT: i64 = 1019;

/// Asks the hub and reads files of builds.
#[derive(Debug)]
pub struct Client {
    hub: Caller,
    files: Caller,
}

/// What is known of a build in its `metadata.json`.
#[derive(Deserialize)]
struct Metadata {
    output: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    components: Option<Vec<Component>>,
}

#[derive(Deserialize)]
struct Component {
    name: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    release: Option<String>,
}

impl Client {
    /// Makes a client of the hub and the download host, in this order.
    pub fn new(hub: Caller, files: Caller) -> Self {
        Self { hub, files }
    }

    /// Returns the kernel in a build of RHCOS such as `rhcos-x86_64-9.6.20270227-0`, as
    /// `kernel-5.14.0-570.30.1.el9_6`; `None` when the build has no kernel.
    ///
    /// Fails with `invalid` when it is not the name of such a build, `not_found` when there is no
    /// such build, `denied` without a Kerberos ticket.
    /// Calls `GET /brewroot/packages/{name}/{version}/{release}/metadata.json` of the download host.
    pub async fn kernel(&self, rhcos_nvr: &str) -> Result<Option<String>> {
        let path = kernel::metadata_path(rhcos_nvr).map_err(|error| self.files.finish(error))?;
        let request = self.files.get(&path).timeout(TIMEOUT);
        let metadata: Metadata = request.send_json().await?;
        let outputs = metadata.output.into_iter();
        let mut components = outputs.flat_map(|output| output.components.unwrap_or_default());
        let Some(kernel) = components.find(|component| component.name == kernel::PACKAGE) else {
            return Ok(None);
        };
        match (kernel.version, kernel.release) {
            (Some(version), Some(release)) => {
                Ok(Some(format!("{}-{version}-{release}", kernel::PACKAGE)))
            }
            _ => {
                let message = format!("the kernel of `{rhcos_nvr}` has no version or no release");
                Err(self.files.finish(Error::invalid(message)))
            }
        }
    }

    /// Returns the names of the tags that a build such as `kernel-5.14.0-570.30.1.el9_6` has.
    ///
    /// Fails with `not_found` when there is no such build, `busy` while the hub is offline.
    /// Calls `listTags` of the hub (`POST /brewhub`), which only reads.
    pub async fn tags(&self, nvr: &str) -> Result<Vec<String>> {
        let tags = self.call("listTags", &[("build", nvr)]).await?;
        let names = tags.as_array().into_iter().flatten();
        let names = names.map(|tag| tag["name"].as_str().map(str::to_owned));
        let names: Option<Vec<_>> = names.collect();
        names.filter(|_| tags.is_array()).ok_or_else(|| {
            let message = format!("the tags of `{nvr}` came in a shape nobody expected");
            self.hub.finish(Error::invalid(message))
        })
    }

    /// Returns the version of the interface that the hub speaks. Calls `getAPIVersion`.
    pub async fn version(&self) -> Result<i64> {
        let version = self.call("getAPIVersion", &[]).await?;
        version.as_i64().ok_or_else(|| {
            let message = format!("the hub says that its version is `{version}`");
            self.hub.finish(Error::invalid(message))
        })
    }

    async fn call(&self, method: &str, named: &[(&str, &str)]) -> Result<serde_json::Value> {
        let answer = self
            .hub
            .post("/brewhub")
            .reading()
            .header(CONTENT_TYPE, xml::CONTENT_TYPE)
            .text(xml::call(method, named))
            .timeout(TIMEOUT)
            .send()
            .await?;
        let what = format!("`{method}`");
        match xml::answer(&answer.text()) {
            Ok(Answered::Value(value)) => Ok(value),
            Ok(Answered::Fault(fault)) => Err(self.hub.finish(refusal(&what, &fault))),
            Err(error) => Err(self.hub.finish(error)),
        }
    }

    /// Asks the download host to let us in. Calls `GET /brewroot/`.
    ///
    /// Fails with `denied` without a Kerberos ticket that is good there.
    pub async fn knock(&self) -> Result<()> {
        let request = self.files.get("/brewroot/").timeout(TIMEOUT);
        found(request.send().await).map(|_| ())
    }
}

/// What a fault of the hub means.
fn refusal(what: &str, fault: &Fault) -> Error {
    let is_missing = fault.text.to_ascii_lowercase().contains("no such build");
    let kind = match fault.code {
        _ if is_missing => Kind::NotFound,
        OFFLINE | RETRY => Kind::Busy,
        WRONG_ARGUMENT => Kind::Invalid,
        code if DENIED.contains(&code) => Kind::Denied,
        _ => Kind::Unexpected,
    };
    let message = format!("{what} was refused with {}: {}", fault.code, fault.text);
    Error::new(kind, message)
}
