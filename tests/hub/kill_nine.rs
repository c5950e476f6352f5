//! kill -9 under load: what was acknowledged is in history and in `current`, nothing twice, and no
//! sequence is used twice (R1). `UNS_SOAK=1` runs the long form.

use crate::hub::{Scratch, peers};
use crate::recording;

#[test]
fn acknowledged_values_survive_kill_nine_exactly_once() {
    let soak = std::env::var_os("UNS_SOAK").is_some();
    let (kills, rows) = if soak { ("200", 400_000) } else { ("4", 20_000) };
    let scratch = Scratch::new();
    let (file, _) = recording::write(scratch.path(), rows);
    let recording = format!("uns/v1/lab/pump={}", file.display());
    let directory = scratch.path().to_str().expect("UTF-8");
    let uns = env!("CARGO_BIN_EXE_uns");
    let seconds = if soak { "200" } else { "3" };
    let said = peers(
        "kill_nine.py",
        &[
            "--uns",
            uns,
            "--directory",
            directory,
            "--kills",
            kills,
            "--seconds",
            seconds,
            &recording,
        ],
    );
    assert!(said.contains(" 0 lost, 0 twice"), "{said}");
    eprintln!("R1: {said}");
}
