//! The questions to the directory.
//!
//! The protocol is that of the crate `ldap3`. It runs in a task of its own, which is not allowed to
//! take the program down when an answer makes no sense to it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, Scope, SearchEntry, ldap_escape};
use reqwest::Method;
use tokio::task::JoinSet;
use url::Url;

use super::{BASE, dn::first_uid, trouble};
use crate::{
    error::{Error, Kind, Result},
    http::{Caller, Shown, Tally, Tried},
};

/// For a look-up from the connection to the last answer.
const TIMEOUT: Duration = Duration::from_secs(10);

const MAIL: &str = "rhatPrimaryMail";
const MANAGER: &str = "manager";

/// Looks people up.
#[derive(Debug)]
pub struct Client {
    caller: Caller,
    tally: Tally,
}

impl Client {
    /// Makes a client; `tally` counts the searches of a look-up beyond the first.
    pub fn new(caller: Caller, tally: Tally) -> Self {
        Self { caller, tally }
    }

    /// Returns the address of somebody's manager, or `None` when the directory does not know the
    /// person or names no manager.
    ///
    /// What stands between `+` and `@` in `email` is left out: people file tickets under such
    /// addresses, the directory does not have them. Asks `(rhatPrimaryMail={email})`, then
    /// `(uid={manager})`.
    pub async fn manager(&self, email: &str) -> Result<Option<String>> {
        let Some(email) = plain(email) else {
            return Ok(None);
        };
        let tally = self.tally.clone();
        self.look_up(equal(MAIL, &email), MANAGER, move |mut link, filter| {
            let tally = tally.clone();
            async move {
                let found = search(&mut link, &filter, MANAGER).await?;
                let Some(uid) = first(found).as_deref().and_then(first_uid) else {
                    return Ok(None);
                };
                tally.add(1);
                let found = search(&mut link, &equal("uid", &uid), MAIL).await?;
                Ok(first(found))
            }
        })
        .await
    }

    /// Returns the addresses of a group's members, such as those of `ocp-errata-reliability-team`;
    /// none when there is no such group. Asks `(memberOf=cn={group},…)`.
    pub async fn members(&self, group: &str) -> Result<BTreeSet<String>> {
        if group.is_empty() {
            return Ok(BTreeSet::new());
        }
        let name = ldap3::dn_escape(group);
        let group = format!("cn={name},ou=adhoc,ou=managedGroups,{BASE}");
        self.look_up(
            equal("memberOf", &group),
            MAIL,
            |mut link, filter| async move {
                let found = search(&mut link, &filter, MAIL).await?;
                Ok(found.into_iter().flatten().collect())
            },
        )
        .await
    }

    /// Asks the directory where its entries are: the cheapest question that shows that it answers.
    pub async fn bases(&self) -> Result<Vec<String>> {
        let name = "namingContexts";
        self.look_up(
            "(objectClass=*)".to_owned(),
            name,
            move |mut link, filter| async move {
                let asked = link.search("", Scope::Base, &filter, vec![name]);
                let (found, _) = asked.await?.success()?;
                let found = found.into_iter().map(|entry| values(entry, name));
                Ok(found.flatten().collect())
            },
        )
        .await
    }

    /// Opens a connection, lets `ask` ask, and closes it; all within the time, and again after passing
    /// trouble.
    async fn look_up<T, F, A>(&self, filter: String, wanted: &str, ask: A) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = ldap3::result::Result<T>> + Send + 'static,
        A: Fn(Ldap, String) -> F + Clone + Send + Sync + 'static,
    {
        let base = self.caller.base();
        check(base).map_err(|error| self.caller.finish(error))?;
        let shown = shown(base, &filter, wanted);
        let (shown, filter, ask) = (&shown, Arc::new(filter), &ask);
        let limit = self.caller.longest(Some(TIMEOUT));
        self.caller
            .guarded(shown, false, || {
                let (base, filter, ask) = (base.clone(), filter.clone(), ask.clone());
                async move {
                    let mut task = JoinSet::new();
                    task.spawn(async move {
                        linked(&base, limit, |link| ask(link, (*filter).clone())).await
                    });
                    let ended = tokio::time::timeout(limit, task.join_next()).await;
                    let answer = match ended {
                        Ok(Some(Ok(answer))) => {
                            answer.map_err(|error| trouble::judge(shown, error))
                        }
                        Ok(_) => Err(Error::invalid(format!(
                            "{shown} got an answer that is no LDAP"
                        ))),
                        Err(_) => Err(Error::new(
                            Kind::Unreachable,
                            format!("{shown} got no answer in time"),
                        )),
                    };
                    let tried = Tried {
                        status: None,
                        bytes: 0,
                    };
                    (tried, answer)
                }
            })
            .await
    }
}

/// Connects, shows nobody's name, asks, and says good-bye. The connection ends with this.
async fn linked<T, F>(
    address: &Url,
    limit: Duration,
    ask: impl FnOnce(Ldap) -> F,
) -> ldap3::result::Result<T>
where
    F: Future<Output = ldap3::result::Result<T>>,
{
    let settings = LdapConnSettings::new().set_conn_timeout(limit);
    let (connection, mut link) = LdapConnAsync::from_url_with_settings(settings, address).await?;
    let mut driver = JoinSet::new();
    driver.spawn(connection.drive());
    link.simple_bind("", "").await?.success()?;
    let answer = ask(link.clone()).await;
    // The answer is there; whether the directory heard the good-bye changes nothing.
    let _ = link.unbind().await;
    answer
}

/// The values of one attribute, for each entry that a filter finds.
async fn search(
    link: &mut Ldap,
    filter: &str,
    attribute: &str,
) -> ldap3::result::Result<Vec<Vec<String>>> {
    let asked = link.search(BASE, Scope::Subtree, filter, vec![attribute]);
    let (found, _) = asked.await?.success()?;
    let found = found.into_iter().map(|entry| values(entry, attribute));
    Ok(found.collect())
}

/// What an entry has of an attribute, whose name may come in another case.
fn values(entry: ldap3::ResultEntry, attribute: &str) -> Vec<String> {
    let attributes = SearchEntry::construct(entry).attrs.into_iter();
    attributes
        .filter(|(name, _)| name.eq_ignore_ascii_case(attribute))
        .flat_map(|(_, values)| values)
        .filter(|value| !value.is_empty())
        .collect()
}

/// The first value of the first entry.
fn first(found: Vec<Vec<String>>) -> Option<String> {
    found.into_iter().next()?.into_iter().next()
}

fn equal(attribute: &str, value: &str) -> String {
    format!("({attribute}={})", ldap_escape(value))
}

/// An address without its tag; `None` when it is none.
fn plain(email: &str) -> Option<String> {
    let (person, host) = email.trim().split_once('@')?;
    let person = person.split('+').next().unwrap_or_default();
    let is_address = !person.is_empty() && !host.is_empty() && !host.contains('@');
    is_address.then(|| format!("{person}@{host}"))
}

/// Nothing is asked where others could listen; a stand-in on this machine needs no TLS.
fn check(address: &Url) -> Result<()> {
    let is_here = match address.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        // The parser leaves addresses in numbers as names when the scheme is not one of the web's.
        Some(url::Host::Domain(name)) => {
            name == "localhost"
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
        None => false,
    };
    match address.scheme() {
        "ldaps" if address.has_host() => Ok(()),
        "ldap" if is_here => Ok(()),
        _ => Err(Error::invalid(
            "the directory is asked over `ldaps` only, unless it is on this machine",
        )
        .hint("look at `services.ldap.endpoint`")),
    }
}

/// The question as an address, which is how LDAP writes one down.
fn shown(base: &Url, filter: &str, wanted: &str) -> Shown {
    let mut address = base.clone();
    address.set_path(&format!("/{BASE}"));
    address.set_query(Some(&format!("{wanted}?sub?{filter}")));
    let method = Method::from_bytes(b"SEARCH").unwrap_or(Method::GET);
    Shown::new(method, &address)
}
