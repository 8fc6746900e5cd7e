//! Telling people what changed, as scripts do it: the function `tell_change(change)` of the program makes
//! of a change what `notify` is called with.

use std::sync::{Arc, Mutex};

use rhai::{Engine, EvalAltResult, ImmutableString, NativeCallContext};
use serde_json::json;

use super::{calling, faults, host, program::Program};
use crate::{
    call::{Session, to_script},
    error::Error,
    flow::{
        notice::{Change, Notice},
        pass::Trouble,
    },
    value::to_dynamic,
};

/// The script function that is called for every change.
const FUNCTION: &str = "tell_change";

type Scripted<T> = std::result::Result<T, Box<EvalAltResult>>;

/// What was said with `notify` about the change that is being told.
#[derive(Default)]
struct Said(Mutex<Option<Vec<Notice>>>);

/// Registers `notify`.
pub fn register(engine: &mut Engine) {
    engine.register_fn(
        "notify",
        |context: NativeCallContext, contact: ImmutableString, text: ImmutableString| {
            notify(&context, &contact, &text)
        },
    );
}

/// What the program tells about a change; nothing without the function for it.
pub(super) fn of_change(
    context: &NativeCallContext,
    program: &Program,
    change: &Change,
) -> std::result::Result<Vec<Notice>, Trouble> {
    if program.function(FUNCTION, 1).is_none() {
        return Ok(Vec::new());
    }
    let session = Session::of(context).map_err(|error| Trouble::from(faults::error_of(&error)))?;
    let said = Arc::new(Said(Mutex::new(Some(Vec::new()))));
    session.put(said.clone());
    let argument = to_dynamic(&json!(change));
    let ended = calling::call_function(context, FUNCTION, vec![argument]);
    // Taken out: whatever calls `notify` later is not about this change.
    let notices = said
        .0
        .lock()
        .expect("no thread panics while it holds what was said")
        .take()
        .unwrap_or_default();
    match ended {
        Ok(_) => Ok(notices),
        Err(error) => Err(Trouble {
            error: faults::error_of(&error),
            report: host::report_in(context, &error),
        }),
    }
}

fn notify(context: &NativeCallContext, contact: &str, text: &str) -> Scripted<()> {
    let session = Session::of(context)?;
    let said = session.get::<Said>().ok();
    let mut said = said.as_ref().map(|said| {
        said.0
            .lock()
            .expect("no thread panics while it holds what was said")
    });
    match said.as_mut().and_then(|said| said.as_mut()) {
        Some(said) => {
            said.push(Notice {
                contact: contact.to_owned(),
                text: text.to_owned(),
            });
            Ok(())
        }
        None => Err(to_script(
            Error::invalid(
                "`notify` is for `tell_change(change)`: it tells people about that change",
            )
            .hint("to post from anywhere else: `slack::post(channel, text)` in `run_once`"),
        )),
    }
}
