//! The service account: its key file, and the access tokens that its key is good for.
//!
//! A token is asked for with an assertion that the key signs. The assertion is ours rather than the
//! library's, whose flow takes the time of the machine instead of the world's, drops the status of
//! a refusal and logs what it sends.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rustls::{
    SignatureScheme,
    crypto::ring::sign::RsaSigningKey,
    pki_types::{PrivateKeyDer, pem::PemObject as _},
    sign::SigningKey as _,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::{Host, Url};

use crate::{
    error::{Error, Kind, Result},
    http::{Auth, Http},
    world::World,
};

/// The environment variable with the path of the key file.
pub const SETTING: &str = "GCP_SA_FILE";

const SERVICE: &str = "sheets";

/// Enough for all we do, and no other file of the account.
const SCOPE: &str = "https://www.googleapis.com/auth/spreadsheets";

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How long an assertion is good for, in seconds; Google allows an hour.
const ASSERTION_SECS: i64 = 3_600;

/// A token is not used in its last minute, so that it does not end on the way.
const RESERVE: Duration = Duration::from_secs(60);

/// The service account that `GCP_SA_FILE` names.
pub struct Account {
    world: Arc<dyn World>,
    http: Http,
    token: Mutex<Option<Token>>,
}

/// An access token.
#[derive(Clone)]
pub(super) struct Token {
    text: SecretString,
    /// The address of the account it is for.
    pub(super) email: String,
    ends: Timestamp,
}

impl Token {
    /// The bare text, for the library that sends it.
    pub(super) fn text(&self) -> String {
        self.text.expose_secret().to_owned()
    }
}

/// What is needed of a key file.
struct Key {
    file: PathBuf,
    email: String,
    id: Option<String>,
    private: PrivateKeyDer<'static>,
    token_uri: Url,
}

impl Account {
    /// Makes an account. Nothing is read before a token is needed.
    pub fn new(world: Arc<dyn World>, http: Http) -> Self {
        Self {
            world,
            http,
            token: Mutex::default(),
        }
    }

    /// Returns a token that is good for a while, the one before if it is.
    ///
    /// Fails with `denied` when there is no usable key file or the key is refused. Calls
    /// `POST {token_uri}` with an assertion, which only reads.
    pub(super) async fn token(&self) -> Result<Token> {
        if let Some(token) = self.known() {
            return Ok(token);
        }
        let key = self.key().map_err(|error| self.finish(error))?;
        // No lock is held meanwhile: a branch that waits would keep others from their turn. Two
        // that begin at once both ask, which does no harm.
        let token = self.ask(&key).await?;
        *self.kept() = Some(token.clone());
        Ok(token)
    }

    /// Drops the token, because it was refused.
    pub(super) fn forget(&self) {
        *self.kept() = None;
    }

    fn known(&self) -> Option<Token> {
        let token = self.kept().clone()?;
        let is_good = self.world.now() + RESERVE < token.ends;
        is_good.then_some(token)
    }

    async fn ask(&self, key: &Key) -> Result<Token> {
        let assertion = key
            .assertion(self.world.now())
            .map_err(|error| self.finish(error))?;
        let caller = self.http.service(
            SERVICE,
            origin(&key.token_uri),
            // Nothing is sent with it; it makes the assertion known as a secret.
            Auth::none(),
        );
        self.http.hide(assertion.clone());
        let form = vec![
            ("grant_type".to_owned(), GRANT_TYPE.to_owned()),
            ("assertion".to_owned(), assertion.expose_secret().to_owned()),
        ];
        let asked = self.world.now();
        let answer = caller
            .post(key.token_uri.path())
            .form(form)
            .reading()
            .send_json::<Value>()
            .await
            .map_err(|error| key.refused(error))?;
        let text = answer["access_token"].as_str().unwrap_or_default();
        let is_sendable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_sendable {
            let message = format!("`{}` gave no access token", key.token_uri);
            return Err(self.finish(Error::new(Kind::Unexpected, message)));
        }
        let text = SecretString::from(text);
        self.http.hide(text.clone());
        let seconds = answer["expires_in"].as_u64().unwrap_or_default();
        let length = Duration::from_secs(seconds.min(24 * 3_600));
        Ok(Token {
            text,
            email: key.email.clone(),
            ends: asked + length,
        })
    }

    /// Reads the key file.
    fn key(&self) -> Result<Key> {
        let Some(path) = self.world.env(SETTING) else {
            let message = format!("the environment variable `{SETTING}` is not set");
            return Err(Error::new(Kind::Denied, message)
                .hint("set it to the path of the key file of a Google service account"));
        };
        let file = PathBuf::from(path);
        let shown = file.display();
        let bytes = self.world.read(&file).map_err(|error| {
            let trouble = match error.kind() {
                std::io::ErrorKind::NotFound => "which does not exist",
                _ => "which cannot be read",
            };
            Error::new(
                Kind::Denied,
                format!("`{SETTING}` names `{shown}`, {trouble}"),
            )
            .hint("set it to the path of the key file of a Google service account")
            .because(error)
        })?;
        let document: Value = serde_json::from_slice(&bytes).map_err(|_| {
            // The parser's own words may quote the file.
            not_a_key(&file, "it is not JSON")
        })?;
        self.conceal(&document);
        Key::read(file, &document)
    }

    /// Makes the private key a secret: as a whole, and its lines, because in the file and in JSON
    /// they stand without their line breaks.
    fn conceal(&self, document: &Value) {
        let Some(private) = document["private_key"].as_str() else {
            return;
        };
        self.http.hide(private.into());
        private
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .for_each(|line| self.http.hide(line.into()));
    }

    fn kept(&self) -> MutexGuard<'_, Option<Token>> {
        self.token
            .lock()
            .expect("no thread panics while it holds the token")
    }

    fn finish(&self, error: Error) -> Error {
        error.service(SERVICE)
    }
}

impl Key {
    fn read(file: PathBuf, document: &Value) -> Result<Self> {
        let field = |name: &str| match document[name].as_str() {
            Some(text) if !text.trim().is_empty() => Ok(text.trim()),
            _ => Err(not_a_key(&file, &format!("it has no `{name}`"))),
        };
        let kind = field("type")?;
        if kind != "service_account" {
            let trouble = format!("its `type` is `{kind}` instead of `service_account`");
            return Err(not_a_key(&file, &trouble));
        }
        let email = field("client_email")?.to_owned();
        let token_uri = Url::parse(field("token_uri")?).ok().filter(is_safe);
        let token_uri = token_uri
            .ok_or_else(|| not_a_key(&file, "its `token_uri` is not an `https` address"))?;
        let private = PrivateKeyDer::from_pem_slice(field("private_key")?.as_bytes())
            .ok()
            .filter(|key| RsaSigningKey::new(key).is_ok())
            .ok_or_else(|| not_a_key(&file, "its `private_key` is not an RSA key"))?;
        Ok(Self {
            id: document["private_key_id"].as_str().map(str::to_owned),
            email,
            token_uri,
            private,
            file,
        })
    }

    /// Returns the signed statement that this account asks for a token now.
    fn assertion(&self, now: Timestamp) -> Result<SecretString> {
        let failed = || not_a_key(&self.file, "its `private_key` cannot sign");
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let Some(id) = &self.id {
            header["kid"] = id.as_str().into();
        }
        let issued = now.as_second();
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.token_uri.as_str(),
            "iat": issued,
            "exp": issued + ASSERTION_SECS,
        });
        let encoded = |text: String| BASE64_URL_SAFE_NO_PAD.encode(text);
        let signed = format!(
            "{}.{}",
            encoded(header.to_string()),
            encoded(claims.to_string())
        );
        let signature = RsaSigningKey::new(&self.private)
            .map_err(|_| failed())?
            .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
            .ok_or_else(failed)?
            .sign(signed.as_bytes())
            .map_err(|_| failed())?;
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        Ok(format!("{signed}.{signature}").into())
    }

    /// Says what a refusal of the token means for this key.
    fn refused(&self, mut error: Error) -> Error {
        let text = &error.message;
        let hint = if text.contains("reasonable timeframe") || text.contains("iat and exp") {
            "the clock of this machine may be wrong".to_owned()
        } else if text.contains("Invalid JWT Signature") {
            format!(
                "the key in `{}` may have been withdrawn",
                self.file.display()
            )
        } else if text.contains("account not found") {
            format!("there is no service account `{}` any more", self.email)
        } else if matches!(error.status, Some(400 | 401 | 403)) {
            format!("check the key in `{}`", self.file.display())
        } else {
            return error;
        };
        error.kind = Kind::Denied;
        error.hint(hint)
    }
}

fn not_a_key(file: &std::path::Path, trouble: &str) -> Error {
    let message = format!(
        "`{}` is not the key file of a Google service account: {trouble}",
        file.display()
    );
    Error::new(Kind::Denied, message).hint(format!(
        "make a new key of the account, and set `{SETTING}` to the path of that file"
    ))
}

/// An assertion is as good as a password: it does not leave the machine in clear.
fn is_safe(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback,
        _ => false,
    }
}

fn origin(url: &Url) -> Url {
    let mut origin = url.clone();
    origin.set_path("");
    origin.set_query(None);
    origin.set_fragment(None);
    origin
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Account")
    }
}
