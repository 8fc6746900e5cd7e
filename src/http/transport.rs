//! Builds the connection pool.

use std::time::Duration;

use reqwest::{Client, NoProxy, Proxy};

use crate::{
    error::{Error, Kind, Result},
    world::World,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Addresses that no proxy can reach for us.
const NEVER_PROXIED: &str = "localhost,127.0.0.0/8,::1";

/// Makes a pool that uses the proxies this world's environment names.
pub(super) fn client(world: &dyn World) -> Result<Client> {
    let mut builder = Client::builder()
        .user_agent(concat!("oar-script/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .retry(reqwest::retry::never())
        .no_proxy();
    let either = |lower: &str, upper: &str| world.env(lower).or_else(|| world.env(upper));
    let everything = either("all_proxy", "ALL_PROXY");
    let secure = either("https_proxy", "HTTPS_PROXY").or_else(|| everything.clone());
    let plain = world.env("http_proxy").or(everything);
    let exceptions = match either("no_proxy", "NO_PROXY") {
        Some(exceptions) => format!("{NEVER_PROXIED},{exceptions}"),
        None => NEVER_PROXIED.to_owned(),
    };
    for (proxy, is_secure) in [(secure, true), (plain, false)] {
        let Some(address) = proxy else {
            continue;
        };
        let made = if is_secure {
            Proxy::https(&address)
        } else {
            Proxy::http(&address)
        };
        let made = made.map_err(|_| {
            Error::invalid("the address of the proxy in the environment is not one")
                .hint("look at `https_proxy`, `http_proxy` and `all_proxy`")
        })?;
        builder = builder.proxy(made.no_proxy(NoProxy::from_string(&exceptions)));
    }
    builder.build().map_err(|error| {
        Error::new(Kind::Unexpected, "cannot prepare secure connections")
            .hint("the machine may have no TLS root certificates installed")
            .because(error.without_url())
    })
}
