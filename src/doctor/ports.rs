//! Whether the hub can listen where it is told to, and if not, who is in the way.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use fabric_local::Holder;

use super::Finding;
use crate::config::Config;
use crate::ports;

const AREA: &str = "ports";

/// Looks at every listener of the configuration; `holder` is who has the data directory.
pub(super) fn examine(config: &Config, holder: Holder) -> Vec<Finding> {
    let http =
        [("http.listen", Some(config.http.listen)), ("http.tls.listen", config.http.tls.listen.0)];
    let http = http.into_iter().filter_map(|(key, address)| Some((key, address?)));
    let all = config.mqtt.addresses().chain(http);
    all.map(|(key, address)| listener(key, address, holder)).collect()
}

fn listener(key: &str, address: SocketAddr, holder: Holder) -> Finding {
    if address.port() == 0 {
        return Finding::ok(AREA, format!("{key} takes any free port of {}", address.ip()));
    }
    let Err(error) = TcpListener::bind(address) else {
        return Finding::ok(AREA, format!("{key} {address} is free"));
    };
    match error.kind() {
        ErrorKind::AddrInUse => taken(key, address, holder),
        ErrorKind::AddrNotAvailable => Finding::failed(
            AREA,
            format!("{key} {address}: this machine does not have the address {}", address.ip()),
            "choose one that `ip address` lists, or 0.0.0.0 for all",
        ),
        ErrorKind::PermissionDenied => Finding::failed(
            AREA,
            format!("{key} {address}: this user may not listen on port {}", address.port()),
            format!(
                "choose a port from 1024 on (--set {key}={}:{}), or allow it: \
                 setcap cap_net_bind_service=+ep $(command -v uns)",
                address.ip(),
                address.port().saturating_add(8000)
            ),
        ),
        _ => Finding::failed(
            AREA,
            format!("{key} {address}: {error}"),
            format!("choose another address with --set {key}=127.0.0.1:PORT"),
        ),
    }
}

fn taken(key: &str, address: SocketAddr, holder: Holder) -> Finding {
    let owner = ports::owner(address);
    if let (Some(owner), Holder::Process(Some(pid))) = (&owner, holder)
        && owner.pid == pid
    {
        return Finding::ok(AREA, format!("{key} {address} is the running hub's (pid {pid})"));
    }
    let by = owner.as_ref().map(|owner| format!(" by {owner}")).unwrap_or_default();
    let stop = owner.map_or_else(
        || "stop what listens there (`ss -ltnp` as root names it)".to_owned(),
        |owner| format!("stop {owner}"),
    );
    let free = free_near(address).map_or_else(|| "PORT".to_owned(), |port| port.to_string());
    Finding::failed(
        AREA,
        format!("{key} {address} is taken{by}"),
        format!("{stop}, or give the hub another port: --set {key}={}", at(address, &free)),
    )
}

fn at(address: SocketAddr, port: &str) -> String {
    if address.is_ipv6() {
        format!("[{}]:{port}", address.ip())
    } else {
        format!("{}:{port}", address.ip())
    }
}

/// A free port a little above, for the remedy.
fn free_near(address: SocketAddr) -> Option<u16> {
    let ports = (1..100).filter_map(|further| address.port().checked_add(further));
    ports.into_iter().find(|port| TcpListener::bind((address.ip(), *port)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_taken_port_names_its_owner_and_a_free_one() {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = other.local_addr().unwrap();
        let found = listener("mqtt.listen", address, Holder::Nobody);
        assert_eq!(found.verdict, Verdict::Failed);
        assert!(found.found.contains(&format!("pid {}", std::process::id())), "{found:?}");
        let remedy = found.remedy.unwrap();
        assert!(remedy.contains("--set mqtt.listen=127.0.0.1:"), "{remedy}");
        // The same port is in order where its owner is the hub of the directory.
        let own = listener("mqtt.listen", address, Holder::Process(Some(std::process::id())));
        assert_eq!(own.verdict, Verdict::Ok, "{own:?}");
        drop(other);
        assert_eq!(listener("mqtt.listen", address, Holder::Nobody).verdict, Verdict::Ok);
    }

    #[test]
    fn an_address_of_another_machine_is_told() {
        let found = listener("http.listen", "192.0.2.1:8080".parse().unwrap(), Holder::Nobody);
        assert_eq!(found.verdict, Verdict::Failed);
        assert!(found.found.contains("does not have the address 192.0.2.1"), "{found:?}");
    }
}
