//! Whether the images of a shipment are healthy, by the grades of the container catalog.
//!
//! A grade is a letter from `A` to `F`, given for a time. Reading grades is left to the catalog's
//! client, saying the result on the merge request to whoever asked.

use jiff::Timestamp;
use serde::Serialize;

use crate::error::{Error, Result};

/// A grade of an image.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Grade {
    /// The best.
    A,
    /// Good.
    B,
    /// Not good enough any more.
    C,
    /// Worse.
    D,
    /// Worse still.
    E,
    /// The worst.
    F,
    /// None was given, or none that anybody understands.
    Unknown,
}

impl Grade {
    /// Reads a grade; everything but the six letters is unknown, also nothing at all.
    pub fn of(text: &str) -> Self {
        match text.trim() {
            "A" => Self::A,
            "B" => Self::B,
            "C" => Self::C,
            "D" => Self::D,
            "E" => Self::E,
            "F" => Self::F,
            _ => Self::Unknown,
        }
    }

    /// The grade at `now`: the one that began last. Pairs of letter and beginning.
    pub fn at(now: Timestamp, given: &[(String, Timestamp)]) -> Self {
        let begun = given.iter().filter(|(_, since)| *since <= now);
        begun
            .max_by_key(|(_, since)| *since)
            .map_or(Self::Unknown, |(letter, _)| Self::of(letter))
    }

    /// Whether it is good enough to ship.
    pub fn is_healthy(self) -> bool {
        matches!(self, Self::A | Self::B)
    }
}

/// What the grades of all images come to.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Health {
    /// How many images were looked at.
    pub scanned: usize,
    /// How many of those have no grade.
    pub without_grade: usize,
    /// The images that are not healthy.
    pub unhealthy: Vec<String>,
}

impl Health {
    /// Sums up pairs of image and grade.
    ///
    /// Fails with `invalid` when there is none: what nobody looked at is not healthy.
    pub fn of(grades: &[(String, Grade)]) -> Result<Self> {
        if grades.is_empty() {
            return Err(
                Error::invalid("not one image of the shipment could be looked at").hint(
                    "the advisories of the stage release or the catalog may be away; try again",
                ),
            );
        }
        let is_unknown = |(_, grade): &&(String, Grade)| *grade == Grade::Unknown;
        let unhealthy = grades.iter().filter(|(_, grade)| !grade.is_healthy());
        Ok(Self {
            scanned: grades.len(),
            without_grade: grades.iter().filter(is_unknown).count(),
            unhealthy: unhealthy.map(|(image, _)| image.clone()).collect(),
        })
    }

    /// Whether all images are healthy.
    pub fn is_healthy(&self) -> bool {
        self.unhealthy.is_empty()
    }
}
