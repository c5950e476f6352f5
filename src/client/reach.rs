//! What to do when a hub cannot be reached, in the words of whoever typed its address.

use std::io::{self, ErrorKind};
use std::net::ToSocketAddrs as _;

use tokio_rustls::rustls;

/// The name of a machine that nobody knows.
pub(super) fn unknown_host(host: &str) -> String {
    format!("the name {host} is not known here; check its spelling, or write the address instead")
}

/// What to do about a connection that does not come about; `option` names the address.
pub(super) fn remedy(kind: ErrorKind, option: &str) -> String {
    match kind {
        ErrorKind::ConnectionRefused => format!(
            "nothing listens there: start the hub (`uns run`), or name the address its start \
             printed with {option}; `uns doctor` looks at a hub of this machine"
        ),
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            format!(
                "the machine does not answer: check {option}, the network and its firewall; a hub is \
             open to other machines only with `uns run --public`"
            )
        }
        _ => format!("check {option}"),
    }
}

/// Why a request got no answer from the hub at `base`, and what to do.
pub(super) fn explain(error: &ureq::Error, base: &str) -> String {
    match error {
        ureq::Error::HostNotFound => unknown_host(host(base)),
        ureq::Error::ConnectionFailed => {
            format!("no answer from {base}; {}", remedy(ErrorKind::ConnectionRefused, "--http"))
        }
        ureq::Error::Timeout(_) => {
            format!("no answer from {base} in time; {}", remedy(ErrorKind::TimedOut, "--http"))
        }
        ureq::Error::Rustls(error) => certificate(error, base),
        ureq::Error::Io(error) => explain_io(error, base),
        ureq::Error::Protocol(_) => {
            format!("{base} does not answer in HTTP; is it the hub, and the port of its page?")
        }
        _ => format!("no answer from {base}; is the hub running?"),
    }
}

fn explain_io(error: &io::Error, base: &str) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(error) = inner {
        return certificate(error, base);
    }
    let ended =
        [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted];
    if ended.contains(&error.kind()) {
        let other = match base.strip_prefix("https://") {
            Some(rest) => format!("a port without TLS wants http://{rest}"),
            None => "a port of HTTPS wants https:// and --cafile".to_owned(),
        };
        return format!("{base} ended the connection without an answer; {other}");
    }
    if !is_known(base) {
        return unknown_host(host(base));
    }
    format!("no answer from {base}; {}", remedy(error.kind(), "--http"))
}

fn authority(base: &str) -> &str {
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

fn host(base: &str) -> &str {
    let authority = authority(base);
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// Whether the host of a URL has an address. Those who look it up for a request tell that no
/// better than by a text.
fn is_known(base: &str) -> bool {
    let authority = authority(base);
    let with_port = format!("{authority}:80");
    authority.to_socket_addrs().or_else(|_| with_port.to_socket_addrs()).is_ok()
}

fn certificate(error: &rustls::Error, base: &str) -> String {
    use rustls::CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(Bad::UnknownIssuer) => format!(
            "the CA of --cafile does not vouch for {base}; take tls/ca.pem of the hub's data \
             directory, whose fingerprint its start prints"
        ),
        rustls::Error::InvalidCertificate(
            Bad::NotValidForName | Bad::NotValidForNameContext { .. },
        ) => format!(
            "the certificate of {base} is one of another name; see --public-name of `uns run`"
        ),
        rustls::Error::InvalidMessage(_) => {
            format!("{base} does not answer in TLS; a port without it wants http://")
        }
        _ => format!("no TLS with {base}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_not_to_reach_a_hub_has_its_remedy() {
        let io = |kind: ErrorKind| ureq::Error::Io(io::Error::from(kind));
        let check = |error: ureq::Error, base: &str, said: &str| {
            let words = explain(&error, base);
            assert!(
                words.contains(base.rsplit('/').next().unwrap()) && words.contains(said),
                "{words}"
            );
        };
        check(io(ErrorKind::ConnectionRefused), "http://127.0.0.1:1", "`uns run`");
        check(ureq::Error::HostNotFound, "http://hub.exmaple", "check its spelling");
        check(io(ErrorKind::HostUnreachable), "http://10.0.0.9:8080", "--public");
        check(io(ErrorKind::ConnectionReset), "http://hub:8443", "https:// and --cafile");
        check(io(ErrorKind::UnexpectedEof), "https://hub:8080", "http://hub:8080");
        let foreign = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        check(ureq::Error::Rustls(foreign), "https://hub:8443", "tls/ca.pem");
    }
}
