//! A stop is orderly and quick, clients connected or not (LITE-5), and costs the next start nothing.

use std::net::TcpStream;
use std::time::Duration;

use crate::hub::{Hub, Scratch, within};

#[test]
fn a_hub_with_idle_clients_stops_within_ten_seconds() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    hub.mosquitto_pub(&["-t", "uns/v1/acme/a", "-m", "1", "-q", "1"]);
    let clients: Vec<TcpStream> = [hub.mqtt, hub.http, hub.mqtt]
        .iter()
        .map(|address| TcpStream::connect(address).expect("the hub listens"))
        .collect();
    let took = hub.stop();
    eprintln!("stopped in {took:?}");
    assert!(took < within(Duration::from_secs(10)), "{took:?}: {}", hub.log());
    drop(clients);
    let hub = Hub::start(scratch.path());
    assert_eq!(hub.history("uns/v1/acme/a", "").len(), 1);
}
