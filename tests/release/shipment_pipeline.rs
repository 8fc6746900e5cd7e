//! Whether a release of a shipment has been made.

use oar_script::release::shipment::{Job, Pipeline, Readiness, Stage, Status, readiness};
use serde_json::{Value, json};

const STAGE: &str = "stage-release-triggers";

fn pipeline(id: u64, status: &str, created_at: &str) -> Pipeline {
    serde_json::from_value(json!({
        "id": id, "project_id": 1, "status": status, "sha": "s", "created_at": created_at,
        "web_url": format!("pipeline/{id}"),
    }))
    .unwrap()
}

fn job(stage: &str, status: &str) -> Value {
    json!({"id": 1, "name": "stage-job", "stage": stage, "status": status, "web_url": "job/1"})
}

fn judge(pipeline_status: &str, jobs: Value) -> Readiness {
    let jobs: Vec<Job> = serde_json::from_value(jobs).unwrap();
    let pipeline = pipeline(1, pipeline_status, "2027-03-01T09:00:00Z");
    readiness(Stage::Stage, &[], Some((&pipeline, &jobs)))
}

#[test]
fn a_label_is_enough_whatever_the_pipeline_says() {
    let jobs: Vec<Job> = serde_json::from_value(json!([job(STAGE, "failed")])).unwrap();
    let pipeline = pipeline(1, "failed", "2027-03-01T09:00:00Z");
    let labels = ["other".to_owned(), "stage-release-success".to_owned()];
    let newest = Some((&pipeline, &jobs[..]));
    assert_eq!(
        readiness(Stage::Stage, &labels, newest),
        Readiness::Ready { by: "label" }
    );
    assert!(matches!(
        readiness(Stage::Prod, &labels, newest),
        Readiness::Blocked { .. }
    ));
}

#[test]
fn work_under_way_is_a_wait_and_never_a_failure() {
    for word in [
        "created",
        "waiting_for_resource",
        "preparing",
        "pending",
        "running",
        "scheduled",
        "canceling",
        "manual",
        "a_new_word",
    ] {
        let found = judge("running", json!([job(STAGE, word)]));
        assert!(
            matches!(found, Readiness::Waiting { .. }),
            "{word}: {found:?}"
        );
    }
    assert_eq!(
        judge("success", json!([job(STAGE, "success")])),
        Readiness::Ready { by: "pipeline" }
    );
}

#[test]
fn no_pipeline_and_no_stage_yet_are_waits() {
    let none = readiness(Stage::Stage, &[], None);
    assert!(matches!(none, Readiness::Waiting { link: None, .. }));
    let early = judge("running", json!([job("validate", "running")]));
    assert!(
        matches!(early, Readiness::Waiting { link: Some(_), .. }),
        "{early:?}"
    );
}

#[test]
fn a_failure_is_a_blocker_with_an_owner_and_a_link() {
    let mut bridge = job(STAGE, "failed");
    bridge["downstream_pipeline"] = json!({"id": 5, "web_url": "pipeline/5"});
    let Readiness::Blocked { why, owner, link } = judge("failed", json!([bridge])) else {
        panic!("it failed");
    };
    assert_eq!((owner, link.as_str()), ("ART", "pipeline/5"));
    assert!(why.contains("failed") && why.contains(STAGE), "{why}");
    let canceled = judge("canceled", json!([job(STAGE, "canceled")]));
    assert!(matches!(canceled, Readiness::Blocked { .. }));
}

#[test]
fn every_job_of_a_stage_counts_not_only_the_first() {
    let both = |second: &str| {
        judge(
            "running",
            json!([job(STAGE, "success"), job(STAGE, second)]),
        )
    };
    assert!(matches!(both("running"), Readiness::Waiting { .. }));
    assert!(matches!(both("failed"), Readiness::Blocked { .. }));
    assert_eq!(both("success"), Readiness::Ready { by: "pipeline" });
    let mut allowed = job(STAGE, "failed");
    allowed["allow_failure"] = json!(true);
    let found = judge("success", json!([allowed, job(STAGE, "success")]));
    assert_eq!(found, Readiness::Ready { by: "pipeline" });
}

#[test]
fn a_pipeline_that_failed_before_the_stage_is_a_blocker() {
    for jobs in [
        json!([{"id": 2, "name": "validate", "stage": "validate", "status": "failed", "web_url": "job/2"}, job(STAGE, "skipped")]),
        json!([{"id": 2, "name": "validate", "stage": "validate", "status": "failed", "web_url": "job/2"}]),
    ] {
        let Readiness::Blocked { link, .. } = judge("failed", jobs) else {
            panic!("it failed");
        };
        assert_eq!(link, "job/2");
    }
}

#[test]
fn the_newest_pipeline_is_found_by_time() {
    let pipelines = vec![
        pipeline(9, "success", "2027-03-01T09:00:00.000Z"),
        pipeline(3, "running", "2027-03-01T10:30:00+01:00"),
        pipeline(4, "failed", "2027-03-01T09:30:00Z"),
    ];
    let newest = Pipeline::newest(pipelines).unwrap();
    assert_eq!((newest.id, newest.status), (4, Status::Failed));
    assert_eq!(Pipeline::newest(Vec::new()), None);
}
