//! Time in scripts: durations are whole seconds (`int`), moments are text in UTC.

use std::time::Duration;

use rhai::{Dynamic, Engine, EvalAltResult, NativeCallContext};

use super::reference::documented;
use crate::{
    call::{Control, Session, to_script},
    error::{Error, Kind, Result},
    world::{Event, What},
};

/// Gives scripts `seconds`, `minutes`, `hours`, `days`, `now` and `sleep`.
pub(super) fn register(engine: &mut Engine) {
    for (name, factor) in [
        ("seconds", 1),
        ("minutes", 60),
        ("hours", 3600),
        ("days", 86_400),
    ] {
        documented(
            name,
            &["n: Dynamic"],
            &format!("Returns `n` {name} (int or float) as a duration: whole seconds (int)."),
        )
        .register_into_engine(engine, move |n: Dynamic| {
            scaled(&n, factor).map_err(to_script)
        });
    }
    documented(
        "now",
        &[],
        "Returns the time now as text in UTC, such as `2027-03-01T09:00:00Z`.",
    )
    .register_into_engine(engine, |context: NativeCallContext| {
        let session = Session::of(&context)?;
        Ok::<_, Box<EvalAltResult>>(format!("{:.0}", session.world().now()))
    });
    // The language has a `sleep` on the real clock for these two types; ours must be as exact.
    sleep_function("i64").register_into_engine(engine, |context: NativeCallContext, n: i64| {
        script_sleep(&context, &n.into())
    });
    sleep_function("f64").register_into_engine(engine, |context: NativeCallContext, n: f64| {
        script_sleep(&context, &n.into())
    });
}

fn sleep_function(word: &str) -> rhai::FuncRegistration {
    documented(
        "sleep",
        &[&format!("duration: {word}")],
        "Waits for `duration` seconds on the clock of the world.\n\
         Throws `cancelled` when the run is stopped, `timeout` when a `timeout` around it is over.",
    )
}

fn script_sleep(context: &NativeCallContext, duration: &Dynamic) -> Result<(), Box<EvalAltResult>> {
    let session = Session::of(context)?;
    let duration = duration_of(duration).map_err(to_script)?;
    sleep(&session, duration).map_err(to_script)
}

/// Returns a duration that a script gave: seconds as int or float, not negative.
pub fn duration_of(value: &Dynamic) -> Result<Duration> {
    let seconds = scaled(value, 1)?;
    u64::try_from(seconds)
        .map(Duration::from_secs)
        .map_err(|_| Error::invalid(format!("a duration cannot be negative: {seconds} s")))
}

fn scaled(value: &Dynamic, factor: i64) -> Result<i64> {
    let too_long = || Error::invalid("this duration is too long");
    if let Ok(number) = value.as_int() {
        return number.checked_mul(factor).ok_or_else(too_long);
    }
    let number = value.as_float().map_err(|found| {
        Error::invalid(format!("a duration is a number of seconds, not {found}"))
            .hint("write such as `minutes(5)`")
    })?;
    let seconds = (number * factor as f64).round();
    match seconds.is_finite() && seconds.abs() < 1e15 {
        true => Ok(seconds as i64),
        false => Err(too_long()),
    }
}

/// Waits on the world's clock on this thread, no longer than its control allows.
pub fn sleep(session: &Session, duration: Duration) -> Result<()> {
    let world = session.world();
    let control = Control::current();
    let left = control.deadline.map(|deadline| {
        Duration::try_from(deadline.duration_since(world.now())).unwrap_or(Duration::ZERO)
    });
    let wait = left.map_or(duration, |left| left.min(duration));
    if let Ok(until) = world.now().checked_add(wait) {
        world.say(&Event {
            at: world.now(),
            node: control.node,
            what: What::Sleeping(until),
        });
    }
    session.wait(async {
        world.sleep(wait).await;
        Ok(())
    })?;
    match left.is_some_and(|left| left < duration) {
        true => Err(Error::new(Kind::Timeout, "the time set for this is over")),
        false => Ok(()),
    }
}
