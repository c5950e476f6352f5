//! What is wrong with TLS is said where somebody looks: in the client's tool as far as the protocol
//! has words, and in the hub's log with the remedy.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::hub::{Hub, Scratch, certificate};

fn openssl(directory: &Path, args: &str) {
    let output = Command::new("openssl").args(args.split(' ')).current_dir(directory).output();
    let output = output.expect("openssl is installed");
    assert!(output.status.success(), "{args}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A CA, and a certificate that it signed, of version 1 unless there are extensions.
fn pair(directory: &Path, ca: &str, name: &str, extensions: bool) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    if !directory.join(format!("{ca}.pem")).exists() {
        let own = format!("-keyout {ca}.key -out {ca}.pem -days 30 -subj /CN={ca}");
        openssl(directory, &format!("req -x509 {key} {own}"));
    }
    openssl(directory, &format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
    std::fs::write(directory.join("ext"), "basicConstraints=CA:FALSE\n").expect("a file");
    let ext = if extensions { " -extfile ext" } else { "" };
    let by = format!("-CA {ca}.pem -CAkey {ca}.key -CAcreateserial -days 30{ext}");
    openssl(directory, &format!("x509 -req -in {name}.csr -out {name}.pem {by}"));
}

#[test]
fn every_fault_of_tls_is_named_with_its_remedy() {
    let scratch = Scratch::new();
    let here = scratch.path();
    pair(here, "plant", "press", true);
    pair(here, "plant", "version1", false);
    pair(here, "elsewhere", "stranger", true);
    let mut set = certificate(here);
    set.push(format!("mqtt.tls.client_ca={}", here.join("plant.pem").display()));
    set.push("mqtt.tls.listen=127.0.0.1:0".to_owned());
    let set: Vec<_> = set.iter().map(String::as_str).collect();
    let hub = Hub::start_with(here, &set);
    let publish = |port: u16, more: &[&str]| -> Output {
        Command::new("mosquitto_pub")
            .args(["-h", "localhost", "-p", &port.to_string(), "-q", "1", "-t", "a", "-m", "7"])
            .args(more)
            .current_dir(here)
            .output()
            .expect("mosquitto_pub is installed")
    };
    let (plain, secure) = (hub.mqtt.port(), hub.address("mqtt_tls").port());
    let showing = |name: &str| {
        let (own, key) = (format!("{name}.pem"), format!("{name}.key"));
        publish(secure, &["--cafile", "certificate.pem", "--cert", &own, "--key", &key])
    };
    assert!(showing("press").status.success());
    let logged = |words: &str| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !hub.log().contains(words) {
            assert!(Instant::now() < deadline, "{words}: {}", hub.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    assert!(!showing("stranger").status.success());
    logged("signed by a CA that mqtt.tls.client_ca does not hold");
    assert!(!showing("version1").status.success());
    logged("X.509 version 1");
    assert!(!publish(secure, &["--cafile", "certificate.pem"]).status.success());
    logged("shows no client certificate");
    // MQTT to the port of TLS: its tool says that it is refused, and in version 5 why.
    for version in ["mqttv311", "mqttv5"] {
        let refused = publish(secure, &["-V", version]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && !said.is_empty(), "{version}: {said}");
    }
    logged("MQTT without TLS to a listener with TLS");
    // TLS to the port of MQTT.
    let refused = publish(plain, &["--cafile", "certificate.pem"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "{said}");
    logged("TLS to a listener without TLS");
}
