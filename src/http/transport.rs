//! Builds the connection pool.

use std::{error::Error as StdError, time::Duration};

use reqwest::{Client, ClientBuilder, NoProxy, Proxy, redirect::Policy};

use crate::{
    error::{Error, Kind, Result},
    world::World,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Addresses that no proxy can reach for us.
const NEVER_PROXIED: &str = "localhost,127.0.0.0/8,::1";

/// Makes a pool that uses the proxies this world's environment names.
///
/// With `stays`, an answer that sends us elsewhere is returned as it is. A machine without root
/// certificates still reaches plain addresses, such as all of loopback.
pub(super) fn client(world: &dyn World, stays: bool) -> Result<Client> {
    let proxies = proxies(world)?;
    let builder = || {
        let builder = Client::builder()
            .user_agent(concat!("oar-script/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .retry(reqwest::retry::never())
            .no_proxy();
        let builder = if stays {
            builder.redirect(Policy::none())
        } else {
            builder
        };
        proxies.iter().cloned().fold(builder, ClientBuilder::proxy)
    };
    builder()
        .build()
        .or_else(|error| {
            tracing::debug!(error = &error as &dyn StdError, "no root certificates");
            builder().tls_certs_only([]).build()
        })
        .map_err(|error| {
            Error::new(Kind::Unexpected, "cannot prepare connections").because(error.without_url())
        })
}

/// The proxies, none of which is asked for loopback.
fn proxies(world: &dyn World) -> Result<Vec<Proxy>> {
    let either = |lower: &str, upper: &str| world.env(lower).or_else(|| world.env(upper));
    let everything = either("all_proxy", "ALL_PROXY");
    let secure = either("https_proxy", "HTTPS_PROXY").or_else(|| everything.clone());
    let plain = world.env("http_proxy").or(everything);
    let exceptions = match either("no_proxy", "NO_PROXY") {
        Some(exceptions) => format!("{NEVER_PROXIED},{exceptions}"),
        None => NEVER_PROXIED.to_owned(),
    };
    let secure = secure.map(Proxy::https);
    let plain = plain.map(Proxy::http);
    let proxies = secure.into_iter().chain(plain).map(|proxy| {
        let proxy = proxy.map_err(|_| {
            Error::invalid("the address of the proxy in the environment is not one")
                .hint("look at `https_proxy`, `http_proxy` and `all_proxy`")
        })?;
        Ok(proxy.no_proxy(NoProxy::from_string(&exceptions)))
    });
    proxies.collect()
}
