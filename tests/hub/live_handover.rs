//! A live reader goes on where `current` ended, and where its connection broke: no value missing,
//! none twice, while values flow (NS-39).

use crate::hub::{Hub, Scratch, peers};

#[test]
fn a_live_reader_misses_nothing_over_broken_connections() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let said = peers("live_handover.py", &[&hub.mqtt.to_string(), &hub.http.to_string()]);
    assert!(said.contains("no value missing, none twice"), "{said}");
}
