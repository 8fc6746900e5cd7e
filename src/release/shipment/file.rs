//! The names of shipment files.

use serde::Serialize;

/// What a file of a shipment is about.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The images of the payload.
    Image,
    /// Images beside the payload.
    Extras,
    /// Operator bundles.
    Metadata,
    /// Catalogs of operators; these have no release notes.
    Fbc,
    /// The bootable image of MicroShift.
    MicroshiftBootc,
}

impl Kind {
    const ALL: [(&'static str, Self); 5] = [
        // The longest first: one name may end like another.
        ("microshift-bootc", Self::MicroshiftBootc),
        ("image", Self::Image),
        ("extras", Self::Extras),
        ("metadata", Self::Metadata),
        ("fbc", Self::Fbc),
    ];

    /// The word in file names.
    pub fn word(&self) -> &'static str {
        let named = Self::ALL.iter().find(|(_, kind)| kind == self);
        named.map_or("", |(word, _)| word)
    }
}

/// What the path of a shipment file says:
/// `shipment/PRODUCT/GROUP/APPLICATION/ENVIRONMENT/ASSEMBLY.KIND.TIME.yaml`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct FileName {
    /// Such as `ocp`.
    pub product: String,
    /// Such as `openshift-4.20`.
    pub group: String,
    /// The Konflux application, such as `openshift-4-20`.
    pub application: String,
    /// `prod` or `stage`.
    pub environment: String,
    /// The release.
    pub assembly: String,
    /// What it is about.
    pub kind: Kind,
    /// When it was made: 14 digits, UTC.
    pub time: String,
}

impl FileName {
    /// Reads a path; `None` when it is not of this form.
    pub fn of(path: &str) -> Option<Self> {
        let parts: Vec<_> = path.split('/').collect();
        let ["shipment", product, group, application, environment, name] = parts[..] else {
            return None;
        };
        let (stem, time) = name.strip_suffix(".yaml")?.rsplit_once('.')?;
        let is_time = time.len() == 14 && time.bytes().all(|byte| byte.is_ascii_digit());
        // Older files have a dash before the kind.
        let (assembly, kind) = Kind::ALL.iter().find_map(|(word, kind)| {
            let before = stem.strip_suffix(word)?;
            let assembly = before.strip_suffix(['.', '-'])?;
            Some((assembly, kind.clone()))
        })?;
        (is_time && !assembly.is_empty()).then(|| Self {
            product: product.to_owned(),
            group: group.to_owned(),
            application: application.to_owned(),
            environment: environment.to_owned(),
            assembly: assembly.to_owned(),
            kind,
            time: time.to_owned(),
        })
    }
}

/// Whether a changed file counts: YAML that is still there. `.yml` does not count.
pub fn counts(path: &str, is_deleted: bool) -> bool {
    !is_deleted && path.to_ascii_lowercase().ends_with(".yaml")
}
