//! `sim`: serves a simulated world in the foreground, lists scenarios, moves a clock.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{
    args::{Options, Output, Sim},
    out::{self, Failure},
    view::{View, clock},
    wiring::Wiring,
};
use crate::{
    error::{Error, Result},
    sim,
};

/// Runs `sim list`, `sim advance DURATION` or `sim [SCENARIO]`.
pub fn sim(what: &Sim, options: &Options, view: &Arc<View>) -> Result<u8, Failure> {
    match (what.what.as_deref(), what.by.as_deref()) {
        (Some("list"), None) => list(options),
        (Some("advance"), by) => {
            let by = by.ok_or_else(|| {
                Error::invalid("`sim advance` needs to know how far")
                    .hint("oar-script sim advance 6h")
            })?;
            let by = duration(by)?;
            let wiring = open(None, options, view)?;
            let at = match &wiring.simulation {
                Some(simulation) => simulation.advance(by)?,
                None => wiring.world.now(),
            };
            say(
                options,
                &format!("the clock shows {}", clock(at)),
                json!({ "now": at }),
            );
            Ok(0)
        }
        (scenario, None) => serve(scenario, options, view),
        (_, Some(extra)) => Err(Error::invalid(format!("`{extra}` is one word too many"))
            .hint("oar-script sim --help")
            .into()),
    }
}

fn list(options: &Options) -> Result<u8, Failure> {
    let scenarios = sim::list(None);
    if options.output == Output::Json {
        out::json(&json!(
            scenarios
                .iter()
                .map(|one| json!({ "name": one.name, "summary": one.summary }))
                .collect::<Vec<_>>()
        ));
        return Ok(0);
    }
    let widest = scenarios
        .iter()
        .map(|one| one.name.len())
        .max()
        .unwrap_or_default();
    let lines: Vec<_> = scenarios
        .iter()
        .map(|one| format!("{:widest$}  {}", one.name, one.summary))
        .collect();
    out::answer(&lines.join("\n"));
    Ok(0)
}

fn serve(scenario: Option<&str>, options: &Options, view: &Arc<View>) -> Result<u8, Failure> {
    let wiring = open(scenario, options, view)?;
    let mut addresses = Vec::new();
    if let Some(simulation) = &wiring.simulation {
        let served = simulation.addresses().into_iter();
        addresses.extend(served.map(|(name, address)| (name, address.to_string())));
        if let Some(file) = simulation.write_key()? {
            // Programs that use the sheets are told of their account by this variable.
            addresses.push(("GCP_SA_FILE".to_owned(), file.display().to_string()));
        }
    }
    if let Some(oar) = wiring.world.endpoint("oar") {
        addresses.push(("oar".to_owned(), oar.to_string()));
    }
    addresses.sort();
    let lines: Vec<_> = addresses
        .iter()
        .map(|(name, address)| format!("{name:20} {address}"))
        .collect();
    let text = format!("{}\nthe world is served until Ctrl-C", lines.join("\n"));
    say(
        options,
        &text,
        json!(
            addresses
                .iter()
                .cloned()
                .collect::<std::collections::BTreeMap<_, _>>()
        ),
    );
    wiring.session.wait(async {
        let _ = tokio::signal::ctrl_c().await;
        Ok(())
    })?;
    if let Some(simulation) = &wiring.simulation {
        simulation.save()?;
    }
    Ok(0)
}

fn open(scenario: Option<&str>, options: &Options, view: &Arc<View>) -> Result<Wiring> {
    let scenario = scenario.map(str::to_owned).or_else(|| options.sim.clone());
    let options = Options {
        sim: Some(scenario.unwrap_or_else(|| "smooth".to_owned())),
        ..options.clone()
    };
    Wiring::new(&options, view.clone())
}

fn say(options: &Options, text: &str, value: serde_json::Value) {
    match options.output {
        Output::Json => out::json(&value),
        Output::Text => out::answer(text),
    }
}

fn duration(text: &str) -> Result<Duration> {
    let wrong =
        || Error::invalid(format!("`{text}` is not a duration")).hint("write 90m, 6h or 2d");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let secs = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = text[..text.len() - unit.len_utf8()]
        .parse()
        .map_err(|_| wrong())?;
    count
        .checked_mul(secs)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}
