//! The page that announces a release: its address stands in the payload of exactly this release.

use url::Url;

use super::super::{Native, log::Log};
use crate::{
    error::{Error, Kind, Result},
    release::Version,
    services::{portal, release_controller},
};

/// What is known of the page.
pub(super) enum Page {
    /// Everybody can see it: production is done.
    Public(Url),
    /// Nobody can yet.
    Hidden,
    /// There is no such payload, or it names no page.
    Missing(String),
    /// This look gave no answer.
    Unknown(String),
}

impl Page {
    /// What people should know beside that the page is not public.
    pub fn oddness(&self) -> Option<String> {
        match self {
            Self::Public(_) | Self::Hidden => None,
            Self::Missing(what) => Some(what.clone()),
            Self::Unknown(why) => Some(format!("the last look gave no answer: {why}")),
        }
    }
}

/// Looks for the page and whether it is public.
///
/// A service that is away leaves it unknown. Fails when it refuses or answers what nobody understands.
pub(super) async fn look(native: &Native, log: &mut Log, release: &Version) -> Result<Page> {
    match looked(native, log, release).await {
        Ok(Page::Public(url)) => Ok(Page::Public(url)),
        Ok(page) => {
            if let Some(what) = page.oddness() {
                log.warning(what);
            }
            log.info("The metadata url is not accessible");
            Ok(page)
        }
        Err(error) if is_passing(&error) => {
            let why = error.chain();
            log.error(format!("Failed to check metadata URL accessibility: {why}"));
            Ok(Page::Unknown(error.message))
        }
        Err(error) => Err(error),
    }
}

async fn looked(native: &Native, log: &mut Log, release: &Version) -> Result<Page> {
    let controller = native.client::<release_controller::Client>()?;
    let Some(payload) = controller.payload(&release.to_string()).await? else {
        let what = format!("the Release Controller has no payload of {release}");
        return Ok(Page::Missing(what));
    };
    let Some(url) = payload.url else {
        let what = format!("the payload of {release} names no page that announces it");
        return Ok(Page::Missing(what));
    };
    log.info(format!("Checking accessiblity of metadata url {url}"));
    let portal = native.client::<portal::Client>()?;
    Ok(match portal.is_public(&url).await? {
        true => Page::Public(url),
        false => Page::Hidden,
    })
}

/// Whether the next look may well give an answer.
fn is_passing(error: &Error) -> bool {
    error.says_nothing() || matches!(error.kind, Kind::Busy | Kind::Unreachable | Kind::Timeout)
}
