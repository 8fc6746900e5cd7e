//! How native code calls a script function by its name, from any thread.

use rhai::{Dynamic, EvalAltResult, NativeCallContext};

use super::branches;

/// Calls the script function `name` and returns its value.
///
/// `context` is that of the native call that is running; scoped threads may borrow it. The
/// arguments are copied free of what they share with other variables. A failure keeps its calls and
/// positions; [`super::faults::error_of`] returns the error in it.
pub fn call_function(
    context: &NativeCallContext,
    name: &str,
    mut arguments: Vec<Dynamic>,
) -> Result<Dynamic, Box<EvalAltResult>> {
    arguments.iter_mut().for_each(branches::detach);
    context.call_fn::<Dynamic>(name, arguments)
}
