//! The service account of simulated worlds, and its token endpoint.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use rustls::{SignatureScheme, crypto::ring};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The address of the account.
pub const EMAIL: &str = "release-qe@simulated.iam.gserviceaccount.com";

/// For simulated worlds only. It was made for this file and opens nothing anywhere else.
const PRIVATE_KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCVJZd7YfCDp5c0
+CZhAvvZG9E5KB3yL7bPmyhGvSz7TyeHxiq23pmAN3pd+1ZVdfToLVYzOB2vD5f9
ZdjnCAfO1Hsg1et6BlQepIrkmdcByH9qSqTy789/+J8OIbb7q5K4U0rHzNDnPEA6
mKmerkynJXx3pkpcnyApYAd5pDmv6ePEsiFNRJV7xPPNrjBcLSN81KgJWirugAL+
exriTzod/c8ffZgpEe3eNkWZbFIhjytv0llvlaiKzb5IroUYaZA1RSEzrYDxAt1Z
12I1+/UnUE9yDgImNeZUlSaQKpQtmmJyVWvhUPYNfDSWyL4HJ0dV/bdwkdBdFZAR
eLThK4eVAgMBAAECggEAAwdvaycTDmlx7bZ4eRHpcYBaIHILIacMbGz3RXCEIFp8
MAq7RVmB/pOh3ZTELRonLiv1izbBi5Oif5f47sBAAFhaY9FUZfcI8FJhK8FgF34t
8Eexz+lE6pFvEYdnwva6FRpD84jaWUfk+gutrjZWAjMFsxxieD0XFyAHJtZKAaOT
d8WNRyujx6fIFwt8Uetn0WOko38m1Jdvg6ac+cxk9EjndLOc70eaDpi27H3UOK6d
oB3V9FwDZnlwEoyqERLWN8mTMpbAMeYOpXakiuOjPXpTuHXL1KQWVMA/HA7A9SXj
hRqJLzV+8iWNvDiqd4r3+J4QooVxS0K3UYkQwMUGoQKBgQDDxAkvnm0RlniB5tHp
CLfcKtRUPi/MvR+WZmY6hxTzmPsze1LYRFuOUDVBsdNJONQznxRKrFEZEpFNUB+s
7dc5JihUVaU5gBGVrFaMeAh6dvny/vxFdh8o7sGh5SUJuW99NCd9oOqmWOHRGMNs
WUNLL+PUVrFoSDgWL9ONTiDYTQKBgQDDCYDtsoMWyLmMekWb4E0heDAFfFkK9eS7
PjxgkNF/5chhPy1R5cNjK8OPTx9XSLzVDdEV13gnISOGUp9ET1OVEE5tDVto+aUz
xFXxVg3/L79WuGdFWuZGwdgpP+qcXCewi0uv+8wHEizHjPIlNZiut4ApYi4lZdY/
jhjiv+YQaQKBgE8ZNlz3NjqVAbv693WhACkFZSVkuwuOnuS2GzgqvFxww47ZlW+s
rxGhduNEZop/W74/2IMTfPEUf4Etjp7gusVslX792/SPuosvRwkattJEoFl+jY/D
WnO/hJ1VaNG1C0cbe5lXG3h7EULbLprotjf68aMqJCRuibrtOB0wJDVBAoGASRZT
oT+HDk+z8KeVVD9ux/8RB808VPYme+BrochDKcmDGKYjJpCScqRgyWBeH0hbsv9V
ffjbxtYNSPXHR0Lu0Gpm6UjbG3CJ7udBSYn0/s72xdmeoYfZyWQ0y+hu059ZJDhe
6ZjTMUcnTrRLvZPjHn4XYeqv3kXWTsTCIJ7G6RkCgYEApc5oiiPtWBl5n30tbwdi
3DGoXP/nUlD9rO15H9RpDMwBGTBjzHoeeYOV/hYUg1Aj4VxGQh3PNoUUW1L1mSUW
LBlw1GFqa8W5E1jrxh6QHAY6s4pdVy+QXB0wqlNddFGTgM7IHmH4gdW8f7gHORoH
PowqmUct3L20yRwQcnlpOkE=
-----END PRIVATE KEY-----
";

/// The public half, PKCS#1.
const PUBLIC_KEY: &str = "\
MIIBCgKCAQEAlSWXe2Hwg6eXNPgmYQL72RvROSgd8i+2z5soRr0s+08nh8Yqtt6ZgDd6XftWVXX0\
6C1WMzgdrw+X/WXY5wgHztR7INXregZUHqSK5JnXAch/akqk8u/Pf/ifDiG2+6uSuFNKx8zQ5zxA\
Opipnq5MpyV8d6ZKXJ8gKWAHeaQ5r+njxLIhTUSVe8Tzza4wXC0jfNSoCVoq7oAC/nsa4k86Hf3P\
H32YKRHt3jZFmWxSIY8rb9JZb5Wois2+SK6FGGmQNUUhM62A8QLdWddiNfv1J1BPcg4CJjXmVJUm\
kCqULZpiclVr4VD2DXw0lsi+BydHVf23cJHQXRWQEXi04SuHlQIDAQAB";

/// How long a token is good for, in seconds.
const TOKEN_SECS: i64 = 3_600;

/// How far the clocks of both sides may differ, in seconds.
const SKEW_SECS: i64 = 600;

/// Returns the key file of the account; tokens are given out at `token_uri`.
pub fn key_file(token_uri: &str) -> String {
    let document = json!({
        "type": "service_account",
        "project_id": "simulated",
        "private_key_id": "0123456789abcdef0123456789abcdef01234567",
        "private_key": PRIVATE_KEY,
        "client_email": EMAIL,
        "client_id": "100000000000000000000",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": token_uri,
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/simulated",
        "universe_domain": "googleapis.com",
    });
    format!("{document:#}\n")
}

/// Answers a request for a token that came to `audience`.
///
/// Only when `is_strict` is the assertion held against the time `now`: other programs in a simulated
/// world go by the clock of the machine.
pub fn token(
    form: &[(String, String)],
    audience: &str,
    now: Timestamp,
    is_strict: bool,
) -> Response {
    let field = |name: &str| {
        let mut fields = form.iter().filter(|(key, _)| key == name);
        fields.next().map_or("", |(_, value)| value)
    };
    let grant = field("grant_type");
    if grant != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
        return refuse(
            "unsupported_grant_type",
            &format!("Invalid grant_type: {grant}"),
        );
    }
    let scope = match checked(field("assertion"), audience, now, is_strict) {
        Ok(scope) => scope,
        Err((error, description)) => return refuse(error, description),
    };
    let ends = now.as_second() + TOKEN_SECS;
    Json(json!({
        "access_token": written(ends, &scope),
        "expires_in": TOKEN_SECS - 1,
        "token_type": "Bearer",
    }))
    .into_response()
}

/// Returns the scopes of an access token, or `None` when it is none or over.
pub fn scopes(token: &str, now: Timestamp) -> Option<String> {
    let payload = token.strip_prefix("ya29.")?.rsplit_once('.')?.0;
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let (ends, scope) = text.split_once(' ')?;
    let ends: i64 = ends.parse().ok()?;
    let is_good = token == written(ends, scope) && now.as_second() < ends;
    is_good.then(|| scope.to_owned())
}

/// Nothing is kept of a token: it says itself how long it is good, and for what.
fn written(ends: i64, scope: &str) -> String {
    let payload = BASE64_URL_SAFE_NO_PAD.encode(format!("{ends} {scope}"));
    let seal = Sha256::digest(format!("{payload} {PRIVATE_KEY}"));
    format!("ya29.{payload}.{}", BASE64_URL_SAFE_NO_PAD.encode(seal))
}

type Wrong = (&'static str, &'static str);

/// Returns the scope that an assertion asks for.
fn checked(
    assertion: &str,
    audience: &str,
    now: Timestamp,
    is_strict: bool,
) -> Result<String, Wrong> {
    let garbled = ("invalid_grant", "Invalid JWT: Failed to parse.");
    let (signed, signature) = assertion.rsplit_once('.').ok_or(garbled)?;
    let (header, claims) = signed.split_once('.').ok_or(garbled)?;
    let (header, claims) = (
        json_of(header).ok_or(garbled)?,
        json_of(claims).ok_or(garbled)?,
    );
    if header["alg"] != "RS256" {
        return Err(("invalid_grant", "Invalid JWT: Unsupported algorithm."));
    }
    if claims["iss"] != EMAIL {
        return Err(("invalid_grant", "Invalid grant: account not found"));
    }
    let signature = bytes_of(signature).ok_or(garbled)?;
    if !is_signed(signed.as_bytes(), &signature) {
        return Err(("invalid_grant", "Invalid JWT Signature."));
    }
    if claims["aud"] != audience {
        return Err(("invalid_grant", "Invalid JWT: Failed audience check."));
    }
    let (Some(issued), Some(ends)) = (claims["iat"].as_i64(), claims["exp"].as_i64()) else {
        return Err(garbled);
    };
    let is_timely = !is_strict || (now.as_second() - issued).abs() <= SKEW_SECS;
    if ends <= issued || ends - issued > TOKEN_SECS || !is_timely {
        return Err((
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable \
             timeframe. Check your iat and exp values in the JWT claim.",
        ));
    }
    match claims["scope"].as_str() {
        Some(scope) if !scope.trim().is_empty() => Ok(scope.to_owned()),
        _ => Err(("invalid_scope", "Empty or missing scope not allowed.")),
    }
}

fn is_signed(message: &[u8], signature: &[u8]) -> bool {
    let key = BASE64_STANDARD.decode(PUBLIC_KEY).unwrap_or_default();
    let provider = ring::default_provider();
    let known = provider.signature_verification_algorithms.mapping;
    known
        .iter()
        .filter(|(scheme, _)| *scheme == SignatureScheme::RSA_PKCS1_SHA256)
        .flat_map(|(_, algorithms)| algorithms.iter())
        .any(|algorithm| algorithm.verify_signature(&key, message, signature).is_ok())
}

fn json_of(part: &str) -> Option<Value> {
    serde_json::from_slice(&bytes_of(part)?).ok()
}

/// Some clients fill base64 up with equals signs.
fn bytes_of(part: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD
        .decode(part.trim_end_matches('='))
        .ok()
}

fn refuse(error: &str, description: &str) -> Response {
    let document = json!({"error": error, "error_description": description});
    (StatusCode::BAD_REQUEST, Json(document)).into_response()
}
