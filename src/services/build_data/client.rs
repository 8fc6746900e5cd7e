//! The request for the file of a y-stream.

use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH},
};
use url::Url;

use crate::{
    error::{Error, Kind, Result},
    http::{Answer, Caller, Request, found, segment},
    release::build_data::{BUGS_FILE, FILE, REPOSITORY, branch},
};

/// Stands for the branch in an address that is set.
const PLACE: &str = "%s";

/// Reads files of the repository with the build data.
#[derive(Debug)]
pub struct Client {
    caller: Caller,
}

/// What a conditional read came back with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Read {
    /// The file is as it was.
    Unchanged,
    /// The file.
    File {
        /// What it says.
        text: String,
        /// What identifies this version of it, if the service says.
        tag: Option<String>,
    },
}

impl Client {
    /// Makes a client.
    ///
    /// Its base address is that of the service, or that of the file with `%s` in place of the branch,
    /// as the Python tool has it.
    pub fn new(caller: Caller) -> Self {
        Self { caller }
    }

    /// Returns the file of a y-stream such as `4.20`, unless it is still the version `known`.
    ///
    /// Fails with `not_found` when there is no such y-stream, `invalid` when the name is none.
    /// Calls `GET /openshift-eng/ocp-build-data/openshift-{y_stream}/releases.yml`, or the address
    /// of the file that is set.
    pub async fn releases(&self, y_stream: &str, known: Option<&str>) -> Result<Read> {
        self.check(y_stream)?;
        let mut request = self.file(&branch(y_stream), FILE)?;
        // A tag that no header can carry asks for the whole file.
        if let Some(known) = known.and_then(|known| HeaderValue::from_str(known).ok()) {
            request = request.header(IF_NONE_MATCH, known);
        }
        let answer = request.send().await.map_err(|error| match error.kind {
            Kind::NotFound => self.caller.finish(missing(y_stream).because(error)),
            _ => error,
        })?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(Read::Unchanged);
        }
        let header = |name| {
            answer
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        self.check_is_file(&answer, y_stream, FILE)?;
        Ok(Read::File {
            tag: header(ETAG).map(str::to_owned),
            text: answer.text(),
        })
    }

    /// Returns the text of the file that says which bugs of a y-stream are ART's; `None` when the branch
    /// has none.
    ///
    /// Calls `GET /openshift-eng/ocp-build-data/openshift-{y_stream}/bug.yml`, or what stands beside the
    /// address that is set.
    pub async fn bugs(&self, y_stream: &str) -> Result<Option<String>> {
        self.check(y_stream)?;
        let request = self.file(&branch(y_stream), BUGS_FILE)?;
        let Some(answer) = found(request.send().await)? else {
            return Ok(None);
        };
        self.check_is_file(&answer, y_stream, BUGS_FILE)?;
        Ok(Some(answer.text()))
    }

    fn check(&self, y_stream: &str) -> Result<()> {
        let is_y_stream = y_stream
            .split_once('.')
            .is_some_and(|(major, minor)| is_number(major) && is_number(minor));
        if is_y_stream {
            return Ok(());
        }
        let error = Error::invalid(format!("`{y_stream}` is not a y-stream"));
        Err(self.caller.finish(error.hint("give one such as 4.20")))
    }

    fn check_is_file(&self, answer: &Answer, y_stream: &str, file: &str) -> Result<()> {
        let kind = answer.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("html")) {
            return Ok(());
        }
        let message = format!("`{file}` of `{}` came as a page", branch(y_stream));
        Err(self.caller.finish(
            Error::new(Kind::Unexpected, message)
                .status(answer.status.as_u16())
                .hint(
                    "a proxy or a login page may have answered; check the address of the service",
                ),
        ))
    }

    /// Begins the request for a file of a branch.
    fn file(&self, branch: &str, name: &str) -> Result<Request> {
        let base = self.caller.base().as_str();
        let branch = segment(branch);
        if !base.contains(PLACE) {
            let path = format!("/{REPOSITORY}/{branch}/{name}");
            return Ok(self.caller.get(&path));
        }
        let mut file = Url::parse(&base.replace(PLACE, &branch)).map_err(|error| {
            let error = Error::invalid(format!("`{base}` is no address")).because(error);
            self.caller.finish(error)
        })?;
        let mut path = file.path().to_owned();
        if name != FILE {
            // It stands where the file that is set stands.
            let folder = path.rfind('/').map_or(0, |slash| slash + 1);
            path.replace_range(folder.., name);
        }
        file.set_path("");
        Ok(self.caller.at(file).get(&path))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() < 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn missing(y_stream: &str) -> Error {
    Error::not_found(format!(
        "ART has no build data for the y-stream {y_stream}: no `{FILE}` on the branch `{}`",
        branch(y_stream)
    ))
    .status(404)
    .hint(format!(
        "check the number of the release; the branches are at https://github.com/{REPOSITORY}/branches"
    ))
}
