//! What the name of a failing test tells: area and case ids.

use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

static GINKGO: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\[(sig-[a-z-]+)\]").expect("a valid pattern"));
static CUCUMBER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^OCP-(\d+):(\S+)").expect("a valid pattern"));

const CRITICAL_AREAS: [&str; 8] = [
    "sig-api-machinery",
    "sig-auth",
    "sig-networking",
    "sig-network-edge",
    "sig-storage",
    "Authentication",
    "SDN",
    "Storage",
];

/// Which test framework a name comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// `[sig-storage] … -50918-…`.
    Ginkgo,
    /// `OCP-20020:UserInterface …`.
    Cucumber,
    /// Neither; now and then reports carry fragments of shell output or bare titles.
    Other,
}

/// The name of a failing test, taken apart.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Scenario {
    /// The name as the report has it.
    pub name: String,
    /// The framework.
    pub family: Family,
    /// The area tag (`sig-storage`) or the Cucumber area (`Storage`).
    pub area: Option<String>,
    /// The ids of the test cases, without `OCP-`.
    pub case_ids: Vec<String>,
}

impl Scenario {
    /// Takes a name apart.
    pub fn parse(name: &str) -> Self {
        let (family, area, case_ids) = if let Some(found) = CUCUMBER.captures(name) {
            (
                Family::Cucumber,
                Some(found[2].to_owned()),
                vec![found[1].to_owned()],
            )
        } else if let Some(found) = GINKGO.captures(name) {
            (
                Family::Ginkgo,
                Some(found[1].to_owned()),
                ids_between_dashes(name),
            )
        } else {
            (Family::Other, None, ids_between_dashes(name))
        };
        Self {
            name: name.to_owned(),
            family,
            area,
            case_ids,
        }
    }

    /// Whether a consistent failure here may not be waived.
    pub fn is_critical(&self) -> bool {
        self.area
            .as_deref()
            .is_some_and(|area| CRITICAL_AREAS.contains(&area))
    }
}

fn ids_between_dashes(name: &str) -> Vec<String> {
    let parts: Vec<_> = name.split('-').collect();
    let inner = parts.get(1..parts.len().saturating_sub(1)).unwrap_or(&[]);
    let mut ids: Vec<String> = Vec::new();
    for part in inner {
        let is_id = (4..=6).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if is_id && !ids.iter().any(|id| id == part) {
            ids.push((*part).to_owned());
        }
    }
    ids
}
