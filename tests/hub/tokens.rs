//! JSON Web Tokens as passwords, over MQTT and HTTP: good ones, and the ways they are forged.

use std::fs;
use std::process::Command;

use crate::hub::{Hub, Scratch, peers};

const JWT: &str = r#"
[jwt]
issuer = "https://idp.test"
audience = "uns"
leeway_seconds = 0
roles_claim = "roles"

[[jwt.key]]
algorithm = "RS256"
kid = "rsa"
file = "rsa.pem"

[[jwt.key]]
algorithm = "ES256"
kid = "ec"
file = "ec.pem"
"#;

fn openssl(directory: &std::path::Path, args: &[&str]) {
    let output = Command::new("openssl").current_dir(directory).args(args).output();
    let output = output.expect("openssl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn good_tokens_get_in_and_forged_ones_do_not() {
    let scratch = Scratch::new();
    let data = scratch.path().join("data");
    let mut hub = Hub::start(scratch.path());
    hub.stop();
    let rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "rsa.key"];
    openssl(&data, &[&["genpkey"][..], &rsa].concat());
    let ec = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "ec.key"];
    openssl(&data, &[&["genpkey"][..], &ec].concat());
    for kind in ["rsa", "ec"] {
        let (key, public) = (format!("{kind}.key"), format!("{kind}.pem"));
        openssl(&data, &["pkey", "-in", &key, "-pubout", "-out", &public]);
    }
    fs::write(data.join("access.toml"), JWT).expect("a file");
    let hub = Hub::start_with(scratch.path(), &["access.anonymous=never"]);
    let data = data.display().to_string();
    peers("tokens.py", &[&hub.mqtt.to_string(), &hub.http.to_string(), &data]);
}
