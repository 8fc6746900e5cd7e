//! `oarctl_start_release_detector`: looks once whether ART has announced a z-stream release that is newer
//! than the newest promoted one, and makes its StateBox.
//!
//! Differs from the Python tool: the newest promoted build counts only when it is of the very y-stream
//! (`4.1` is not `4.10`), and trouble with a source is an error rather than "unknown".

use super::{Native, log::Log, report};
use crate::{
    error::{Error, Result},
    oar::{
        backend::Ran,
        outcome::{classify, kept_text},
        tools::tool,
    },
    release::{
        Ending, Outcome, Version,
        advisory::ART,
        tracking::{Tracking, file_name, y_stream_numbers},
    },
    services::release_controller,
};

/// Looks for a new release of a y-stream such as `4.20`.
///
/// Fails with `invalid` for a text that is none, or a tracking file that cannot be read, and as the
/// requests do.
pub(super) async fn start(native: &Native, y_stream: &str) -> Result<Ran> {
    let Some((major, _)) = y_stream_numbers(y_stream) else {
        let what = format!("Invalid OCP minor version {y_stream}");
        return Err(Error::invalid(what)
            .service("oar")
            .hint("give a y-stream such as 4.20"));
    };
    let mut log = Log::new(&native.world);
    let stream = format!("{major}-stable");
    let controller = native.client::<release_controller::Client>()?;
    let (tracked, stable) = tokio::join!(
        tracked(native, y_stream),
        controller.latest(&stream, Some(y_stream))
    );
    let tracked = tracked?;
    let stable = stable?
        .and_then(|tag| tag.name.parse::<Version>().ok())
        .filter(|stable| stable.y_stream() == y_stream);
    let word = |version: &Option<Version>| match version {
        Some(version) => version.to_string(),
        None => "None".to_owned(),
    };
    log.info(format!("latest z-stream version: {}", word(&tracked)));
    log.info(format!("latest stable version: {}", word(&stable)));
    let (Some(tracked), Some(stable)) = (&tracked, &stable) else {
        log.error("get latest versions failed");
        return Ok(log.ended(unknown(y_stream, tracked.is_some())));
    };
    if tracked > stable {
        log.info(format!("new z-stream release is detected: {tracked}"));
        return create(native, log, tracked).await;
    }
    if tracked < stable {
        log.warning(
            "latest z-stream version is less than latest stable version, it's abnormal. We need to contact ART",
        );
        let why = format!("{stable} is promoted, and {tracked} is the newest that is announced");
        let outcome = Outcome::new(Ending::Blocked, why).owner(ART).next(format!(
            "ask ART why `{}` does not name {stable}",
            file_name(y_stream)
        ));
        return Ok(log.ended(outcome));
    }
    log.info("no new z-stream release found");
    let why = format!("no new release: {tracked} is announced and promoted");
    Ok(log.ended(Outcome::new(Ending::Pass, why)))
}

/// The newest release that ART has announced; `None` when the y-stream has no file or none in it.
async fn tracked(native: &Native, y_stream: &str) -> Result<Option<Version>> {
    let github = &native.github;
    let path = format!("_releases/{y_stream}/{}", file_name(y_stream));
    let file = github
        .client()
        .file(github.repository(), &path, github.branch())
        .await?;
    let Some(file) = file else {
        return Ok(None);
    };
    let tracking =
        Tracking::parse(y_stream, &file.text).map_err(|error| error.service("github"))?;
    Ok(tracking.newest().map(|newest| newest.version.clone()))
}

/// Makes the StateBox; it is the end of the detector, too, when it cannot be made.
async fn create(native: &Native, mut log: Log, release: &Version) -> Result<Ran> {
    let made = report::create(native, release).await?;
    let outcome = match made.outcome {
        Some(outcome) => outcome,
        None => classify(tool("oar_create_test_report")?, true, &made.text).outcome,
    };
    log.quote(&kept_text(&made.text).unwrap_or_default());
    let is_made = outcome.status == Ending::Pass;
    if is_made {
        log.info(format!("test report is created for {release}"));
    }
    Ok(log.ended(Outcome {
        reason: match is_made {
            true => format!("new release {release}: {}", outcome.reason),
            false => format!(
                "new release {release} has no StateBox yet: {}",
                outcome.reason
            ),
        },
        output: None,
        ..outcome
    }))
}

fn unknown(y_stream: &str, is_tracked: bool) -> Outcome {
    let why = match is_tracked {
        true => format!("no build of {y_stream} is promoted yet"),
        false => format!("no release of {y_stream} is announced yet"),
    };
    Outcome::new(Ending::Waiting, why).owner(ART)
}
