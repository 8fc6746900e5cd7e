//! A Python for tests that hold our side against the libraries other people use.
#![expect(
    clippy::disallowed_methods,
    reason = "which Python is meant may be said in the environment of the test"
)]

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

/// Imports the modules that are its arguments; writes the names of those it cannot.
const IMPORT: &str = r"
import importlib, sys
missing = []
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception:
        missing.append(name)
print(' '.join(missing))
";

const INSTALL: &str = "python3 -m venv target/python && \
    target/python/bin/pip install -r tests/clients/requirements.txt";

/// Returns a Python that can import all `modules` and reaches the loopback without a proxy.
///
/// The first that fits is taken: the one `OAR_SCRIPT_TEST_PYTHON` names, the one in `target/python`,
/// the `python3` of the path. Without one it says what is missing and returns `None`: the test is
/// skipped then.
pub fn python(modules: &[&str]) -> Option<Command> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python3");
    let named = std::env::var_os("OAR_SCRIPT_TEST_PYTHON").map(PathBuf::from);
    let mut tried = Vec::new();
    for program in named.into_iter().chain([ours, PathBuf::from("python3")]) {
        match missing(&program, modules) {
            Ok(missing) if missing.is_empty() => return Some(command(&program)),
            Ok(missing) => tried.push(format!("`{}` lacks {missing}", program.display())),
            Err(_) => tried.push(format!("`{}` does not run", program.display())),
        }
    }
    // Written past the test's captured output: a skipped test should be seen.
    let tried = tried.join(", ");
    let _ = writeln!(io::stderr(), "skipped: {tried}; to have it: {INSTALL}");
    None
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("PYTHONIOENCODING", "utf-8")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(proxy).env_remove(proxy.to_lowercase());
    }
    command
}

/// The names of the modules it cannot import, with a space between them.
fn missing(program: &Path, modules: &[&str]) -> io::Result<String> {
    let output = command(program)
        .args(["-c", IMPORT])
        .args(modules)
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other("it cannot run a script"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.trim().to_owned())
}
