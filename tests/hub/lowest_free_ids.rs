//! Devices that choose the lowest free packet identifier, at QoS 2, over kill -9: what was acknowledged
//! is in the log, in history and at the subscriber, each once (R2). `UNS_SOAK=1` runs the long form.

use crate::hub::{Scratch, peers, soak};

#[test]
fn what_is_acknowledged_under_the_lowest_free_identifier_survives_kill_nine_exactly_once() {
    let (kills, pause) = if soak() { ("20", "4") } else { ("2", "0.6") };
    let scratch = Scratch::new();
    let directory = scratch.path().to_str().expect("UTF-8");
    let uns = env!("CARGO_BIN_EXE_uns");
    let args = ["--uns", uns, "--directory", directory, "--kills", kills, "--pause", pause];
    let said = peers("lowest_free.py", &args);
    assert!(said.contains(" 0 lost, 0 twice"), "{said}");
    eprintln!("R2: {said}");
}
