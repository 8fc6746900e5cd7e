//! Stopping a run, time limits, and trying again.

use std::time::Duration;

use oar_script::{
    call::{Session, to_script},
    error::{Error, Kind},
    script::stopper::Stopper,
    world::What,
};
use rhai::NativeCallContext;
use serde_json::Value;

use super::desk::{Desk, run, value};

/// Runs a text in which `stop()` stops the run and `outside()` is a call to the outside.
fn stopped(text: &str, grace: Duration) -> (Vec<String>, Result<String, Kind>, bool) {
    let world = Desk::new(&[]);
    let stopper: std::sync::Arc<std::sync::OnceLock<Stopper>> = std::sync::Arc::default();
    let inner = stopper.clone();
    let host = world
        .builder()
        .grace(grace)
        .register(move |engine| {
            engine.register_fn("stop", move || inner.wait().stop());
            engine.register_fn("outside", |context: NativeCallContext| {
                let session = Session::of(&context)?;
                let request = async { Ok::<_, Error>("answer") };
                session.call_from_script("test.outside", Value::Null, false, request)
            });
        })
        .build()
        .expect("a host");
    stopper.set(host.stopper()).expect("set once");
    let program = host.load_text("main.rhai", text).expect("it loads");
    match host.run(&program, Vec::new()) {
        Ok(value) => (world.printed(), Ok(value.to_string()), false),
        Err(error) => (world.printed(), Err(error.error.kind), error.is_stopped),
    }
}

const LONG: Duration = Duration::from_secs(600);

#[test]
fn a_soft_stop_is_caught_cleaned_up_and_felt_again() {
    let (printed, ended, is_stopped) = stopped(
        "print(outside()); stop();\n\
         try { outside(); } catch (e) { print(`clean up after ${e.kind}`); }\n\
         outside(); print(\"never\");",
        LONG,
    );
    assert_eq!(printed, ["answer", "clean up after cancelled"]);
    assert_eq!(ended, Err(Kind::Cancelled));
    assert!(is_stopped);
}

#[test]
fn a_second_stop_ends_a_script_that_swallows_everything() {
    let (_, ended, is_stopped) = stopped(
        "stop(); stop(); loop { try { outside(); } catch { } }",
        LONG,
    );
    assert_eq!(ended, Err(Kind::Cancelled));
    assert!(is_stopped);
}

#[test]
fn a_stopped_script_is_ended_after_its_grace() {
    let (_, ended, _) = stopped("stop(); loop { }", Duration::from_millis(20));
    assert_eq!(ended, Err(Kind::Cancelled));
}

#[test]
fn a_soft_stop_reaches_branches() {
    let (printed, ended, _) = stopped(
        "parallel([|| { stop(); outside() }, || { sleep(1); outside() }])",
        LONG,
    );
    assert!(printed.is_empty());
    assert_eq!(ended, Err(Kind::Cancelled));
}

#[test]
fn a_stopper_can_be_reset_for_the_next_run() {
    let world = Desk::new(&[]);
    let host = world.builder().build().expect("a host");
    let program = host
        .load_text("main.rhai", "sleep(1); 42")
        .expect("it loads");
    let stopper = host.stopper();
    stopper.stop();
    stopper.stop();
    let error = host.run(&program, Vec::new()).expect_err("it is stopped");
    assert_eq!(error.error.kind, Kind::Cancelled);
    stopper.reset();
    let value = host.run(&program, Vec::new()).expect("it runs again");
    assert_eq!(value.to_string(), "42");
}

#[test]
fn timeout_ends_a_sleep_and_can_be_caught() {
    assert_eq!(
        value("timeout(minutes(5), || { sleep(60); \"done\" })"),
        "done"
    );
    let text = "let kind = (); try { timeout(minutes(5), || sleep(hours(1))); } catch (e) { kind = e.kind; } `${kind} at ${now()}`";
    assert_eq!(value(text), "timeout at 2027-03-01T09:05:00Z");
}

#[test]
fn timeout_ends_a_busy_script() {
    // Time stands still in this world unless something sleeps.
    let text = "let e = attempt(|| timeout(5, || { try { sleep(6) } catch { } loop { } })); `${e.kind}: ${e.message}`";
    assert_eq!(value(text), "timeout: it took longer than 5 s");
}

#[test]
fn the_shorter_of_two_time_limits_counts() {
    let text =
        "let r = attempt(|| timeout(10, || timeout(60, || sleep(30)))); `${r.kind} ${now()}`";
    assert_eq!(value(text), "timeout 2027-03-01T09:00:10Z");
    let text =
        "timeout(60, || { let r = attempt(|| timeout(10, || sleep(30))); sleep(5); r.kind })";
    assert_eq!(value(text), "timeout");
}

#[test]
fn a_stop_ends_a_script_even_inside_attempt() {
    let (_, ended, _) = stopped("stop(); stop(); loop { attempt(|| { loop { } }); }", LONG);
    assert_eq!(ended, Err(Kind::Cancelled));
}

#[test]
fn attempt_returns_the_value_or_the_error_with_its_calls() {
    assert_eq!(value("attempt(|| 42)"), "42");
    let text = "fn inner() {\n    fail(\"not_found\", \"no build\", #{ hint: \"wait\", service: \"prow\", status: 404 })\n}\n\
        let e = attempt(|| inner());\n\
        [type_of(e), e.kind, e.message, e.hint, e.service, e.status, e.retryable, e.place, e.frames.map(|f| f.function), `${e}`]";
    assert_eq!(
        value(text),
        r#"["Error", "not_found", "no build", "wait", "prow", 404, false, "main.rhai:2:5", ["<closure>", "inner"], "prow: no build"]"#
    );
}

#[test]
fn built_in_errors_have_the_same_form() {
    let text = |fault: &str| {
        format!("let e = attempt(|| {fault}); `${{type_of(e)}} ${{e.kind}}: ${{e.message}}`")
    };
    assert_eq!(
        value(&text("[1][5]")),
        "Error invalid: there is no item 5 in an array of 1 item"
    );
    assert_eq!(value(&text("throw \"gone\"")), "Error invalid: gone");
    assert_eq!(
        value(&text("throw #{ kind: \"busy\", message: \"later\" }")),
        "Error busy: later"
    );
    assert_eq!(
        value(&text("1 / 0")),
        "Error invalid: division by zero: 1 / 0"
    );
}

#[test]
fn an_error_from_attempt_can_be_thrown_on_and_keeps_its_place() {
    let error = run(
        "fn inner() {\n  fail(\"busy\", \"full\")\n}\nlet e = attempt(|| inner());\n\nthrow e;",
    );
    let error = error.expect_err("it throws");
    assert_eq!(error.to_string(), "main.rhai:2:3: full");
    assert_eq!(error.error.kind, Kind::Busy);
}

#[test]
fn retry_waits_longer_each_time_and_gives_up() {
    let world = Desk::new(&[]);
    let host = world.builder().build().expect("a host");
    let text = "let n = 0;\n\
        let r = retry(4, || { n += 1; if n < 4 { fail(\"busy\", `try ${n}`) } else { n } });\n\
        let e = attempt(|| retry(2, || fail(\"unreachable\", \"down\")));\n\
        let f = attempt(|| retry(5, || fail(\"denied\", \"no\")));\n\
        let g = attempt(|| retry(2, #{ wait: 5, on: [\"denied\"] }, || fail(\"denied\", \"no\")));\n\
        [r, e.kind, f.kind, g.kind, now()]";
    let program = host.load_text("main.rhai", text).expect("it loads");
    let value = host.run(&program, Vec::new()).expect("it runs");
    assert_eq!(
        value.to_string(),
        r#"[4, "unreachable", "denied", "denied", "2027-03-01T09:08:05Z"]"#
    );
    let waits: Vec<_> = world
        .said()
        .into_iter()
        .filter_map(|what| match what {
            What::Retrying(_, seconds) => Some(seconds),
            _ => None,
        })
        .collect();
    assert_eq!(waits, [60, 120, 240, 60, 5]);
}

#[test]
fn retry_does_not_repeat_a_change_that_may_have_happened() {
    let world = Desk::new(&[]);
    let host = world
        .builder()
        .register(|engine| {
            engine.register_fn("change", || -> Result<(), Box<rhai::EvalAltResult>> {
                Err(to_script(
                    Error::new(Kind::Unreachable, "no answer").ambiguous(),
                ))
            });
        })
        .build()
        .expect("a host");
    let text = "let n = 0; attempt(|| retry(3, || { n += 1; change() })); n";
    let program = host.load_text("main.rhai", text).expect("it loads");
    assert_eq!(
        host.run(&program, Vec::new()).expect("it runs").to_string(),
        "1"
    );
}
