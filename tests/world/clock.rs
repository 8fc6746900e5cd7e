//! Whose turn it is on a virtual clock.

use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use oar_script::world::clock::VirtualClock;

const START: Timestamp = Timestamp::constant(1_800_000_000, 0);

type Log = Arc<Mutex<Vec<String>>>;

fn clock() -> VirtualClock {
    VirtualClock::new(START, true)
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

fn passed(clock: &VirtualClock) -> i64 {
    clock.now().duration_since(START).as_mins()
}

/// Runs branches that sleep in steps and waits for all of them; each step is logged.
fn run(clock: &VirtualClock, branches: &[(u64, &[u64])], log: &Log) {
    let tickets: Vec<_> = branches
        .iter()
        .map(|(rank, steps)| (clock.reserve(*rank), *rank, steps.to_vec()))
        .collect();
    thread::scope(|scope| {
        let handles: Vec<_> = tickets
            .into_iter()
            .map(|(ticket, rank, steps)| {
                scope.spawn(move || {
                    let _turn = ticket.enter();
                    for step in steps {
                        note(clock, log, rank);
                        clock.sleep(minutes(step));
                    }
                    note(clock, log, rank);
                })
            })
            .collect();
        let mut handles = Some(handles);
        clock.wait_for_others(&mut || {
            for handle in handles.take().into_iter().flatten() {
                handle.join().expect("a branch does not panic");
            }
        });
    });
}

fn note(clock: &VirtualClock, log: &Log, rank: u64) {
    log.lock()
        .expect("no branch panics")
        .push(format!("{rank}@{}", passed(clock)));
}

fn lines(log: &Log) -> String {
    log.lock().expect("no branch panics").join(" ")
}

#[test]
fn two_sleeping_branches_do_not_add_up() {
    let clock = clock();
    let log = Log::default();
    run(&clock, &[(1, &[30]), (2, &[45])], &log);
    assert_eq!(passed(&clock), 45);
    assert_eq!(lines(&log), "1@0 2@0 1@30 2@45");
}

#[test]
fn ties_go_by_rank_not_by_order_of_reservation() {
    let clock = clock();
    let log = Log::default();
    run(&clock, &[(9, &[10]), (3, &[10]), (5, &[10])], &log);
    assert_eq!(lines(&log), "3@0 5@0 9@0 3@10 5@10 9@10");
}

#[test]
fn the_order_is_the_same_in_fifty_runs() {
    let steps: [(u64, &[u64]); 5] = [
        (4, &[7, 7, 1]),
        (1, &[3, 0, 20]),
        (3, &[0, 0, 0]),
        (2, &[15]),
        (5, &[7, 8]),
    ];
    let once = || {
        let log = Log::default();
        run(&clock(), &steps, &log);
        lines(&log)
    };
    let first = once();
    assert_eq!(first.split(' ').count(), 17);
    for _ in 0..50 {
        assert_eq!(once(), first);
    }
}

#[test]
fn nested_branches_give_their_parent_its_place_back_at_once() {
    for _ in 0..50 {
        let clock = clock();
        let log = Log::default();
        let outer = [clock.reserve(1), clock.reserve(2)];
        thread::scope(|scope| {
            let (clock, log) = (&clock, &log);
            let mut threads = Vec::new();
            for (place, ticket) in outer.into_iter().enumerate() {
                threads.push(scope.spawn(move || {
                    let _turn = ticket.enter();
                    if place == 0 {
                        run(clock, &[(11, &[5]), (12, &[10])], log);
                        note(clock, log, 1);
                    } else {
                        clock.sleep(minutes(60));
                        note(clock, log, 2);
                    }
                }));
            }
            let mut threads = Some(threads);
            clock.wait_for_others(&mut || {
                for thread in threads.take().into_iter().flatten() {
                    thread.join().expect("a branch does not panic");
                }
            });
        });
        assert_eq!(lines(&log), "11@0 12@0 11@5 12@10 1@10 2@60");
    }
}

#[test]
fn who_waits_for_the_next_end_goes_on_before_any_other_branch() {
    for _ in 0..50 {
        let clock = clock();
        let log = Log::default();
        let (ended, ends) = mpsc::channel();
        thread::scope(|scope| {
            let (clock, log) = (&clock, &log);
            let start = |rank: u64, length: u64| {
                let ticket = clock.reserve(rank);
                let ended = ended.clone();
                scope.spawn(move || {
                    let _turn = ticket.enter();
                    clock.sleep(minutes(length));
                    ended.send(rank).expect("the scheduler listens");
                });
            };
            start(1, 10);
            start(2, 30);
            let mut running = 2;
            while running > 0 {
                let mut rank = 0;
                clock.wait_for_next(&mut || rank = ends.recv().expect("a branch runs"));
                running -= 1;
                note(clock, log, rank);
                if rank == 1 {
                    // Freed at minute 10, so it is over before the second branch wakes up.
                    start(3, 15);
                    running += 1;
                }
            }
        });
        assert_eq!(lines(&log), "1@10 3@25 2@30");
    }
}

#[test]
fn a_ticket_that_is_never_used_stops_nobody() {
    let clock = clock();
    drop(clock.reserve(0));
    let log = Log::default();
    run(&clock, &[(1, &[5])], &log);
    assert_eq!(lines(&log), "1@0 1@5");
}

#[test]
fn a_panicking_branch_hands_the_turn_on() {
    let clock = clock();
    let tickets = [clock.reserve(1), clock.reserve(2)];
    thread::scope(|scope| {
        let [bad, good] = tickets;
        let bad = scope.spawn(move || {
            let _turn = bad.enter();
            std::panic::resume_unwind(Box::new("on purpose"));
        });
        let good = scope.spawn(|| {
            let _turn = good.enter();
            clock.sleep(minutes(5));
        });
        let mut handles = Some((bad, good));
        clock.wait_for_others(&mut || {
            let (bad, good) = handles.take().expect("waited for once");
            assert!(bad.join().is_err());
            good.join().expect("it does not panic");
        });
    });
    assert_eq!(passed(&clock), 5);
}

#[test]
fn a_thread_without_a_turn_moves_the_clock_directly() {
    let clock = clock();
    clock.sleep(minutes(7));
    clock.advance_to(START + SignedDuration::from_mins(3));
    assert_eq!(passed(&clock), 7);
    clock.sleep(Duration::MAX);
    assert_eq!(clock.now(), Timestamp::MAX);
}

#[test]
fn an_unordered_clock_lets_branches_run_freely() {
    let clock = VirtualClock::new(START, false);
    let (first, second) = (clock.reserve(1), clock.reserve(2));
    // On one thread this would never return if turns were kept.
    let _first = first.enter();
    let _second = second.enter();
    clock.sleep(minutes(2));
    assert_eq!(passed(&clock), 2);
}
