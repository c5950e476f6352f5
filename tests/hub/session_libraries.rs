//! Persistent sessions of paho, mqtt.js and the mosquitto clients over kill -9, 3.1.1 and 5, QoS 1
//! and 2 in both directions: nothing lost, nothing of QoS 2 twice (R2). `UNS_SOAK=1` runs the long
//! form.

use crate::hub::{Scratch, npm, peers, soak};

#[test]
fn trap_08_12_sessions_of_every_client_library_survive_kill_nine() {
    let (kills, count) = if soak() { ("100", "10000") } else { ("2", "300") };
    let scratch = Scratch::new();
    let directory = scratch.path().to_str().expect("UTF-8");
    let uns = env!("CARGO_BIN_EXE_uns");
    let mut args = vec!["--uns", uns, "--directory", directory, "--kills", kills, "--count", count];
    let modules = npm().map(|path| path.display().to_string());
    if let Some(modules) = &modules {
        args.extend(["--node", modules]);
    }
    let said = peers("session_libraries.py", &args);
    assert!(said.contains(" 0 lost, 0 of QoS 2 twice"), "{said}");
    eprintln!("R2: {said}");
}
