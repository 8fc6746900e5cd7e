//! One program of many files: imports, overrides, files that take the place of others.

use oar_script::{error::Kind, script::sources::Origin};

use super::desk::{Desk, host, load, load_report, run_files};

fn value(files: &[(&str, &str)]) -> String {
    match run_files(files) {
        Ok(value) => value.to_string(),
        Err(error) => panic!("{}", error.render(false)),
    }
}

#[test]
fn a_file_is_included_once_however_often_it_is_imported() {
    let files = [
        (
            "/project/main.rhai",
            "import \"a\"; import \"b\"; import \"b.rhai\"; a() + b()",
        ),
        ("/project/a.rhai", "import \"b\"; fn a() { b() }"),
        ("/project/b.rhai", "import \"a\"; fn b() { 21 }"),
    ];
    assert_eq!(value(&files), "42");
    let (_, program) = load(&files);
    let program = program.expect("it loads");
    let names: Vec<_> = program
        .files()
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    assert_eq!(names, ["main.rhai", "a.rhai", "b.rhai"]);
}

#[test]
fn the_strongest_root_wins_and_the_report_says_so() {
    let files = [
        ("/given/lib.rhai", "fn who() { \"given\" }"),
        ("/project/lib.rhai", "fn who() { \"project\" }"),
        ("/user/lib.rhai", "fn who() { \"user\" }"),
        ("/user/text.rhai", "fn text_loud(text) { text + \"!\" }"),
        (
            "/project/main.rhai",
            "import \"lib\"; import \"text\"; who() + text_loud(\"\")",
        ),
    ];
    assert_eq!(value(&files), "given!");
    let (_, program) = load(&files);
    let program = program.expect("it loads");
    let shadows: Vec<_> = program
        .shadows()
        .iter()
        .map(|shadow| (shadow.name.as_str(), shadow.by, shadow.hidden.clone()))
        .collect();
    assert_eq!(
        shadows,
        [
            (
                "lib.rhai",
                Origin::Given,
                vec![Origin::Project, Origin::User]
            ),
            ("text.rhai", Origin::User, vec![Origin::Embedded]),
        ]
    );
}

#[test]
fn an_override_wins_and_is_reported() {
    let files = [
        ("/project/main.rhai", "import \"lib\"; report()"),
        (
            "/project/lib.rhai",
            "fn helper() { \"lib\" }\nfn report() { helper() }",
        ),
        ("/user/overrides/me.rhai", "fn helper() { \"user\" }"),
        (
            "/project/overrides/team.rhai",
            "// ours\nfn helper() { word() }\nprivate fn word() { \"team\" }",
        ),
    ];
    assert_eq!(value(&files), "team");
    let (_, program) = load(&files);
    let program = program.expect("it loads");
    let overrides: Vec<_> = program
        .overrides()
        .iter()
        .map(|change| {
            format!(
                "{}/{}: {} -> {}",
                change.name, change.arity, change.from, change.to
            )
        })
        .collect();
    assert_eq!(
        overrides,
        [
            "helper/0: lib.rhai:1:4 -> overrides/me.rhai:1:4",
            "helper/0: overrides/me.rhai:1:4 -> overrides/team.rhai:2:4",
        ]
    );
    let helper = program.function("helper", 0).expect("it is there");
    assert_eq!(helper.place.to_string(), "overrides/team.rhai:2:4");
}

#[test]
fn an_override_of_a_function_of_another_script_waits_for_that_script() {
    let files = [
        ("/project/main.rhai", "1 + 1"),
        (
            "/project/lib.rhai",
            "fn helper() { lib_only() } fn lib_only() { 1 }",
        ),
        (
            "/project/overrides/team.rhai",
            "fn helper() { [1].map(|x| lib_only()) }",
        ),
    ];
    assert_eq!(value(&files), "2");
    let (_, program) = load(&files);
    assert!(program.expect("it loads").overrides().is_empty());
}

#[test]
fn an_override_of_nothing_is_an_error() {
    let report = load_report(&[
        ("/project/main.rhai", "import \"lib\"; helper()"),
        ("/project/lib.rhai", "fn helper() { 1 }"),
        ("/project/overrides/team.rhai", "fn helpr() { 2 }"),
    ]);
    insta::assert_snapshot!(report, @r#"
    error[override_of_nothing]: `helpr` with 0 parameters overrides nothing
     --> overrides/team.rhai:1:4
      |
    1 | fn helpr() { 2 }
      |    ^^^^^ no script defines this function
      |
      = help: did you mean `helper`?
    "#);
}

#[test]
fn an_override_must_have_the_same_number_of_parameters() {
    let report = load_report(&[
        ("/project/main.rhai", "fn helper(a) { a } helper(1)"),
        ("/project/overrides/team.rhai", "fn helper() { 2 }"),
    ]);
    assert!(report.contains("`helper` has 1 parameter"), "{report}");
}

#[test]
fn internals_cannot_be_overridden() {
    let report = load_report(&[
        ("/project/main.rhai", "fn __count() { 1 } __count()"),
        ("/project/overrides/team.rhai", "fn __count() { 2 }"),
    ]);
    assert!(report.contains("`__count` is internal"), "{report}");
}

#[test]
fn a_function_defined_twice_is_an_error_that_names_both_places() {
    let report = load_report(&[
        (
            "/project/main.rhai",
            "import \"lib\";\nfn helper() { 1 }\nhelper()",
        ),
        ("/project/lib.rhai", "fn helper() { 2 }"),
    ]);
    insta::assert_snapshot!(report, @r#"
    error[defined_twice]: the function `helper` with 0 parameters is defined twice
     --> main.rhai:2:4
      |
    2 | fn helper() { 1 }
      |    ^^^^^^ defined again here
      |
     ::: lib.rhai:1:4
      |
    1 | fn helper() { 2 }
      |    ------ first defined here
      |
      = help: rename one of them; to replace a shipped function, put yours into a file under `overrides/`
    "#);
}

#[test]
fn the_same_name_with_other_parameters_is_another_function() {
    let files = [
        (
            "/project/main.rhai",
            "import \"lib\"; fn helper(x) { x } helper() + helper(2)",
        ),
        ("/project/lib.rhai", "fn helper() { 40 }"),
    ];
    assert_eq!(value(&files), "42");
}

#[test]
fn a_missing_import_names_the_line_and_similar_names() {
    let report = load_report(&[
        (
            "/project/main.rhai",
            "// phases\nimport \"phases/mendign\";",
        ),
        ("/project/phases/mending.rhai", "fn mending() {}"),
    ]);
    insta::assert_snapshot!(report, @r#"
    error[not_found]: there is no script `phases/mendign.rhai`
     --> main.rhai:2:1
      |
    2 | import "phases/mendign";
      | ^^^^^^
      |
      = help: did you mean `phases/mending.rhai`?
    "#);
}

#[test]
fn an_unknown_script_lists_similar_names() {
    let error = host(&[("/project/drive.rhai", "1")])
        .load("drvie.rhai")
        .expect_err("there is no such script");
    assert_eq!(error.error.kind, Kind::NotFound);
    assert_eq!(
        error.error.hint.as_deref(),
        Some("did you mean `drive.rhai`?")
    );
}

#[test]
fn an_import_with_a_name_is_refused() {
    let report = load_report(&[
        ("/project/main.rhai", "import \"lib\" as lib;"),
        ("/project/lib.rhai", "fn helper() { 1 }"),
    ]);
    insta::assert_snapshot!(report, @r#"
    error[import_alias]: scripts are included, not imported under a name
     --> main.rhai:1:1
      |
    1 | import "lib" as lib;
      | ^^^^^^ remove `as lib`
      |
      = note: in the current engine a closure that crosses a module calls the wrong functions, silently
      = help: functions of the file are called by their own name
    "#);
}

#[test]
fn an_import_cannot_leave_its_roots() {
    for path in ["../secret", "/etc/passwd", "a/../../b", "..\\\\x", ""] {
        let main = format!("import \"{path}\";");
        let report = load_report(&[("/project/main.rhai", &main), ("/secret.rhai", "fn s() {}")]);
        assert!(report.contains("error[refused]"), "{path}: {report}");
        assert!(report.contains("main.rhai:1:1"), "{path}: {report}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_cannot_leave_its_root() {
    let outside = tempfile::tempdir().expect("a folder");
    let root = tempfile::tempdir().expect("a folder");
    let secret = outside.path().join("secret.rhai");
    std::io::Write::write_all(
        &mut tempfile::NamedTempFile::new_in(outside.path())
            .expect("a file")
            .reopen()
            .expect("open"),
        b"",
    )
    .expect("written");
    std::fs::copy("stdlib/text.rhai", &secret).expect("copied");
    std::os::unix::fs::symlink(&secret, root.path().join("inside.rhai")).expect("linked");
    let world = Desk::new(&[]);
    let host = world
        .builder()
        .project(root.path())
        .build()
        .expect("a host");
    let error = host.load("inside").expect_err("the link leads out");
    assert_eq!(error.error.kind, Kind::Refused);
}

#[test]
fn an_import_inside_a_function_is_refused() {
    let report = load_report(&[
        ("/project/main.rhai", "fn f() { import \"lib\"; }\nf()"),
        ("/project/lib.rhai", "fn helper() { 1 }"),
    ]);
    assert!(
        report.contains("`import` belongs to the top of a file"),
        "{report}"
    );
}

#[test]
fn an_import_of_a_computed_path_is_refused() {
    let report = load_report(&[("/project/main.rhai", "let name = \"lib\"; import name;")]);
    assert!(report.contains("must be a constant text"), "{report}");
}

#[test]
fn an_imported_file_may_only_define() {
    let report = load_report(&[
        ("/project/main.rhai", "import \"lib\";"),
        ("/project/lib.rhai", "fn f() {}\nprint(\"now\");"),
    ]);
    insta::assert_snapshot!(report, @r#"
    error[statement_in_library]: only the main script may do something
     --> lib.rhai:2:1
      |
    2 | print("now");
      | ^^^^^ this would run at every import
      |
      = help: put it into a function; an imported file has functions and `const` only
    "#);
}

#[test]
fn a_broken_file_is_reported_at_its_own_place_with_the_import() {
    let report = load_report(&[
        ("/project/main.rhai", "\n\nimport \"phases/one\";"),
        (
            "/project/phases/one.rhai",
            "//! One.\n\nfn one() {\n    let x = ;\n}\n",
        ),
    ]);
    insta::assert_snapshot!(report, @r#"
    error[syntax]: unexpected `;`
     --> phases/one.rhai:4:13
      |
    4 |     let x = ;
      |             ^
      |
     ::: main.rhai:3:1
      |
    3 | import "phases/one";
      | ------ imported here
    "#);
}

#[test]
fn positions_survive_many_files() {
    let files = [
        (
            "/project/main.rhai",
            "import \"one\";\nimport \"two\";\n\n\nfn start() {\n    one()\n}\nstart();\n",
        ),
        ("/project/one.rhai", "// one\nfn one() { two(1) }\n"),
        (
            "/project/two.rhai",
            "\n\n// two\nfn two(n) {\n    let x = n;\n    three(x)\n}\n\nfn three(x) {\n      [][x]\n}",
        ),
    ];
    let error = run_files(&files).expect_err("the array is empty");
    let diagnostic = &error.diagnostics[0];
    assert_eq!(
        diagnostic.place.as_ref().expect("a place").to_string(),
        "two.rhai:10:10"
    );
    let calls: Vec<_> = diagnostic
        .frames
        .iter()
        .map(|frame| {
            format!(
                "{} {}",
                frame.call.as_ref().expect("a place"),
                frame.function
            )
        })
        .collect();
    assert_eq!(
        calls,
        [
            "main.rhai:8:1 start",
            "main.rhai:6:5 one",
            "one.rhai:2:12 two",
            "two.rhai:6:5 three",
        ]
    );
}

#[test]
fn a_program_with_too_many_lines_is_refused() {
    let long = "// line\n".repeat(66_000);
    let report = load_report(&[
        ("/project/main.rhai", "import \"long\";"),
        ("/project/long.rhai", &long),
    ]);
    assert!(report.contains("more than 65535 lines"), "{report}");
}

#[test]
fn shipped_files_that_need_no_service_load() {
    let host = host(&[]);
    let names = host.sources().names();
    for name in ["hello.rhai", "text.rhai"] {
        assert!(names.iter().any(|other| other == name), "{name} is listed");
        if let Err(error) = host.load(name) {
            panic!("{}", error.render(false));
        }
    }
}

#[test]
fn a_shipped_script_runs_by_its_name() {
    let world = Desk::new(&[]);
    let host = world.builder().build().expect("a host");
    let program = host.load("hello").expect("it is shipped");
    let _ = host
        .run(&program, vec!["Ann".to_owned(), "--loud".to_owned()])
        .expect("it runs");
    assert_eq!(world.printed(), ["HELLO, ANN!"]);
}
