//! The head of a tab: advisories and merge request, candidate builds, ticket.

use super::{
    cell::{Content, issue_link},
    layout::Layout,
};
use crate::release::statebox::Metadata;

/// What the build data have for a ticket that nobody has made yet.
const NO_TICKET: &str = "ART-0";

/// Text with links in it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RichText {
    /// The text.
    pub text: String,
    /// Where a link begins or ends, from the start of the text on.
    pub runs: Vec<Run>,
}

/// From here to the next run the text is one link, or none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Run {
    /// The place in the text in UTF-16 code units, as Google counts.
    pub start: usize,
    /// The address.
    pub link: Option<String>,
}

impl RichText {
    /// Adds a line: text before a link, the link's own text, its address.
    fn push(&mut self, before: &str, label: &str, address: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let mut run = |start: usize, link: Option<&str>| {
            self.runs.push(Run {
                start,
                link: link.map(str::to_owned),
            });
        };
        let start = self.text.encode_utf16().count();
        if !before.is_empty() {
            run(start, None);
        }
        run(start + before.encode_utf16().count(), Some(address));
        self.text.push_str(before);
        self.text.push_str(label);
    }
}

/// Returns the cells of the head that a new tab gets, by row of column B.
pub fn head(metadata: &Metadata) -> [(usize, Content); 3] {
    [
        (2, Content::Rich(advisories(metadata))),
        (3, Content::Text(builds(metadata))),
        (4, ticket(metadata)),
    ]
}

/// What ships the release: its advisories, and the merge request of a Konflux release.
///
/// In the Errata flow a line is the kind and the address of an advisory; in the Konflux flow it is
/// the kind and the number, and the merge request comes last.
pub fn advisories(metadata: &Metadata) -> RichText {
    let mut cell = RichText::default();
    let layout = Layout::of(metadata);
    for (kind, id) in &metadata.advisory_ids {
        let address = format!("https://errata.devel.redhat.com/advisory/{id}");
        let label = match layout {
            Layout::Errata => address.clone(),
            Layout::Konflux => id.to_string(),
        };
        cell.push(&format!("{kind}: "), &label, &address);
    }
    let request = metadata.shipment_mr.as_deref().map(str::trim);
    if let Some(request) = request.filter(|_| layout == Layout::Konflux) {
        cell.push("", request, request);
    }
    cell
}

/// The candidate nightlies, one line an architecture.
pub fn builds(metadata: &Metadata) -> String {
    let builds = metadata.candidate_builds.iter();
    let lines: Vec<_> = builds
        .map(|(arch, build)| format!("{arch}: {build}"))
        .collect();
    lines.join("\n")
}

/// The link to the ticket; a ticket that nobody has made yet is no link.
pub fn ticket(metadata: &Metadata) -> Content {
    let key = metadata.jira_ticket.as_deref().unwrap_or_default().trim();
    if key.is_empty() || key == NO_TICKET {
        return Content::Text(key.to_owned());
    }
    Content::Formula(issue_link(key))
}
