//! Reads lists to their end, whichever way the server pages them.
//!
//! The address of the next page in `Link` is used for its query alone: a token goes nowhere but to the
//! service it is for.

use reqwest::header::{HeaderMap, LINK};
use serde::de::DeserializeOwned;
use url::Url;

use super::Client;
use crate::error::Result;

/// No list we read is near this long.
const MOST_PAGES: usize = 200;

impl Client {
    /// Returns all entries of the list at `path`.
    pub(super) async fn all<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>> {
        let own = query.iter().copied().chain([("per_page", "100")]);
        let mut query: Vec<(String, String)> = own
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut entries = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut request = self.caller.get(path);
            for (name, value) in &query {
                request = request.query(name, value);
            }
            let answer = request.send().await?;
            let page: Vec<T> = answer.json().map_err(|error| self.caller.finish(error))?;
            entries.extend(page);
            match next(&answer.headers, &query) {
                None => return Ok(entries),
                Some(same) if same == query => break,
                Some(next) => query = next,
            }
        }
        Err(self.wrong(format!("the list at `{path}` does not end")))
    }
}

/// The query of the next page, if there is one.
fn next(headers: &HeaderMap, query: &[(String, String)]) -> Option<Vec<(String, String)>> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    if let Some(link) = text(LINK.as_str()) {
        return link.split(',').find_map(|part| {
            let (address, relation) = part.split_once(';')?;
            if !relation.contains("rel=\"next\"") {
                return None;
            }
            let address = address.trim().strip_prefix('<')?.strip_suffix('>')?;
            let url = Url::parse(address).ok()?;
            Some(url.query_pairs().into_owned().collect())
        });
    }
    let page = text("x-next-page").filter(|page| !page.trim().is_empty())?;
    let others = query.iter().filter(|(name, _)| name != "page");
    let page = ("page".to_owned(), page.trim().to_owned());
    Some(others.cloned().chain([page]).collect())
}
