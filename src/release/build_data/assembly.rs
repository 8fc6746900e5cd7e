//! What the file says about one release, once inheritance is resolved.

use indexmap::IndexMap;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::Value;

use super::parse::Entry;
use crate::{
    error::{Error, Result},
    release::{
        Metadata,
        metadata::is_advisory,
        statebox::{self, time::parse_day},
    },
};

/// The values of a release as they are written in the file. `None` where it says nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Assembly {
    /// The name of the assembly.
    pub name: String,
    /// Advisory numbers by kind, in the order of the file; placeholders are not positive.
    pub advisories: Option<IndexMap<String, i64>>,
    /// Candidate nightlies by architecture, in the order of the file.
    pub candidate_builds: Option<IndexMap<String, String>>,
    /// The ticket of the release team; `ART-0` is a placeholder.
    pub jira_ticket: Option<String>,
    /// The address of the shipment merge request, never empty.
    pub shipment_mr: Option<String>,
    /// The planned day, such as `2027-Mar-06` or `2026-Feb-3`.
    pub release_date: Option<String>,
}

/// The values as a new document records them.
impl From<Assembly> for statebox::Metadata {
    fn from(assembly: Assembly) -> Self {
        Self {
            jira_ticket: assembly.jira_ticket,
            advisory_ids: assembly.advisories.unwrap_or_default(),
            release_date: assembly.release_date,
            candidate_builds: assembly.candidate_builds.unwrap_or_default(),
            shipment_mr: assembly.shipment_mr,
        }
    }
}

impl Assembly {
    /// Looks the values up in an assembly and its parent.
    pub(super) fn resolve(own: (&str, &Entry), parent: Option<(&str, &Entry)>) -> Result<Self> {
        let group = |key: &str| look_up(own, parent, Part::Group, key);
        let basis = |key: &str| look_up(own, parent, Part::Basis, key);
        Ok(Self {
            name: own.0.to_owned(),
            advisories: group("advisories")?
                .map(|found| found.map_of(number))
                .transpose()?,
            candidate_builds: basis("reference_releases")?
                .map(|found| found.map_of(text))
                .transpose()?,
            jira_ticket: group("release_jira")?
                .map(|found| found.one(text))
                .transpose()?
                .filter(|ticket| !ticket.is_empty()),
            shipment_mr: match group("shipment")? {
                Some(found) => found.url()?,
                None => None,
            },
            release_date: group("release_date")?
                .map(|found| found.one(text))
                .transpose()?,
        })
    }

    /// The values as the flow uses them: without placeholders, the day read.
    pub fn metadata(&self) -> Result<Metadata> {
        let release_date = match &self.release_date {
            None => None,
            Some(text) => Some(parse_day(text).ok_or_else(|| {
                Error::invalid(format!(
                    "the key `group.release_date` of the assembly `{}` is `{text}`, which is no day \
                     such as 2027-Mar-06",
                    self.name
                ))
            })?),
        };
        Ok(Metadata {
            jira_ticket: self.jira_ticket.clone(),
            advisories: self
                .advisories
                .iter()
                .flatten()
                .filter(|(_, id)| is_advisory(**id))
                .map(|(kind, id)| (kind.clone(), *id))
                .collect(),
            candidate_builds: self
                .candidate_builds
                .iter()
                .flatten()
                .map(|(arch, build)| (arch.clone(), build.clone()))
                .collect(),
            shipment_mr: self.shipment_mr.clone(),
            release_date,
        })
    }
}

impl Entry {
    /// The name of the assembly that this one builds on.
    pub(super) fn parent(&self, name: &str) -> Result<Option<&str>> {
        let Some(basis) = map(name, Part::Basis, self.basis.as_ref())? else {
            return Ok(None);
        };
        match basis.get("assembly") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(parent)) => Ok(Some(parent)),
            Some(_) => Err(wrong(name, "basis.assembly", "a name")),
        }
    }

    /// The moment the builds of this one were chosen at; none when only the build system knows it.
    ///
    /// Outside is whether the assembly says it at all: one that does not has that of its parent.
    pub(super) fn chosen_at(&self, name: &str) -> Result<Option<Option<Timestamp>>> {
        let Some(basis) = map(name, Part::Basis, self.basis.as_ref())? else {
            return Ok(None);
        };
        match basis.get("time").filter(|time| !time.is_null()) {
            Some(time) => {
                let time = time.as_str().and_then(moment);
                let time = time.ok_or_else(|| wrong(name, "basis.time", "a moment"))?;
                Ok(Some(Some(time)))
            }
            None => {
                let event = basis.get("brew_event").filter(|event| !event.is_null());
                Ok(event.map(|_| None))
            }
        }
    }

    /// The address of the shipment that stands in this one itself.
    pub(super) fn own_shipment(&self) -> Option<&str> {
        let group = self.group.as_ref()?;
        let forms = ["shipment!", "shipment"].into_iter();
        let mut addresses = forms.filter_map(|key| group.get(key)?.get("url")?.as_str());
        addresses.find(|address| !address.is_empty())
    }
}

/// Reads a moment; without a zone it is UTC.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let time: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(time).ok()
    })
}

/// A part of an assembly.
#[derive(Clone, Copy)]
enum Part {
    Basis,
    Group,
}

impl Part {
    fn word(self) -> &'static str {
        match self {
            Self::Basis => "basis",
            Self::Group => "group",
        }
    }

    fn of(self, entry: &Entry) -> Option<&Value> {
        match self {
            Self::Basis => entry.basis.as_ref(),
            Self::Group => entry.group.as_ref(),
        }
    }
}

/// A value and where it stands.
struct Found<'a> {
    assembly: &'a str,
    path: String,
    value: &'a Value,
}

fn look_up<'a>(
    own: (&'a str, &'a Entry),
    parent: Option<(&'a str, &'a Entry)>,
    part: Part,
    key: &str,
) -> Result<Option<Found<'a>>> {
    let strong = format!("{key}!");
    let places = [
        Some((own, strong.as_str())),
        Some((own, key)),
        parent.map(|parent| (parent, key)),
    ];
    for ((assembly, entry), key) in places.into_iter().flatten() {
        let Some(values) = map(assembly, part, part.of(entry))? else {
            continue;
        };
        if let Some(value) = values.get(key).filter(|value| !value.is_null()) {
            return Ok(Some(Found {
                assembly,
                path: format!("{}.{key}", part.word()),
                value,
            }));
        }
    }
    Ok(None)
}

fn map<'a>(
    assembly: &str,
    part: Part,
    value: Option<&'a Value>,
) -> Result<Option<&'a serde_json::Map<String, Value>>> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(entries)) => Ok(Some(entries)),
        Some(_) => Err(wrong(assembly, part.word(), "a map")),
    }
}

/// Reads one value; the word says what was expected.
type Reads<T> = fn(&Value) -> Result<T, &'static str>;

impl Found<'_> {
    fn one<T>(&self, read: Reads<T>) -> Result<T> {
        read(self.value).map_err(|expected| wrong(self.assembly, &self.path, expected))
    }

    fn map_of<T>(&self, read: Reads<T>) -> Result<IndexMap<String, T>> {
        let Value::Object(entries) = self.value else {
            return Err(wrong(self.assembly, &self.path, "a map"));
        };
        entries
            .iter()
            .map(|(name, value)| {
                let read = read(value).map_err(|expected| {
                    wrong(self.assembly, &format!("{}.{name}", self.path), expected)
                })?;
                Ok((name.clone(), read))
            })
            .collect()
    }

    /// The address in a shipment. Without one nobody can tell which flow the release takes.
    fn url(&self) -> Result<Option<String>> {
        let Value::Object(shipment) = self.value else {
            return Err(wrong(self.assembly, &self.path, "a map"));
        };
        if shipment.is_empty() {
            return Ok(None);
        }
        match shipment.get("url") {
            Some(Value::String(url)) => Ok(Some(url.clone()).filter(|url| !url.is_empty())),
            None | Some(Value::Null) => Err(Error::invalid(format!(
                "the shipment of the assembly `{}` has no `url`, so its merge request is not known",
                self.assembly
            ))),
            Some(_) => Err(wrong(
                self.assembly,
                &format!("{}.url", self.path),
                "an address",
            )),
        }
    }
}

fn number(value: &Value) -> Result<i64, &'static str> {
    value
        .as_i64()
        .or_else(|| value.as_str()?.trim().parse().ok())
        .ok_or("the number of an advisory")
}

fn text(value: &Value) -> Result<String, &'static str> {
    value.as_str().map(str::to_owned).ok_or("a text")
}

pub(super) fn wrong(assembly: &str, path: &str, expected: &str) -> Error {
    Error::invalid(format!(
        "the key `{path}` of the assembly `{assembly}` is not {expected}"
    ))
}
