//! Mutual TLS with clients of other people: whom a CA vouches for gets in, all others do not.

use std::fs;
use std::path::Path;
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::hub::{Hub, Scratch, node_peers, peers, run};

/// A CA, and what it vouches for, in PEM files of a directory.
struct Authority<'a>(&'a Path, Issuer<'static, KeyPair>);

impl<'a> Authority<'a> {
    fn new(directory: &'a Path, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        fs::write(directory.join(format!("{name}.pem")), pem).expect("a file");
        Self(directory, Issuer::new(params, key))
    }

    /// The paths of a certificate for `localhost` and of its key.
    fn issue(&self, name: &str) -> (String, String) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let pem = params.signed_by(&key, &self.1).expect("a certificate").pem();
        let path = |kind: &str| self.0.join(format!("{name}-{kind}.pem")).display().to_string();
        fs::write(path("certificate"), pem).expect("a file");
        fs::write(path("key"), key.serialize_pem()).expect("a file");
        (path("certificate"), path("key"))
    }
}

#[test]
fn paho_mqtt_js_and_mosquitto_show_certificates() {
    let scratch = Scratch::new();
    let ca = Authority::new(scratch.path(), "plant");
    let ca_file = scratch.path().join("plant.pem").display().to_string();
    let (server, server_key) = ca.issue("server");
    let (press, press_key) = ca.issue("press-7");
    let stranger = Authority::new(scratch.path(), "elsewhere").issue("stranger");
    let set = [
        format!("mqtt.tls.certificate={server}"),
        format!("mqtt.tls.key={server_key}"),
        format!("mqtt.tls.client_ca={ca_file}"),
        "mqtt.tls.listen=127.0.0.1:0".to_owned(),
        "mqtt.websocket_tls.listen=127.0.0.1:0".to_owned(),
    ];
    let hub = Hub::start_with(scratch.path(), &set.each_ref().map(String::as_str));
    let port = |key: &str| hub.address(key).port();
    let address = |key: &str| hub.address(key).to_string();
    for (scheme, key) in [("mqtts", "mqtt_tls"), ("wss", "mqtt_websocket_tls")] {
        let path = if scheme == "wss" { "/mqtt" } else { "" };
        peers("transports.py", &[scheme, &address(key), path, &ca_file, &press, &press_key]);
        let url = format!("{scheme}://localhost:{}{path}", port(key));
        node_peers("transports.cjs", &[&url, &ca_file, &press, &press_key]);
    }
    let publish = |more: &[&str]| {
        Command::new("mosquitto_pub")
            .args(["-h", "localhost", "-p", &port("mqtt_tls").to_string(), "--cafile", &ca_file])
            .args(["-q", "1", "-t", "uns/v1/transports/mutual", "-m", "7"])
            .args(more)
            .output()
            .expect("mosquitto_pub is installed")
            .status
            .success()
    };
    assert!(publish(&["--cert", &press, "--key", &press_key]));
    assert!(!publish(&["--cert", &stranger.0, "--key", &stranger.1]), "of another CA");
    assert!(!publish(&[]), "without a certificate");
    let broker = format!("mqtts://localhost:{}", port("mqtt_tls"));
    let own = |more: &[&str]| {
        let pub_to = ["pub", "uns/v1/transports/mutual", "7", "--mqtt", &broker];
        run(&[&pub_to[..], &["--cafile", &ca_file], more].concat()).status.success()
    };
    assert!(own(&["--cert", &press, "--key", &press_key]), "the command line");
    assert!(!own(&["--cert", &stranger.0, "--key", &stranger.1]) && !own(&[]));
}
