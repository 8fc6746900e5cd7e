//! Two writers whose requests come in every order, with refusals, lost answers and others in between:
//! at the end each change is in the document once, and nothing else is.
//!
//! Every request waits at a gate. When both writers wait there or are done, chance lets one through.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::Request,
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use oar_script::{
    error::{Kind, Result},
    release::{
        TaskStatus,
        statebox::{Change, StateBox},
    },
    services::github::{GitHub, emulator},
    sim::{
        state::{Fault, SimState},
        statebox_branch::BranchStore,
    },
    state::{Snapshot, StateStore, github::GithubStore},
};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::{
    conformance::{document, issue, release, resolve, set},
    world::{self, BRANCH, PATH, Shared},
};
use crate::support::services_world::serve;

const SEEDS: u64 = 1000;
const KINDS: u64 = 5;

/// What a writer does next, as the gate sees it.
enum Step {
    Asks(usize, bool, oneshot::Sender<Order>),
    Ended(usize, Result<Box<Snapshot>>),
}

/// What becomes of a request.
enum Order {
    Pass,
    Refuse(StatusCode, &'static str),
}

/// Chance that is the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Two ways to one GitHub, each with a gate.
struct Table {
    world: Arc<Shared>,
    state: Arc<SimState>,
    steps: mpsc::UnboundedReceiver<Step>,
    said: mpsc::UnboundedSender<Step>,
    githubs: Vec<Arc<GitHub>>,
}

impl Table {
    async fn new() -> Self {
        let world = Shared::new();
        let state = world::documents(&world, None);
        let (said, steps) = mpsc::unbounded_channel();
        let mut githubs = Vec::new();
        for writer in 0..2 {
            let router = gated(emulator::router(state.clone()), writer, &said);
            githubs.push(world::github(&world, &serve(router).await));
        }
        Self {
            world,
            state,
            steps,
            said,
            githubs,
        }
    }

    /// Lets both writers make their changes; returns how each ended and what others did.
    async fn play(
        &mut self,
        chance: &mut Chance,
        changes: [Change; 2],
    ) -> (Vec<Result<Box<Snapshot>>>, Vec<Change>) {
        for (writer, change) in changes.into_iter().enumerate() {
            let store = GithubStore::new(self.githubs[writer].clone(), self.world.clone());
            let said = self.said.clone();
            let has_read_before = chance.below(2) == 0;
            tokio::spawn(async move {
                if has_read_before {
                    store.read(&release()).await.unwrap();
                }
                let ended = store.apply(&release(), &[change]).await;
                said.send(Step::Ended(writer, ended.map(Box::new))).ok();
            });
        }
        let mut ends = [None, None];
        let mut waiting: [Option<(bool, oneshot::Sender<Order>)>; 2] = [None, None];
        // Five tries are enough for what may come between here: each bad turn costs one at most.
        let mut bad_turns = 3;
        let mut has_lost_one = false;
        let mut foreign = Vec::new();
        while ends.iter().any(Option::is_none) {
            while (0..2).any(|writer| ends[writer].is_none() && waiting[writer].is_none()) {
                match self.steps.recv().await.unwrap() {
                    Step::Asks(writer, is_write, go) => waiting[writer] = Some((is_write, go)),
                    Step::Ended(writer, end) => ends[writer] = Some(end),
                }
            }
            let ready: Vec<_> = (0..2).filter(|writer| waiting[*writer].is_some()).collect();
            if ready.is_empty() {
                break;
            }
            // Others come above all where an answer was just lost.
            let limit = if has_lost_one { 2 } else { 5 };
            if foreign.len() < 2 && bad_turns > 0 && chance.below(limit) == 0 {
                bad_turns -= 1;
                foreign.extend(self.somebody_else(chance, foreign.len()).await);
            }
            has_lost_one = false;
            let pick = ready[usize::try_from(chance.below(ready.len() as u64)).unwrap()];
            let (is_write, go) = waiting[pick].take().unwrap();
            let mut order = Order::Pass;
            if is_write && bad_turns > 0 {
                bad_turns -= 1;
                match chance.below(6) {
                    0 => order = Order::Refuse(StatusCode::CONFLICT, "it does not match"),
                    1 => {
                        let text = "Invalid request.\n\n\"sha\" wasn't supplied.";
                        order = Order::Refuse(StatusCode::UNPROCESSABLE_ENTITY, text);
                    }
                    2 => {
                        has_lost_one = true;
                        self.fault("reset");
                    }
                    3 => self.fault("refused"),
                    _ => bad_turns += 1,
                }
            }
            go.send(order).ok();
        }
        (ends.into_iter().flatten().collect(), foreign)
    }

    /// Another program writes; it resolves what the first writer reported as soon as it is there.
    async fn somebody_else(&self, chance: &mut Chance, number: usize) -> Option<Change> {
        let neighbour = BranchStore::new(self.state.clone(), BRANCH, "neighbour");
        let change = match chance.below(3) {
            0 => set("check-cve-tracker-bug", TaskStatus::Pass),
            1 => issue(&format!("foreign {number}")),
            _ => resolve("new of writer 0"),
        };
        match neighbour
            .apply(&release(), std::slice::from_ref(&change))
            .await
        {
            Ok(_) => Some(change),
            Err(error) => {
                // It is not there yet.
                assert_eq!(error.kind, Kind::NotFound);
                None
            }
        }
    }

    fn fault(&self, kind: &str) {
        let fault = Fault {
            service: "github".to_owned(),
            operation: "write".to_owned(),
            kind: kind.to_owned(),
            times: 1,
            after: 0,
        };
        self.state
            .change(|stored| stored.faults.push(fault))
            .unwrap();
    }

    fn begin(&self, document: &StateBox) {
        let files = json!({PATH: document.to_yaml()});
        let github = json!({"branches": {BRANCH: files}});
        let begin = |stored: &mut oar_script::sim::state::Stored| {
            stored.documents = json!({ "github": github });
            stored.faults.clear();
        };
        self.state.change(begin).unwrap();
    }

    fn end(&self) -> StateBox {
        let read = |stored: &oar_script::sim::state::Stored| {
            let files = &stored.documents["github"]["branches"][BRANCH];
            assert_eq!(files.as_object().unwrap().len(), 1);
            files[PATH].as_str().unwrap().to_owned()
        };
        StateBox::parse(&self.state.read(read), &release()).unwrap()
    }
}

fn gated(router: Router, writer: usize, said: &mpsc::UnboundedSender<Step>) -> Router {
    let said = said.clone();
    router.layer(from_fn(move |request: Request, next: Next| {
        let said = said.clone();
        async move {
            let (go, order) = oneshot::channel();
            let is_write = request.method() == "PUT";
            said.send(Step::Asks(writer, is_write, go)).ok();
            match order.await {
                Ok(Order::Refuse(status, text)) => refusal(status, text),
                _ => next.run(request).await,
            }
        }
    }))
}

fn refusal(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({"message": text}))).into_response()
}

/// One change of each kind, about something that only this writer touches.
fn own_change(kind: u64, writer: usize, now: Timestamp) -> Change {
    let task = ["image-signed-check", "stage-testing"][writer];
    match kind {
        0 => set(task, TaskStatus::Pass),
        1 => issue(&format!("new of writer {writer}")),
        2 => resolve(&format!("old of writer {writer}")),
        3 => {
            let key = format!("of_writer_{writer}");
            let patch = json!({"advisory_ids": {&key: 7}, "jira_ticket": "ART-7", key: true});
            Change::PatchMetadata(patch.as_object().unwrap().clone())
        }
        _ => claim(task, writer, now),
    }
}

fn claim(task: &str, writer: usize, now: Timestamp) -> Change {
    Change::Claim {
        task: task.into(),
        token: format!("token-{writer}"),
        holder: format!("writer {writer}"),
        until: now
            .saturating_add(jiff::SignedDuration::from_mins(10))
            .unwrap(),
    }
}

fn beginning() -> StateBox {
    let mut document = document();
    let now = world::NOW.parse().unwrap();
    for text in ["old of writer 0", "old of writer 1", "nobody's"] {
        document.apply(&issue(text), now).unwrap();
    }
    document
        .apply(&set("take-ownership", TaskStatus::Pass), now)
        .unwrap();
    document
}

/// What a document says, without the order and the times in which things came.
fn said(document: &StateBox) -> Value {
    let mut said = document.to_json();
    said["updated_at"].take();
    for list in ["tasks", "issues"] {
        let entries = said[list].as_array_mut().unwrap();
        for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
            for time in ["started_at", "completed_at", "reported_at", "resolved_at"] {
                entry.shift_remove(time);
            }
        }
        entries.sort_by_key(Value::to_string);
    }
    for map in [vec!["metadata"], vec!["metadata", "advisory_ids"]] {
        let place = map.iter().fold(&mut said, |value, key| &mut value[*key]);
        place.as_object_mut().unwrap().sort_keys();
    }
    said
}

#[tokio::test]
async fn whatever_comes_between_each_change_is_there_once() {
    let mut table = Table::new().await;
    for seed in 0..SEEDS {
        let mut chance = Chance(seed);
        let now = table.state.clock().now();
        let start = beginning();
        table.begin(&start);
        let (first, second) = (seed % KINDS, seed / KINDS % KINDS);
        let changes = [own_change(first, 0, now), own_change(second, 1, now)];
        let (ends, foreign) = table.play(&mut chance, changes.clone()).await;
        let mut expected = start;
        for change in changes.iter().chain(&foreign) {
            expected.apply(change, now).unwrap();
        }
        let end = table.end();
        assert_eq!(
            said(&end),
            said(&expected),
            "seed {seed}: {changes:?}, {foreign:?}"
        );
        for end in ends {
            assert!(end.is_ok(), "seed {seed}: {end:?}");
        }
    }
}

#[tokio::test]
async fn of_two_who_claim_the_same_task_one_wins() {
    let mut table = Table::new().await;
    let mut wins = [0, 0];
    for seed in 0..200 {
        let mut chance = Chance(seed);
        let now = table.state.clock().now();
        table.begin(&beginning());
        let changes = [0, 1].map(|writer| claim("stage-testing", writer, now));
        let (ends, _) = table.play(&mut chance, changes).await;
        let won: Vec<_> = (0..2).filter(|writer| ends[*writer].is_ok()).collect();
        assert_eq!(won.len(), 1, "seed {seed}: {ends:?}");
        let lost = ends[1 - won[0]].as_ref().unwrap_err();
        assert_eq!(lost.kind, Kind::Conflict, "seed {seed}");
        assert!(
            lost.message.contains(&format!("writer {}", won[0])),
            "{lost}"
        );
        let end = table.end();
        let text = end.task("stage-testing").unwrap().result.clone().unwrap();
        assert_eq!(text.lines().count(), 1, "seed {seed}: {text}");
        assert!(
            text.contains(&format!("token-{}", won[0])),
            "seed {seed}: {text}"
        );
        wins[won[0]] += 1;
    }
    assert!(wins.iter().all(|wins| *wins > 20), "{wins:?}");
}

#[tokio::test]
async fn the_same_change_of_two_writers_is_there_once() {
    let mut table = Table::new().await;
    for seed in 0..100 {
        let mut chance = Chance(seed);
        let now = table.state.clock().now();
        let start = beginning();
        table.begin(&start);
        let change = [
            issue("both see this"),
            set("stage-testing", TaskStatus::Pass),
        ][usize::from(seed % 2 == 0)]
        .clone();
        let changes = [change.clone(), change.clone()];
        let (ends, foreign) = table.play(&mut chance, changes).await;
        let mut expected = start;
        for change in std::iter::once(&change).chain(&foreign) {
            expected.apply(change, now).unwrap();
        }
        assert_eq!(said(&table.end()), said(&expected), "seed {seed}");
        assert!(ends.iter().all(Result::is_ok), "seed {seed}: {ends:?}");
    }
}
