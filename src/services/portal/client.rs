//! The requests to the customer portal.

use std::time::Duration;

use url::Url;

use crate::{
    error::{Error, Result},
    http::Caller,
};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Looks at pages.
#[derive(Debug)]
pub struct Client {
    caller: Caller,
    is_elsewhere: bool,
}

impl Client {
    /// Makes a client. With `is_elsewhere` every page is asked for at the address of `caller`, whatever
    /// host the page names.
    pub fn new(caller: Caller, is_elsewhere: bool) -> Self {
        Self {
            caller,
            is_elsewhere,
        }
    }

    /// Returns whether everybody can see a page.
    ///
    /// It follows where it is sent. An answer that the page is not there, or not for us, means no;
    /// an answer that says nothing about the page (too many requests, trouble of the portal, none at
    /// all) is an error. Fails with `invalid` when `page` is no `https` address. Calls `GET` on it.
    pub async fn is_public(&self, page: &Url) -> Result<bool> {
        let is_page = page.scheme() == "https" && page.has_host();
        if !is_page {
            let error = Error::invalid(format!("`{page}` is not the address of a page"));
            return Err(self.caller.finish(error));
        }
        let caller = if self.is_elsewhere {
            self.caller.clone()
        } else {
            self.caller.at(origin(page))
        };
        let request = page
            .query_pairs()
            .fold(caller.get(page.path()), |request, (name, value)| {
                request.query(&name, value)
            });
        match request.timeout(TIMEOUT).send().await {
            Ok(_) => Ok(true),
            Err(error) if is_answer(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Whether this refusal is about the page.
fn is_answer(error: &Error) -> bool {
    error
        .status
        .is_some_and(|status| (400..500).contains(&status) && !matches!(status, 407 | 408 | 429))
        && !error.is_retryable()
}

fn origin(page: &Url) -> Url {
    let mut origin = page.clone();
    origin.set_path("/");
    origin.set_query(None);
    origin.set_fragment(None);
    origin
}
