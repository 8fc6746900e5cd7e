//! Opens a simulated world: loads or makes its state, serves the emulators on loopback, and puts a
//! [`SimulatedWorld`] around them.
//!
//! The world lasts between invocations when it has a folder. Who drives moves the clock. What the
//! emulators answer is their business; this adds latency and counts.
#![expect(
    clippy::disallowed_methods,
    reason = "this is where a simulated world comes from the disk"
)]

use std::{
    collections::{BTreeMap, HashMap},
    io,
    net::Ipv4Addr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::{net::TcpListener, runtime::Handle, time::Instant};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{
    plan::Plan,
    real,
    requests::{Cut, Requests},
    scenario::{DEFAULT, Scenario},
    seed::{START, Seed},
    sheet,
    stand_in::StandIn,
    state::{SimState, Stored},
    tracking::announce,
};
use crate::{
    config::Backend,
    error::{Error, Kind, Result},
    release::Version,
    services::sheets::emulator::key_file,
    world::{
        Terminal, Unattended,
        clock::VirtualClock,
        simulated::{Settings, SimulatedWorld},
    },
};

/// The year 3000: plans made before it do not leave the calendar.
const LAST_SECOND: i64 = 32_503_680_000;

/// The key file of the simulated service account.
const KEY_FILE: &str = "service-account.json";

/// How a world is opened.
#[derive(Clone)]
pub struct Options {
    /// The scenario: a name or a path.
    pub scenario: String,
    /// The releases it has from the start; `4.20.1` when empty.
    pub releases: Vec<Version>,
    /// The project's folder, whose `scenarios/` come before the shipped ones.
    pub project: Option<PathBuf>,
    /// Where the world is kept between invocations; in memory when absent.
    pub folder: Option<PathBuf>,
    /// More folders whose files the program may use in this world.
    pub files: Vec<PathBuf>,
    /// What random choices start from.
    pub seed: u64,
    /// Whether to forget a world that is already in the folder.
    pub reset: bool,
    /// How long every answer takes in real time. With one, branches run freely.
    pub latency: Option<Duration>,
    /// The journal point at which the process kills itself.
    pub crash_at: Option<u64>,
    /// The changing request at which the way outside is cut.
    pub cut: Option<Cut>,
    /// How many simulated seconds pass in a real one; time stands still when absent.
    pub speed: Option<f64>,
    /// A StateBox file of a real release to begin from.
    pub statebox: Option<PathBuf>,
    /// A folder of real result files to begin from.
    pub results: Option<PathBuf>,
    /// The environment of the program in this world.
    pub env: HashMap<String, String>,
    /// Asked and told.
    pub terminal: Arc<dyn Terminal>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            scenario: DEFAULT.to_owned(),
            releases: Vec::new(),
            project: None,
            folder: None,
            files: Vec::new(),
            seed: 0,
            reset: false,
            latency: None,
            crash_at: None,
            cut: None,
            speed: None,
            statebox: None,
            results: None,
            env: HashMap::new(),
            terminal: Arc::new(Unattended),
        }
    }
}

/// An open simulated world. Dropping it ends the emulators without waiting for them.
pub struct Simulation {
    world: Arc<SimulatedWorld>,
    state: Arc<SimState>,
    requests: Requests,
    addresses: Mutex<HashMap<String, Url>>,
    latency: Duration,
    runtime: Handle,
    end: CancellationToken,
    statebox: Option<String>,
    is_new: bool,
    project: Option<PathBuf>,
    folders: Vec<PathBuf>,
    /// Whether the first of the folders keeps this world.
    is_kept: bool,
}

impl Simulation {
    /// Opens a world whose emulators run on `runtime`. `emulators` makes them, each under the name of
    /// its service.
    pub fn open(
        options: Options,
        runtime: &Handle,
        emulators: impl FnOnce(&Arc<SimState>) -> Vec<(&'static str, StandIn)>,
    ) -> Result<Self> {
        let file = options
            .folder
            .as_ref()
            .map(|folder| folder.join("world.json"));
        if let Some(folder) = &options.folder {
            if options.reset {
                forget(folder)?;
            }
            std::fs::create_dir_all(folder).map_err(|error| {
                trouble(format!("cannot create `{}`", folder.display())).because(error)
            })?;
        }
        let kept = file.as_ref().map(load).transpose()?.flatten();
        let is_new = kept.is_none();
        let (stored, statebox) = match kept {
            Some(stored) => (stored, None),
            None => make(&options)?,
        };
        let latency = options
            .latency
            .unwrap_or_else(|| Duration::from_millis(latency_ms(&stored.documents)));
        let clock = VirtualClock::new(stored.now, latency.is_zero());
        let state = Arc::new(SimState::new(stored, clock, file));
        state.save()?;
        let folders: Vec<_> = options
            .folder
            .iter()
            .chain(&options.files)
            .cloned()
            .collect();
        let settings = Settings {
            endpoints: HashMap::new(),
            env: options.env.clone(),
            folders: folders.clone(),
            terminal: options.terminal.clone(),
            crash_at: options.crash_at,
        };
        let simulation = Self {
            world: Arc::new(SimulatedWorld::new(state.clone(), settings)),
            requests: Requests::cut(options.cut),
            addresses: Mutex::default(),
            latency,
            runtime: runtime.clone(),
            end: CancellationToken::new(),
            statebox,
            is_new,
            project: options.project.clone(),
            folders,
            is_kept: options.folder.is_some(),
            state,
        };
        for version in &options.releases {
            simulation.add_release(version)?;
        }
        for (service, stand_in) in emulators(&simulation.state) {
            simulation.serve(service, stand_in)?;
        }
        if let Some(speed) = options.speed {
            simulation.run_clock(speed)?;
        }
        Ok(simulation)
    }

    /// The world as the program sees it.
    pub fn world(&self) -> &Arc<SimulatedWorld> {
        &self.world
    }

    /// The state behind the emulators.
    pub fn state(&self) -> &Arc<SimState> {
        &self.state
    }

    /// This world as other programs in it see it: they do not die with ours at its journal points.
    pub fn bystander(&self) -> Arc<SimulatedWorld> {
        let settings = Settings {
            folders: self.folders.clone(),
            ..Settings::default()
        };
        Arc::new(SimulatedWorld::new(self.state.clone(), settings))
    }

    /// What the emulators were asked.
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// How long every answer takes in real time.
    pub fn latency(&self) -> Duration {
        self.latency
    }

    /// Where the emulators listen, by service.
    pub fn addresses(&self) -> HashMap<String, Url> {
        self.addresses
            .lock()
            .expect("no thread panics while it holds the addresses")
            .clone()
    }

    /// Whether this invocation made the world.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The StateBox document that a new world begins from, if it was made from one.
    pub fn statebox(&self) -> Option<&str> {
        self.statebox.as_deref()
    }

    /// What carries the OAR tools out in this world when no setting says so: all of them, and single
    /// ones by the names scripts use.
    pub fn backends(&self) -> (Option<Backend>, BTreeMap<String, Backend>) {
        let (all, single) = self.state.read(|stored| {
            let oar = &stored.documents["oar"];
            (oar["backend"].clone(), oar["backends"].clone())
        });
        // Only words that a scenario checked are there.
        let all = serde_json::from_value(all).ok();
        (all, serde_json::from_value(single).unwrap_or_default())
    }

    /// The name of the scenario the world was made from.
    pub fn scenario(&self) -> String {
        self.state.read(|stored| stored.scenario.clone())
    }

    /// Serves one more service; returns where it listens.
    pub fn serve(&self, service: &'static str, stand_in: impl Into<StandIn>) -> Result<Url> {
        let clock = self.state.clock().clone();
        let stand_in = stand_in
            .into()
            .watched(service, &self.requests, self.latency, clock);
        let scheme = stand_in.scheme();
        let failed = |error: io::Error| {
            trouble("cannot listen on loopback")
                .service(service)
                .because(error)
        };
        let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        let port = socket.local_addr().map_err(failed)?.port();
        let _entered = self.runtime.enter();
        let listener = TcpListener::from_std(socket).map_err(failed)?;
        self.runtime
            .spawn(stand_in.serve(listener, self.end.clone()));
        let address: Url = format!("{scheme}://127.0.0.1:{port}/")
            .parse()
            .expect("a loopback address is an address");
        self.world.set_endpoint(service, address.clone());
        if service == "sheets" {
            self.hand_key(&address);
        }
        self.addresses
            .lock()
            .expect("no thread panics while it holds the addresses")
            .insert(service.to_owned(), address.clone());
        Ok(address)
    }

    /// Gives the program the key of the service account that the stand-in of Sheets knows.
    fn hand_key(&self, address: &Url) {
        let text = key_file(&format!("{address}token"));
        let path = PathBuf::from("/simulated").join(KEY_FILE);
        self.world.hand("GCP_SA_FILE", path, text.into_bytes());
    }

    /// Writes that key where the world is kept, for other programs, and returns where it is. Nothing
    /// in a world without a folder.
    pub fn write_key(&self) -> Result<Option<PathBuf>> {
        let Some(folder) = self.folders.first().filter(|_| self.is_kept) else {
            return Ok(None);
        };
        let Some(address) = self.addresses().remove("sheets") else {
            return Ok(None);
        };
        let file = folder.join(KEY_FILE);
        std::fs::write(&file, key_file(&format!("{address}token"))).map_err(|error| {
            trouble(format!("cannot write `{}`", file.display())).because(error)
        })?;
        Ok(Some(file))
    }

    /// Makes sure that the world has a release; its scenario begins for it now.
    ///
    /// Returns whether it is new. Faults and answers of the world stay as they are.
    pub fn add_release(&self, version: &Version) -> Result<bool> {
        let name = version.to_string();
        let (is_there, scenario, seed, taken) = self.state.read(|stored| {
            (
                stored.documents["sim"]["releases"].get(&name).is_some(),
                stored.scenario.clone(),
                stored.seed,
                stored.documents.clone(),
            )
        });
        if is_there {
            return Ok(false);
        }
        let start = self.state.clock().now();
        if start.as_second() > LAST_SECOND {
            return Err(
                Error::invalid(format!("it is too late for a release: {start}"))
                    .hint("start anew with --sim-reset"),
            );
        }
        let seed = Seed {
            scenario: scenario.clone(),
            seed,
            version: version.clone(),
            start,
        };
        let identity = seed.identity(&taken);
        let mut plan = Plan::new(seed, identity);
        // A world made from a real release has no scenario file to repeat.
        if let Ok(scenario) = Scenario::find(&scenario, self.project.as_deref()) {
            scenario.apply(&mut plan)?;
        }
        let identity = plan.identity.clone();
        let addition = plan.into_stored();
        self.state.change(|stored| {
            sheet::add_missing_tabs(&mut stored.documents, &addition.documents);
            fill(&mut stored.documents, addition.documents);
            // The tracking file of its y-stream may be there already, without it.
            announce(&mut stored.documents, version, &identity);
            stored.schedule.extend(addition.schedule);
        })?;
        Ok(true)
    }

    /// Moves the clock by a duration and keeps the world.
    pub fn advance(&self, duration: Duration) -> Result<Timestamp> {
        let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        let at = self.state.clock().now().saturating_add(duration);
        self.advance_to(at.unwrap_or(Timestamp::MAX))
    }

    /// Moves the clock to a time and keeps the world; it never goes back.
    pub fn advance_to(&self, at: Timestamp) -> Result<Timestamp> {
        self.state.clock().advance_to(at);
        self.save()?;
        Ok(self.state.clock().now())
    }

    /// Keeps the world as it is now.
    pub fn save(&self) -> Result<()> {
        self.state.save()
    }

    fn run_clock(&self, speed: f64) -> Result<()> {
        if !speed.is_finite() || speed <= 0.0 || speed > 1e6 {
            return Err(Error::invalid(format!("`{speed}` is not a speed"))
                .hint("give how many simulated seconds pass in a second, such as 60"));
        }
        let state = self.state.clone();
        let end = self.end.clone();
        self.runtime.spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(200));
            let mut last = Instant::now();
            let mut count = 0_u64;
            loop {
                tokio::select! {
                    () = end.cancelled() => return,
                    _ = ticks.tick() => {}
                }
                let passed = last.elapsed().mul_f64(speed);
                last = Instant::now();
                let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::ZERO);
                let at = state.clock().now().saturating_add(passed);
                state.clock().advance_to(at.unwrap_or(Timestamp::MAX));
                count += 1;
                if count.is_multiple_of(10) {
                    // A full disk shows at the next change, which has somebody to tell.
                    let _ = state.save();
                }
            }
        });
        Ok(())
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

/// Forgets everything that is kept of a world, also what others put beside it.
fn forget(folder: &std::path::Path) -> Result<()> {
    // Only a folder that holds a world is emptied, so that a slip in a path costs nothing.
    if !folder.join("world.json").is_file() {
        return Ok(());
    }
    std::fs::remove_dir_all(folder)
        .map_err(|error| trouble(format!("cannot empty `{}`", folder.display())).because(error))
}

fn load(file: &PathBuf) -> Result<Option<Stored>> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(trouble(format!("cannot read `{}`", file.display())).because(error));
        }
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        Error::invalid(format!(
            "`{}` does not hold a simulated world",
            file.display()
        ))
        .hint("start anew with --sim-reset")
        .because(error)
    })
}

fn make(options: &Options) -> Result<(Stored, Option<String>)> {
    let scenario = Scenario::find(&options.scenario, options.project.as_deref())?;
    if let Some(statebox) = &options.statebox {
        let (mut plan, text) = real::plan(statebox, options.results.as_deref(), options.seed)?;
        if options.scenario != DEFAULT {
            scenario.apply(&mut plan)?;
        }
        return Ok((plan.into_stored(), Some(text)));
    }
    let version = match options.releases.first() {
        Some(version) => version.clone(),
        None => "4.20.1".parse()?,
    };
    // The scenario is found again by this word when a release is added.
    let name = if scenario.file.starts_with("scenarios/") {
        scenario.name.clone()
    } else {
        scenario.file.clone()
    };
    let seed = Seed {
        scenario: name,
        seed: options.seed,
        version,
        start: START,
    };
    let identity = seed.identity(&Value::Null);
    let mut plan = Plan::new(seed, identity);
    scenario.apply(&mut plan)?;
    if let Some(results) = &options.results {
        real::add_results(&mut plan, results)?;
    }
    let statebox = plan.statebox()?;
    Ok((plan.into_stored(), statebox))
}

fn latency_ms(documents: &Value) -> u64 {
    documents["sim"]["latency_ms"].as_u64().unwrap_or_default()
}

/// Adds what is not there yet; what is there stays.
fn fill(documents: &mut Value, addition: Value) {
    let (Value::Object(present), Value::Object(added)) = (documents, addition) else {
        return;
    };
    for (key, value) in added {
        match present.get_mut(&key) {
            Some(place) => fill(place, value),
            None => {
                present.insert(key, value);
            }
        }
    }
}

fn trouble(message: impl Into<String>) -> Error {
    Error::new(Kind::Unexpected, message)
}
