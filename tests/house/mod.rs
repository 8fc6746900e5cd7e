//! The house itself: which way imports point, and what its files promise.
#![expect(
    clippy::disallowed_methods,
    reason = "it reads the sources from the disk"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The layers, the lowest first. A file may use what stands before it, and its own layer.
const LAYERS: [&[&str]; 11] = [
    &["error", "value"],
    &["world"],
    &["call", "config"],
    &["http", "release"],
    &["services"],
    &["state"],
    &["oar"],
    &["flow"],
    &["script"],
    &["sim"],
    &["cli"],
];

#[test]
fn imports_point_one_way() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let layer = layer_of(&file);
        let Some(mine) = layer else { continue };
        for used in uses(&text) {
            let Some(theirs) = rank(&used) else { continue };
            let may_simulate = [
                "emulator.rs",
                "emulate.rs",
                "world/simulated.rs",
                "services/mod.rs",
            ]
            .iter()
            .any(|name| file.ends_with(name))
                || file.components().any(|part| part.as_os_str() == "emulator");
            if theirs > mine && !(used == "sim" && may_simulate) {
                wrong.push(format!("{} uses {used}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| !text.trim_start_matches("#![").starts_with("//!"))
        .map(|(file, _)| file.display().to_string())
        .collect();
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn only_the_command_line_prints() {
    let printing: Vec<_> = sources()
        .into_iter()
        .filter(|(file, _)| layer_of(file) != rank("cli"))
        .filter(|(_, text)| {
            ["println!(", "eprintln!(", " print!(", "eprint!("]
                .iter()
                .any(|word| text.contains(word))
        })
        .map(|(file, _)| file.display().to_string())
        .collect();
    assert!(printing.is_empty(), "{}", printing.join("\n"));
}

#[test]
fn every_test_file_is_part_of_the_one_binary() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut missing = Vec::new();
    for file in files_below(&tests) {
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if file.extension().is_none_or(|ending| ending != "rs") || name == "mod" || name == "main" {
            continue;
        }
        let list = file.with_file_name("mod.rs");
        let text = fs::read_to_string(&list).unwrap_or_default();
        if !text.contains(&format!("mod {name};")) {
            missing.push(file.display().to_string());
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

fn sources() -> BTreeMap<PathBuf, String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    files_below(&src)
        .into_iter()
        .filter(|file| file.extension().is_some_and(|ending| ending == "rs"))
        .map(|file| {
            let text = fs::read_to_string(&file).expect("sources are text");
            (file, text)
        })
        .collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn layer_of(file: &Path) -> Option<usize> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let part = file.strip_prefix(src).ok()?.components().next()?;
    rank(part.as_os_str().to_str()?.trim_end_matches(".rs"))
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The modules of this crate that a file names, also in grouped imports.
fn uses(text: &str) -> Vec<String> {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let code: Vec<_> = text.lines().filter(is_code).collect();
    let code = code.join("\n");
    code.split("crate::")
        .skip(1)
        .flat_map(first_segments)
        .collect()
}

/// The first segment of a path, or of every path in a group.
fn first_segments(paths: &str) -> Vec<String> {
    let segment = |path: &str| -> String {
        let is_name = |letter: &char| letter.is_alphanumeric() || *letter == '_';
        path.trim_start().chars().take_while(is_name).collect()
    };
    let Some(group) = paths.strip_prefix('{') else {
        return vec![segment(paths)];
    };
    let mut depth = 1;
    let mut members = vec![String::new()];
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => members.push(String::new()),
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && letter != ',' {
            members
                .last_mut()
                .expect("there is always one")
                .push(letter);
        }
    }
    members.iter().map(|member| segment(member)).collect()
}
