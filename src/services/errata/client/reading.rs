//! What is read of the Errata Tool.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Client,
    wire::{AlertsAnswer, Erratum, Push, TestPage},
};
use crate::{
    error::{Error, Kind, Result},
    http::{found, segment},
    release::advisory::{
        Advisory,
        content::{ExternalTest, SecurityAlerts},
        push::PushJob,
    },
};

/// The builds of an advisory: their names by product version.
pub type Builds = BTreeMap<String, Vec<String>>;

/// More pages than any advisory has; the Python library stops here as well.
const MOST_PAGES: u32 = 49;

/// Who an advisory belongs to.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct People {
    /// The address of the QA owner.
    pub qa_owner: Option<String>,
    /// The address of whoever owns the package.
    pub package_owner: Option<String>,
    /// The name of the group that tests.
    pub qe_group: Option<String>,
    /// The short name of the product, such as `RHOSE`.
    pub product: String,
    /// The name of the tool's release, which is not ours.
    pub release: String,
}

/// One build with what the tool knows of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct BuildDetail {
    /// Name, version and release.
    pub nvr: String,
    /// Its number at the build system.
    pub id: u64,
}

/// An advisory that holds a Jira issue.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Holder {
    /// Its number.
    pub id: u64,
    /// Its name, such as `RHSA-2027:13848`.
    pub advisory_name: String,
    /// `RHSA`, `RHBA` or `RHEA`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its state, as the tool says it.
    pub status: String,
}

#[derive(Deserialize)]
struct Typed {
    errata: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Legacy {
    people: LegacyPeople,
    product: ShortNamed,
    release: Named,
}

#[derive(Deserialize)]
struct LegacyPeople {
    assigned_to: Option<String>,
    package_owner: Option<String>,
    qe_group: Option<String>,
}

#[derive(Deserialize)]
struct ShortNamed {
    short_name: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Detailed {
    builds: Vec<BTreeMap<String, DetailedBuild>>,
}

#[derive(Deserialize)]
struct DetailedBuild {
    id: u64,
}

impl Client {
    /// Returns an advisory.
    ///
    /// Fails with `not_found` when there is none with this number, `denied` without a Kerberos
    /// ticket, `invalid` when its state is a word nobody here knows.
    /// Calls `GET /api/v1/erratum/{id}`.
    pub async fn advisory(&self, advisory: u64) -> Result<Advisory> {
        let path = format!("/api/v1/erratum/{advisory}");
        let erratum: Erratum = self.get(&path).send_json().await?;
        let read = erratum.into_advisory().map_err(|error| self.named(error))?;
        if read.id != advisory {
            let message = format!("asked about advisory {advisory}, told about {}", read.id);
            return Err(self.named(Error::invalid(message)));
        }
        Ok(read)
    }

    /// Returns the type of an advisory, `RHSA`, `RHBA` or `RHEA`, whatever else is odd about it.
    ///
    /// Calls `GET /api/v1/erratum/{id}`.
    pub async fn advisory_type(&self, advisory: u64) -> Result<String> {
        let path = format!("/api/v1/erratum/{advisory}");
        let typed: Typed = self.get(&path).send_json().await?;
        let kind = typed.errata.into_keys().next();
        kind.map(|kind| kind.to_uppercase()).ok_or_else(|| {
            let message = format!("the answer about advisory {advisory} does not say its type");
            self.named(Error::invalid(message))
        })
    }

    /// Returns who an advisory belongs to.
    ///
    /// Fails with `not_found` when there is none with this number.
    /// Calls `GET /advisory/{id}.json`.
    pub async fn people(&self, advisory: u64) -> Result<People> {
        let legacy: Legacy = self
            .get(&format!("/advisory/{advisory}.json"))
            .send_json()
            .await?;
        Ok(People {
            qa_owner: legacy.people.assigned_to,
            package_owner: legacy.people.package_owner,
            qe_group: legacy.people.qe_group,
            product: legacy.product.short_name,
            release: legacy.release.name,
        })
    }

    /// Returns the names of an advisory's builds by product version.
    ///
    /// Calls `GET /advisory/{id}/builds.json`.
    pub async fn builds(&self, advisory: u64) -> Result<Builds> {
        let path = format!("/advisory/{advisory}/builds.json");
        let listed: BTreeMap<String, Vec<BTreeMap<String, Value>>> =
            self.get(&path).send_json().await?;
        let names = listed.into_iter().map(|(version, builds)| {
            let names = builds.into_iter().flat_map(BTreeMap::into_keys).collect();
            (version, names)
        });
        Ok(names.collect())
    }

    /// Returns an advisory's builds with their numbers, by product version.
    ///
    /// Calls `GET /api/v1/erratum/{id}/builds`.
    pub async fn build_details(&self, advisory: u64) -> Result<BTreeMap<String, Vec<BuildDetail>>> {
        let path = format!("/api/v1/erratum/{advisory}/builds");
        let listed: BTreeMap<String, Detailed> = self.get(&path).send_json().await?;
        let details = listed.into_iter().map(|(version, detailed)| {
            let builds = detailed.builds.into_iter().flatten();
            let builds = builds.map(|(nvr, build)| BuildDetail { nvr, id: build.id });
            (version, builds.collect())
        });
        Ok(details.collect())
    }

    /// Returns every push job the advisory ever had, in the tool's order.
    ///
    /// Calls `GET /api/v1/erratum/{id}/push`.
    pub async fn push_jobs(&self, advisory: u64) -> Result<Vec<PushJob>> {
        let path = format!("/api/v1/erratum/{advisory}/push");
        let jobs: Vec<Push> = self.get(&path).send_json().await?;
        Ok(jobs.into_iter().map(PushJob::from).collect())
    }

    /// Returns the active results of Greenwave's container checks.
    ///
    /// Fails with `unexpected` when there is no last page.
    /// Calls `GET /api/v1/external_tests/` page by page.
    pub async fn external_tests(&self, advisory: u64) -> Result<Vec<ExternalTest>> {
        let mut tests = Vec::new();
        let mut seen = BTreeSet::new();
        for page in 1..=MOST_PAGES {
            let request = self
                .get("/api/v1/external_tests/")
                .query("filter[active]", true)
                .query("filter[errata_id]", advisory)
                .query("filter[test_type]", "greenwave_cvp")
                .query("page[number]", page);
            let answer: TestPage = request.send_json().await?;
            if answer.data.is_empty() {
                return Ok(tests);
            }
            // A page may repeat a result that a new one pushed down.
            let read = answer.data.into_iter().map(ExternalTest::from);
            tests.extend(read.filter(|test| seen.insert(test.id)));
        }
        let message = format!("the test results of advisory {advisory} have no end");
        Err(self.named(Error::new(Kind::Unexpected, message)))
    }

    /// Returns the security alerts of an advisory as the tool last computed them.
    ///
    /// An advisory that is no `RHSA` has none, and is not asked about them. Fails with `not_found`
    /// when there is no such advisory, `denied` without a Kerberos ticket.
    /// Calls `GET /api/v1/erratum/{id}` and `GET /api/v1/erratum/{id}/security_alerts`.
    pub async fn security_alerts(&self, advisory: u64) -> Result<SecurityAlerts> {
        let kind = self.advisory_type(advisory).await?;
        if kind != "RHSA" {
            return Ok(without_alerts(kind));
        }
        let path = format!("/api/v1/erratum/{advisory}/security_alerts");
        let answer: AlertsAnswer = self.get(&path).send_json().await?;
        Ok(with_alerts(kind, answer))
    }

    /// Returns the overall grade of an advisory's containers, `A` to `F`.
    ///
    /// Fails with `invalid` when the page shows none.
    /// Calls `GET /errata/container/{id}`, which is a page for people.
    pub async fn container_grade(&self, advisory: u64) -> Result<char> {
        static GRADE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new("Docker Container Content - ([A-F])").expect("the pattern is constant")
        });
        let page = self
            .get(&format!("/errata/container/{advisory}"))
            .send_text()
            .await?;
        let grade = GRADE
            .captures(&page)
            .and_then(|found| found[1].chars().next());
        grade.ok_or_else(|| {
            let message = format!("the page about advisory {advisory} shows no container grade");
            self.named(Error::invalid(message))
        })
    }

    /// Returns the advisories that hold a Jira issue; none when the tool never heard of the key.
    ///
    /// Calls `GET /jira_issues/{key}/advisories.json`.
    pub async fn advisories_of(&self, key: &str) -> Result<Vec<Holder>> {
        let path = format!("/jira_issues/{}/advisories.json", segment(key));
        let holders = found(self.get(&path).send_json().await)?;
        Ok(holders.unwrap_or_default())
    }

    pub(super) fn named(&self, error: Error) -> Error {
        error.service(self.caller.service())
    }
}

pub(super) fn without_alerts(kind: String) -> SecurityAlerts {
    SecurityAlerts {
        kind,
        ..SecurityAlerts::default()
    }
}

pub(super) fn with_alerts(kind: String, answer: AlertsAnswer) -> SecurityAlerts {
    let alerts = answer.alerts.unwrap_or_default();
    SecurityAlerts {
        kind,
        blocking: alerts.blocking.unwrap_or(false),
        alerts: alerts.alerts.unwrap_or_default(),
    }
}
