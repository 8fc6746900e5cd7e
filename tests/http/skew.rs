//! A clock that is wrong is noticed and named.

use std::time::Duration;

use oar_script::error::Kind;

use super::{Demo, Reply};

/// The world's clock stands at 09:00:00.
const RIGHT: &str = "Mon, 01 Mar 2027 09:00:00 GMT";
const NEARLY: &str = "Mon, 01 Mar 2027 09:05:00 GMT";
const LATER: &str = "Mon, 01 Mar 2027 09:12:00 GMT";
const EARLIER: &str = "Sun, 28 Feb 2027 06:00:00 GMT";

async fn told(reply: Reply) -> Option<String> {
    let demo = Demo::new(reply).await;
    let _ = demo.caller.get("/thing").send().await;
    demo.http.skew().map(|skew| skew.told())
}

#[tokio::test]
async fn a_difference_of_more_than_five_minutes_is_remembered_with_its_service() {
    let at = |date: &str| Reply::new(200, "{}").header("date", date);
    assert_eq!(told(at(RIGHT)).await, None);
    assert_eq!(told(at(NEARLY)).await, None);
    assert_eq!(told(at("soon")).await, None);
    assert_eq!(
        told(at(LATER)).await.as_deref(),
        Some("this machine's clock is 12 minutes behind that of demo")
    );
    assert_eq!(
        told(at(EARLIER)).await.as_deref(),
        Some("this machine's clock is 27 hours ahead of that of demo")
    );
    // A copy that a cache has kept for three hours.
    let kept = at("Mon, 01 Mar 2027 06:00:00 GMT").header("age", "10800");
    assert_eq!(told(kept).await, None);
}

#[tokio::test]
async fn an_answer_at_the_right_time_takes_it_back() {
    let demo = Demo::new(Reply::new(200, "{}").header("date", LATER)).await;
    demo.caller.get("/thing").send().await.unwrap();
    assert!(demo.http.skew().is_some());
    demo.world.clock.sleep(Duration::from_secs(12 * 60));
    demo.caller.get("/thing").send().await.unwrap();
    assert_eq!(demo.http.skew(), None);
}

#[tokio::test]
async fn a_refused_credential_names_the_clock() {
    let refused = |date: &str| Reply::new(401, "bad credentials").header("date", date);
    let hint = async |date: &str| {
        let demo = Demo::new(refused(date)).await;
        let error = demo.caller.get("/thing").send().await.unwrap_err();
        assert_eq!(error.kind, Kind::Denied);
        error.hint.unwrap()
    };
    assert!(!hint(RIGHT).await.contains("clock"));
    let hint = hint(LATER).await;
    assert!(
        hint.contains("12 minutes behind") && hint.contains("DEMO_TOKEN"),
        "{hint}"
    );
}
