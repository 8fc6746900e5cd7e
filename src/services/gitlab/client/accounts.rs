//! Accounts.

use serde::{Deserialize, Serialize};

use super::Client;
use crate::error::Result;

/// An account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct User {
    /// Its number.
    pub id: u64,
    /// Its name, as mentioned after an `@`.
    pub username: String,
    /// `active`, `blocked` or another word of GitLab.
    #[serde(default)]
    pub state: String,
}

impl Client {
    /// Returns the account of the token; asked once.
    ///
    /// Fails with `denied` without a token or with one that is no longer valid.
    /// Calls `GET /user`.
    pub async fn user(&self) -> Result<User> {
        let me = self
            .me
            .get_or_try_init(|| async { self.caller.get("/api/v4/user").send_json().await });
        me.await.cloned()
    }

    /// Returns the active account with this e-mail address, or `None`.
    ///
    /// Fails with `invalid` when the text is no address, or more than one account answers to it.
    /// Calls `GET /users?search={email}`.
    pub async fn find_user(&self, email: &str) -> Result<Option<User>> {
        let is_address = email.split_once('@').is_some_and(|(name, host)| {
            let is_plain = |text: &str, also: &[u8]| {
                !text.is_empty()
                    && text
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || also.contains(&byte))
            };
            is_plain(name, b"._%+-") && is_plain(host, b".-") && host.contains('.')
        });
        if !is_address {
            return Err(self.wrong(format!("`{email}` is not an e-mail address")));
        }
        let mut found: Vec<User> = self.all("/api/v4/users", &[("search", email)]).await?;
        found.retain(|user| user.state == "active");
        if found.len() > 1 {
            let names: Vec<_> = found.iter().map(|user| user.username.as_str()).collect();
            let message = format!("`{email}` fits several accounts: {}", names.join(", "));
            return Err(self.wrong(message));
        }
        Ok(found.pop())
    }
}
