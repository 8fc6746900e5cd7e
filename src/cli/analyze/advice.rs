//! What a person does next about a build, by status and advice.

use crate::release::test_result::{Analysis, Class, Reading, Word, is_nightly};

/// Returns the next steps for a person, the first one first; none when nothing is left to do.
pub fn next_actions(analysis: &Analysis) -> Vec<String> {
    let mut actions = match &analysis.reading {
        Reading::Missing if is_nightly(&analysis.file.build) => {
            vec!["look again later; nightly files are removed after about two weeks".to_owned()]
        }
        Reading::Missing => vec![
            "look again in 10 minutes; the file appears up to two hours after promotion".to_owned(),
        ],
        Reading::InvalidJson(fault) => vec![fault.hint().to_owned()],
        Reading::UnsupportedLayout(_) => vec!["read the file by hand".to_owned()],
        Reading::InFlight(_) | Reading::PromotionRequested(_) => {
            vec!["look again later; results are collected about once an hour".to_owned()]
        }
        Reading::Decided(_) => decided(analysis),
    };
    if analysis.coverage.has_gap() {
        let file = &analysis.file;
        actions.push(format!(
            "start the missing jobs (`jobctl trigger-jobs-for-build --build {} --arch {}`; it removes the stored decision) or accept the gap knowingly",
            file.build, file.arch
        ));
    }
    actions
}

fn decided(analysis: &Analysis) -> Vec<String> {
    if analysis.status() != "rejected" {
        return Vec::new();
    }
    let verdict = &analysis.verdict;
    let mut actions = Vec::new();
    if verdict.units.iter().any(|unit| unit.class.is_blocker()) {
        actions.push("find or file a product bug for each blocker".to_owned());
    }
    if verdict.count(Class::ConsistentOther) > 0 {
        actions.push("look for known issues by the case ids of the consistent failures".to_owned());
    }
    if verdict.count(Class::NoEvidence) > 0 {
        actions.push(
            "read the artifacts of the attempts without a report: infrastructure or product?"
                .to_owned(),
        );
    }
    actions.push(decide(analysis));
    actions
}

fn decide(analysis: &Analysis) -> String {
    let build = &analysis.file.build;
    let word = match analysis.verdict.word {
        Word::Accept => "accept",
        Word::Reject => "reject",
        Word::Investigate | Word::Wait => "accept|reject",
    };
    let (release, task) = if is_nightly(build) {
        ("RELEASE", "analyze-candidate-build")
    } else {
        (build.as_str(), "analyze-promoted-build")
    };
    format!("decide: `oar-script decide {release} {task} {word} --why TEXT`")
}
