//! One run of an `oar` command: what it is given, how it may end, and what all of them share.

use serde_json::{Map, Value, json};

use super::{
    approval, consistency, cve,
    finished::Finished,
    hook,
    outside::{Outside, y_stream},
    ownership, push, report, signed, stage,
    text::Log,
    worksheet::Worksheet,
};

/// A command while it runs.
pub(super) struct Command<'a> {
    pub outside: &'a Outside,
    pub release: &'a str,
    pub arguments: &'a Map<String, Value>,
    pub data: Value,
    pub log: Log,
}

/// How a command ended, other than by returning.
#[derive(Debug)]
pub(super) enum Raised {
    /// By an exception with this message.
    Error(String),
    /// By leaving the process with code 0, which skips what follows a command.
    Exit,
}

impl<T: Into<String>> From<T> for Raised {
    fn from(message: T) -> Self {
        Self::Error(message.into())
    }
}

pub(super) type Ran<T = ()> = Result<T, Raised>;

/// The name in status lines of each task that has one.
const DISPLAY: [(&str, &str); 7] = [
    ("take-ownership", "Take Ownership"),
    ("image-consistency-check", "Image Consistency Check"),
    ("check-cve-tracker-bug", "Check CVE Tracker Bug"),
    ("push-to-cdn-staging", "Push to CDN Staging"),
    ("stage-testing", "Stage Testing"),
    ("image-signed-check", "Image Signed Check"),
    ("change-advisory-status", "Change Advisory Status"),
];

/// Runs the command of a tool.
pub(super) async fn run(outside: &Outside, tool: &str, arguments: &Map<String, Value>) -> Finished {
    let release = arguments["release"].as_str().unwrap_or_default();
    let name = tool.trim_start_matches("oar_").replace('_', "-");
    let shown = shown(&name, arguments);
    let data = match outside.build_data(release) {
        Ok(data) => data,
        Err(error) => return Finished::unhandled(release, &name, &shown, &error),
    };
    let mut command = Command {
        outside,
        release,
        arguments,
        data,
        log: Log::new(outside.now()),
    };
    command
        .log
        .warning("Optional environment variable not set: SLACK_APP_TOKEN");
    let ran = match outside.state().fault("oar", &format!("{tool}:exception")) {
        Some(_) => Err(Raised::Error("internal error".to_owned())),
        None => command.steps(&name).await,
    };
    match ran {
        Ok(()) => {
            hook::run(&mut command, &name).await;
            Finished::returned(command.log)
        }
        Err(Raised::Exit) => Finished::returned(command.log),
        Err(Raised::Error(error)) => Finished::raised(command.log, release, &name, &shown, &error),
    }
}

impl Command<'_> {
    async fn steps(&mut self, name: &str) -> Ran {
        match name {
            "create-test-report" => report::run(self).await,
            "take-ownership" => ownership::run(self).await,
            "check-cve-tracker-bug" => cve::run(self).await,
            "push-to-cdn-staging" => push::run(self),
            "image-consistency-check" => consistency::run(self).await,
            "stage-testing" => stage::run(self).await,
            "image-signed-check" => signed::run(self),
            "change-advisory-status" => approval::run(self).await,
            _ => Err(format!("No such command '{name}'.").into()),
        }
    }

    /// Logs the status line of a task.
    pub fn status(&mut self, task: &str, status: &str) {
        let display = DISPLAY
            .iter()
            .find(|(name, _)| *name == task)
            .map_or(task, |(_, display)| display);
        self.log.status(display, status);
        // Only a server from before the StateBox writes the sheet from its commands.
        if self.outside.is_in_sheet_alone(self.release)
            && let Ok(worksheet) = Worksheet::find(self.outside, self.release)
        {
            worksheet.set(task, status);
        }
    }

    /// Ends a task by an exception: the error, the `Fail` line, and the exception itself.
    pub fn fail(&mut self, task: &str, message: &str, error: &str) -> Raised {
        self.log.exception(message, error);
        self.status(task, "Fail");
        Raised::Error(error.to_owned())
    }

    /// An argument that is text and not empty.
    pub fn argument(&self, name: &str) -> Option<String> {
        self.arguments
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    /// The number of the shipment merge request.
    pub fn request_number(&self) -> Ran<String> {
        self.data["shipment_mr"]
            .as_str()
            .and_then(|url| url.rsplit('/').next())
            .filter(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
            .map(str::to_owned)
            .ok_or_else(|| "Failed to initialize merge request: Invalid MR URL".into())
    }

    /// The shipment merge request, which must be open.
    pub fn open_request(&self) -> Ran<String> {
        let number = self.request_number()?;
        let state = self
            .outside
            .get(&["gitlab", "merge_requests", &number, "state"]);
        if state != "opened" {
            return Err(format!("Gitlab MR {number} state is not open").into());
        }
        Ok(number)
    }

    /// The subtasks of QE, with their keys.
    pub fn subtasks(&self) -> Vec<(String, Value)> {
        let ticket = &self.data["jira_ticket"];
        let issues = self.outside.get(&["jira", "issues"]);
        let issues = issues.as_object().into_iter().flatten();
        issues
            .filter(|(_, issue)| issue["parent"] == *ticket)
            .map(|(key, issue)| (key.clone(), issue.clone()))
            .collect()
    }

    /// The Slack client reads the ART ticket when it is made.
    pub fn slack_client(&self) -> Ran {
        let ticket = self.data["jira_ticket"].as_str().unwrap_or_default();
        if ticket.is_empty() || ticket == "ART-0" {
            return Err(format!("cannot get jira issue {ticket}: Issue does not exist or you do not have permission to see it.").into());
        }
        if self.outside.state().fault("jira", "issue").is_some() {
            return Err("cannot talk to jira server".into());
        }
        Ok(())
    }

    /// The StateBox client needs a GitHub token.
    pub fn statebox_client(&mut self) -> Ran {
        if self.outside.lacks("GITHUB_TOKEN") {
            return Err("GitHub token not found. Set GITHUB_TOKEN environment variable.".into());
        }
        let line = hook::initialized(self.release);
        self.log.info(line);
        Ok(())
    }

    /// The Errata Tool needs a Kerberos ticket.
    pub fn errata_client(&self) -> Ran {
        if self.outside.lacks("KERBEROS") {
            return Err(
                "No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_1000)".into(),
            );
        }
        Ok(())
    }

    /// The advisories that are not dropped, in the order of the build data, microshift aside.
    pub fn advisories(&self) -> Vec<(String, String)> {
        let Some(entries) = self.data["advisories"].as_object() else {
            return Vec::new();
        };
        entries
            .iter()
            .filter(|(kind, _)| *kind != "microshift")
            .map(|(kind, id)| (kind.clone(), id.to_string().trim_matches('"').to_owned()))
            .filter(|(_, id)| {
                self.outside.get(&["errata", "advisories", id, "state"]) != "DROPPED_NO_SHIP"
            })
            .collect()
    }

    /// Tells a channel and logs it.
    pub fn tell(&mut self, channel: &str, text: &str) -> Ran {
        self.outside.slack(channel, text)?;
        let line = format!("sent slack message to <{channel}>");
        self.log.info(line);
        Ok(())
    }

    /// Whether the stage release succeeded, logged as the tool does.
    pub fn stage_release(&mut self, request: &str) -> Result<(), String> {
        let entry = self.outside.get(&["gitlab", "merge_requests", request]);
        let has_label = entry["labels"]
            .as_array()
            .is_some_and(|labels| labels.iter().any(|label| label == "stage-release-success"));
        if has_label {
            self.log.info("Stage release succeeded (verified by label)");
            return Ok(());
        }
        let state = entry["stage_release"].as_str().unwrap_or("created");
        let state = if state == "not_started" {
            "created"
        } else {
            state
        };
        self.log
            .info(format!("Found pipeline 7{request} with status {state}"));
        self.log.info(format!(
            "Stage 'stage-release-triggers' status: {{'status': '{state}', 'job': <ProjectPipelineJob id:8{request}>}}"
        ));
        if state == "success" {
            self.log
                .info("Stage release succeeded (verified by pipeline status)");
            return Ok(());
        }
        Err(state.to_owned())
    }

    /// The y-stream of the release.
    pub fn y_stream(&self) -> String {
        y_stream(self.release)
    }

    /// Reads the entry of a task, logged as the tool does.
    pub async fn recorded(&mut self, task: &str) -> Ran<(Option<String>, Option<String>)> {
        let document = self
            .outside
            .book()
            .document(self.release)
            .await
            .map_err(|error| error.chain())?;
        match &document {
            Some(document) => {
                let line = hook::loaded(self.release, document);
                self.log.info(line);
            }
            None => self
                .log
                .info("State file not found, returning default state"),
        }
        let entry = document.and_then(|document| {
            document["tasks"]
                .as_array()?
                .iter()
                .find(|entry| entry["name"] == task)
                .cloned()
        });
        let text = |key: &str| {
            entry
                .as_ref()
                .and_then(|entry| entry[key].as_str())
                .map(str::to_owned)
        };
        Ok((text("status"), text("result")))
    }
}

fn shown(name: &str, arguments: &Map<String, Value>) -> String {
    let value = |key: &str| {
        arguments
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    match name {
        "take-ownership" => format!("-e {}", value("email").unwrap_or_default()),
        "image-consistency-check" => {
            value("job_id").map_or_else(String::new, |id| format!("-i {id}"))
        }
        "stage-testing" => {
            value("build_number").map_or_else(String::new, |number| format!("-n {number}"))
        }
        "check-cve-tracker-bug" if arguments.get("notify") != Some(&json!(true)) => {
            "--no-notify".to_owned()
        }
        _ => String::new(),
    }
}
