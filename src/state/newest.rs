//! Reads the newest announced release of every y-stream, and its document.
//!
//! What is announced stands in one file per y-stream on the branch that has the state. All of them
//! come with one request, all documents with a second one.

use std::{fmt::Write as _, sync::Arc};

use serde_json::{Map, Value};

use super::{StateStore, branch::path_of};
use crate::{
    error::{Error, Result},
    release::{
        Version,
        statebox::StateBox,
        tracking::{Tracking, file_name, y_stream_numbers},
    },
    services::github::GitHub,
};

/// The folder with a folder for each y-stream.
const FOLDER: &str = "_releases";

const TRACKING: &str = "query($owner: String!, $name: String!, $folder: String!) {
  repository(owner: $owner, name: $name) {
    object(expression: $folder) {
      ... on Tree { entries { name type object {
        ... on Tree { entries { name type object { ... on Blob { text } } } }
      } } }
    }
  }
}";

const FOLDERS: &str = "query($owner: String!, $name: String!, $folder: String!) {
  repository(owner: $owner, name: $name) {
    object(expression: $folder) {
      ... on Tree { entries { name type object { ... on Tree { entries { name type } } } } }
    }
  }
}";

/// Where the documents are.
#[derive(Clone)]
pub enum Documents {
    /// On the branch that has the tracking files: all come with one request.
    Beside,
    /// In a store of their own.
    Store(Arc<dyn StateStore>),
}

/// What is known of the newest release of a y-stream. Trouble with one does not hide the others.
#[derive(Clone, Debug)]
pub struct Newest {
    /// The y-stream, such as `4.20`.
    pub y_stream: String,
    /// The release; none when nothing is announced.
    pub release: Result<Option<Version>>,
    /// Its document; none when nobody has made it.
    pub document: Result<Option<StateBox>>,
    /// Where a person looks at the document.
    pub link: Option<String>,
}

/// Returns the newest release of every y-stream that has a tracking file, by number.
///
/// Fails when GitHub cannot be asked, `not_found` when the branch has no releases. It needs a
/// token. Calls `POST /graphql` once, and a second time with [`Documents::Beside`].
pub async fn newest(github: &GitHub, documents: &Documents) -> Result<Vec<Newest>> {
    let entries = folders(github, TRACKING).await?;
    let mut found: Vec<_> = entries.iter().filter_map(y_stream).collect();
    found.sort_by_key(|(numbers, _)| *numbers);
    let mut found: Vec<Newest> = found.into_iter().map(|(_, newest)| newest).collect();
    match documents {
        Documents::Beside => beside(github, &mut found).await?,
        Documents::Store(store) => {
            for newest in &mut found {
                let Ok(Some(release)) = &newest.release else {
                    continue;
                };
                match store.read(release).await {
                    Ok(Some(snapshot)) => {
                        newest.document = Ok(Some(snapshot.document));
                        newest.link = snapshot.link;
                    }
                    Ok(None) => {}
                    Err(error) => newest.document = Err(error),
                }
            }
        }
    }
    Ok(found)
}

/// Returns the y-streams that have a tracking file, by number: those that ART makes releases of.
///
/// Fails as [`newest`] does. Calls `POST /graphql` once.
pub async fn y_streams(github: &GitHub) -> Result<Vec<String>> {
    let entries = folders(github, FOLDERS).await?;
    let mut found: Vec<_> = entries
        .iter()
        .filter_map(|folder| {
            let name = folder["name"].as_str()?;
            let mut files = folder["object"]["entries"].as_array()?.iter();
            let is_tracked = files.any(|file| file["name"] == file_name(name));
            is_tracked.then_some((y_stream_numbers(name)?, name.to_owned()))
        })
        .collect();
    found.sort();
    Ok(found.into_iter().map(|(_, name)| name).collect())
}

/// What is in the folder of all y-streams, as a query asks for it.
async fn folders(github: &GitHub, query: &str) -> Result<Vec<Value>> {
    let folder = format!("{}:{FOLDER}", github.branch());
    let mut variables = repository(github);
    variables.insert("folder".to_owned(), folder.into());
    let mut answer = github.client().graphql(query, variables.into()).await?;
    match answer["repository"]["object"]["entries"].take() {
        Value::Array(entries) => Ok(entries),
        _ => Err(Error::not_found(format!(
            "there is no folder `{FOLDER}` on the branch `{}` of `{}`",
            github.branch(),
            github.repository()
        ))
        .service("github")
        .hint("look at `github.repository` and `state.branch`")),
    }
}

/// The newest release by the tracking file in a folder; none for folders without one.
fn y_stream(folder: &Value) -> Option<((u64, u64), Newest)> {
    let name = folder["name"].as_str()?;
    let numbers = y_stream_numbers(name)?;
    let files = folder["object"]["entries"].as_array()?;
    let file = files
        .iter()
        .find(|file| file["name"] == file_name(name) && file["type"] == "blob")?;
    let release = match file["object"]["text"].as_str() {
        Some("") => return None,
        Some(text) => Tracking::parse(name, text)
            .map(|tracking| tracking.newest().map(|newest| newest.version.clone())),
        None => Err(Error::invalid(format!(
            "the tracking file `{}` is not text",
            file_name(name)
        ))),
    };
    let newest = Newest {
        y_stream: name.to_owned(),
        release,
        document: Ok(None),
        link: None,
    };
    Some((numbers, newest))
}

/// Reads the documents that lie beside the tracking files.
async fn beside(github: &GitHub, found: &mut [Newest]) -> Result<()> {
    let mut variables = repository(github);
    let mut fields = String::new();
    let mut declared = String::new();
    for (place, newest) in found.iter().enumerate() {
        if let Ok(Some(release)) = &newest.release {
            let file = format!("{}:{}", github.branch(), path_of(release));
            variables.insert(format!("file_{place}"), file.into());
            // Writing into a text cannot fail.
            let _ = write!(declared, ", $file_{place}: String!");
            let _ = writeln!(
                fields,
                "    release_{place}: object(expression: $file_{place}) {{ ... on Blob {{ text }} }}"
            );
        }
    }
    if fields.is_empty() {
        return Ok(());
    }
    let query = format!(
        "query($owner: String!, $name: String!{declared}) {{\n  \
         repository(owner: $owner, name: $name) {{\n{fields}  }}\n}}"
    );
    let answer = github.client().graphql(&query, variables.into()).await?;
    for (place, newest) in found.iter_mut().enumerate() {
        let Ok(Some(release)) = &newest.release else {
            continue;
        };
        let file = &answer["repository"][format!("release_{place}")];
        if file.is_null() {
            continue;
        }
        newest.link = Some(github.page(&path_of(release), github.branch()));
        newest.document = match file["text"].as_str() {
            Some(text) => StateBox::parse(text, release).map(Some),
            None => Err(Error::invalid(format!(
                "the state document of {release} is not text"
            ))),
        };
    }
    Ok(())
}

fn repository(github: &GitHub) -> Map<String, Value> {
    let (owner, name) = github
        .repository()
        .split_once('/')
        .unwrap_or((github.repository(), ""));
    [("owner", owner), ("name", name)]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.into()))
        .collect()
}
