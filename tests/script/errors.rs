//! How errors look to the person who must do something about them.

use oar_script::{
    call::{Session, to_script},
    error::{Error, Kind},
    script::calling::call_function,
};
use rhai::{Dynamic, EvalAltResult, NativeCallContext};
use serde_json::{Value, json};

use super::desk::{Desk, report, run, run_files};

#[test]
fn a_service_error_shows_the_line_the_calls_and_what_to_do() {
    let world = Desk::new(&[("/project/lib.rhai", "fn lib_merge(n) {\n    merge(n)\n}")]);
    let host = world
        .builder()
        .register(|engine| {
            engine.register_fn("merge", |context: NativeCallContext, number: i64| {
                let session = Session::of(&context)?;
                let request = async move {
                    Err::<(), _>(
                        Error::new(
                            Kind::Conflict,
                            format!("merge request {number} has conflicts"),
                        )
                        .service("gitlab")
                        .status(409)
                        .hint("rebase it and run again"),
                    )
                };
                session.call_from_script("gitlab.merge", json!([number]), true, request)
            });
        })
        .build()
        .expect("a host");
    let program = host
        .load_text(
            "main.rhai",
            "import \"lib\";\n\nfn start() {\n    lib_merge(901);\n}\n\nstart();",
        )
        .expect("it loads");
    let error = host.run(&program, Vec::new()).expect_err("it fails");
    assert_eq!(error.error.kind, Kind::Conflict);
    insta::assert_snapshot!(error.render(false), @r#"
    error[conflict]: gitlab: merge request 901 has conflicts
     --> lib.rhai:2:5
      |
    2 |     merge(n)
      |     ^^^^^
      |
     ::: main.rhai:4:5
      |
    4 |     lib_merge(901);
      |     --------- in this call of `lib_merge`
      |
     ::: main.rhai:7:1
      |
    7 | start();
      | ----- in this call of `start`
      |
      = note: gitlab answered with status 409
      = note: the last call outside was `gitlab.merge`
      = help: rebase it and run again
    "#);
    let json = error.diagnostics[0].to_json();
    assert_eq!(json["code"], "conflict");
    assert_eq!(
        json["place"],
        json!({ "file": "lib.rhai", "line": 2, "column": 5 })
    );
    assert_eq!(json["frames"][1]["function"], "lib_merge");
    assert!(
        error.render(true).contains("\u{1b}["),
        "colours are there when wanted"
    );
}

#[test]
fn wrong_types_show_the_signature_and_the_argument() {
    let report = report("fn f(x) {\n    sleep(1);\n    x.index_of(42)\n}\nf(\"text\")");
    assert!(report.contains("error[wrong_arguments]"), "{report}");
    assert!(report.contains("`index_of`"), "{report}");
}

#[test]
fn an_empty_argument_is_explained() {
    let report = report("let build = #{};\nfail(\"busy\", build.reason)");
    insta::assert_snapshot!(report, @r#"
    error[wrong_arguments]: argument 2 of `fail` cannot be ()
     --> main.rhai:2:1
      |
    2 | fail("busy", build.reason)
      | ^^^^
      |
      = note: argument 2 is empty (`()`): what it was read from has no value
      = help: fail(kind: string, message: string)
    "#);
}

#[test]
fn an_empty_value_with_a_field_is_explained() {
    let report = report("let build = #{};\nbuild.owner.name");
    assert!(report.contains("the value is empty (`()`)"), "{report}");
}

#[test]
fn a_wrong_operand_is_explained() {
    let report = report("let build = #{};\n1 + build.number");
    assert!(
        report.contains("`+` cannot be used with int and ()"),
        "{report}"
    );
}

#[test]
fn a_captured_receiver_is_explained() {
    let world = Desk::new(&[]);
    let host = world
        .builder()
        .register(|engine| {
            engine.register_fn(
                "step",
                |context: NativeCallContext, _: &mut rhai::Map, f: rhai::FnPtr| {
                    f.call_within_context::<Dynamic>(&context, ())
                },
            );
        })
        .build()
        .expect("a host");
    let program = host
        .load_text(
            "main.rhai",
            "let flow = #{ name: 1 };\nflow.step(|| flow.name)",
        )
        .expect("it loads");
    let error = host
        .run(&program, Vec::new())
        .expect_err("the closure captures its receiver");
    insta::assert_snapshot!(error.render(false), @r#"
    error[data_race]: argument #1 of function `step` is in use twice at the same time
     --> main.rhai:2:6
      |
    2 | flow.step(|| flow.name)
      |      ^^^^
      |
      = note: a closure shares the variables it captures; a method locks the value it is called on, so the two exclude each other
      = help: copy what the closure needs into a variable first, or call a free function: `step(obj, || ..)` instead of `obj.step(|| ..)`
    "#);
}

#[test]
fn syntax_errors_show_the_token() {
    let check = |text: &str, expected: &str| {
        let report = report(text);
        assert!(report.contains(expected), "{report}");
        assert!(report.contains("--> main.rhai:"), "{report}");
    };
    check("let x = ;", "error[syntax]");
    check("fn f( {", "error[syntax]");
    check(
        "let x = \"abc",
        "error[syntax]: open string is not terminated",
    );
    check("fn f() {", "expecting `}` to terminate this block");
    check("/// A doc.\nlet x = 1;", "use `//` here");
    check("let if = 1;", "error[syntax]");
    check("let x = 1; x === 2", "error[syntax]");
    check("let fn = 1;\n\n", "error[syntax]");
}

#[test]
fn a_thrown_value_of_any_kind_is_reported() {
    let text = |value: &str| report(&format!("let x = 1;\nthrow {value};"));
    assert!(text("\"no build\"").contains("error[invalid]: no build"));
    assert!(text("#{ kind: \"denied\", message: \"no\" }").contains("error[denied]: no"));
    assert!(text("42").contains("the script threw 42"));
    assert!(text("()").contains("main.rhai:2:1"));
}

#[test]
fn closures_have_a_readable_name() {
    let report = report("let f = |x| x.missing();\nlet m = [1].map(|y| [y][3]);");
    assert!(!report.contains("anon$"), "{report}");
    let error = run("let f = |x| [x][9];\n\nf.call(1)").expect_err("out of bounds");
    assert_eq!(error.diagnostics[0].frames[0].function, "<closure>");
}

#[test]
fn an_endless_recursion_is_shown_in_short() {
    let report = report("fn again(n) {\n    again(n + 1)\n}\nagain(0)");
    assert!(report.contains("too deeply"), "{report}");
    assert!(report.lines().count() < 60, "{report}");
}

#[test]
fn calls_inside_shipped_scripts_are_folded() {
    let error = run_files(&[("/project/main.rhai", "import \"text\";\ntext_loud(1)")]);
    let error = error.expect_err("a number has no capitals");
    insta::assert_snapshot!(error.render(false), @r#"
    error[wrong_arguments]: argument 1 of `to_upper` cannot be int
     --> text.rhai:5:10
      |
    5 |     text.to_upper()
      |          ^^^^^^^^
      |
     ::: main.rhai:2:1
      |
    2 | text_loud(1)
      | --------- in this call of `text_loud`
      |
      = help: to_upper(character: char) -> char
      = help: to_upper(string: string) -> string
    "#);
}

#[test]
fn native_code_calls_script_functions_by_name_from_threads() {
    let world = Desk::with_turns(&[], false);
    let host = world
        .builder()
        .register(|engine| {
            engine.register_fn(
                "drive",
                |context: NativeCallContext| -> Result<String, Box<EvalAltResult>> {
                    let context = &context;
                    std::thread::scope(|scope| {
                        let threads: Vec<_> = (0..4)
                            .map(|n: i64| {
                                scope.spawn(move || call_function(context, "node", vec![n.into()]))
                            })
                            .collect();
                        let mut text = String::new();
                        for thread in threads {
                            let ended = thread
                                .join()
                                .map_err(|_| to_script(Error::invalid("a thread broke off")))?;
                            text += &ended?.to_string();
                        }
                        Ok(text)
                    })
                },
            );
        })
        .build()
        .expect("a host");
    let run = |body: &str| {
        let program = host
            .load_text(
                "main.rhai",
                &format!("fn node(n) {{\n    {body}\n}}\ndrive()"),
            )
            .expect("it loads");
        host.run(&program, Vec::new())
    };
    assert_eq!(run("n * 2").expect("it runs").to_string(), "0246");
    let error = run("if n == 3 { fail(\"busy\", \"full\") }").expect_err("one fails");
    assert_eq!(error.to_string(), "main.rhai:2:17: full");
    assert_eq!(error.diagnostics[0].frames[0].function, "node");
    let program = host.load_text("main.rhai", "drive()").expect("it loads");
    let error = host
        .run(&program, Vec::new())
        .expect_err("there is no node");
    assert_eq!(error.error.message, "there is no function `node`");
}

#[test]
fn an_error_before_any_script_renders_without_a_place() {
    let world = Desk::new(&[]);
    let host = world.builder().build().expect("a host");
    let error = host
        .load("nothing-like-it")
        .expect_err("there is no such script");
    let report = error.render(false);
    assert!(
        report.contains("error[not_found]: there is no script `nothing-like-it.rhai`"),
        "{report}"
    );
    assert!(report.contains("the shipped scripts"), "{report}");
    let none: Value = error.diagnostics[0].to_json()["place"].clone();
    assert!(none.is_null());
}
