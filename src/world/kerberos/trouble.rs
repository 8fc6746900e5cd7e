//! What can be wrong with tickets, and what a person does about it.

use crate::error::{Error, Kind};

use super::raw::Word;

/// Why there is no token. Holds the library's own words.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Trouble {
    /// No GSSAPI library on this machine.
    #[error("this machine has no Kerberos library ({0})")]
    NoLibrary(String),
    /// Nobody logged in, or the cache is empty.
    #[error("there is no Kerberos ticket{}", detail(.0))]
    NoTicket(String),
    /// The ticket has ended.
    #[error("the Kerberos ticket has expired{}", detail(.0))]
    Expired(String),
    /// The realm does not know the service, the person or itself.
    #[error("Kerberos does not know who is meant{}", detail(.0))]
    UnknownPrincipal(String),
    /// The clocks of this machine and of the realm differ.
    #[error("the clock of this machine is off{}", detail(.0))]
    ClockSkew(String),
    /// The key distribution centre does not answer.
    #[error("no Kerberos server can be reached{}", detail(.0))]
    Unreachable(String),
    /// It took longer than this many seconds.
    #[error("Kerberos gave no token within {0} seconds")]
    Late(u64),
    /// Anything else.
    #[error("Kerberos gave no token: {0}")]
    Other(String),
}

fn detail(words: &str) -> String {
    match words {
        "" => String::new(),
        words => format!(" ({words})"),
    }
}

impl Trouble {
    /// Sorts a status of the library; `words` is what the library says about it.
    ///
    /// The lower status comes from Kerberos itself and is the better witness. Its numbers are those
    /// of `krb5.h` and of the table `gssapi_err_krb5`, both of MIT; Heimdal uses the first as well.
    pub(super) fn from_status(major: Word, minor: Word, words: String) -> Self {
        match minor.cast_signed() {
            // KRB5_FCC_NOFILE, KRB5_CC_NOTFOUND, KRB5_FCC_PERM, KG_CCACHE_NOMATCH, KG_EMPTY_CCACHE
            -1_765_328_189 | -1_765_328_243 | -1_765_328_190 | 39_756_032 | 39_756_044 => {
                return Self::NoTicket(words);
            }
            // KRB5KRB_AP_ERR_TKT_EXPIRED, KRB5KDC_ERR_NAME_EXP
            -1_765_328_352 | -1_765_328_383 => return Self::Expired(words),
            // KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN,
            // KRB5_CONFIG_NODEFREALM, KRB5_ERR_HOST_REALM_UNKNOWN
            -1_765_328_377 | -1_765_328_378 | -1_765_328_160 | -1_765_328_167 => {
                return Self::UnknownPrincipal(words);
            }
            // KRB5KRB_AP_ERR_SKEW, KRB5KRB_AP_ERR_TKT_NYV, KRB5_KDCREP_SKEW
            -1_765_328_347 | -1_765_328_351 | -1_765_328_236 => return Self::ClockSkew(words),
            // KRB5_KDC_UNREACH, KRB5_REALM_CANT_RESOLVE, KRB5_REALM_UNKNOWN: the last is what a
            // machine says that cannot ask the name service for the servers of the realm
            -1_765_328_228 | -1_765_328_164 | -1_765_328_230 => return Self::Unreachable(words),
            _ => {}
        }
        match major >> 16 & 0xff {
            // GSS_S_NO_CRED
            7 => Self::NoTicket(words),
            // GSS_S_CREDENTIALS_EXPIRED
            11 => Self::Expired(words),
            // GSS_S_BAD_NAME
            2 => Self::UnknownPrincipal(words),
            _ => Self::Other(words),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::NoLibrary(_) => {
                "install the MIT Kerberos libraries (package `krb5-libs` or `libgssapi-krb5-2`), \
                 then run `kinit`"
                    .to_owned()
            }
            Self::NoTicket(_) => "run `kinit USER@REALM`; `klist` shows what you have".to_owned(),
            Self::Expired(_) => "run `kinit` again".to_owned(),
            Self::UnknownPrincipal(_) => {
                "check the address of the service and the realm in `krb5.conf`; `kvno HTTP@HOST` \
                 asks the same, and `kinit USER@REALM` logs in to another realm"
                    .to_owned()
            }
            Self::ClockSkew(_) => {
                "set the clock of this machine (`timedatectl`), then run `kinit`".to_owned()
            }
            Self::Unreachable(_) | Self::Late(_) => {
                "connect to the network of the realm (VPN) and see that `kinit` works there; if it does \
                 not, `krb5.conf` lacks the servers of the realm"
                    .to_owned()
            }
            Self::Other(_) => "run `kinit`, and see with `klist` and `kvno HTTP@HOST`".to_owned(),
        }
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        // Never `not_found`: that would read as "the thing asked for does not exist".
        let kind = match trouble {
            Trouble::Unreachable(_) | Trouble::Late(_) => Kind::Unreachable,
            _ => Kind::Denied,
        };
        Self::new(kind, trouble.to_string()).hint(trouble.hint())
    }
}
