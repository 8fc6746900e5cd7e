//! The client of the directory against its stand-in.

use std::{sync::Arc, time::Duration};

use oar_script::{
    error::Kind,
    http::{Auth, Http},
    services::ldap::{Client, dn::first_uid, emulator::stand_in},
    sim::state::SimState,
    world::World,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use url::Url;

use crate::support::services_world::{ServicesWorld, fail, serve, state};

fn people() -> serde_json::Value {
    json!({"people": {
        "qa1": {"name": "Qa One", "mail": "qa1@example.com", "manager": "boss1", "groups": ["team", "a, b"]},
        "qa2": {"mail": "qa2@example.com", "manager": "cn=Boss\\, One+UID=boss1,ou=users,dc=redhat,dc=com", "groups": ["team"]},
        "boss1": {"mail": "boss1@example.com"},
        "qa3": {"mail": "qa3@example.com", "manager": "gone"},
        "qa4": {"mail": "qa4@example.com", "manager": "cn=nobody,dc=redhat,dc=com"},
        "qa5": {"mail": "o(d)d*\\@example.com", "manager": "boss1", "groups": ["team"]},
        "qa6": {"groups": ["team"]},
    }})
}

async fn demo() -> (Arc<SimState>, Http, Arc<ServicesWorld>, Client) {
    let state = state("ldap", people());
    let base = serve(stand_in(state.clone())).await;
    let (http, world, client) = client(base, None);
    (state, http, world, client)
}

fn client(base: Url, longest: Option<Duration>) -> (Http, Arc<ServicesWorld>, Client) {
    let world = Arc::new(ServicesWorld::default());
    let http = Http::with_longest_wait(world.clone() as Arc<dyn World>, longest).unwrap();
    let caller = http.service("ldap", base, Auth::none());
    let client = Client::new(caller, http.tally("ldap"));
    (http, world, client)
}

#[tokio::test]
async fn a_manager_is_found_by_the_address_of_somebody() {
    let (_, http, _, client) = demo().await;
    let cases = [
        ("qa1@example.com", Some("boss1@example.com")),
        ("QA1@Example.com", Some("boss1@example.com")),
        ("qa1+jira@example.com", Some("boss1@example.com")),
        ("qa2@example.com", Some("boss1@example.com")),
        ("o(d)d*\\@example.com", Some("boss1@example.com")),
        ("boss1@example.com", None),
        ("qa3@example.com", None),
        ("qa4@example.com", None),
        ("nobody@example.com", None),
        ("*@example.com", None),
    ];
    for (email, expected) in cases {
        let manager = client.manager(email).await.unwrap();
        assert_eq!(manager.as_deref(), expected, "{email}");
    }
    // A second search for each whose manager has a name there.
    assert_eq!(http.counts()["ldap"], 10 + 6);
}

#[test]
fn the_first_uid_of_a_name_is_found_in_any_case() {
    let check = |name: &str, expected: Option<&str>| {
        assert_eq!(first_uid(name).as_deref(), expected, "{name}");
    };
    check("uid=boss1,ou=users,dc=redhat,dc=com", Some("boss1"));
    check("UID = boss1 , ou=users", Some("boss1"));
    check("cn=Boss One+Uid=boss1,ou=users", Some("boss1"));
    check("cn=One\\, uid=no,uid=boss1", Some("boss1"));
    check("uid=a\\,b,ou=users", Some("a,b"));
    check("uid=\\c3\\a4b,ou=users", Some("äb"));
    check("uid=a\\", None);
    check("uid=\\ff,ou=users", None);
    check("uid=,uid=b", Some("b"));
    check("cn=boss", None);
    check("", None);
}

#[tokio::test]
async fn what_is_no_address_is_not_asked_for() {
    let (_, http, _, client) = demo().await;
    for email in ["", "qa1", "@example.com", "+x@example.com", "a@b@c", "qa1@"] {
        assert_eq!(client.manager(email).await.unwrap(), None, "{email}");
    }
    assert!(client.members("").await.unwrap().is_empty());
    assert_eq!(http.counts()["ldap"], 0);
}

#[tokio::test]
async fn the_members_of_a_group_are_a_set_of_addresses() {
    let (_, _, _, client) = demo().await;
    let members = client.members("team").await.unwrap();
    let members: Vec<_> = members.iter().map(String::as_str).collect();
    assert_eq!(
        members,
        ["o(d)d*\\@example.com", "qa1@example.com", "qa2@example.com"]
    );
    assert!(client.members("no such").await.unwrap().is_empty());
    assert!(client.members("*").await.unwrap().is_empty());
}

#[tokio::test]
async fn the_directory_says_where_its_entries_are() {
    let (_, _, _, client) = demo().await;
    assert_eq!(client.bases().await.unwrap(), ["dc=redhat,dc=com"]);
}

#[tokio::test]
async fn passing_trouble_is_waited_out() {
    for kind in ["busy", "refused", "reset"] {
        let (state, _, world, client) = demo().await;
        fail(&state, "ldap", kind, 2);
        let manager = client.manager("qa1@example.com").await.unwrap();
        assert_eq!(manager.as_deref(), Some("boss1@example.com"), "{kind}");
        assert_eq!(world.announced(), [60, 120], "{kind}");
    }
}

#[tokio::test]
async fn trouble_that_lasts_is_told_by_its_kind() {
    let cases = [
        ("busy", 4, Kind::Busy),
        ("refused", 4, Kind::Unreachable),
        ("status:403", 1, Kind::Denied),
        ("status:500", 1, Kind::Unexpected),
    ];
    for (kind, times, expected) in cases {
        let (state, _, _, client) = demo().await;
        fail(&state, "ldap", kind, times);
        let error = client.manager("qa1@example.com").await.unwrap_err();
        assert_eq!(error.kind, expected, "{kind}: {error}");
        assert_eq!(error.service.as_deref(), Some("ldap"));
        assert!(
            error.message.contains(
                "`SEARCH /dc=redhat,dc=com?manager?sub?(rhatPrimaryMail=qa1@example.com)`"
            ),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_directory_that_never_answers_is_left_alone_after_a_while() {
    let state = state("ldap", people());
    fail(&state, "ldap", "timeout", 4);
    let base = serve(stand_in(state)).await;
    let (_, _, client) = client(base, Some(Duration::from_millis(50)));
    let error = client.manager("qa1@example.com").await.unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
    assert!(error.message.contains("got no answer in time"), "{error}");
}

#[tokio::test]
async fn nobody_to_talk_to_is_told() {
    let base = "ldap://127.0.0.1:9".parse().unwrap();
    let (_, _, client) = client(base, None);
    let error = client.manager("qa1@example.com").await.unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
    assert!(error.message.contains("found nobody to talk to"), "{error}");
}

#[tokio::test]
async fn nothing_is_asked_where_others_could_listen() {
    for address in [
        "ldap://ldap.example.com",
        "http://127.0.0.1:1",
        "ldap://127.example.com",
        "ldap:x",
    ] {
        let (http, _, client) = client(address.parse().unwrap(), None);
        let error = client.manager("qa1@example.com").await.unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{address}");
        assert_eq!(http.counts()["ldap"], 0, "{address}");
    }
}

/// Serves the same bytes to everybody who says something.
async fn saying(bytes: &'static [u8]) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut heard = [0; 64];
            let _ = stream.read(&mut heard).await;
            let _ = stream.write_all(bytes).await;
        }
    });
    format!("ldap://127.0.0.1:{port}").parse().unwrap()
}

#[tokio::test]
async fn an_answer_that_is_no_ldap_ends_in_an_error() {
    let answers: [&[u8]; 5] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x05\x02\x01\x01\x61\x00",
        b"\x30\x03\x02\x01\x01",
        b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04",
        b"\x04\x00",
    ];
    for answer in answers {
        let base = saying(answer).await;
        let (_, _, client) = client(base, Some(Duration::from_millis(200)));
        let error = client.manager("qa1@example.com").await.unwrap_err();
        assert!(
            matches!(error.kind, Kind::Invalid | Kind::Unreachable),
            "{answer:?}: {error}"
        );
    }
}

/// Says `bytes` to the stand-in and returns what it answers before it hangs up, or before it waits.
async fn told(bytes: &[u8]) -> Vec<u8> {
    let base = serve(stand_in(state("ldap", people()))).await;
    let mut stream = TcpStream::connect(("127.0.0.1", base.port().unwrap()))
        .await
        .unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    heard
}

#[tokio::test]
async fn the_stand_in_does_only_what_it_knows() {
    // Binding with a name, deleting, a search for part of a value: number 49, 53 and 53.
    let bind = b"\x30\x0d\x02\x01\x01\x60\x08\x02\x01\x03\x04\x01x\x80\x00";
    let delete = b"\x30\x06\x02\x01\x02\x4a\x01x";
    let search = b"\x30\x28\x02\x01\x03\x63\x23\x04\x10dc=redhat,dc=com\x0a\x01\x02\x0a\x01\x00\
        \x02\x01\x00\x02\x01\x00\x01\x01\x00\xa4\x00";
    let codes = [(&bind[..], 0x61, 49), (&delete[..], 0x6b, 53)];
    for (bytes, tag, code) in codes {
        let heard = told(bytes).await;
        assert_eq!((heard[5], heard[9]), (tag, code), "{heard:x?}");
    }
    // It lacks the list of attributes: hung up on.
    assert_eq!(told(search).await, b"");
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\x30\x80",
        b"",
        &[0x30; 9000],
    ] {
        assert_eq!(told(bytes).await, b"");
    }
}
