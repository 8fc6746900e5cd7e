//! Trying a read again, on the world's clock.

use std::time::Duration;

use jiff::SignedDuration;
use oar_script::{call::Control, error::Kind};
use tokio_util::sync::CancellationToken;

use super::{Demo, Reply};
use crate::support::services_world::start;

#[tokio::test]
async fn a_read_is_tried_again_after_one_two_and_four_minutes() {
    let demo = Demo::new(Reply::new(503, "")).await;
    let error = demo.caller.get("/").send().await.unwrap_err();
    assert_eq!(error.kind, Kind::Busy);
    assert_eq!(demo.requests(), 4);
    assert_eq!(demo.world.announced(), [60, 120, 240]);
    assert_eq!(demo.world.seconds(), 420);
}

#[tokio::test]
async fn a_wait_that_the_service_asks_for_is_kept() {
    let demo = Demo::new(Reply::new(429, "").header("retry-after", "7")).await;
    demo.caller.get("/").send().await.unwrap_err();
    assert_eq!(demo.world.announced(), [7, 7, 7]);
}

#[tokio::test]
async fn a_long_wait_is_left_to_the_next_pass() {
    let demo = Demo::new(Reply::new(429, "").header("retry-after", "3600")).await;
    let error = demo.caller.get("/").send().await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(3600)));
    assert_eq!((demo.requests(), demo.world.seconds()), (1, 0));
}

#[tokio::test]
async fn a_lasting_trouble_is_not_tried_again() {
    for status in [400, 401, 404, 409, 500] {
        let demo = Demo::new(Reply::new(status, "")).await;
        demo.caller.get("/").send().await.unwrap_err();
        assert_eq!((demo.requests(), demo.world.seconds()), (1, 0), "{status}");
    }
}

#[test]
fn waiting_ends_at_the_deadline_of_the_work() {
    let control = Control {
        deadline: Some(start() + SignedDuration::from_secs(90)),
        ..Control::default()
    };
    let (kind, requests, seconds) = under(control);
    assert_eq!((kind, requests, seconds), (Kind::Timeout, 2, 90));
}

#[test]
fn a_stopped_run_does_not_try_again() {
    let control = Control {
        token: CancellationToken::new(),
        ..Control::default()
    };
    control.token.cancel();
    assert_eq!(under(control).0, Kind::Cancelled);
}

fn under(control: Control) -> (Kind, u64, i64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    control.scope(|| {
        runtime.block_on(async {
            let demo = Demo::new(Reply::new(503, "")).await;
            let error = demo.caller.get("/").send().await.unwrap_err();
            (error.kind, demo.requests(), demo.world.seconds())
        })
    })
}
