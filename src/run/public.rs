//! `uns run --public`: what it changes in the configuration, and by which names others reach this
//! machine.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use uns_model::{Clock, SystemRandom};

use super::certificates;
use super::parts::Parts;
use crate::config::{AnonymousAccess, Config, Listen};

/// MQTT in TLS, as IANA has it.
const MQTT_PORT: u16 = 8883;
/// HTTPS beside 8080.
const HTTP_PORT: u16 = 8443;

/// Opens the hub to other machines. What the configuration already says about listeners and files
/// stays.
pub(crate) fn open(config: &mut Config, data: &Path, names: &[String]) {
    config.access.anonymous = AnonymousAccess::Never;
    for (listen, port) in
        [(&mut config.mqtt.tls.listen, MQTT_PORT), (&mut config.http.tls.listen, HTTP_PORT)]
    {
        let everywhere = SocketAddr::new(everywhere(), port);
        *listen = Listen(Some(listen.0.unwrap_or(everywhere)));
    }
    if config.mqtt.tls.certificate.as_os_str().is_empty() {
        config.mqtt.tls.certificate = certificates::certificate(data);
        config.mqtt.tls.key = certificates::key(data);
    }
    let own = names.iter().cloned().chain(host_name());
    config.http.hosts.extend(own.filter(|name| is_host(name)));
}

/// What vouches for this hub, where it does so itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Authority {
    /// By what others reach this machine.
    pub(super) host: Option<String>,
    /// The certificate of the CA.
    pub(super) ca: Option<PathBuf>,
    /// Its SHA-256.
    pub(super) fingerprint: Option<String>,
    data: PathBuf,
    names: Vec<String>,
}

impl Authority {
    /// Makes or renews the certificates, where the hub is public and has none of somebody else.
    pub(crate) fn open(
        public: bool,
        given: &[String],
        parts: &Parts,
        config: &Config,
    ) -> Result<Self> {
        if !public {
            return Ok(Self::default());
        }
        let data = parts.directory.path().to_path_buf();
        let host = best_name(given);
        if config.mqtt.tls.certificate != certificates::certificate(&data) {
            return Ok(Self { host, data, ..Self::default() });
        }
        let names = names(given);
        certificates::ensure(&data, &names, parts.clock.now(), &*parts.random)?;
        // Absolute, so that what is printed works from elsewhere.
        let ca = fs::canonicalize(certificates::authority(&data)).ok();
        let fingerprint = ca.as_ref().map(|_| certificates::fingerprint(&data)).transpose()?;
        Ok(Self { host, ca, fingerprint, data, names })
    }
}

/// Renews the certificates of a hub that runs for long; the listeners take new files in.
pub(super) async fn renew(authority: Authority, clock: Arc<dyn Clock>) {
    const EVERY: Duration = Duration::from_secs(12 * 3600);
    if authority.ca.is_none() {
        return;
    }
    loop {
        tokio::time::sleep(EVERY).await;
        let Authority { data, names, .. } = &authority;
        match certificates::ensure(data, names, clock.now(), &SystemRandom) {
            Ok(true) => tracing::info!("the server's certificate was renewed"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the server's certificate cannot be renewed"),
        }
    }
}

/// A host name or address as `--public-name` takes it: nothing of a URL around it.
pub(super) fn host(text: &str) -> Result<String, String> {
    if is_host(text) {
        return Ok(text.to_owned());
    }
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let inside = rest.strip_prefix('[').and_then(|rest| rest.split(']').next());
    let name = inside.unwrap_or_else(|| rest.split(':').next().unwrap_or_default());
    let advice = match is_host(name) {
        true => format!("; write {name}, and ports with --set mqtt.tls.listen and http.tls.listen"),
        false => ": letters, digits, `-`, `.` and `_`, or an address".to_owned(),
    };
    Err(format!("it is no host name{advice}"))
}

/// Whether this can stand in a Host header.
fn is_host(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    !name.is_empty() && (name.parse::<IpAddr>().is_ok() || name.bytes().all(allowed))
}

/// All addresses: of both families where the machine has IPv6, else of IPv4.
fn everywhere() -> IpAddr {
    let both = Ipv6Addr::UNSPECIFIED;
    if TcpListener::bind((both, 0)).is_ok() { both.into() } else { Ipv4Addr::UNSPECIFIED.into() }
}

/// Names and addresses for the certificate: given ones first.
pub(super) fn names(given: &[String]) -> Vec<String> {
    let mut names: Vec<String> = given.to_vec();
    names.extend(host_name());
    names.extend(addresses().iter().map(ToString::to_string));
    names.extend(["localhost", "127.0.0.1", "::1"].map(ToOwned::to_owned));
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| is_host(name) && seen.insert(name.clone()));
    names
}

/// By what a client of another machine would best reach this one.
pub(super) fn best_name(given: &[String]) -> Option<String> {
    let address = addresses().into_iter().find(IpAddr::is_ipv4).map(|ip| ip.to_string());
    given.first().cloned().or(address).or_else(host_name)
}

fn host_name() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?.trim().to_owned();
    (!name.is_empty() && name != "(none)").then_some(name)
}

/// The addresses of this machine but those of loopback and of one link, as the kernel lists them.
fn addresses() -> Vec<IpAddr> {
    let v4 = fs::read_to_string("/proc/net/fib_trie").unwrap_or_default();
    let v6 = fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    let v6 = v6.lines().filter_map(|line| {
        let bits = u128::from_str_radix(line.split_whitespace().next()?, 16).ok()?;
        Some(IpAddr::from(Ipv6Addr::from_bits(bits)))
    });
    let mut all: Vec<IpAddr> = local_v4(&v4).into_iter().map(IpAddr::from).chain(v6).collect();
    all.retain(|ip| match ip {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local(),
    });
    all.sort();
    all.dedup();
    all
}

/// The leaves of the routing table that are this machine itself.
fn local_v4(table: &str) -> Vec<Ipv4Addr> {
    let mut found = Vec::new();
    let mut leaf: Option<Ipv4Addr> = None;
    for line in table.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            leaf = address.parse().ok();
        } else if line == "/32 host LOCAL" {
            found.extend(leaf);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_routing_table() {
        let table = "Local:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n\
                     \x20       |-- 10.0.0.0\n           /24 link UNICAST\n        |-- 10.0.0.7\n\
                     \x20          /32 host LOCAL\n        |-- 10.0.0.255\n           /32 link BROADCAST\n";
        assert_eq!(local_v4(table), [Ipv4Addr::new(10, 0, 0, 7)]);
    }

    #[test]
    fn given_names_come_first_and_none_twice() {
        let given = ["hub.plant.example".to_owned(), "localhost".into(), "not a name".into()];
        let names = names(&given);
        assert_eq!(names[0], "hub.plant.example");
        assert_eq!(names.iter().filter(|name| *name == "localhost").count(), 1);
        assert!(!names.contains(&"not a name".to_owned()));
    }

    #[test]
    fn a_public_name_is_a_host_and_nothing_else() {
        for good in ["hub.plant.example", "hub", "10.0.0.7", "::1", "fe80::1", "press_7"] {
            assert_eq!(host(good), Ok(good.to_owned()));
        }
        for (bad, write) in [
            ("https://hub.example:8443/", "write hub.example,"),
            ("hub.example:8443", "write hub.example,"),
            ("mqtts://anna@hub.example", "write hub.example,"),
            ("[::1]:8883", "write ::1,"),
            ("hub.example/mqtt", "write hub.example,"),
            ("two words", "no host name: letters"),
            ("", "no host name: letters"),
            ("https://", "no host name: letters"),
        ] {
            let said = host(bad).unwrap_err();
            assert!(said.contains(write), "{bad}: {said}");
        }
    }

    #[test]
    fn what_is_configured_stays() {
        let mut config = Config::default();
        let own = SocketAddr::from(([127, 0, 0, 1], 9));
        config.mqtt.tls.listen = Listen(Some(own));
        open(&mut config, Path::new("/data"), &["hub.example".to_owned()]);
        assert_eq!(config.mqtt.tls.listen, Listen(Some(own)));
        assert_eq!(config.http.tls.listen.0.unwrap().port(), HTTP_PORT);
        assert!(config.is_log_in_required() && config.http.hosts.contains(&"hub.example".into()));
        assert_eq!(config.mqtt.listen.port(), 1883);
    }
}
