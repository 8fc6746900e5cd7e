//! How a caller shows who it is.
//!
//! Secrets are kept in a type that does not print them. The name of the setting they come from is
//! kept beside them, because that is what a person needs when a service refuses.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{
    StatusCode,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::{
    error::{Error, Kind, Result},
    world::World,
};

/// A credential and the environment variable it comes from.
#[derive(Clone)]
pub struct Auth {
    setting: Option<String>,
    scheme: Scheme,
}

#[derive(Clone)]
enum Scheme {
    Nothing,
    Bearer(SecretString),
    Token(SecretString),
    Basic(String, SecretString),
    Header(HeaderName, SecretString),
    Negotiate,
}

impl Auth {
    /// Shows nothing.
    pub fn none() -> Self {
        Self {
            setting: None,
            scheme: Scheme::Nothing,
        }
    }

    /// Shows nothing now; `setting` is the environment variable that would change this.
    pub fn missing(setting: &str) -> Self {
        Self {
            setting: Some(setting.to_owned()),
            scheme: Scheme::Nothing,
        }
    }

    /// Sends `Authorization: Bearer …`.
    pub fn bearer(setting: &str, secret: SecretString) -> Self {
        Self::from_setting(setting, Scheme::Bearer(secret))
    }

    /// Sends `Authorization: token …`.
    pub fn token(setting: &str, secret: SecretString) -> Self {
        Self::from_setting(setting, Scheme::Token(secret))
    }

    /// Sends user name and password.
    pub fn basic(setting: &str, user: &str, secret: SecretString) -> Self {
        Self::from_setting(setting, Scheme::Basic(user.to_owned(), secret))
    }

    /// Sends the secret in a header of its own.
    pub fn header(setting: &str, name: HeaderName, secret: SecretString) -> Self {
        Self::from_setting(setting, Scheme::Header(name, secret))
    }

    /// Sends `Authorization: Negotiate …` with a Kerberos token of the world, a fresh one each time.
    pub fn negotiate() -> Self {
        Self {
            setting: None,
            scheme: Scheme::Negotiate,
        }
    }

    /// Sends `secret` as a bearer token if there is one; otherwise nothing.
    pub fn bearer_if(setting: &str, secret: Option<SecretString>) -> Self {
        match secret {
            Some(secret) => Self::bearer(setting, secret),
            None => Self::missing(setting),
        }
    }

    /// What a person does when the service refuses this credential.
    pub fn hint(&self) -> Option<String> {
        let setting = self.setting.as_deref()?;
        Some(match self.scheme {
            Scheme::Nothing => format!("set the environment variable `{setting}`"),
            _ => format!("check that `{setting}` holds a credential that is valid and may do this"),
        })
    }

    /// What a person does when the service answers with this status.
    pub(super) fn hint_after(&self, status: StatusCode) -> Option<String> {
        if !self.is_negotiated() {
            return self.hint();
        }
        Some(if status == StatusCode::FORBIDDEN {
            "the Kerberos ticket is good, but whose it is may not do this: ask for the role there"
                .to_owned()
        } else {
            "the service does not take the Kerberos ticket: look at it with `klist`, then run `kinit`"
                .to_owned()
        })
    }

    /// Whether every request shows a token that is good for it alone.
    pub(super) fn is_negotiated(&self) -> bool {
        matches!(self.scheme, Scheme::Negotiate)
    }

    /// The header for one request to this address, marked as sensitive.
    pub(super) async fn header_for(
        &self,
        world: &dyn World,
        url: &Url,
    ) -> Result<Option<(HeaderName, HeaderValue)>> {
        if !self.is_negotiated() {
            return self.to_header();
        }
        let token = world.negotiate(url).await?;
        let text = format!("Negotiate {}", token.expose_secret());
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| Error::new(Kind::Denied, "the Kerberos token is not base64"))?;
        value.set_sensitive(true);
        Ok(Some((AUTHORIZATION, value)))
    }

    /// The header to send, marked as sensitive; of a negotiated one there is none yet.
    pub(super) fn to_header(&self) -> Result<Option<(HeaderName, HeaderValue)>> {
        let (name, text) = match &self.scheme {
            Scheme::Nothing | Scheme::Negotiate => return Ok(None),
            Scheme::Bearer(secret) => (
                AUTHORIZATION,
                format!("Bearer {}", secret.expose_secret().trim()),
            ),
            Scheme::Token(secret) => (
                AUTHORIZATION,
                format!("token {}", secret.expose_secret().trim()),
            ),
            Scheme::Basic(user, secret) => {
                (AUTHORIZATION, format!("Basic {}", encoded(user, secret)))
            }
            Scheme::Header(name, secret) => {
                (name.clone(), secret.expose_secret().trim().to_owned())
            }
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            let setting = self.setting.as_deref().unwrap_or("the credential");
            Error::new(
                Kind::Denied,
                format!("`{setting}` cannot be sent: it has control characters"),
            )
            .hint("it may have been copied with a line break inside")
        })?;
        value.set_sensitive(true);
        Ok(Some((name, value)))
    }

    /// Every text that must not appear anywhere.
    pub(super) fn secrets(&self) -> Vec<SecretString> {
        match &self.scheme {
            Scheme::Nothing | Scheme::Negotiate => Vec::new(),
            Scheme::Bearer(secret) | Scheme::Token(secret) | Scheme::Header(_, secret) => {
                vec![secret.clone()]
            }
            Scheme::Basic(user, secret) => {
                vec![secret.clone(), encoded(user, secret).into()]
            }
        }
    }

    /// Fails when no header can carry the credential.
    pub(crate) fn check(&self) -> Result<()> {
        self.to_header().map(|_| ())
    }

    /// The bare secret, for a client library that makes its own header.
    pub(crate) fn bare(&self) -> Option<&SecretString> {
        match &self.scheme {
            Scheme::Nothing | Scheme::Basic(..) | Scheme::Negotiate => None,
            Scheme::Bearer(secret) | Scheme::Token(secret) | Scheme::Header(_, secret) => {
                Some(secret)
            }
        }
    }

    fn from_setting(setting: &str, scheme: Scheme) -> Self {
        Self {
            setting: Some(setting.to_owned()),
            scheme,
        }
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Nothing => "nothing",
            Scheme::Bearer(_) => "bearer",
            Scheme::Token(_) => "token",
            Scheme::Basic(..) => "basic",
            Scheme::Header(..) => "header",
            Scheme::Negotiate => "negotiate",
        };
        write!(f, "Auth({scheme}, {:?})", self.setting)
    }
}

fn encoded(user: &str, secret: &SecretString) -> String {
    BASE64_STANDARD.encode(format!("{user}:{}", secret.expose_secret().trim()))
}
