//! R8: engines, ledger and log in one history from one seed, judged by a model of what MQTT promises.
//! A failure prints its seed; `UNS_SEED=n` repeats it, `UNS_SOAK=1` plays 10,000.

mod accounts;
mod client;
mod gate;
mod hub;
mod line;
mod model;
mod wills;
mod world;

use crate::dice::seeds;
use gate::Fault;
use world::World;

fn play(seed: u64, fault: Fault) -> Result<usize, String> {
    let played = std::panic::catch_unwind(|| World::new(seed, fault).play());
    played.unwrap_or_else(|_| Err("it panicked".to_owned()))
}

#[test]
fn every_history_keeps_what_mqtt_promises() {
    let (mut deliveries, mut histories) = (0, 0);
    for seed in seeds(1_000, 10_000) {
        match play(seed, Fault::None) {
            Ok(right) => deliveries += right,
            Err(why) => panic!("{why}; UNS_SEED={seed} repeats it"),
        }
        histories += 1;
    }
    eprintln!("R8: {histories} histories, {deliveries} deliveries, no promise broken");
}

/// The model can fail: each mistake built into the gate is found.
#[test]
fn mistakes_are_found() {
    for fault in [
        Fault::ForgetsWhatItTook,
        Fault::KeepsWhatWasReleased,
        Fault::NeverSettles,
        Fault::LosesOwed,
        Fault::EndsWhicheverWill,
        Fault::ForgetsWhoseWill,
        Fault::LosesWhatIsLeft,
    ] {
        let found = (0..1_000).find(|seed| play(*seed, fault).is_err());
        eprintln!("{fault:?} is found by seed {found:?}");
        assert!(found.is_some(), "{fault:?} goes unnoticed");
    }
}
