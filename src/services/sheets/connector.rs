//! How the library's requests reach Google: TLS with ring, and this machine's root certificates.

use google_sheets4::{
    hyper_rustls::{HttpsConnector, HttpsConnectorBuilder},
    hyper_util::client::legacy::connect::HttpConnector,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use url::Url;

use crate::error::{Error, Kind, Result};

/// Opens connections.
pub(super) type Connector = HttpsConnector<HttpConnector>;

/// Makes what opens connections to `base`; plain ones only when `base` is plain, as on loopback.
///
/// Fails with `unexpected` when this machine has no root certificates and they are needed.
pub(super) fn connector(base: &Url) -> Result<Connector> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(Kind::Unexpected, "cannot prepare connections")
            .hint("install the root certificates of this system")
            .because(Cause(error.to_string()))
    };
    let provider = ring::default_provider();
    if base.scheme() == "https" {
        return Ok(HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|error| failed(error.into()))?
            .https_only()
            .enable_http1()
            .build());
    }
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.into()))?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_http1()
        .build())
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Cause(String);
