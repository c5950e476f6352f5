//! Credentials of HTTP requests: Basic and Bearer, and whoever checks them.

use std::fmt;
use std::net::IpAddr;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::services::Boxed;
use crate::{Caller, Refusal};

/// What an `Authorization` header carries.
#[derive(Clone)]
pub enum Credential {
    /// A name and a password.
    Basic {
        /// The name.
        name: String,
        /// The password, or a device's secret.
        password: Vec<u8>,
    },
    /// A token.
    Bearer(String),
}

/// Secrets are not shown.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { name, .. } => {
                f.debug_struct("Basic").field("name", name).finish_non_exhaustive()
            }
            Self::Bearer(_) => f.debug_tuple("Bearer").finish_non_exhaustive(),
        }
    }
}

/// Decides who a credential belongs to: the same decision as MQTT's.
pub trait LogIn: Send + Sync {
    /// Whose it is. May take as long as hashing a password does; blocks no thread.
    fn log_in(
        &self,
        credential: Credential,
        peer: Option<IpAddr>,
    ) -> Boxed<'_, Result<Caller, Refusal>>;

    /// Whom a request without a credential acts for, where it is served at all.
    fn anonymous(&self) -> Caller;

    /// Whether anybody has a credential, so that it makes sense to ask for one.
    fn is_possible(&self) -> bool;
}

/// There are no accounts: a credential changes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAccounts;

impl LogIn for NoAccounts {
    fn log_in(&self, _: Credential, _: Option<IpAddr>) -> Boxed<'_, Result<Caller, Refusal>> {
        let detail = "This hub has no accounts.";
        Box::pin(async move { Err(Refusal::new(401, "login_failed", detail)) })
    }

    fn anonymous(&self) -> Caller {
        Caller::unrestricted()
    }

    fn is_possible(&self) -> bool {
        false
    }
}

/// The credential of a request, if it carries one.
pub(crate) fn credential(headers: &HeaderMap) -> Result<Option<Credential>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let wrong = || {
        let detail = "The Authorization header is neither `Basic` nor `Bearer` as RFC 7617 and RFC 6750 write them.";
        Refusal::new(401, "login_malformed", detail)
    };
    if values.next().is_some() {
        return Err(wrong());
    }
    let text = value.to_str().map_err(|_| wrong())?;
    let (scheme, rest) = text.split_once(' ').ok_or_else(wrong)?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty() {
        return Ok(Some(Credential::Bearer(rest.to_owned())));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(wrong());
    }
    let decoded = STANDARD.decode(rest).map_err(|_| wrong())?;
    let colon = decoded.iter().position(|byte| *byte == b':').ok_or_else(wrong)?;
    let (name, password) = decoded.split_at(colon);
    let name = std::str::from_utf8(name).map_err(|_| wrong())?.to_owned();
    let password = password.get(1..).unwrap_or_default().to_vec();
    Ok(Some(Credential::Basic { name, password }))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn basic_and_bearer_as_the_rfcs_write_them() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_str(text).unwrap());
            credential(&headers).map(|found| match found.unwrap() {
                Credential::Basic { name, password } => {
                    format!("{name}/{}", String::from_utf8_lossy(&password))
                }
                Credential::Bearer(token) => token,
            })
        };
        assert_eq!(read("Basic YW5uYTpzZWNyZXQ6eA==").unwrap(), "anna/secret:x");
        assert_eq!(read("basic YW5uYTo=").unwrap(), "anna/");
        assert_eq!(read("Bearer a.b.c").unwrap(), "a.b.c");
        for wrong in ["Basic", "Basic !", "Basic YW5uYQ==", "Digest x", "Bearer ", "Basic /zo="] {
            assert_eq!(read(wrong).unwrap_err().reason, "login_malformed", "{wrong}");
        }
        assert!(credential(&HeaderMap::new()).unwrap().is_none());
        let said =
            format!("{:?}", Credential::Basic { name: "anna".into(), password: b"x1y2".into() });
        assert!(said.contains("anna") && !said.contains("120"), "{said}");
    }
}
