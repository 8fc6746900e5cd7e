//! Lists the commits of a file.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Client, below, wire::Ask};
use crate::error::Result;

/// GitHub lists no more on one page.
const MOST: usize = 100;

/// A commit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Commit {
    /// Git's name of it.
    pub sha: String,
    /// The whole message.
    pub message: String,
    /// The account that wrote it, else the name in the commit.
    pub author: String,
    /// When it was made.
    pub at: Timestamp,
}

#[derive(Deserialize)]
struct Listed {
    sha: String,
    commit: Details,
    #[serde(default)]
    author: Option<Account>,
}

#[derive(Deserialize)]
struct Details {
    message: String,
    author: Signature,
    committer: Signature,
}

#[derive(Deserialize)]
struct Signature {
    name: String,
    date: Timestamp,
}

#[derive(Deserialize)]
struct Account {
    login: String,
}

impl Client {
    /// Returns the newest `count` commits (at most 100) that changed `path` on `branch`, the newest
    /// first. An unknown path has none.
    ///
    /// Fails with `not_found` when there is no such branch or repository.
    /// Calls `GET /repos/{repository}/commits?sha={branch}&path={path}`.
    pub async fn commits(
        &self,
        repository: &str,
        path: &str,
        branch: &str,
        count: usize,
    ) -> Result<Vec<Commit>> {
        let route = format!("{}/commits", below(repository));
        let count = count.clamp(1, MOST).to_string();
        let query = [("sha", branch), ("path", path), ("per_page", &count)];
        let answer = match self.send(&Ask::get(&route, &query)).await {
            Ok(answer) => answer,
            Err(error) if error.status == Some(404) => {
                self.must_have_branch(repository, branch).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        let listed: Vec<Listed> = self.understand(&answer)?;
        let commits = listed.into_iter().map(|listed| Commit {
            sha: listed.sha,
            message: listed.commit.message,
            author: match listed.author {
                Some(account) => account.login,
                None => listed.commit.author.name,
            },
            at: listed.commit.committer.date,
        });
        Ok(commits.collect())
    }
}
