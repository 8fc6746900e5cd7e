//! People are told what changed for them: once, whatever happens on the way.

use std::{sync::Mutex, time::Duration};

use jiff::SignedDuration;
use oar_script::{
    error::{Error, Kind},
    flow::{
        Drive, Fact, Graph, Node, NodeKind, Plan, Report,
        journal::Telling,
        notice::{self, Change, Kind as What, Known, Notice, changes, longest, words},
        pass::{Runner, Trouble, pass},
    },
    release::{Ending, Outcome, TaskStatus, statebox},
};
use serde_json::{Value, json};

use super::desk::{Desk, facts, release, set};

/// Ends its nodes as the test says and tells every trouble to the leads.
struct Team<'a> {
    ends: &'a (dyn Fn(&Node) -> Outcome + Sync),
    contact: &'a str,
    is_broken: bool,
    asked: Mutex<Vec<String>>,
}

impl Runner for Team<'_> {
    fn run(&self, node: &Node) -> Result<Outcome, Trouble> {
        Ok((self.ends)(node))
    }

    fn notices(&self, change: &Change) -> Result<Vec<Notice>, Trouble> {
        self.asked.lock().unwrap().push(change.key.clone());
        if self.is_broken {
            return Err(Error::invalid("no such function").into());
        }
        if matches!(change.kind, What::Passed | What::Waiting) {
            return Ok(Vec::new());
        }
        let task = change.task.as_deref().unwrap_or("all");
        Ok(vec![Notice {
            contact: self.contact.to_owned(),
            text: format!("{task}: {}", change.reason),
        }])
    }
}

fn team(ends: &(dyn Fn(&Node) -> Outcome + Sync)) -> Team<'_> {
    Team {
        ends,
        contact: "qe-release",
        is_broken: false,
        asked: Mutex::default(),
    }
}

fn graph(names: &[&str]) -> Graph {
    let mut graph = Graph::default();
    for name in names {
        graph.add(name, NodeKind::Task, None).expect("a name");
    }
    graph
}

/// A desk with Slack.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.serve_slack();
    desk
}

/// One pass as a new process, and what is told after it.
fn go(desk: &Desk, operator: &str, ends: &(dyn Fn(&Node) -> Outcome + Sync)) -> Report {
    let drive = desk.telling(operator);
    let team = team(ends);
    let report = pass(&drive, &graph(&["stage-testing"]), &team, None).expect("a pass");
    notice::tell(&drive, &team, &report).expect("it is no reason to end a run");
    report
}

fn blocked(_: &Node) -> Outcome {
    Outcome::new(Ending::Blocked, "ask <ART> & wait").owner("the release lead")
}

fn failed(_: &Node) -> Outcome {
    Outcome::new(Ending::Fail, "it is broken")
}

fn texts(desk: &Desk) -> Vec<String> {
    let text = |message: &Value| message["text"].as_str().unwrap_or_default().to_owned();
    desk.messages().iter().map(text).collect()
}

fn ends(drive: &Drive) -> Vec<Telling> {
    let how = |fact: Fact| match fact {
        Fact::NoticeEnded { how, .. } => Some(how),
        _ => None,
    };
    facts(drive).into_iter().filter_map(how).collect()
}

/// Writes an intent as a process does that dies right after.
fn die_with_an_intent(desk: &Desk, key: &str, token: &str) {
    let intent = Fact::NoticeIntent {
        token: token.to_owned(),
        about: vec![key.to_owned()],
        channel: "#team-qe-release".to_owned(),
        thread: None,
        text: "x".to_owned(),
    };
    desk.drive("a").record(intent).expect("it is written");
}

/// The key of what is wrong after a pass.
fn key(desk: &Desk) -> String {
    let drive = desk.drive("nobody");
    let report = pass(&drive, &graph(&["stage-testing"]), &team(&blocked), None).expect("a pass");
    let entries = drive.journal.entries();
    let found = changes(&report, Some(&desk.state().document), &entries, None);
    let found = found.iter().find(|change| change.kind == What::Blocked);
    found.expect("it is blocked").key.clone()
}

#[test]
fn a_change_is_told_once_by_however_many_processes() {
    let desk = desk();
    for _ in 0..3 {
        go(&desk, "a", &blocked);
        desk.wait(Duration::from_hours(1));
    }
    let said = "[4.20.28] Hello <!subteam^S0LEADS>,\nstage-testing: ask &lt;ART&gt; &amp; wait";
    assert_eq!(texts(&desk), [said]);
}

#[test]
fn what_is_told_is_in_the_journal_before_and_after() {
    let desk = desk();
    go(&desk, "a", &blocked);
    let facts = facts(&desk.drive("a"));
    let [
        ..,
        Fact::NoticeIntent { token, about, .. },
        Fact::NoticeEnded {
            token: other,
            how: Telling::Posted,
            place,
            ..
        },
    ] = &facts[..]
    else {
        panic!("{facts:?}");
    };
    assert_eq!(token, other);
    assert_eq!(place.as_deref(), Some("C0000000001"));
    assert_eq!(words(&about[0]), "stage-testing blocked");
    assert_eq!(desk.state().document.told_in(&about[0]), Some(&token[..]));
    let metadata = &desk.messages()[0]["metadata"]["event_payload"]["token"];
    assert_eq!(metadata, token);
}

#[test]
fn two_operators_tell_it_once_also_at_the_same_time() {
    let desk = desk();
    go(&desk, "a", &blocked);
    go(&desk, "b", &blocked);
    assert_eq!(desk.messages().len(), 1);
    for ends in [failed, blocked] {
        let desk = self::desk();
        std::thread::scope(|scope| {
            for operator in ["a", "b"] {
                let desk = &desk;
                scope.spawn(move || go(desk, operator, &ends));
            }
        });
        assert_eq!(desk.messages().len(), 1, "{:?}", desk.messages());
    }
}

#[test]
fn a_second_operator_tells_the_part_that_the_first_did_not() {
    let desk = desk();
    go(&desk, "a", &blocked);
    let drive = desk.telling("b");
    let team = team(&blocked);
    let graph = graph(&["stage-testing", "image-signed-check"]);
    let report = pass(&drive, &graph, &team, None).expect("a pass");
    notice::tell(&drive, &team, &report).expect("told");
    let texts = texts(&desk);
    assert_eq!(texts.len(), 2);
    assert!(texts[1].contains("image-signed-check"), "{texts:?}");
    assert!(!texts[1].contains("stage-testing"), "{texts:?}");
}

#[test]
fn several_changes_of_a_pass_travel_in_one_message() {
    let desk = desk();
    let drive = desk.telling("a");
    let team = team(&blocked);
    let names = ["stage-testing", "image-consistency-check"];
    let report = pass(&drive, &graph(&names), &team, None).expect("a pass");
    notice::tell(&drive, &team, &report).expect("told");
    let texts = texts(&desk);
    assert_eq!(texts.len(), 1);
    assert!(
        names.iter().all(|name| texts[0].contains(name)),
        "{texts:?}"
    );
}

#[test]
fn a_failure_that_was_mended_and_comes_back_is_told_again() {
    let desk = desk();
    go(&desk, "a", &failed);
    desk.wait(Duration::from_hours(1));
    let retry = Fact::Retry {
        task: "stage-testing".to_owned(),
        why: "mended".to_owned(),
        who: "lead".to_owned(),
    };
    desk.drive("a").record(retry).expect("it is written");
    go(&desk, "a", &|_| {
        Outcome::new(Ending::Fail, "it is broken elsewhere")
    });
    go(&desk, "b", &failed);
    let texts = texts(&desk);
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[1].contains("elsewhere"), "{texts:?}");
}

#[test]
fn what_slack_refuses_is_told_later_and_less_and_less_often() {
    let desk = desk();
    desk.change(|documents| documents["slack"]["is_down"] = true.into());
    for _ in 0..72 {
        let report = go(&desk, "a", &blocked);
        assert!(report.node("stage-testing").is_some());
        desk.wait(Duration::from_mins(10));
    }
    let tries = ends(&desk.drive("a"));
    assert!((5..10).contains(&tries.len()), "{tries:?}");
    assert!(tries.iter().all(|how| *how == Telling::Kept), "{tries:?}");
    desk.change(|documents| documents["slack"]["is_down"] = false.into());
    desk.wait(Duration::from_hours(6));
    go(&desk, "a", &blocked);
    go(&desk, "a", &blocked);
    assert_eq!(desk.messages().len(), 1);
}

#[test]
fn who_watches_comes_back_for_what_could_not_be_told() {
    let desk = desk();
    desk.change(|documents| documents["slack"]["is_down"] = true.into());
    let drive = desk.telling("a");
    let team = team(&blocked);
    let report = pass(&drive, &graph(&["stage-testing"]), &team, None).expect("a pass");
    let began = desk.world().now();
    let back = notice::tell(&drive, &team, &report).expect("told");
    let wait = back.expect("a time").duration_since(began);
    assert_eq!(wait, SignedDuration::from_mins(10));
    desk.change(|documents| documents["slack"]["is_down"] = false.into());
    desk.wait(Duration::from_mins(10));
    assert_eq!(notice::tell(&drive, &team, &report).expect("told"), None);
    assert_eq!(desk.messages().len(), 1);
}

#[test]
fn what_is_no_longer_true_when_slack_is_back_is_not_told() {
    let desk = desk();
    desk.change(|documents| documents["slack"]["is_down"] = true.into());
    go(&desk, "a", &blocked);
    desk.change(|documents| documents["slack"]["is_down"] = false.into());
    desk.wait(Duration::from_hours(1));
    go(&desk, "a", &|_| Outcome::new(Ending::Pass, "good"));
    assert!(!texts(&desk).concat().contains("ask"));
}

#[test]
fn a_message_whose_answer_was_lost_is_found_and_not_posted_again() {
    for fault in ["reset", "malformed"] {
        let desk = desk();
        desk.fail("slack", "post", fault);
        go(&desk, "a", &blocked);
        go(&desk, "a", &blocked);
        go(&desk, "a", &blocked);
        assert_eq!(desk.messages().len(), 1, "{fault}");
        assert_eq!(ends(&desk.drive("a")), [Telling::Posted], "{fault}");
    }
}

#[test]
fn a_message_that_never_arrived_is_posted_once_it_was_looked_for() {
    let desk = desk();
    die_with_an_intent(&desk, &key(&desk), "t1");
    go(&desk, "a", &blocked);
    go(&desk, "a", &blocked);
    assert_eq!(desk.messages().len(), 1);
    assert_eq!(ends(&desk.drive("a")), [Telling::Absent, Telling::Posted]);
}

#[test]
fn a_bot_that_may_not_look_posts_once_more_and_never_a_third_time() {
    let desk = desk();
    desk.change(|documents| documents["slack"]["may_read"] = false.into());
    let key = key(&desk);
    die_with_an_intent(&desk, &key, "t1");
    go(&desk, "a", &blocked);
    go(&desk, "a", &blocked);
    assert_eq!(desk.messages().len(), 1);

    let desk = self::desk();
    desk.change(|documents| documents["slack"]["may_read"] = false.into());
    die_with_an_intent(&desk, &key, "t1");
    die_with_an_intent(&desk, &key, "t2");
    go(&desk, "a", &blocked);
    go(&desk, "a", &blocked);
    assert_eq!(desk.messages().len(), 0);
    assert!(ends(&desk.drive("a")).contains(&Telling::GivenUp));
}

#[test]
fn nothing_is_posted_while_slack_cannot_say_whether_it_is_there() {
    let desk = desk();
    die_with_an_intent(&desk, &key(&desk), "t1");
    // The channel's identity is asked for first.
    desk.fail("slack", "channel", "status:503");
    go(&desk, "a", &blocked);
    assert_eq!(desk.messages().len(), 0);
    go(&desk, "a", &blocked);
    assert_eq!(desk.messages().len(), 1);
}

#[test]
fn messages_to_one_channel_are_a_second_apart() {
    let desk = desk();
    let began = desk.world().now();
    go(&desk, "a", &blocked);
    go(&desk, "a", &|_| {
        Outcome::new(Ending::NeedsDecision, "good or bad?").owner("the release lead")
    });
    assert_eq!(desk.messages().len(), 2);
    let passed = desk.world().now().duration_since(began);
    assert!(passed >= SignedDuration::from_secs(1), "{passed}");
    assert!(passed <= SignedDuration::from_secs(2), "{passed}");
}

#[test]
fn a_script_that_fails_is_no_reason_to_fail() {
    let desk = desk();
    let drive = desk.telling("a");
    let team = Team {
        is_broken: true,
        ..team(&blocked)
    };
    let report = pass(&drive, &graph(&["stage-testing"]), &team, None).expect("a pass");
    assert_eq!(notice::tell(&drive, &team, &report).expect("told"), None);
    assert_eq!(desk.messages().len(), 0);
}

#[test]
fn a_contact_may_be_a_channel_or_a_person_and_an_unknown_one_is_passed_over() {
    for (contact, channel) in [
        ("#forum-ocp-release", Some("forum-ocp-release")),
        ("art", Some("forum-ocp-release")),
        ("lead@example.com", Some("lead")),
        ("nobody@example.com", None),
        ("no-such-team", None),
    ] {
        let desk = desk();
        let drive = desk.telling("a");
        let team = Team {
            contact,
            ..team(&blocked)
        };
        let report = pass(&drive, &graph(&["stage-testing"]), &team, None).expect("a pass");
        notice::tell(&drive, &team, &report).expect("told");
        let messages = desk.messages();
        let told = messages.first().map(|message| &message["channel"]);
        assert_eq!(told.and_then(Value::as_str), channel, "{contact}");
    }
}

#[test]
fn an_address_becomes_a_mention_of_who_has_it() {
    let desk = desk();
    go(&desk, "a", &|_| {
        Outcome::new(
            Ending::Blocked,
            "ask lead@example.com or nobody@example.com",
        )
    });
    let text = texts(&desk).concat();
    assert!(
        text.contains("ask <@U0LEAD> or nobody@example.com"),
        "{text}"
    );
}

#[test]
fn a_run_asked_for_in_a_chat_answers_there_too() {
    let desk = Desk::with_env(&[
        ("OAR_SLACK_CHANNEL", "C0000000002"),
        ("OAR_SLACK_THREAD", "1700000000.000001"),
    ]);
    desk.serve_slack();
    go(&desk, "a", &blocked);
    go(&desk, "a", &blocked);
    let mut messages = desk.messages();
    messages.sort_by_key(|message| message["thread_ts"].is_null());
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(messages[0]["thread_ts"], "1700000000.000001");
    assert_eq!(messages[0]["channel"], "forum-ocp-release");
    assert_eq!(messages[1]["channel"], "team-qe-release");
}

#[test]
fn a_plan_says_what_it_would_tell_and_tells_nothing() {
    let desk = desk();
    let drive = desk.equipped(desk.planned("a", Some(Plan::default())));
    let team = team(&blocked);
    let report = pass(&drive, &graph(&["stage-testing"]), &team, None).expect("a pass");
    let lines = notice::would_tell(&drive, &team, &report).expect("lines");
    assert_eq!(
        lines,
        ["would tell #team-qe-release: stage-testing: ask <ART> & wait"]
    );
    assert_eq!(notice::tell(&drive, &team, &report).expect("nothing"), None);
    assert_eq!(desk.messages().len(), 0);
    assert!(facts(&drive).is_empty());
}

#[test]
fn a_store_without_documents_keeps_nobody_apart_but_each_tells_once() {
    let desk = desk();
    for _ in 0..2 {
        let drive = desk.equipped(desk.limited("a"));
        let team = team(&blocked);
        let report = pass(&drive, &graph(&["stage-testing"]), &team, None).expect("a pass");
        notice::tell(&drive, &team, &report).expect("told");
    }
    assert_eq!(desk.messages().len(), 1);
}

#[test]
fn what_stood_there_before_the_journal_began_is_no_change() {
    let desk = Desk::new();
    let drive = desk.drive("b");
    let done = set("stage-testing", TaskStatus::Pass);
    desk.drive("a").write(vec![done]).expect("it is written");
    let report = pass(&drive, &graph(&["stage-testing"]), &team(&failed), None).expect("a pass");
    let document = desk.state().document;
    let entries = drive.journal.entries();
    assert_eq!(changes(&report, Some(&document), &entries, None), []);
}

#[test]
fn a_release_is_complete_for_who_has_worked_on_it() {
    let desk = Desk::new();
    let drive = desk.drive("a");
    let good = |_: &Node| Outcome::new(Ending::Pass, "good");
    let report = pass(&drive, &graph(&["stage-testing"]), &team(&good), None).expect("a pass");
    let entries = drive.journal.entries();
    let found = changes(&report, None, &entries, Some("lead@example.com"));
    let kinds: Vec<_> = found.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [What::Passed, What::Complete]);
    assert_eq!(found[1].key, "complete");
    assert_eq!(found[1].lead.as_deref(), Some("lead@example.com"));
}

#[test]
fn a_wait_longer_than_usual_is_late_once() {
    let desk = Desk::new();
    let mut graph = graph(&["stage-testing"]);
    let node = graph.get_mut("stage-testing").expect("a node");
    node.typical = Some("2 to 4 hours".to_owned());
    let waits = |_: &Node| Outcome::new(Ending::Waiting, "not yet").owner("ART");
    let late = |hours: u64| {
        desk.wait(Duration::from_hours(hours));
        let drive = desk.drive("a");
        let report = pass(&drive, &graph, &team(&waits), None).expect("a pass");
        let entries = drive.journal.entries();
        let found = changes(&report, None, &entries, None);
        let keys = found.iter().filter(|change| change.kind == What::Late);
        keys.map(|change| change.key.clone()).collect::<Vec<_>>()
    };
    assert!(late(0).is_empty());
    assert!(late(5).is_empty());
    assert_eq!(late(2), ["stage-testing/late"]);
    assert_eq!(late(20), ["stage-testing/late"]);
}

#[test]
fn the_usual_time_is_the_longest_that_its_words_name() {
    for (text, secs) in [
        ("6 to 24 hours", Some(86_400)),
        ("90 to 120 minutes", Some(7_200)),
        ("10 seconds", Some(10)),
        ("up to 2 days, until the production release", Some(172_800)),
        (
            "file 10 to 120 minutes after promotion, complete within 8 hours",
            Some(28_800),
        ),
        ("soon", None),
        ("99999999999999999999 days", None),
    ] {
        assert_eq!(longest(text).map(|span| span.as_secs()), secs, "{text}");
    }
}

#[test]
fn waits_between_tries_grow_and_have_an_end() {
    let mut known = Known {
        last_try: Some("2027-03-01T09:00:00Z".parse().unwrap()),
        ..Known::default()
    };
    let mut before = SignedDuration::ZERO;
    for kept in 1..40 {
        known.kept = kept;
        let due = known.due_at().expect("a time");
        let wait = due.duration_since(known.last_try.unwrap());
        assert!(wait >= before && wait <= SignedDuration::from_hours(6));
        before = wait;
    }
    assert_eq!(before, SignedDuration::from_hours(6));
}

#[test]
fn the_document_holds_one_teller_of_each_thing_beside_what_others_wrote() {
    let desk = Desk::new();
    let mut document = desk.state().document;
    let now = desk.world().now();
    let tell = |about: &str, token: &str| statebox::Change::Tell {
        about: about.to_owned(),
        token: token.to_owned(),
    };
    assert!(document.apply(&tell("gate/passed", "t1"), now).unwrap());
    assert!(!document.apply(&tell("gate/passed", "t1"), now).unwrap());
    assert!(document.apply(&tell("complete", "t2"), now).unwrap());
    let error = document.apply(&tell("complete", "t3"), now).unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    for (about, token) in [("", "t"), ("x", " ")] {
        let error = document.apply(&tell(about, token), now).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
    }
    let read = statebox::StateBox::parse_any(&document.to_yaml()).unwrap();
    let told = json!({"gate/passed": "t1", "complete": "t2"});
    assert_eq!(read.to_json()["notices"], told);
    assert_eq!(read.release(), &release());
    let text = document.to_yaml();
    let (before, _) = text.split_once("notices:").unwrap();
    let by_hand = format!("{before}notices: ask me\n");
    let mut document = statebox::StateBox::parse_any(&by_hand).unwrap();
    let error = document.apply(&tell("complete", "t"), now).unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
    assert_eq!(document.to_yaml(), by_hand);
}
