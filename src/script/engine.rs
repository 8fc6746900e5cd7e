//! The engine as scripts find it: limits, what is off, what every script can call.

use std::sync::Arc;

use rhai::{
    Dynamic, Engine, EvalAltResult, Module, ModuleResolver, OptimizationLevel, Position, Shared,
    packages::{
        BasicArrayPackage, BasicBlobPackage, BasicMapPackage, BasicMathPackage, BitFieldPackage,
        CorePackage, LogicPackage, MoreStringPackage, Package,
    },
};

use super::{combinators, faults, hooks, stopper::StopState, units};
use crate::{
    call::{Control, Session},
    world::{Event, What, World},
};

/// How many short texts the engine keeps one copy of.
const INTERNED_STRINGS: usize = 1024;

/// The limits of every script, the same in debug and release builds.
pub mod limits {
    /// How deep functions may call each other.
    pub const CALL_LEVELS: usize = 256;
    /// How deep an expression may be nested.
    pub const EXPRESSION_DEPTH: usize = 256;
    /// How many bytes a text may have.
    pub const STRING_BYTES: usize = 16 << 20;
    /// How many items an array may have.
    pub const ARRAY_ITEMS: usize = 1_000_000;
    /// How many fields a map may have.
    pub const MAP_FIELDS: usize = 100_000;
}

/// Makes an engine whose scripts reach the outside through `session`.
pub(super) fn new(session: &Session, stop: &Arc<StopState>) -> Engine {
    let mut engine = Engine::new_raw();
    // All functions of the language but its clock: time comes from the world.
    for module in [
        CorePackage::new().as_shared_module(),
        BitFieldPackage::new().as_shared_module(),
        LogicPackage::new().as_shared_module(),
        BasicMathPackage::new().as_shared_module(),
        BasicArrayPackage::new().as_shared_module(),
        BasicBlobPackage::new().as_shared_module(),
        BasicMapPackage::new().as_shared_module(),
        MoreStringPackage::new().as_shared_module(),
    ] {
        engine.register_global_module(module);
    }
    engine
        .set_optimization_level(OptimizationLevel::None)
        .set_strict_variables(true)
        .set_max_strings_interned(INTERNED_STRINGS)
        .set_max_call_levels(limits::CALL_LEVELS)
        .set_max_expr_depths(limits::EXPRESSION_DEPTH, limits::EXPRESSION_DEPTH)
        .set_max_operations(0)
        .set_max_string_size(limits::STRING_BYTES)
        .set_max_array_size(limits::ARRAY_ITEMS)
        .set_max_map_size(limits::MAP_FIELDS)
        .disable_symbol("eval")
        .set_module_resolver(Included)
        .set_default_tag(Dynamic::from(session.clone()));
    hooks::free_reserved_words(&mut engine);
    hooks::watch(&mut engine, session.world().clone(), stop.clone());
    let world = session.world().clone();
    engine.on_print(move |text| say(&*world, text.to_owned()));
    let world = session.world().clone();
    engine.on_debug(move |text, _, _| say(&*world, text.to_owned()));
    faults::register(&mut engine);
    units::register(&mut engine);
    combinators::register(&mut engine);
    engine
}

fn say(world: &dyn World, text: String) {
    world.say(&Event {
        at: world.now(),
        node: Control::current().node,
        what: What::Printed(text),
    });
}

/// Answers `import` at run time: the file is in the program already.
struct Included;

impl ModuleResolver for Included {
    fn resolve(
        &self,
        _engine: &Engine,
        _source: Option<&str>,
        _path: &str,
        _position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        Ok(Module::new().into())
    }
}
