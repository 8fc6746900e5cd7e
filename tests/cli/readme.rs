//! The commands in README.md and docs do what is said next to them.
//!
//! Of every `console` block, `$ cargo run -- WORDS` and `$ oar-script WORDS` run the program in a
//! folder of their own, in the order of the page. `# exit code N` beside a command is checked; a
//! command without one ends with 0. Other commands are not run.
#![expect(
    clippy::disallowed_methods,
    reason = "it looks at the disk as a person would"
)]

use std::{path::Path, process::Command};

struct Example {
    line: String,
    words: Vec<String>,
    code: i32,
}

#[test]
fn the_readme_is_true() {
    check("README.md", 6);
}

#[test]
fn the_recovery_page_is_true() {
    check("docs/recovery.md", 6);
}

#[test]
fn the_simulation_page_is_true() {
    check("docs/simulation.md", 4);
}

#[test]
fn a_block_is_read_as_it_is_typed() {
    let page = "```console\n$ cargo run -- decide a \\\n    --why \"two words\" --sim   # exit code 4: why\n\
        $ cargo test\nan answer\n$ oar-script sim list\n```\n```toml\n$ oar-script no\n```\n";
    let examples = examples(page);
    assert_eq!(examples.len(), 2);
    assert_eq!(
        examples[0].words,
        ["decide", "a", "--why", "two words", "--sim"]
    );
    assert_eq!(examples[0].code, 4);
    assert_eq!(examples[1].words, ["sim", "list"]);
    assert_eq!(examples[1].code, 0);
}

fn check(page: &str, at_least: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join(page)).expect("the page can be read");
    let examples = examples(&text);
    assert!(
        examples.len() >= at_least,
        "{page} shows {} commands",
        examples.len()
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    #[cfg(unix)]
    std::os::unix::fs::symlink(root.join("tests"), folder.path().join("tests"))
        .expect("the fixtures can be linked");
    for example in examples {
        let output = Command::new(env!("CARGO_BIN_EXE_oar-script"))
            .args(&example.words)
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .env_remove("XDG_STATE_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("OAR_SCRIPT_LOG")
            .stdin(std::process::Stdio::null())
            .output()
            .expect("the program starts");
        assert_eq!(
            output.status.code(),
            Some(example.code),
            "{page}: {}\n{}{}",
            example.line,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn examples(page: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut is_console = false;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            is_console = language == "console";
            continue;
        }
        let Some(typed) = line.trim_start().strip_prefix("$ ").filter(|_| is_console) else {
            continue;
        };
        let mut typed = typed.to_owned();
        while let Some(start) = typed.strip_suffix('\\') {
            typed = format!("{start} {}", lines.next().unwrap_or_default().trim());
        }
        let (command, comment) = match typed.split_once(" #") {
            Some((command, comment)) => (command, comment),
            None => (typed.as_str(), ""),
        };
        let words = command
            .strip_prefix("cargo run -- ")
            .or_else(|| command.strip_prefix("oar-script "));
        let Some(words) = words else { continue };
        examples.push(Example {
            line: typed.clone(),
            words: split(words),
            code: code(comment),
        });
    }
    examples
}

/// The number after `exit code`; 0 when there is none.
fn code(comment: &str) -> i32 {
    let Some((_, said)) = comment.split_once("exit code ") else {
        return 0;
    };
    let digits: String = said
        .chars()
        .take_while(|letter| letter.is_ascii_digit())
        .collect();
    digits.parse().expect("`exit code` is followed by a number")
}

/// Words as a shell makes them of plain words and double quotes.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (place, part) in text.split('"').enumerate() {
        if place % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}
