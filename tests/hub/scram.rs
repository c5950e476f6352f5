//! SCRAM-SHA-256 in AUTH packets, with the SCRAM of other people on the client's side.

use crate::hub::{Hub, Scratch, peers};

#[test]
fn scramp_logs_in_and_knows_the_hub() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &["access.anonymous=never"]);
    let password = "pencil and some paper";
    let rules = ["user", "add", "anna", "--allow", "acme/#"];
    let added = hub.uns(&rules, &format!("{password}\n"));
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    peers("scram.py", &[&hub.mqtt.to_string(), "anna", password]);
}
