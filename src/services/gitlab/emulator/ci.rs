//! What the pipelines of shipments do besides running: after a release they write the addresses of its
//! advisories into the files of the branch, which is a push.

use serde_json::{Map, Value, json};

use super::world::{PAGES, files_at, push, source_of};

/// The releases: the word in the documents, the environment in the files, where its readers look.
const RELEASES: [(&str, &str, &str); 2] = [
    (
        "stage_release",
        "stage",
        "https://access.stage.redhat.com/errata",
    ),
    ("prod_release", "prod", "https://access.redhat.com/errata"),
];

/// Whether a release has been made that is not in the files yet.
pub fn is_due(gitlab: &Value) -> bool {
    let mut requests = gitlab["merge_requests"].as_object().into_iter().flatten();
    requests.any(|(_, request)| {
        RELEASES
            .iter()
            .any(|(word, environment, _)| is_new(request, word, environment))
    })
}

/// Writes what is due into the files.
pub fn settle(gitlab: &mut Value) {
    for (word, environment, pages) in RELEASES {
        let requests = gitlab["merge_requests"].as_object().into_iter().flatten();
        let due: Vec<_> = requests
            .filter(|(_, request)| is_new(request, word, environment))
            .map(|(iid, request)| (iid.clone(), request.clone()))
            .collect();
        for (iid, request) in due {
            gitlab["merge_requests"][&iid]["written"][environment] = json!(true);
            let project = source_of(&request).to_owned();
            let branch = request["source_branch"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            if gitlab["projects"][&project]["branches"]
                .get(&branch)
                .is_none()
            {
                continue;
            }
            let made = request["created_at"].as_str().unwrap_or_default();
            let year = made.split('-').next().unwrap_or_default().to_owned();
            let own = gitlab["projects"][&project]["branches"][&branch]["files"].clone();
            let files = files_at(gitlab, &project, &branch).unwrap_or_default();
            let changes: Map<String, Value> = files
                .iter()
                .filter(|(path, _)| own.get(path.as_str()).is_some())
                .filter_map(|(path, text)| {
                    let written = with_advisory(text, environment, pages, &year)?;
                    Some((path.clone(), json!(written)))
                })
                .collect();
            if !changes.is_empty() {
                push(gitlab, &project, &branch, &changes);
            }
        }
    }
}

fn is_new(request: &Value, word: &str, environment: &str) -> bool {
    request[word] == "success" && request["written"][environment] != true
}

/// The text with the advisory of an environment, when it has a number and no advisory there yet.
fn with_advisory(text: &str, environment: &str, pages: &str, year: &str) -> Option<String> {
    let value = |key: &str| {
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(key))?;
        Some(line.trim().to_owned())
    };
    let (kind, id) = (value("type:")?, value("live_id:")?);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let begin = lines
        .iter()
        .position(|line| *line == format!("    {environment}:"))?;
    let has_plan = lines
        .get(begin + 1)
        .is_some_and(|line| line.contains("releasePlan:"));
    if !has_plan
        || lines
            .get(begin + 2)
            .is_some_and(|line| line.trim() == "advisory:")
    {
        return None;
    }
    let source = format!("{PAGES}/rhtap-release/advisories/-/raw/main/data/advisories/ocp");
    lines.splice(
        begin + 2..begin + 2,
        [
            "      advisory:".to_owned(),
            format!("        url: {pages}/{kind}-{year}:{id}"),
            format!("        internal_url: {source}/{year}/{id}/advisory.yaml"),
        ],
    );
    Some(lines.join("\n") + "\n")
}
