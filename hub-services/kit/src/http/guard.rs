//! The guard before every route: who is asking, and that no web page asks through its reader's
//! browser.
//!
//! Host names are checked against DNS rebinding, Origin on whatever changes state or upgrades, and
//! bodies must be declared JSON, which a page cannot send across origins without asking first. Then
//! the credential, or that none is needed; the [`Caller`] goes with the request.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN, UPGRADE, WWW_AUTHENTICATE};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::login::credential;
use crate::http::params::short;
use crate::http::{Anonymous, Credential, LogIn};
use crate::{Caller, Error, Refusal};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Paths that answer whoever asks, less to strangers: whoever watches the process has no identity.
/// `/mqtt` has a log-in of its own, CONNECT.
const OPEN: [&str; 2] = ["/readyz", "/mqtt"];

/// What a client without a good credential is asked for.
const CHALLENGES: [&str; 2] =
    ["Basic realm=\"UNS Hub\", charset=\"UTF-8\"", "Bearer realm=\"UNS Hub\""];

/// What the guard decides by.
#[derive(Clone)]
pub struct Guard {
    hosts: Hosts,
    anonymous: Arc<Anonymous>,
    log_in: Arc<dyn LogIn>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// The names a request may address.
#[derive(Clone, Debug)]
pub struct Hosts {
    names: Vec<String>,
    addresses: bool,
}

impl Hosts {
    /// Loopback names and addresses, and these.
    pub fn new(names: &[String]) -> Result<Self, Error> {
        let wrong = |name: &&String| {
            let address = name.parse::<IpAddr>().is_ok();
            let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
            name.is_empty() || !(address || name.bytes().all(allowed))
        };
        match names.iter().find(wrong) {
            Some(name) => Err(Error::HostName(name.clone())),
            None => {
                let names = names.iter().map(|name| name.to_ascii_lowercase()).collect();
                Ok(Self { names, addresses: false })
            }
        }
    }

    /// And every address: rebinding needs a name. For a hub that others reach by addresses it does
    /// not know, and that asks everybody for a log-in.
    #[must_use]
    pub fn and_addresses(self) -> Self {
        Self { addresses: true, ..self }
    }

    fn allow(&self, authority: &str) -> bool {
        let host = host_of(authority).to_ascii_lowercase();
        let host = host.strip_suffix('.').unwrap_or(&host);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let address = bare.parse::<IpAddr>();
        address.is_ok_and(|ip| ip.is_loopback() || self.addresses)
            || host == "localhost"
            || host.ends_with(".localhost")
            || self.names.iter().any(|name| name == host || name == bare)
    }
}

/// The host of `host[:port]`, with the brackets of an IPv6 address.
fn host_of(authority: &str) -> &str {
    let port_start = authority
        .rfind(':')
        .filter(|colon| authority.get(*colon..).is_some_and(|port| !port.contains(']')));
    port_start.and_then(|at| authority.get(..at)).unwrap_or(authority)
}

/// Whom a request acts for.
enum Decision {
    /// This caller; nobody on a path that is open all the same.
    Known(Option<Caller>),
    /// Whoever this credential belongs to.
    Ask(Credential, Option<IpAddr>),
}

/// The middleware.
pub(crate) async fn guard(
    State(guard): State<Arc<Guard>>,
    mut request: Request,
    next: Next,
) -> Response {
    let decision = guard.check(&request).and_then(|()| guard.decide(&request));
    let admitted = match decision {
        Ok(Decision::Ask(credential, peer)) => {
            guard.log_in.log_in(credential, peer).await.map(Some)
        }
        Ok(Decision::Known(caller)) => Ok(caller),
        Err(refusal) => Err(refusal),
    };
    match admitted {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Ok(None) => next.run(request).await,
        Err(refusal) => {
            let path = short(request.uri().path());
            // Strangers choose how many there are. Failed log-ins have a line of their own.
            tracing::debug!(reason = refusal.reason, path, "request refused");
            let unknown = refusal.status == 401;
            let mut response = refusal.into_response();
            for challenge in CHALLENGES.into_iter().filter(|_| unknown) {
                let challenge = HeaderValue::from_static(challenge);
                response.headers_mut().append(WWW_AUTHENTICATE, challenge);
            }
            response
        }
    }
}

impl Guard {
    /// For requests to these hosts, without a credential as long as that is allowed.
    pub fn new(hosts: Hosts, anonymous: Arc<Anonymous>, log_in: Arc<dyn LogIn>) -> Self {
        Self { hosts, anonymous, log_in }
    }

    /// Whether a connection that did not come through this HTTP side may become a WebSocket, on
    /// which CONNECT says who it is.
    pub fn admit_upgrade(&self, peer: IpAddr, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = self.check_host(headers, None)?;
        if let Err(refusal) = self.anonymous.admit(Some(peer), headers)
            && !self.log_in.is_possible()
        {
            return Err(refusal);
        }
        check_origin(headers, host)
    }

    fn check(&self, request: &Request) -> Result<(), Refusal> {
        let headers = request.headers();
        let host = self.check_host(headers, request.uri().authority())?;
        let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        if !reads || headers.contains_key(UPGRADE) {
            check_origin(headers, host)?;
        }
        if matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH) {
            check_content_type(headers)?;
        }
        Ok(())
    }

    /// Whom a request acts for, or who has to be asked.
    fn decide(&self, request: &Request) -> Result<Decision, Refusal> {
        let headers = request.headers();
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        // First in any case: a forwarding header is noticed whoever sends it.
        let anonymous = self.anonymous.admit(peer, headers);
        let possible = self.log_in.is_possible();
        if possible && let Some(credential) = credential(headers)? {
            return Ok(Decision::Ask(credential, peer));
        }
        match anonymous {
            Ok(()) => Ok(Decision::Known(Some(self.log_in.anonymous()))),
            Err(_) if possible && OPEN.contains(&request.uri().path()) => Ok(Decision::Known(None)),
            Err(refusal) if possible => Err(Refusal { status: 401, ..refusal }),
            Err(refusal) => Err(refusal),
        }
    }

    /// The host a request names. A request line with a whole URL names it a second time.
    fn check_host<'a>(
        &self,
        headers: &'a HeaderMap,
        also: Option<&Authority>,
    ) -> Result<&'a str, Refusal> {
        let mut hosts = headers.get_all(HOST).iter();
        let (first, second) = (hosts.next(), hosts.next());
        let named = first.and_then(|host| host.to_str().ok());
        let Some(host) = named.filter(|_| second.is_none()) else {
            let detail = "The request needs exactly one readable Host header.";
            return Err(Refusal::new(400, "host_missing", detail));
        };
        if self.hosts.allow(host) && also.is_none_or(|also| self.hosts.allow(also.as_str())) {
            return Ok(host);
        }
        Err(Refusal::new(
            403,
            "host_not_allowed",
            "This hub does not answer to the host name of the request. Use localhost, or add the \
             name to `http.hosts`.",
        ))
    }
}

/// Same-origin only; programs other than browsers send neither header.
fn check_origin(headers: &HeaderMap, host: &str) -> Result<(), Refusal> {
    let same_site = headers
        .get(SEC_FETCH_SITE)
        .is_none_or(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    let mut origins = headers.get_all(ORIGIN).iter();
    let same_origin =
        origins.all(|origin| origin.to_str().is_ok_and(|origin| is_same_origin(origin, host)));
    if same_site && same_origin {
        return Ok(());
    }
    let detail = "Pages of another origin may not act on this hub.";
    Err(Refusal::new(403, "origin_not_allowed", detail))
}

fn is_same_origin(origin: &str, host: &str) -> bool {
    let (authority, port) = match origin.split_once("://") {
        Some(("http", authority)) => (authority, ":80"),
        Some(("https", authority)) => (authority, ":443"),
        _ => return false,
    };
    let bare = |name: &str| name.strip_suffix(port).unwrap_or(name).to_ascii_lowercase();
    bare(authority) == bare(host)
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = declared.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if json {
        return Ok(());
    }
    let detail = "Send the body as JSON with the header `Content-Type: application/json`.";
    Err(Refusal::new(415, "content_type", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let hosts = Hosts::new(&["hub.plant.example".into(), "10.1.2.3".into()]).unwrap();
        let allowed = [
            "localhost",
            "LOCALHOST:8080",
            "uns.localhost:1",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:8080",
            "[::1]",
            "hub.plant.example:8080",
            "Hub.Plant.Example.",
            "10.1.2.3:80",
        ];
        for host in allowed {
            assert!(hosts.allow(host), "{host}");
        }
        let refused = [
            "",
            "evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "10.1.2.4",
            "[::2]:80",
            "127.0.0.1.evil.example",
            "evil.example:127.0.0.1",
            "0.0.0.0",
            "plant.example",
        ];
        for host in refused {
            assert!(!hosts.allow(host), "{host}");
        }
        Hosts::new(&["http://x".into()]).unwrap_err();
    }

    #[test]
    fn origins() {
        assert!(is_same_origin("http://localhost:8080", "localhost:8080"));
        assert!(is_same_origin("http://localhost", "localhost:80"));
        assert!(is_same_origin("https://Hub.example", "hub.example"));
        assert!(!is_same_origin("http://localhost:3000", "localhost:8080"));
        assert!(!is_same_origin("null", "localhost:8080"));
        assert!(!is_same_origin("file://localhost:8080", "localhost:8080"));
        assert!(!is_same_origin("http://localhost:8080.evil.example", "localhost:8080"));
    }
}
