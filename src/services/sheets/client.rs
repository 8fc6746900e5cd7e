//! The requests to Google Sheets.
//!
//! They are google-sheets4's; its delegate only listens, so nothing is tried again behind our back.
//! Connections are not kept: a call comes every few minutes at most, and a connection that was
//! closed meanwhile would leave a change in doubt.

use std::sync::OnceLock;

use google_sheets4::{
    Sheets,
    api::{BatchUpdateSpreadsheetRequest, BatchUpdateValuesRequest, Request, Response, ValueRange},
    common,
    hyper_util::{client::legacy, rt::TokioExecutor},
};
use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::{
    Account, Cells, Grid, Spreadsheet, Tab,
    account::Token,
    connector::{Connector, connector},
    trouble::{Answered, Listener, Trouble, is_document_id},
};
use crate::{
    error::{Error, Kind, Result},
    http::{Caller, Shown, segment},
    world::BoxFuture,
};

/// What is asked of a document: enough to find its tabs.
const FIELDS: &str = "spreadsheetId,properties.title,sheets.properties(sheetId,title)";

/// How one call of the library ends, and what was heard of it.
type Sent<T> = BoxFuture<'static, (Answered<T>, Listener)>;

/// Reads and writes documents.
#[derive(Debug)]
pub struct Client {
    caller: Caller,
    account: Account,
    connections: OnceLock<common::Client<Connector>>,
}

impl Client {
    /// Makes a client. Nothing is read or sent before it is used.
    pub fn new(caller: Caller, account: Account) -> Self {
        Self {
            caller,
            account,
            connections: OnceLock::new(),
        }
    }

    /// Returns the title and the tabs of a document.
    ///
    /// Fails with `not_found` when there is no such document, `denied` when it is not shared with
    /// the service account. Calls `GET /v4/spreadsheets/{document}`.
    pub async fn spreadsheet(&self, document: &str) -> Result<Spreadsheet> {
        let call = Call::reading(document, "", &[("fields", FIELDS)]);
        let answer = self
            .send(&call, |hub, mut listener| {
                let document = document.to_owned();
                Box::pin(async move {
                    let methods = hub.spreadsheets();
                    let call = methods.get(&document).param("fields", FIELDS);
                    (call.delegate(&mut listener).doit().await, listener)
                })
            })
            .await?;
        let tabs = answer.sheets.unwrap_or_default().into_iter().map(|sheet| {
            let properties = sheet.properties.unwrap_or_default();
            match (properties.title, properties.sheet_id) {
                (Some(title), Some(id)) => Ok(Tab {
                    title,
                    id: i64::from(id),
                }),
                _ => Err(self.wrong("a tab without title or number")),
            }
        });
        let title = answer.properties.and_then(|properties| properties.title);
        Ok(Spreadsheet {
            title: title.ok_or_else(|| self.wrong("a document without title"))?,
            tabs: tabs.collect::<Result<_>>()?,
        })
    }

    /// Returns what a reader sees in each of `ranges` (such as `'4.20.1'!A1:H200`), in their order.
    /// A link shows its label. Without ranges nothing is sent.
    ///
    /// Fails with `not_found` when the document or a tab does not exist, `denied` when the document
    /// is not shared, `invalid` when a range is none or lies outside of its tab.
    /// Calls `GET /v4/spreadsheets/{document}/values:batchGet`.
    pub async fn values(&self, document: &str, ranges: &[String]) -> Result<Vec<Grid>> {
        if ranges.is_empty() {
            return Ok(Vec::new());
        }
        let mut query: Vec<_> = ranges.iter().map(|range| ("ranges", &**range)).collect();
        query.push(("valueRenderOption", "FORMATTED_VALUE"));
        let call = Call::reading(document, "/values:batchGet", &query);
        let answer = self
            .send(&call, |hub, mut listener| {
                let (document, ranges) = (document.to_owned(), ranges.to_vec());
                Box::pin(async move {
                    let methods = hub.spreadsheets();
                    let call = ranges
                        .iter()
                        .fold(methods.values_batch_get(&document), |call, range| {
                            call.add_ranges(range)
                        })
                        .value_render_option("FORMATTED_VALUE");
                    (call.delegate(&mut listener).doit().await, listener)
                })
            })
            .await?;
        let grids = answer.value_ranges.unwrap_or_default();
        if grids.len() != ranges.len() {
            return Err(self.wrong(&format!(
                "{} ranges instead of {}",
                grids.len(),
                ranges.len()
            )));
        }
        Ok(grids.into_iter().map(grid).collect())
    }

    /// Writes values as if a person typed them, all or none. Without `cells` nothing is sent.
    ///
    /// Fails as [`Client::values`] does; an error may be ambiguous. Sent once.
    /// Calls `POST /v4/spreadsheets/{document}/values:batchUpdate`.
    pub async fn write(&self, document: &str, cells: &[Cells]) -> Result<()> {
        if cells.is_empty() {
            return Ok(());
        }
        let request = BatchUpdateValuesRequest {
            value_input_option: Some("USER_ENTERED".to_owned()),
            data: Some(cells.iter().map(to_range).collect()),
            ..BatchUpdateValuesRequest::default()
        };
        let call = Call::changing(document, "/values:batchUpdate");
        self.send(&call, |hub, mut listener| {
            let (document, request) = (document.to_owned(), request.clone());
            Box::pin(async move {
                let methods = hub.spreadsheets();
                let call = methods.values_batch_update(request, &document);
                (call.delegate(&mut listener).doit().await, listener)
            })
        })
        .await?;
        Ok(())
    }

    /// Carries out requests on the document itself, such as a new tab, all or none; returns one
    /// reply for each. Without `requests` nothing is sent.
    ///
    /// Fails with `conflict` when a tab with a wanted title exists already, else as
    /// [`Client::values`] does; an error may be ambiguous. Sent once.
    /// Calls `POST /v4/spreadsheets/{document}:batchUpdate`.
    pub async fn update(&self, document: &str, requests: Vec<Request>) -> Result<Vec<Response>> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let request = BatchUpdateSpreadsheetRequest {
            requests: Some(requests),
            ..BatchUpdateSpreadsheetRequest::default()
        };
        let call = Call::changing(document, ":batchUpdate");
        let answer = self
            .send(&call, |hub, mut listener| {
                let (document, request) = (document.to_owned(), request.clone());
                Box::pin(async move {
                    let methods = hub.spreadsheets();
                    let call = methods.batch_update(request, &document);
                    (call.delegate(&mut listener).doit().await, listener)
                })
            })
            .await?;
        Ok(answer.replies.unwrap_or_default())
    }

    /// Sends one call, with a token that is still good.
    async fn send<T>(
        &self,
        call: &Call<'_>,
        request: impl Fn(Sheets<Connector>, Listener) -> Sent<T> + Sync,
    ) -> Result<T> {
        if !is_document_id(call.document) {
            let message = format!("`{}` is not the id of a document", call.document);
            return Err(self.caller.finish(
                Error::invalid(message)
                    .hint("it is the long word in the document's address, after `/d/`"),
            ));
        }
        let url = call.url(self.caller.base());
        // The library cannot put a longer address into a request.
        if url.as_str().len() > LONGEST_ADDRESS {
            return Err(self
                .caller
                .finish(Error::invalid("too many ranges for one request")));
        }
        let token = self.account.token().await?;
        let shown = Shown::new(call.method(), &url);
        let (hub, shown, request) = (&self.hub(&token)?, &shown, &request);
        let (call, email) = (*call, &*token.email);
        let answer = self.caller.guarded(shown, call.is_changing, || async move {
            let sent = request(hub.clone(), Listener::default());
            let sent = tokio::time::timeout(self.caller.longest(None), sent).await;
            let (answer, listener) = match sent {
                Ok((answer, listener)) => (Some(answer), listener),
                Err(_) => (None, Listener::default()),
            };
            let tried = listener.tried(answer.as_ref());
            let trouble = Trouble {
                call,
                what: shown.to_string(),
                email,
                now: self.caller.now(),
            };
            (tried, trouble.judge(answer, listener).await)
        });
        let answer = answer.await;
        if answer
            .as_ref()
            .is_err_and(|error| error.status == Some(401))
        {
            self.account.forget();
        }
        answer
    }

    fn hub(&self, token: &Token) -> Result<Sheets<Connector>> {
        let connections = match self.connections.get() {
            Some(connections) => connections,
            None => {
                let base = self.caller.base();
                let connector = connector(base).map_err(|error| self.caller.finish(error))?;
                self.connections.get_or_init(|| {
                    legacy::Client::builder(TokioExecutor::new())
                        .pool_max_idle_per_host(0)
                        .retry_canceled_requests(false)
                        .build(connector)
                })
            }
        };
        let mut hub = Sheets::new(connections.clone(), token.text());
        let base = format!("{}/", self.caller.base().as_str().trim_end_matches('/'));
        hub.base_url(base.clone());
        hub.root_url(base);
        hub.user_agent(concat!("oar-script/", env!("CARGO_PKG_VERSION")).to_owned());
        Ok(hub)
    }

    fn wrong(&self, trouble: &str) -> Error {
        let message = format!("the answer holds {trouble}");
        self.caller.finish(Error::new(Kind::Invalid, message))
    }
}

/// The library's limit is 65,534 bytes; Google's is far lower, and answered by it.
const LONGEST_ADDRESS: usize = 60_000;

/// One call, as messages show it.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) document: &'a str,
    pub(super) is_changing: bool,
    below: &'a str,
    query: &'a [(&'a str, &'a str)],
}

impl<'a> Call<'a> {
    fn reading(document: &'a str, below: &'a str, query: &'a [(&'a str, &'a str)]) -> Self {
        Self {
            document,
            is_changing: false,
            below,
            query,
        }
    }

    fn changing(document: &'a str, below: &'a str) -> Self {
        Self {
            document,
            is_changing: true,
            below,
            query: &[],
        }
    }

    fn method(&self) -> Method {
        if self.is_changing {
            Method::POST
        } else {
            Method::GET
        }
    }

    fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        let folder = base.path().trim_end_matches('/');
        let document = segment(self.document);
        url.set_path(&format!(
            "{folder}/v4/spreadsheets/{document}{}",
            self.below
        ));
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(self.query);
        }
        url
    }
}

fn to_range(cells: &Cells) -> ValueRange {
    let row = |row: &Vec<String>| row.iter().map(|cell| cell.as_str().into()).collect();
    ValueRange {
        range: Some(cells.range.clone()),
        major_dimension: Some("ROWS".to_owned()),
        values: Some(cells.rows.iter().map(row).collect()),
    }
}

fn grid(range: ValueRange) -> Grid {
    let cell = |cell: Value| match cell {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let rows = range.values.unwrap_or_default();
    rows.into_iter()
        .map(|row| row.into_iter().map(cell).collect())
        .collect()
}
