//! Labels of pull requests.

use serde_json::Value;

use super::{Client, below, wire::Ask};
use crate::{error::Result, http::found};

impl Client {
    /// Returns the labels of a pull request of `repository` (owner and name), or `None` when there is
    /// no such pull request or it may not be seen.
    ///
    /// Calls `GET /repos/{repository}/issues/{number}/labels`.
    pub async fn labels(&self, repository: &str, number: u64) -> Result<Option<Vec<String>>> {
        let route = format!("{}/issues/{number}/labels", below(repository));
        let query = [("per_page", "100")];
        let Some(answer) = found(self.send(&Ask::get(&route, &query)).await)? else {
            return Ok(None);
        };
        let labels: Vec<Value> = self.understand(&answer)?;
        let names = labels.iter().filter_map(|label| label["name"].as_str());
        Ok(Some(names.map(str::to_owned).collect()))
    }
}
