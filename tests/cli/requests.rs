//! What a pass asks of services.

use std::{collections::BTreeMap, sync::Arc};

use oar_script::{
    cli::{args::Options, view::View, wiring::Wiring},
    flow::watch::Manner,
};

fn world(folder: &tempfile::TempDir) -> Wiring {
    let options = Options {
        sim: Some("smooth".to_owned()),
        sim_dir: Some(folder.path().join("world")),
        state_dir: Some(folder.path().join("state")),
        no_input: true,
        ..Options::default()
    };
    let view = Arc::new(View::new(true, false, true));
    Wiring::new(&options, view).expect("a simulated world")
}

#[test]
fn the_program_counts_what_the_services_count() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let wiring = world(&folder);
    let host = wiring
        .host(None, Manner::default(), |_| {})
        .expect("the shipped scripts");
    let program = host.load("drive.rhai").expect("the drive script");
    let args = ["4.20.1", "--owner", "lead@example.com"];
    let _report = host
        .run(&program, args.map(str::to_owned).to_vec())
        .expect("a pass");
    let mut told = wiring.http.counts();
    told.retain(|_, count| *count > 0);
    let mut heard: BTreeMap<String, u64> = BTreeMap::new();
    let simulation = wiring.simulation.as_ref().expect("a simulated world");
    for ((service, operation), count) in simulation.requests().counts() {
        // The stream for what the server wants to say opens beside the calls, perhaps after them.
        if operation != "GET /mcp" {
            *heard.entry(service).or_default() += count;
        }
    }
    if let Some(count) = heard.get_mut("oar") {
        *count += 1;
    }
    assert_eq!(told, heard);
}
