//! What a closure sees when it crosses files, fields, threads and native code. An upgrade of the
//! engine must keep all of it.

use super::desk::{Desk, run_files, value};
use rhai::{Dynamic, EvalAltResult, FnPtr, NativeCallContext};

const LIBRARY: &str = r#"
    fn lib_apply(f) { f.call() }
    fn lib_helper() { "library" }
    fn lib_make() { || lib_helper() }
    fn lib_table() { [#{ run: || lib_helper() }] }
    fn lib_nested() { || { || { || lib_helper() } } }
"#;

fn check(main: &str, expected: &str) {
    let main = format!("import \"lib\";\n{main}");
    let ended = run_files(&[
        ("/project/lib.rhai", LIBRARY),
        ("/project/main.rhai", &main),
    ]);
    match ended {
        Ok(value) => assert_eq!(value.to_string(), expected, "{main}"),
        Err(error) => panic!("{}", error.render(false)),
    }
}

#[test]
fn a_closure_calls_the_functions_of_the_file_it_was_written_in() {
    check("fn helper() { \"main\" } lib_apply(|| helper())", "main");
    check(
        "fn helper() { \"main\" } let f = || helper(); lib_apply(f)",
        "main",
    );
    check("lib_make().call()", "library");
    check("let f = lib_make(); f.call()", "library");
    check("lib_apply(lib_make())", "library");
    check("lib_nested().call().call().call()", "library");
}

#[test]
fn a_closure_lives_in_maps_and_arrays() {
    check("lib_table()[0].run.call()", "library");
    check("let t = lib_table(); t[0].run()", "library");
    check("let m = #{ f: || lib_helper() }; m.f.call()", "library");
    check(
        "fn helper() { 7 } let a = [|| helper(), || 2]; a[0].call() + a[1].call()",
        "9",
    );
}

#[test]
fn a_function_given_by_name_is_the_one_of_the_program() {
    check("lib_apply(Fn(\"lib_helper\"))", "library");
    check("fn helper() { \"main\" } lib_apply(Fn(\"helper\"))", "main");
    check(
        "fn helper() { \"main\" } let f = helper; lib_apply(f)",
        "main",
    );
}

#[test]
fn a_constant_of_another_file_is_seen() {
    let library = "const LIMIT = 3; fn lib_limit() { global::LIMIT }";
    let run = |main: &str| {
        let files = [("/project/lib.rhai", library), ("/project/main.rhai", main)];
        match run_files(&files) {
            Ok(value) => value.to_string(),
            Err(error) => panic!("{}", error.render(false)),
        }
    };
    assert_eq!(run("import \"lib\"; lib_limit()"), "3");
    assert_eq!(run("import \"lib\"; LIMIT + 1"), "4");
    assert_eq!(run("import \"lib\"; fn f() { global::LIMIT * 2 } f()"), "6");
    assert_eq!(
        run("import \"lib\"; let f = || global::LIMIT; f.call()"),
        "3"
    );
}

#[test]
fn captured_variables_follow_the_closure() {
    assert_eq!(
        value("let n = 1; let f = || n += 1; f.call(); f.call(); n"),
        "3"
    );
    assert_eq!(value("let n = 1; let f = |k| n + k; f.call(41)"), "42");
    assert_eq!(value("let f = |a, b| a * b; f.curry(6).call(7)"), "42");
    assert_eq!(
        value("let k = 2; let f = |x| switch x { 2 => \"two\", _ => \"other\" }; f.call(k)"),
        "two"
    );
    assert_eq!(
        value("let k = 2; let f = || switch k { 2 => \"two\", _ => \"other\" }; f.call()"),
        "two"
    );
}

#[test]
fn standard_functions_call_closures() {
    check(
        "[1, 2, 3].map(|x| x * 2).filter(|x| x > 2).reduce(|sum, x| sum + x, 0)",
        "10",
    );
    check(
        "fn helper(x) { x + 1 } [1, 2].map(|x| helper(x)).len()",
        "2",
    );
}

#[test]
fn native_code_calls_closures_it_got_and_kept() {
    let world = Desk::new(&[("/project/lib.rhai", LIBRARY)]);
    let host = world
        .builder()
        .register(|engine| {
            engine.register_fn(
                "twice",
                |context: NativeCallContext, f: FnPtr| -> Result<Dynamic, Box<EvalAltResult>> {
                    let _ = f.call_within_context::<Dynamic>(&context, ())?;
                    f.call_within_context(&context, ())
                },
            );
        })
        .build()
        .expect("a host");
    let program = host.load_text(
        "main.rhai",
        "import \"lib\"; fn helper() { \"main\" } twice(|| helper()) + twice(lib_make())",
    );
    let value = host.run(&program.expect("it loads"), Vec::new());
    assert_eq!(value.expect("it runs").to_string(), "mainlibrary");
}

#[test]
fn a_local_variable_hides_a_constant_but_functions_stay_pure() {
    assert_eq!(
        value("const A = 1; let a = 2; fn f(a) { a + global::A } f(a)"),
        "3"
    );
}
