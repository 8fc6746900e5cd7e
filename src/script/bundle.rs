//! Puts a script and everything it imports into one program.
//!
//! The engine's own modules are not used: a closure that crosses one loses its functions. Here
//! `import "phases/x";` includes a file once, all functions share one name space, and a file under
//! `overrides/` may redefine single functions of it.
//!
//! Each file is compiled behind as many empty lines as there are lines before it, so a line number
//! is unique in the program and leads back to its file.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, LazyLock},
};

use regex::Regex;
use rhai::{AST, Engine, Position, Scope};

use super::{
    diagnostic::{Diagnostic, ScriptError, Texts},
    explain,
    header::Header,
    hooks::{self, Definition, Import},
    program::{self, File, Function, Override, Program, Shadow},
    sources::{Source, Sources},
    suggest, syntax,
};
use crate::error::Place;

/// The engine counts lines with 16 bits.
const MAX_LINES: usize = 65_535;

/// The variable that holds the arguments of the main script.
pub(super) const ARGS: &str = "args";

#[derive(Clone, Copy, Eq, PartialEq)]
enum Role {
    Main,
    Library,
    Override,
}

/// Loads `main` and what it imports.
pub(super) fn bundle(
    engine: &Engine,
    sources: &Sources,
    main: Source,
) -> Result<Program, ScriptError> {
    let mut bundler = Bundler::new(engine, sources);
    let built = bundler.build(&main);
    let texts = Arc::new(bundler.texts);
    match built {
        Ok(header) => Ok(Program {
            name: main.name,
            ast: bundler.ast,
            header,
            files: bundler.files,
            functions: bundler.functions,
            overrides: bundler.overrides,
            shadows: bundler.shadows,
            inactive: bundler.inactive,
            texts,
        }),
        Err(diagnostic) => Err(ScriptError::new(vec![*diagnostic], texts)),
    }
}

type Step<T = ()> = Result<T, Box<Diagnostic>>;

struct Bundler<'a> {
    engine: &'a Engine,
    sources: &'a Sources,
    ast: AST,
    files: Vec<File>,
    texts: Texts,
    functions: Vec<Function>,
    places: HashMap<(String, usize), usize>,
    constants: BTreeSet<String>,
    overrides: Vec<Override>,
    shadows: Vec<Shadow>,
    inactive: Vec<(Position, Position)>,
}

impl<'a> Bundler<'a> {
    fn new(engine: &'a Engine, sources: &'a Sources) -> Self {
        Self {
            engine,
            sources,
            ast: AST::empty(),
            files: Vec::new(),
            texts: Texts::default(),
            functions: Vec::new(),
            places: HashMap::new(),
            constants: BTreeSet::new(),
            overrides: Vec::new(),
            shadows: Vec::new(),
            inactive: Vec::new(),
        }
    }

    fn build(&mut self, main: &Source) -> Step<Header> {
        let header = Header::parse(&main.text);
        self.add(main, Role::Main, None)?;
        let overrides = self
            .sources
            .overrides()
            .map_err(|error| Box::new(explain::plain(&error)))?;
        for source in &overrides {
            let is_main = source.path.is_some() && source.path == main.path;
            if !is_main {
                self.add(source, Role::Override, None)?;
            }
        }
        header.map_err(|(line, error)| {
            let column = 5;
            let file = main.name.clone();
            Box::new(explain::plain(&error).at(Some(Place { file, line, column })))
        })
    }

    fn add(&mut self, source: &Source, role: Role, importer: Option<&Place>) -> Step {
        let lines_before = self
            .files
            .last()
            .map_or(0, |file| file.lines_before + file.lines + 1);
        let lines = source.text.lines().count();
        self.texts.insert(source.name.clone(), source.text.clone());
        if lines_before + lines + 1 > MAX_LINES {
            let title = format!("the script and its imports have more than {MAX_LINES} lines");
            return Err(Box::new(
                Diagnostic::error("too_large", title)
                    .at(importer.cloned())
                    .help("split the work into several scripts"),
            ));
        }
        self.files.push(File {
            name: source.name.clone(),
            path: source.path.clone(),
            origin: source.origin,
            text: source.text.clone(),
            lines_before,
            lines,
        });
        let file = self.files.len() - 1;
        self.note_shadow(source);
        let is_main = role == Role::Main;
        if is_main {
            // The constants of imported files must be known before the script itself compiles.
            for import in self.early_imports(source, lines_before) {
                self.include(&import)?;
            }
        }
        let mut ast = self
            .compile(source, role, lines_before)
            .map_err(|diagnostic| {
                Box::new(diagnostic.related(importer.cloned(), "imported here"))
            })?;
        for import in hooks::imports(&ast) {
            self.include(&import)?;
        }
        if let Some(position) = hooks::first_action(&ast).filter(|_| !is_main) {
            return Err(Box::new(
                Diagnostic::error(
                    "statement_in_library",
                    "only the main script may do something",
                )
                .at(program::locate(&self.files, position))
                .label("this would run at every import")
                .help("put it into a function; an imported file has functions and `const` only"),
            ));
        }
        self.constants.extend(hooks::constants(&ast));
        let mut is_all_used = true;
        for definition in hooks::definitions(&ast) {
            let range = (definition.body, definition.end);
            if !self.define(definition, file, role)? {
                is_all_used = false;
                self.inactive.push(range);
            }
        }
        if !is_all_used {
            let known = &self.places;
            ast.retain_functions(|_, _, name, arity| {
                hooks::is_closure(name) || known.contains_key(&(name.to_owned(), arity))
            });
        }
        self.ast.combine(ast);
        Ok(())
    }

    fn compile(&self, source: &Source, role: Role, lines_before: usize) -> Result<AST, Diagnostic> {
        let text = format!("{}{}", "\n".repeat(lines_before), source.text);
        let mut scope = Scope::new();
        if role == Role::Main {
            scope.push_constant(ARGS, rhai::Map::new());
            for name in &self.constants {
                scope.push_constant(name.clone(), ());
            }
        }
        self.engine
            .compile_with_scope(&scope, text)
            .map_err(|error| syntax::parse_error(&error, &self.files, self.engine))
    }

    /// Returns the imports of a script that perhaps does not compile yet.
    fn early_imports(&self, source: &Source, lines_before: usize) -> Vec<Import> {
        let imports: Vec<_> = source
            .text
            .lines()
            .map(|line| match line.starts_with("import ") {
                true => line.split_inclusive(';').next().unwrap_or_default(),
                false => "",
            })
            .collect();
        let text = format!("{}{}", "\n".repeat(lines_before), imports.join("\n"));
        self.engine
            .compile(text)
            .map(|ast| hooks::imports(&ast))
            .unwrap_or_default()
    }

    fn include(&mut self, import: &Import) -> Step {
        let place = program::locate(&self.files, import.position);
        if let Some(alias) = &import.alias {
            return Err(Box::new(
                Diagnostic::error("import_alias", "scripts are included, not imported under a name")
                    .at(place)
                    .label(format!("remove `as {alias}`"))
                    .note("in the current engine a closure that crosses a module calls the wrong functions, silently")
                    .help("functions of the file are called by their own name"),
            ));
        }
        if !import.is_top_level {
            return Err(Box::new(
                Diagnostic::error("import_place", "`import` belongs to the top of a file")
                    .at(place)
                    .help("move it out of the function or block"),
            ));
        }
        let Some(path) = &import.path else {
            return Err(Box::new(
                Diagnostic::error(
                    "import_path",
                    "the path of an `import` must be a constant text",
                )
                .at(place)
                .help("write `import \"phases/promotion\";`"),
            ));
        };
        let source = self
            .sources
            .find(path)
            .map_err(|error| Box::new(explain::plain(&error).at(place.clone())))?;
        let is_loaded = self.files.iter().any(|file| {
            file.name == source.name || file.path.is_some() && file.path == source.path
        });
        if is_loaded {
            return Ok(());
        }
        self.add(&source, Role::Library, place.as_ref())
    }

    /// Registers a definition; `false` when it overrides a function this program does not load.
    fn define(&mut self, definition: Definition, file: usize, role: Role) -> Step<bool> {
        let Some(function) = self.function(definition, file) else {
            return Ok(true);
        };
        let key = (function.name.clone(), function.arity());
        let earlier = self.places.get(&key).copied();
        let is_override = role == Role::Override && !function.is_private;
        match earlier {
            Some(_) if is_override && function.name.starts_with("__") => Err(Box::new(
                Diagnostic::error(
                    "override_internal",
                    format!("`{}` is internal", function.name),
                )
                .at(Some(function.place))
                .help("override the public function that calls it"),
            )),
            Some(index) if is_override => {
                let replaced = std::mem::replace(&mut self.functions[index], function);
                let winner = &self.functions[index];
                self.overrides.push(Override {
                    name: winner.name.clone(),
                    arity: winner.arity(),
                    from: replaced.place,
                    to: winner.place.clone(),
                });
                Ok(true)
            }
            Some(index) => Err(Box::new(self.clash(&function, index))),
            None if is_override => {
                if self.is_defined_elsewhere(&key) {
                    return Ok(false);
                }
                Err(Box::new(self.override_of_nothing(&function)))
            }
            None => {
                self.places.insert(key, self.functions.len());
                self.functions.push(function);
                Ok(true)
            }
        }
    }

    fn function(&self, definition: Definition, file: usize) -> Option<Function> {
        let file = &self.files[file];
        let body = program::locate(&self.files, definition.body)?;
        let bare = definition.name.rsplit('.').next().unwrap_or_default();
        Some(Function {
            place: name_place(file, &body, bare).unwrap_or(body),
            end: program::locate(&self.files, definition.end),
            name: definition.name,
            params: definition.params,
            doc: definition.doc,
            is_private: definition.is_private,
        })
    }

    fn clash(&self, function: &Function, earlier: usize) -> Diagnostic {
        let earlier = &self.functions[earlier];
        let title = format!(
            "the function `{}` with {} is defined twice",
            function.name,
            explain::count(function.arity(), "parameter")
        );
        Diagnostic::error("defined_twice", title)
            .at(Some(function.place.clone()))
            .label("defined again here")
            .related(Some(earlier.place.clone()), "first defined here")
            .help("rename one of them; to replace a shipped function, put yours into a file under `overrides/`")
    }

    fn override_of_nothing(&self, function: &Function) -> Diagnostic {
        let title = format!(
            "`{}` with {} overrides nothing",
            function.name,
            explain::count(function.arity(), "parameter")
        );
        let diagnostic = Diagnostic::error("override_of_nothing", title)
            .at(Some(function.place.clone()))
            .label("no script defines this function");
        let same_name: Vec<_> = self
            .functions
            .iter()
            .filter(|other| other.name == function.name)
            .map(|other| explain::count(other.arity(), "parameter"))
            .collect();
        if !same_name.is_empty() {
            let counts = same_name.join(" or ");
            return diagnostic.help(format!("`{}` has {counts}", function.name));
        }
        let names = self.functions.iter().map(|other| other.name.as_str());
        let close = suggest::closest(&function.name, names);
        match suggest::did_you_mean(&close) {
            Some(help) => diagnostic.help(help),
            None => diagnostic.help("mark a helper of the override as `private fn`"),
        }
    }

    /// Whether a script that this program does not import defines the function.
    fn is_defined_elsewhere(&self, key: &(String, usize)) -> bool {
        self.sources
            .names()
            .iter()
            .filter(|name| self.texts.get(name).is_none())
            .filter_map(|name| self.sources.find(name).ok())
            .any(|source| written_functions(&source.text).contains(key))
    }

    fn note_shadow(&mut self, source: &Source) {
        let is_override = source.name.starts_with("overrides/");
        let hidden = match is_override {
            true => Vec::new(),
            false => self.sources.shadowed_by(source),
        };
        if !hidden.is_empty() {
            self.shadows.push(Shadow {
                name: source.name.clone(),
                by: source.origin,
                hidden,
            });
        }
    }
}

/// Finds the name of a function in front of its body.
fn name_place(file: &File, body: &Place, name: &str) -> Option<Place> {
    let end = super::render::span(&file.text, body).start;
    let head = file.text.get(..end)?;
    let is_name = |start: &usize| {
        let before = head[..*start].trim_end();
        before.ends_with("fn") || before.ends_with('.')
    };
    let start = head
        .match_indices(name)
        .map(|(start, _)| start)
        .filter(is_name)
        .last()?;
    let line_start = head[..start].rfind('\n').map_or(0, |newline| newline + 1);
    Some(Place {
        file: file.name.clone(),
        line: head[..start].matches('\n').count() + 1,
        column: head[line_start..start].chars().count() + 1,
    })
}

/// The functions a text defines, as far as one can tell without compiling it.
fn written_functions(text: &str) -> BTreeSet<(String, usize)> {
    static DEFINITION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)^\s*fn\s+(\w+)\s*\(([^)]*)\)").expect("the pattern is valid")
    });
    DEFINITION
        .captures_iter(text)
        .map(|found| {
            let params = found[2].split(',').filter(|param| !param.trim().is_empty());
            (found[1].to_owned(), params.count())
        })
        .collect()
}
