//! Google Sheets: the client and the account against the stand-in.

use std::sync::Arc;

use google_sheets4::api::{
    CellData, DuplicateSheetRequest, ExtendedValue, GridRange, Request, RowData, SheetProperties,
    UpdateCellsRequest, UpdateSheetPropertiesRequest,
};
use oar_script::{
    error::{Error, Kind},
    http::{Auth, Http},
    services::sheets::{Account, Cells, Client, emulator, range},
    sim::state::SimState,
    world::World,
};
use serde_json::{Value, json};

use crate::support::services_world::{ServicesWorld, fail, serve, state};

const DOCUMENT: &str = "1A2b3C4d5E6f7G8h9I0jKlMnOpQrStUvWxYz01234567";
const KEY_FILE: &str = "/keys/account.json";

/// A client in a world with the stand-in.
struct Desk {
    client: Client,
    http: Http,
    world: Arc<ServicesWorld>,
    state: Arc<SimState>,
}

impl Desk {
    async fn new() -> Self {
        Self::with_key(|key| key).await
    }

    /// The key file is changed before the client reads it.
    async fn with_key(change: impl FnOnce(Value) -> Value) -> Self {
        let state = state("sheets", documents());
        let base = serve(emulator::router(state.clone())).await;
        let key = emulator::key_file(&format!("{base}token"));
        let key = change(serde_json::from_str(&key).unwrap());
        let world = ServicesWorld::default()
            .env("GCP_SA_FILE", KEY_FILE)
            .file(KEY_FILE, &key.to_string());
        let world = Arc::new(world);
        let http = Http::new(world.clone() as Arc<dyn World>).unwrap();
        let caller = http.service("sheets", base, Auth::none());
        let account = Account::new(world.clone() as Arc<dyn World>, http.clone());
        Self {
            client: Client::new(caller, account),
            http,
            world,
            state,
        }
    }

    async fn read(&self, cells: &str) -> Vec<Vec<String>> {
        let ranges = [range("template", cells)];
        self.client
            .values(DOCUMENT, &ranges)
            .await
            .unwrap()
            .remove(0)
    }

    async fn type_in(&self, cells: &str, text: &str) -> Result<(), Error> {
        let cells = Cells {
            range: range("template", cells),
            rows: vec![vec![text.to_owned()]],
        };
        self.client.write(DOCUMENT, &[cells]).await
    }

    fn requests(&self) -> u64 {
        self.http.counts().get("sheets").copied().unwrap_or(0)
    }

    fn tabs(&self) -> Value {
        self.state
            .read(|stored| stored.documents["sheets"]["spreadsheets"][DOCUMENT]["tabs"].clone())
    }

    /// Changes a setting of the stand-in.
    fn set(&self, name: &str, value: Value) {
        self.state
            .change(|stored| stored.documents["sheets"][name] = value)
            .unwrap();
    }
}

fn documents() -> Value {
    json!({"spreadsheets": {
        DOCUMENT: {"title": "4.20 test report", "shared_with": [emulator::EMAIL], "tabs": [
            {"id": 0, "title": "template", "rows": 100, "columns": 8, "cells": {
                "A8": {"value": "Take ownership of advisories"},
                "B8": {"value": "Not Started"},
                "B4": {"formula": "=HYPERLINK(\"https://jira.example.com/ART-1\",\"ART \"\"1\"\"\")"},
            }},
        ]},
        "private": {"title": "private", "shared_with": [], "tabs": [
            {"id": 0, "title": "template", "cells": {}}]},
    }})
}

fn duplicate(title: &str) -> Request {
    Request {
        duplicate_sheet: Some(DuplicateSheetRequest {
            source_sheet_id: Some(0),
            insert_sheet_index: Some(1),
            new_sheet_name: Some(title.to_owned()),
            ..DuplicateSheetRequest::default()
        }),
        ..Request::default()
    }
}

/// Neither a message nor what a debugger shows has a line of the key or a token.
fn assert_clean(text: &str) {
    for secret in ["MIIE", "ya29.", "eyJ"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn each_call_is_one_request_after_the_one_for_the_token() {
    let desk = Desk::new().await;
    assert_eq!(desk.requests(), 0);
    let document = desk.client.spreadsheet(DOCUMENT).await.unwrap();
    assert_eq!(document.title, "4.20 test report");
    assert_eq!(document.tab("template").unwrap().id, 0);
    assert_eq!(desk.requests(), 2);
    desk.read("A1:H100").await;
    desk.type_in("B8", "Pass").await.unwrap();
    desk.client
        .update(DOCUMENT, vec![duplicate("4.20.1")])
        .await
        .unwrap();
    assert_eq!(desk.requests(), 5);
    desk.client.values(DOCUMENT, &[]).await.unwrap();
    desk.client.write(DOCUMENT, &[]).await.unwrap();
    desk.client.update(DOCUMENT, Vec::new()).await.unwrap();
    assert_eq!(desk.requests(), 5);
}

#[tokio::test]
async fn a_token_is_asked_for_again_when_its_hour_is_over() {
    let desk = Desk::new().await;
    // The client and the stand-in have clocks of their own here.
    for clock in [desk.state.clock(), &desk.world.clock] {
        clock.advance_to(clock.now() + jiff::SignedDuration::from_secs(10));
    }
    desk.read("B8").await;
    for clock in [desk.state.clock(), &desk.world.clock] {
        clock.advance_to(clock.now() + jiff::SignedDuration::from_mins(61));
    }
    desk.read("B8").await;
    assert_eq!(desk.requests(), 4);
}

#[tokio::test]
async fn a_refused_token_is_not_used_again() {
    let desk = Desk::new().await;
    desk.read("B8").await;
    let clock = desk.state.clock();
    clock.advance_to(clock.now() + jiff::SignedDuration::from_mins(61));
    let error = desk.client.spreadsheet(DOCUMENT).await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Denied, Some(401)));
    desk.client.spreadsheet(DOCUMENT).await.unwrap();
}

#[tokio::test]
async fn a_grid_has_labels_and_no_empty_ends() {
    let desk = Desk::new().await;
    let label = "Take ownership of advisories";
    assert_eq!(desk.read("A8:H10").await, [[label, "Not Started"]]);
    assert_eq!(desk.read("B4").await, [["ART \"1\""]]);
    assert!(desk.read("H8:H").await.is_empty());
    assert_eq!(desk.read("B7:B8").await, [vec![], vec!["Not Started"]]);
    let ranges = [range("template", "A8"), "template".to_owned()];
    let grids = desk.client.values(DOCUMENT, &ranges).await.unwrap();
    assert_eq!(grids[0], [[label]]);
    assert_eq!(grids[1].len(), 8);
}

#[tokio::test]
async fn what_is_written_is_taken_as_typed() {
    let desk = Desk::new().await;
    for (typed, shown) in [
        ("Pass", "Pass"),
        (
            "=HYPERLINK(\"https://example.com\",\"OCPBUGS-1\")",
            "OCPBUGS-1",
        ),
        ("=hyperlink(\"https://example.com\")", "https://example.com"),
        ("=NOW()", "#NAME?"),
        ("4.20", "4.2"),
        ("4.20.1", "4.20.1"),
        ("'4.20", "4.20"),
        ("007", "7"),
        ("true", "TRUE"),
    ] {
        desk.type_in("C8", typed).await.unwrap();
        assert_eq!(desk.read("C8").await, [[shown]], "{typed}");
    }
    desk.type_in("C8", "").await.unwrap();
    assert!(desk.read("C8").await.is_empty());
}

#[tokio::test]
async fn a_write_is_all_or_nothing() {
    let desk = Desk::new().await;
    let cells = |range: &str, rows: &[&[&str]]| Cells {
        range: range.to_owned(),
        rows: rows
            .iter()
            .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect())
            .collect(),
    };
    let good = cells("template!B8", &[&["Pass"]]);
    let missing = cells("'4.20.9'!B8", &[&["Pass"]]);
    let error = desk
        .client
        .write(DOCUMENT, &[good, missing])
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("has no tab `4.20.9`"), "{error}");
    let wide = cells("template!B8:B9", &[&["a", "b"]]);
    let error = desk.client.write(DOCUMENT, &[wide]).await.unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Invalid, false));
    assert_eq!(desk.read("B8").await, [["Not Started"]]);
}

#[tokio::test]
async fn a_tab_is_copied_named_and_filled_at_once() {
    let desk = Desk::new().await;
    let mut copy = duplicate("4.20.1");
    copy.duplicate_sheet.as_mut().unwrap().new_sheet_id = Some(77);
    let rich = Request {
        update_cells: Some(UpdateCellsRequest {
            fields: Some("userEnteredValue,textFormatRuns".parse().unwrap()),
            range: Some(GridRange {
                sheet_id: Some(77),
                start_row_index: Some(1),
                end_row_index: Some(2),
                start_column_index: Some(1),
                end_column_index: Some(2),
            }),
            rows: Some(vec![RowData {
                values: Some(vec![CellData {
                    user_entered_value: Some(ExtendedValue {
                        string_value: Some("rpm: 1".to_owned()),
                        ..ExtendedValue::default()
                    }),
                    ..CellData::default()
                }]),
            }]),
            ..UpdateCellsRequest::default()
        }),
        ..Request::default()
    };
    let replies = desk
        .client
        .update(DOCUMENT, vec![copy, rich])
        .await
        .unwrap();
    let reply = replies[0].duplicate_sheet.as_ref().unwrap();
    assert_eq!(reply.properties.as_ref().unwrap().sheet_id, Some(77));
    let tab = &desk.tabs()[1];
    assert_eq!(tab["title"], "4.20.1");
    assert_eq!(tab["cells"]["B2"]["value"], "rpm: 1");
    assert_eq!(tab["cells"]["B8"]["value"], "Not Started");
}

#[tokio::test]
async fn requests_on_a_document_are_all_or_nothing() {
    let desk = Desk::new().await;
    let rename = Request {
        update_sheet_properties: Some(UpdateSheetPropertiesRequest {
            fields: Some("title".parse().unwrap()),
            properties: Some(SheetProperties {
                sheet_id: Some(9),
                title: Some("x".to_owned()),
                ..SheetProperties::default()
            }),
        }),
        ..Request::default()
    };
    let before = desk.tabs();
    let requests = vec![duplicate("4.20.1"), rename];
    let error = desk.client.update(DOCUMENT, requests).await.unwrap_err();
    assert!(error.message.contains("No sheet with id: 9"), "{error}");
    assert_eq!(desk.tabs(), before);
}

#[tokio::test]
async fn the_second_of_two_who_make_a_tab_meets_a_conflict() {
    let desk = Desk::new().await;
    let make = || desk.client.update(DOCUMENT, vec![duplicate("4.20.1")]);
    make().await.unwrap();
    let error = make().await.unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Conflict, false));
    assert_eq!(desk.tabs().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn errors_of_google_name_the_thing() {
    let desk = Desk::new().await;
    let error = desk.client.spreadsheet("private").await.unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    assert!(error.message.contains("`private`"), "{error}");
    assert!(error.hint.unwrap().contains(emulator::EMAIL));
    let error = desk.client.spreadsheet("nothing").await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.hint.unwrap().contains("[sheets.documents]"));
    let check = async |range: &str, expected: Kind| {
        let ranges = [range.to_owned()];
        let error = desk.client.values(DOCUMENT, &ranges).await.unwrap_err();
        assert_eq!(error.kind, expected, "{range}: {error}");
    };
    check("'4.20.9'!A1:H200", Kind::NotFound).await;
    check("'it''s'!A1", Kind::NotFound).await;
    check("template!A1:B2:C3", Kind::Invalid).await;
    check("template!A999", Kind::Invalid).await;
    let before = desk.requests();
    for id in ["", "a/b", "../x", "a?b"] {
        let error = desk.client.spreadsheet(id).await.unwrap_err();
        assert_eq!((error.kind, error.status), (Kind::Invalid, None), "{id}");
    }
    let many = vec![range("template", "A1"); 9_000];
    let error = desk.client.values(DOCUMENT, &many).await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Invalid, None));
    assert_eq!(desk.requests(), before);
}

#[tokio::test]
async fn a_key_file_that_is_none_is_said_by_field() {
    let check = async |change: fn(&mut Value), expected: &str| {
        let desk = Desk::with_key(|mut key| {
            change(&mut key);
            key
        })
        .await;
        let error = desk.client.spreadsheet(DOCUMENT).await.unwrap_err();
        assert_eq!(error.kind, Kind::Denied);
        assert!(error.message.contains(expected), "{error}");
        assert!(error.hint.is_some());
        assert_clean(&format!("{} {error:?}", error.chain()));
        assert_eq!(desk.requests(), 0);
    };
    check(|key| key["type"] = "authorized_user".into(), "`type` is").await;
    check(|key| key["client_email"] = Value::Null, "no `client_email`").await;
    check(|key| key["private_key"] = "".into(), "no `private_key`").await;
    check(|key| key["private_key"] = "MIIE".into(), "not an RSA key").await;
    check(
        |key| key["token_uri"] = "http://example.com/token".into(),
        "`token_uri`",
    )
    .await;
    check(|key| *key = json!([]), "no `type`").await;
    check(|key| *key = Value::Null, "no `type`").await;
}

#[tokio::test]
async fn a_missing_setting_or_file_is_named() {
    let check = async |world: ServicesWorld, expected: &str| {
        let world = Arc::new(world) as Arc<dyn World>;
        let http = Http::new(world.clone()).unwrap();
        let base = "http://127.0.0.1:9/".parse().unwrap();
        let caller = http.service("sheets", base, Auth::none());
        let client = Client::new(caller, Account::new(world, http));
        let error = client.spreadsheet(DOCUMENT).await.unwrap_err();
        assert_eq!(error.kind, Kind::Denied);
        assert!(error.message.contains(expected), "{error}");
        assert!(error.hint.unwrap().contains("path of the key file"));
    };
    check(ServicesWorld::default(), "`GCP_SA_FILE` is not set").await;
    let world = ServicesWorld::default().env("GCP_SA_FILE", "/nowhere.json");
    check(world, "`/nowhere.json`, which does not exist").await;
}

#[tokio::test]
async fn a_refused_key_says_why() {
    let desk = Desk::with_key(|mut key| {
        key["client_email"] = "other@example.com".into();
        key
    })
    .await;
    let error = desk.client.spreadsheet(DOCUMENT).await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Denied, Some(400)));
    assert!(error.hint.unwrap().contains("`other@example.com`"));

    let desk = Desk::new().await;
    desk.set("is_clock_checked", true.into());
    let clock = &desk.world.clock;
    clock.advance_to(clock.now() + jiff::SignedDuration::from_hours(2));
    let error = desk.client.spreadsheet(DOCUMENT).await.unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    assert!(error.message.contains("invalid_grant"), "{error}");
    assert!(error.hint.unwrap().contains("clock of this machine"));
}

#[tokio::test]
async fn a_read_survives_passing_trouble() {
    for kind in [
        "refused",
        "reset",
        "status:503",
        "retry_after:7",
        "status:502",
    ] {
        let desk = Desk::new().await;
        desk.read("B8").await;
        fail(&desk.state, "sheets", kind, 2);
        assert_eq!(desk.read("B8").await, [["Not Started"]], "{kind}");
        assert_eq!(desk.requests(), 5, "{kind}");
        if kind == "retry_after:7" {
            assert_eq!(desk.world.announced(), [7, 7]);
        }
    }
}

#[tokio::test]
async fn a_token_survives_passing_trouble() {
    let desk = Desk::new().await;
    fail(&desk.state, "sheets", "status:503", 2);
    assert_eq!(desk.read("B8").await, [["Not Started"]]);
    assert_eq!(desk.requests(), 4);
}

#[tokio::test]
async fn an_answer_nobody_understands_is_an_error() {
    for (fault, kind) in [
        ("html", Kind::Unexpected),
        ("wrong_type", Kind::Unexpected),
        ("malformed", Kind::Invalid),
        ("truncated", Kind::Invalid),
        ("status:500", Kind::Unexpected),
    ] {
        let desk = Desk::new().await;
        desk.read("B8").await;
        fail(&desk.state, "sheets", fault, 9);
        let error = desk.client.spreadsheet(DOCUMENT).await.unwrap_err();
        assert_eq!(error.kind, kind, "{fault}: {error}");
    }
}

#[tokio::test]
async fn a_write_is_sent_once_and_a_lost_answer_is_in_doubt() {
    for (fault, is_ambiguous, text) in [
        ("reset", true, "Pass"),
        ("truncated", true, "Pass"),
        ("malformed", true, "Pass"),
        ("html", true, "Not Started"),
        ("status:503", true, "Not Started"),
        ("refused", true, "Not Started"),
        ("retry_after:7", false, "Not Started"),
        ("status:403", false, "Not Started"),
    ] {
        let desk = Desk::new().await;
        desk.read("B8").await;
        fail(&desk.state, "sheets", fault, 1);
        let error = desk.type_in("B8", "Pass").await.unwrap_err();
        assert_eq!(error.is_ambiguous, is_ambiguous, "{fault}: {error}");
        assert_eq!(desk.requests(), 3, "{fault}");
        assert_eq!(desk.read("B8").await, [[text]], "{fault}");
    }
}

#[tokio::test]
async fn no_answer_in_time_is_in_doubt_for_a_write() {
    let desk = Desk::new().await;
    let world = desk.world.clone() as Arc<dyn World>;
    let short = std::time::Duration::from_millis(300);
    let http = Http::with_longest_wait(world.clone(), Some(short)).unwrap();
    let key = desk.world.read(KEY_FILE.as_ref()).unwrap();
    let key: Value = serde_json::from_slice(&key).unwrap();
    let base = key["token_uri"].as_str().unwrap().replace("/token", "/");
    let caller = http.service("sheets", base.parse().unwrap(), Auth::none());
    let client = Client::new(caller, Account::new(world, http));
    client.spreadsheet(DOCUMENT).await.unwrap();
    fail(&desk.state, "sheets", "timeout", 1);
    let cells = [Cells {
        range: "template!B8".to_owned(),
        rows: vec![vec!["Pass".to_owned()]],
    }];
    let error = client.write(DOCUMENT, &cells).await.unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Unreachable, true));
}

#[tokio::test]
async fn nobody_to_talk_to_is_never_in_doubt() {
    let desk = Desk::new().await;
    let world = desk.world.clone() as Arc<dyn World>;
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let caller = desk
        .http
        .service("sheets", base.parse().unwrap(), Auth::none());
    let client = Client::new(caller, Account::new(world, desk.http.clone()));
    let cells = [Cells {
        range: "template!B8".to_owned(),
        rows: vec![vec!["Pass".to_owned()]],
    }];
    let error = client.write(DOCUMENT, &cells).await.unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Unreachable, false));
}

#[tokio::test]
async fn a_used_up_quota_is_busy() {
    let desk = Desk::new().await;
    desk.set("quota_per_minute", 1.into());
    desk.type_in("B8", "Pass").await.unwrap();
    let error = desk.type_in("B8", "Fail").await.unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Busy, false));
    assert!(error.message.contains("Quota exceeded"), "{error}");
    assert_eq!(desk.read("B8").await, [["Pass"]]);
}

#[tokio::test]
async fn secrets_are_blacked_out_wherever_they_are_repeated() {
    let desk = Desk::new().await;
    desk.read("B8").await;
    let key = desk.world.read(KEY_FILE.as_ref()).unwrap();
    let text = String::from_utf8(key).unwrap();
    let shown = desk.http.redact(&text);
    assert_ne!(shown, text);
    assert_clean(&shown);
    assert_clean(&format!("{:?}", desk.client));
}
