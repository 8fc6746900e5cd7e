//! The client of Slack against its stand-in, and its markup.

use std::{sync::Arc, time::Duration};

use oar_script::{
    error::Kind,
    http::Auth,
    services::slack::{Client, Message, emulator, text},
    sim::state::SimState,
};
use serde_json::{Value, json};

use crate::support::{
    python::python,
    services_world::{fail, serve, state},
};

const TOKEN: &str = "xoxb-canary";

fn documents() -> Value {
    json!({
        "tokens": [TOKEN],
        "channels": {
            "C1": {"name": "team", "members": ["U0BOT"]},
            "C2": {"name": "private", "members": []},
            "C3": {"name": "old", "members": ["U0BOT"], "is_archived": true},
        },
        "users": {"U1": {"name": "lead", "email": "Lead@example.com"}},
        "usergroups": {"S1": {"handle": "4.20-qe-leads", "name": "leads"}},
        "messages": [],
    })
}

async fn slack(token: Option<&str>) -> (Client, Arc<SimState>) {
    let state = state("slack", documents());
    let base = serve(emulator::router(state.clone())).await;
    let auth = Auth::bearer_if("SLACK_BOT_TOKEN", token.map(Into::into));
    (Client::new(super::caller("slack", base, auth).1), state)
}

fn to(channel: &str, text: &str) -> Message {
    Message {
        channel: channel.to_owned(),
        text: text.to_owned(),
        ..Message::default()
    }
}

fn messages(state: &SimState) -> Vec<Value> {
    state.read(|stored| {
        stored.documents["slack"]["messages"]
            .as_array()
            .cloned()
            .unwrap()
    })
}

#[tokio::test]
async fn a_message_is_posted_by_name_and_answered_by_identity() {
    let (client, state) = slack(Some(TOKEN)).await;
    let posted = client.post(&to("#team", "ready")).await.unwrap();
    assert_eq!(posted.channel, "C1");
    let reply = Message {
        thread: Some(posted.ts.clone()),
        token: Some("4.20.1/stage-testing/1".to_owned()),
        ..to("C1", "done")
    };
    let second = client.post(&reply).await.unwrap();
    assert!(second.ts > posted.ts, "{second:?}");
    let messages = messages(&state);
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0]["channel"], "team");
    assert_eq!(messages[1]["thread_ts"], posted.ts.as_str());
    let token = &messages[1]["metadata"]["event_payload"]["token"];
    assert_eq!(token, "4.20.1/stage-testing/1");
}

#[tokio::test]
async fn what_slack_refuses_has_a_kind_and_a_next_step() {
    for (message, kind, hint) in [
        (to("#nowhere", "x"), Kind::NotFound, "`#nowhere`"),
        (
            to("#private", "x"),
            Kind::Denied,
            "invite the bot to `#private`",
        ),
        (to("#old", "x"), Kind::Denied, "in use"),
        (to("#team", " "), Kind::Invalid, "40000"),
        (to("#team", &"x".repeat(40_001)), Kind::Invalid, "40000"),
    ] {
        let (client, state) = slack(Some(TOKEN)).await;
        let error = client.post(&message).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(!error.is_ambiguous, "{error}");
        assert!(
            error.hint.as_deref().unwrap_or_default().contains(hint),
            "{:?}",
            error.hint
        );
        assert_eq!(messages(&state).len(), 0);
    }
}

#[tokio::test]
async fn a_token_that_is_missing_or_wrong_is_named_and_not_shown() {
    for token in [None, Some("xoxb-wrong-canary")] {
        let (client, _) = slack(token).await;
        let error = client.post(&to("#team", "x")).await.unwrap_err();
        assert_eq!(error.kind, Kind::Denied);
        assert!(error.hint.as_deref().unwrap().contains("SLACK_BOT_TOKEN"));
        assert!(!format!("{error:?}").contains("canary"));
    }
}

#[tokio::test]
async fn a_lost_answer_is_ambiguous_and_not_repeated() {
    for fault in ["reset", "malformed", "html", "status:500"] {
        let (client, state) = slack(Some(TOKEN)).await;
        fail(&state, "slack", fault, 1);
        let error = client.post(&to("#team", "x")).await.unwrap_err();
        assert!(error.is_ambiguous, "{fault}: {error}");
        assert!(messages(&state).len() <= 1, "{fault}");
    }
}

#[tokio::test]
async fn too_many_posts_are_refused_with_the_time_to_come_back() {
    let (client, state) = slack(Some(TOKEN)).await;
    fail(&state, "slack", "retry_after:7", 1);
    let error = client.post(&to("#team", "x")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Busy);
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
    assert!(!error.is_ambiguous);
}

#[tokio::test]
async fn people_are_found_without_their_tag_and_asked_for_once() {
    let (client, state) = slack(Some(TOKEN)).await;
    let user = client.user_by_email("lead+jira@example.com").await.unwrap();
    assert_eq!(user.unwrap().id, "U1");
    assert_eq!(
        client.user_by_email("nobody@example.com").await.unwrap(),
        None
    );
    // Both are known now: nothing is asked that could fail.
    fail(&state, "slack", "status:403", 9);
    let again = client.user_by_email("lead@example.com").await.unwrap();
    assert_eq!(again.unwrap().name, "lead");
    assert_eq!(
        client.user_by_email("nobody@example.com").await.unwrap(),
        None
    );
}

#[tokio::test]
async fn groups_are_found_by_their_whole_handle_and_read_once() {
    let (client, state) = slack(Some(TOKEN)).await;
    assert_eq!(client.group("@4.20-qe-leads").await.unwrap().id, "S1");
    fail(&state, "slack", "status:403", 9);
    assert_eq!(client.group("4.20-qe-leads").await.unwrap().id, "S1");
    let error = client.group("4.20-qe").await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.hint.unwrap().contains("contacts.slack"));
}

#[tokio::test]
async fn a_reading_request_is_tried_again_and_a_page_is_no_answer() {
    let (client, state) = slack(Some(TOKEN)).await;
    fail(&state, "slack", "status:503", 1);
    assert_eq!(client.identity().await.unwrap().user, "qe-release-bot");
    fail(&state, "slack", "html", 9);
    assert!(client.identity().await.is_err());
}

#[tokio::test]
async fn a_message_is_found_by_its_token_where_it_was_posted() {
    let (client, state) = slack(Some(TOKEN)).await;
    let since = state.clock().now();
    let marked = |token: &str, thread: Option<&str>| Message {
        token: Some(token.to_owned()),
        thread: thread.map(str::to_owned),
        ..to("#team", "x")
    };
    let posted = client.post(&marked("a", None)).await.unwrap();
    let reply = client.post(&marked("b", Some(&posted.ts))).await.unwrap();
    let channel = client.channel("#team").await.unwrap();
    assert_eq!(channel, "C1");
    assert_eq!(client.channel("C9").await.unwrap(), "C9");
    let found = client.find(&channel, None, "a", since).await.unwrap();
    assert_eq!(found, Some(posted.clone()));
    // An answer is not in the channel, and a token is not a part of another.
    assert_eq!(client.find(&channel, None, "b", since).await.unwrap(), None);
    assert_eq!(client.find(&channel, None, "", since).await.unwrap(), None);
    let thread = Some(posted.ts.as_str());
    let found = client.find(&channel, thread, "b", since).await.unwrap();
    assert_eq!(found, Some(reply));
    let later = since + jiff::SignedDuration::from_hours(1);
    assert_eq!(client.find(&channel, None, "a", later).await.unwrap(), None);
}

#[tokio::test]
async fn a_message_is_found_behind_many_others() {
    let (client, state) = slack(Some(TOKEN)).await;
    let since = state.clock().now();
    let marked = Message {
        token: Some("first".to_owned()),
        ..to("#team", "x")
    };
    let posted = client.post(&marked).await.unwrap();
    for _ in 0..450 {
        client.post(&to("#team", "y")).await.unwrap();
    }
    let found = client.find("C1", None, "first", since).await.unwrap();
    assert_eq!(found, Some(posted));
}

#[tokio::test]
async fn a_bot_that_may_not_read_a_channel_is_told_from_one_that_finds_nothing() {
    let (client, state) = slack(Some(TOKEN)).await;
    let since = state.clock().now();
    let error = client.find("C2", None, "a", since).await.unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    let error = client.channel("#nowhere").await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    state
        .change(|stored| stored.documents["slack"]["may_read"] = false.into())
        .unwrap();
    let error = client.find("C1", None, "a", since).await.unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    assert!(error.hint.unwrap().contains("channels:history"));
}

#[test]
fn markup_in_a_text_is_harmless() {
    assert_eq!(
        text::escaped("a < b & <!channel>"),
        "a &lt; b &amp; &lt;!channel&gt;"
    );
    assert_eq!(
        text::link("https://example.com/a|b>c?x=1&y=2", "a > b"),
        "<https://example.com/a%7Cb%3Ec?x=1&amp;y=2|a &gt; b>"
    );
    assert_eq!(text::fenced("a\n```\nb\n"), "```a\n'''\nb```");
    assert_eq!(text::user("U1"), "<@U1>");
    assert_eq!(text::group("S1"), "<!subteam^S1>");
}

#[test]
fn a_long_text_is_cut_at_line_breaks_and_loses_nothing() {
    let short = "x".repeat(4_000);
    assert_eq!(text::parts(&short), [short]);
    let lines: String = (0..600).map(|number| format!("line {number}\n")).collect();
    let parts = text::parts(&lines);
    assert!(parts.len() > 1);
    assert!(
        parts
            .iter()
            .all(|part| part.chars().count() <= 2_500 && part.ends_with('\n'))
    );
    assert_eq!(parts.concat(), lines);
    let unbroken = "é".repeat(6_000);
    assert_eq!(text::parts(&unbroken).concat(), unbroken);
    assert_eq!(text::parts(&unbroken).len(), 3);
}

#[tokio::test]
async fn slack_sdk_works_with_the_stand_in() {
    let Some(mut python) = python(&["slack_sdk"]) else {
        return;
    };
    let state = state("slack", documents());
    let base = serve(emulator::router(state.clone())).await;
    python
        .arg("tests/clients/slack.py")
        .arg(base.as_str().trim_end_matches('/'))
        .arg(TOKEN);
    let ran = tokio::task::spawn_blocking(move || python.output().unwrap());
    let ran = ran.await.unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert_eq!(messages(&state).len(), 3);
}
