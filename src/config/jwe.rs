//! Opens what was sealed as JWE in the compact form with a key that both sides have: `dir` with
//! `A128GCM` (RFC 7516, RFC 7518 section 5.3).

use aes_gcm::{
    Aes128Gcm, AesGcm, KeyInit as _,
    aead::{Aead as _, Payload, consts::U16},
    aes::Aes128,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// The longest token that is opened at all.
const MAX_CHARS: usize = 250 * 1024;

const KEY_BYTES: usize = 16;
const TAG_BYTES: usize = 16;

/// Why a token cannot be opened. Nothing of key or content is in it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Trouble {
    /// Not five parts, not base64url, or too long.
    #[error("it is not a JWE token in the compact form: {0}")]
    Malformed(&'static str),
    /// Sealed in another way.
    #[error("it is sealed with {0}, and only `dir` with `A128GCM` can be opened")]
    OtherHeader(String),
    /// The key does not have 16 bytes.
    #[error("the key has {0} bytes, and it takes 16")]
    KeyLength(usize),
    /// The tag does not fit: another key, or the token was changed.
    #[error("the key does not fit, or the file was changed after it was sealed")]
    Refused,
}

/// Returns what was sealed.
///
/// The nonce has 12 bytes by the standard; older files of the Python tool have 16.
pub(super) fn open(token: &str, key: &[u8]) -> Result<Vec<u8>, Trouble> {
    let token = token.trim();
    if token.len() > MAX_CHARS {
        return Err(Trouble::Malformed("it is longer than 250 KiB"));
    }
    let parts: Vec<_> = token.split('.').collect();
    let [header, sealed_key, nonce, text, tag] = parts[..] else {
        return Err(Trouble::Malformed("it does not have five parts"));
    };
    check_header(header)?;
    if !sealed_key.is_empty() {
        return Err(Trouble::Malformed("it has a key of its own"));
    }
    let (nonce, tag) = (decode(nonce)?, decode(tag)?);
    let mut sealed = decode(text)?;
    if tag.len() != TAG_BYTES {
        return Err(Trouble::Malformed("its tag does not have 16 bytes"));
    }
    sealed.extend(tag);
    let payload = Payload {
        msg: &sealed,
        aad: header.as_bytes(),
    };
    let key: &[u8; KEY_BYTES] = key.try_into().map_err(|_| Trouble::KeyLength(key.len()))?;
    let opened = if let Ok(nonce) = <&[u8; 12]>::try_from(nonce.as_slice()) {
        Aes128Gcm::new(key.into()).decrypt(nonce.into(), payload)
    } else if let Ok(nonce) = <&[u8; 16]>::try_from(nonce.as_slice()) {
        AesGcm::<Aes128, U16>::new(key.into()).decrypt(nonce.into(), payload)
    } else {
        return Err(Trouble::Malformed("its nonce has neither 12 nor 16 bytes"));
    };
    opened.map_err(|_| Trouble::Refused)
}

/// The header says how it is sealed, and nothing else: every further entry would change the meaning.
fn check_header(part: &str) -> Result<(), Trouble> {
    let header: Value = serde_json::from_slice(&decode(part)?)
        .map_err(|_| Trouble::Malformed("its header is not JSON"))?;
    if header == json!({ "alg": "dir", "enc": "A128GCM" }) {
        return Ok(());
    }
    Err(Trouble::OtherHeader(format!("the header `{header}`")))
}

fn decode(part: &str) -> Result<Vec<u8>, Trouble> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Trouble::Malformed("a part is not base64url"))
}
