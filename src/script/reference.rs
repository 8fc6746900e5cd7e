//! How native functions get the text that the reference, the prompt and failed calls show.

use rhai::FuncRegistration;

/// Starts the registration of a function with its parameters (`name: type`) and documentation.
pub fn documented(name: &str, params: &[&str], doc: &str) -> FuncRegistration {
    FuncRegistration::new(name)
        .in_global_namespace()
        .with_params_info(params)
        .with_comments(doc.lines().map(|line| format!("/// {}", line.trim_start())))
}
