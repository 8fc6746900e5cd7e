//! A simulated release that is driven pass by pass in this process.
#![expect(clippy::disallowed_methods, reason = "a scenario of its own")]

use std::{
    collections::BTreeMap,
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use oar_script::{
    Host,
    cli::{args::Options, view::View, wiring::Wiring},
    flow::{Report, report::PassOutcome, watch::Manner},
    script::program::Program,
};
use tempfile::TempDir;

use super::trace::{self, Request};

/// The release that every simulated world has.
pub const RELEASE: &str = "4.20.1";

/// What makes a release a large one.
pub const LARGE: &str = r#"world.advisories(["extras", "image", "metadata", "microshift", "rpm", "rhcos"]); world.shipment_files(40);"#;

/// A release under way.
pub struct Release {
    host: Host,
    program: Program,
    // Dropped after what runs in it.
    wiring: Wiring,
    latency: Duration,
    _folder: TempDir,
}

/// What one pass took.
pub struct Pass {
    /// Where the release stood.
    pub report: Report,
    /// How long it took.
    pub took: Duration,
    /// How long every answer took.
    pub latency: Duration,
    /// What was asked, as the program tells.
    pub requests: Vec<Request>,
    /// What was asked, as the services tell.
    pub counts: BTreeMap<(String, String), u64>,
}

impl Release {
    /// Opens a new world in which all goes well and every answer takes a while. `more` says more about
    /// the world, as scenarios do.
    pub fn open(latency: Duration, more: &str) -> Self {
        trace::listen();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let scenario = folder.path().join("bench.rhai");
        let text = format!(
            "//! Everything goes well.\n\nfn scenario(world) {{\n    world.latency_ms({});\n    {more}\n}}\n",
            latency.as_millis()
        );
        fs::write(&scenario, text).expect("a writable folder");
        let options = Options {
            sim: Some(scenario.display().to_string()),
            sim_dir: Some(folder.path().join("world")),
            state_dir: Some(folder.path().join("state")),
            no_input: true,
            quiet: true,
            ..Options::default()
        };
        let view = Arc::new(View::new(true, false, true));
        let wiring = Wiring::new(&options, view).expect("a simulated world");
        let host = wiring
            .host(None, Manner::default(), |_| {})
            .expect("the shipped scripts");
        let program = host.load("drive.rhai").expect("the shipped drive script");
        Self {
            host,
            program,
            wiring,
            latency,
            _folder: folder,
        }
    }

    /// Runs one pass.
    pub fn pass(&self) -> Pass {
        let simulation = self.wiring.simulation.as_ref().expect("a simulated world");
        simulation.requests().clear();
        trace::heard();
        let args = [RELEASE, "--owner", "lead@example.com"];
        let args = args.map(str::to_owned).to_vec();
        let began = Instant::now();
        let _report = self.host.run(&self.program, args).expect("a pass");
        let took = began.elapsed();
        let found = self.wiring.found().expect("a drive").expect("a flow");
        Pass {
            report: found.report,
            took,
            latency: self.latency,
            requests: trace::heard(),
            counts: simulation.requests().counts(),
        }
    }

    /// Runs passes, each when the one before said to come back, until the release is complete;
    /// then one more, in which nothing has changed.
    pub fn passes(&self) -> Vec<Pass> {
        let mut passes = Vec::new();
        loop {
            let pass = self.pass();
            let is_over = pass.report.outcome == PassOutcome::Complete || passes.len() > 200;
            let back_at = pass.report.back_at;
            passes.push(pass);
            if is_over {
                passes.push(self.pass());
                return passes;
            }
            let simulation = self.wiring.simulation.as_ref().expect("a simulated world");
            let at = back_at.expect("a release on which all goes well waits for something");
            simulation.advance_to(at).expect("a writable folder");
        }
    }
}

impl Pass {
    /// The nodes that asked something; `state` stands for the reads before any node.
    pub fn askers(&self) -> Vec<&str> {
        let nodes = self.report.nodes.iter().map(|node| node.name.as_str());
        let asking = nodes.filter(|node| self.made(node) > 0);
        let before = (self.before() > 0).then_some("state");
        before.into_iter().chain(asking).collect()
    }

    /// How many requests that were made for no node followed each other.
    fn before(&self) -> u32 {
        let is_node = |name: &str| self.report.nodes.iter().any(|node| node.name == name);
        self.in_a_row(|request| !is_node(&request.node))
    }

    /// How many requests of a node followed each other.
    pub fn made(&self, node: &str) -> u32 {
        self.in_a_row(|request| request.node == node)
    }

    /// The largest number of these requests of which none began before the one ahead of it had ended.
    fn in_a_row(&self, is_one: impl Fn(&Request) -> bool) -> u32 {
        // An answer is noted a little late, so that the next request seems to begin too early.
        let least = self.latency.mul_f64(0.8);
        let mut last = None;
        let mut count = 0;
        let mut ends: Vec<_> = self.requests.iter().filter(|it| is_one(it)).collect();
        ends.sort_by_key(|request| request.ended);
        for request in ends {
            if last.is_none_or(|last| request.ended.duration_since(last) >= least) {
                last = Some(request.ended);
                count += 1;
            }
        }
        count
    }

    /// How many sequential requests opened the session with the OAR server in this pass: a greeting
    /// and a confirmation, if any.
    pub fn set_up(&self) -> u32 {
        let has = |word: &str| self.counts.keys().any(|(_, operation)| operation == word);
        u32::from(has("initialize")) + u32::from(has("notifications/initialized"))
    }

    /// The largest number of requests that had to wait for each other.
    pub fn chain(&self) -> u32 {
        let nodes = &self.report.nodes;
        let mut longest: BTreeMap<&str, u32> = BTreeMap::new();
        // The nodes of a report stand in the order of the flow, each after those it waits for.
        for node in nodes {
            let behind = node
                .after
                .iter()
                .filter_map(|name| longest.get(name.as_str()));
            let behind = behind.max().copied().unwrap_or_default();
            longest.insert(&node.name, behind + self.made(&node.name));
        }
        self.before() + self.set_up() + longest.values().max().copied().unwrap_or_default()
    }
}

/// Puts passes that follow each other and look alike together: the first and last number, and all.
pub fn alike<'a, K: PartialEq>(
    passes: &'a [Pass],
    key: impl Fn(&'a Pass) -> K,
) -> Vec<(String, Vec<&'a Pass>)> {
    let mut groups: Vec<(usize, Vec<&Pass>)> = Vec::new();
    for (place, pass) in passes.iter().enumerate() {
        match groups.last_mut() {
            Some((_, group)) if key(group[0]) == key(pass) => group.push(pass),
            _ => groups.push((place + 1, vec![pass])),
        }
    }
    let numbered = groups.into_iter().map(|(first, group)| {
        let numbers = match group.len() {
            1 => first.to_string(),
            count => format!("{first}–{}", first + count - 1),
        };
        (numbers, group)
    });
    numbered.collect()
}
