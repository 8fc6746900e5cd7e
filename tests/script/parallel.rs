//! Branches that run at the same time.

use oar_script::{call::Control, error::Kind, world::What};

use super::desk::{Desk, report, run, value};

#[test]
fn values_come_back_in_order() {
    assert_eq!(value("parallel([|| 1, || 2, || 3])"), "[1, 2, 3]");
    assert_eq!(
        value("parallel_map([3, 1, 2], |n| { sleep(n); n * 10 })"),
        "[30, 10, 20]"
    );
    assert_eq!(value("parallel([])"), "[]");
}

#[test]
fn branches_work_on_copies_of_what_they_capture() {
    let text = "let n = 0; let list = [1]; let map = #{ inner: [1] };\n\
        let r = parallel_map([1, 2, 3], |k| { n += k; list.push(k); map.inner.push(k); [n, list.len(), map.inner.len()] });\n\
        [r, n, list, map.inner]";
    assert_eq!(
        value(text),
        "[[[1, 2, 2], [2, 2, 2], [3, 2, 2]], 0, [1], [1]]"
    );
}

#[test]
fn many_branches_without_races() {
    let world = Desk::with_turns(&[], false);
    let host = world.builder().build().expect("a host");
    let text = "let items = []; items.pad(200, 0); let total = 0; let seen = [];\n\
        let r = parallel_map(items, |_k| { for i in 0..50 { total += 1; seen.push(i); } total + seen.len() });\n\
        [r.len(), r.filter(|x| x != 100).len(), total]";
    let program = host.load_text("main.rhai", text).expect("it loads");
    let value = host.run(&program, Vec::new()).expect("it runs");
    assert_eq!(value.to_string(), "[200, 0, 0]");
}

#[test]
fn a_real_error_wins_and_stops_the_others() {
    let text = "parallel([\n\
        || { sleep(hours(5)); \"late\" },\n\
        || { sleep(60); fail(\"busy\", \"the queue is full\") },\n\
        || { for i in 0..1000 { sleep(7); } },\n\
        ])";
    let error = run(text).expect_err("a branch fails");
    assert_eq!(error.error.kind, Kind::Busy);
    assert_eq!(error.error.message, "the queue is full");
}

#[test]
fn a_failing_branch_ends_a_sibling_that_never_looks_up() {
    let world = Desk::with_turns(&[], false);
    let host = world.builder().build().expect("a host");
    let text = "parallel([|| { let n = 0; loop { n += 1; } }, || fail(\"denied\", \"no\")])";
    let program = host.load_text("main.rhai", text).expect("it loads");
    let error = host.run(&program, Vec::new()).expect_err("a branch fails");
    assert_eq!(error.error.kind, Kind::Denied);
}

#[test]
fn an_error_in_a_branch_keeps_its_calls() {
    let report = report(
        "fn job(n) {\n    inner(n)\n}\nfn inner(n) {\n    fail(\"conflict\", `job ${n}`)\n}\n\
         let r = parallel_map([7], |n| job(n));",
    );
    insta::assert_snapshot!(report, @r#"
    error[conflict]: job 7
     --> main.rhai:5:5
      |
    5 |     fail("conflict", `job ${n}`)
      |     ^^^^
      |
     ::: main.rhai:2:5
      |
    2 |     inner(n)
      |     ----- in this call of `inner`
      |
     ::: main.rhai:7:31
      |
    7 | let r = parallel_map([7], |n| job(n));
      |                               --- in this call of `job`
      |
     ::: main.rhai:7:9
      |
    7 | let r = parallel_map([7], |n| job(n));
      |         ------------ in this call of `<closure>`
    "#);
}

#[test]
fn at_most_32_branches_run_at_once() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let world = Desk::with_turns(&[], false);
    let host = world
        .builder()
        .register(|engine| {
            engine.register_fn("visit", || {
                let running = RUNNING.fetch_add(1, Ordering::SeqCst) + 1;
                MOST.fetch_max(running, Ordering::SeqCst);
                std::thread::yield_now();
                RUNNING.fetch_sub(1, Ordering::SeqCst);
            });
        })
        .build()
        .expect("a host");
    let text = "let items = []; items.pad(100, 0); parallel_map(items, |_x| visit()).len()";
    let program = host.load_text("main.rhai", text).expect("it loads");
    let value = host.run(&program, Vec::new()).expect("it runs");
    assert_eq!(value.to_string(), "100");
    assert!(MOST.load(Ordering::SeqCst) <= 32);
}

#[test]
fn the_order_of_branches_is_the_same_every_time() {
    let text = "let items = []; for i in 0..70 { items.push(i); }\n\
        parallel_map(items, |n| {\n\
            print(`start ${n}`); sleep((n * 7) % 11); print(`middle ${n}`);\n\
            parallel([|| { sleep(n % 3); print(`a ${n}`) }, || { sleep(1); print(`b ${n}`) }]);\n\
            sleep(n % 5); print(`end ${n} ${now()}`);\n\
        });\n\
        print(now());";
    let record = || {
        let world = Desk::new(&[]);
        let host = world.builder().build().expect("a host");
        let program = host.load_text("main.rhai", text).expect("it loads");
        let _ = host.run(&program, Vec::new()).expect("it runs");
        world.said()
    };
    let first = record();
    assert_eq!(
        first
            .iter()
            .filter(|what| matches!(what, What::Printed(_)))
            .count(),
        351
    );
    for _ in 0..3 {
        assert!(record() == first, "the record differs");
    }
}

#[test]
fn branches_sleep_at_the_same_time() {
    assert_eq!(
        value("parallel([|| sleep(minutes(10)), || sleep(minutes(10))]); now()"),
        "2027-03-01T09:10:00Z"
    );
}

#[test]
fn branches_belong_to_the_node_that_started_them() {
    let world = Desk::new(&[]);
    let host = world
        .builder()
        .register(|engine| {
            engine.register_fn("node", || Control::current().node.unwrap_or_default());
        })
        .build()
        .expect("a host");
    let program = host
        .load_text("main.rhai", "parallel([|| node(), || node()])")
        .expect("it loads");
    let control = Control {
        node: Some("take-ownership".to_owned()),
        ..Control::current()
    };
    let value = control
        .scope(|| host.run(&program, Vec::new()))
        .expect("it runs");
    assert_eq!(value.to_string(), r#"["take-ownership", "take-ownership"]"#);
}

#[test]
fn something_that_is_no_function_is_explained() {
    let report = report("parallel([1])");
    assert!(
        report.contains("item 0 of `parallel` is i64, not a function"),
        "{report}"
    );
}

#[test]
fn a_native_function_that_breaks_off_is_an_error() {
    let world = Desk::new(&[]);
    let host = world
        .builder()
        .register(|engine| {
            engine.register_fn("break_off", || {
                if Control::current().deadline.is_none() {
                    std::panic::resume_unwind(Box::new("broken"));
                }
            });
        })
        .build()
        .expect("a host");
    for text in ["parallel([|| break_off()])", "break_off()"] {
        let program = host.load_text("main.rhai", text).expect("it loads");
        let error = host.run(&program, Vec::new()).expect_err("it breaks off");
        assert_eq!(error.error.kind, Kind::Unexpected);
    }
}
