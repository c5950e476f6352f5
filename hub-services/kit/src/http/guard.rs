//! The guard before every route: a web page must not reach the hub through its reader's browser.
//!
//! Host names are checked against DNS rebinding, Origin on whatever changes state or upgrades, and
//! bodies must be declared JSON, which a page cannot send across origins without asking first.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN, UPGRADE};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::Anonymous;
use crate::{Error, Refusal};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the guard decides by.
#[derive(Clone, Debug)]
pub struct Guard {
    hosts: Hosts,
    anonymous: Arc<Anonymous>,
}

/// The names a request may address.
#[derive(Clone, Debug)]
pub struct Hosts(Vec<String>);

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
            None => Ok(Self(names.iter().map(|name| name.to_ascii_lowercase()).collect())),
        }
    }

    fn allow(&self, authority: &str) -> bool {
        let host = host_of(authority).to_ascii_lowercase();
        let host = host.strip_suffix('.').unwrap_or(&host);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        loopback
            || host == "localhost"
            || host.ends_with(".localhost")
            || self.0.iter().any(|name| name == host || name == bare)
    }
}

/// The host of `host[:port]`, with the brackets of an IPv6 address.
fn host_of(authority: &str) -> &str {
    let port_start = authority
        .rfind(':')
        .filter(|colon| authority.get(*colon..).is_some_and(|port| !port.contains(']')));
    port_start.and_then(|at| authority.get(..at)).unwrap_or(authority)
}

/// The middleware.
pub(crate) async fn guard(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    match guard.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            tracing::info!(reason = refusal.reason, path = request.uri().path(), "request refused");
            refusal.into_response()
        }
    }
}

impl Guard {
    /// For requests to these hosts, without a credential as long as that is allowed.
    pub fn new(hosts: Hosts, anonymous: Arc<Anonymous>) -> Self {
        Self { hosts, anonymous }
    }

    /// Whether a connection that did not come through this HTTP side may become a WebSocket.
    pub fn admit_upgrade(&self, peer: IpAddr, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = self.check_host(headers, None)?;
        self.anonymous.admit(Some(peer), headers)?;
        check_origin(headers, host)
    }

    fn check(&self, request: &Request) -> Result<(), Refusal> {
        let headers = request.headers();
        let host = self.check_host(headers, request.uri().authority())?;
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        self.anonymous.admit(peer, headers)?;
        let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        if !reads || headers.contains_key(UPGRADE) {
            check_origin(headers, host)?;
        }
        if matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH) {
            check_content_type(headers)?;
        }
        Ok(())
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
