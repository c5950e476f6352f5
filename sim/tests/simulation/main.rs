//! R8: engines, gate, namespace, ledger and log in one history from one seed, judged by auditors. A
//! failure prints its seed; `UNS_SEED=n` repeats it, `UNS_SOAK=1` plays 10,000.
#![expect(clippy::panic, reason = "tests say what was unexpected")]

use std::sync::Mutex;

use sim::{Fault, play};

/// How many histories: few in `make test`, many in `make soak`, one with `UNS_SEED`.
fn seeds() -> std::ops::Range<u64> {
    if let Some(one) = std::env::var_os("UNS_SEED") {
        let one = one.to_str().and_then(|one| one.parse().ok()).expect("a seed is a number");
        return one..one + 1;
    }
    0..if std::env::var_os("UNS_SOAK").is_some() { 10_000 } else { 80 }
}

/// What all histories came to.
#[derive(Debug, Default)]
struct Sums {
    histories: u64,
    deliveries: usize,
    records: usize,
    dropped: usize,
    kills: u32,
}

#[test]
fn every_history_keeps_what_is_promised() {
    let sums = Mutex::new(Sums::default());
    std::thread::scope(|scope| {
        for half in 0..2 {
            let sums = &sums;
            scope.spawn(move || seeds().skip(half).step_by(2).for_each(|seed| add(sums, seed)));
        }
    });
    let Sums { histories, deliveries, records, dropped, kills } = sums.into_inner().unwrap();
    eprintln!(
        "R8: {histories} histories with {kills} restarts, {records} records ({dropped} dropped by \
         retention), {deliveries} deliveries, no promise broken"
    );
}

fn add(sums: &Mutex<Sums>, seed: u64) {
    let figures = play(seed, None).unwrap_or_else(|failure| panic!("{failure}"));
    let mut sums = sums.lock().expect("another history failed");
    sums.histories += 1;
    sums.deliveries += figures.deliveries;
    sums.records += figures.records;
    sums.dropped += figures.dropped;
    sums.kills += figures.kills;
}

#[test]
fn one_seed_gives_one_trace() {
    for seed in 0..5 {
        let (once, again) = (play(seed, None).unwrap(), play(seed, None).unwrap());
        let differs = once.trace.lines().zip(again.trace.lines()).find(|(a, b)| a != b);
        assert!(once == again, "seed {seed}: {differs:?}");
    }
}

/// Mistakes that show in few histories: `make soak` looks for them.
const RARE: &[Fault] = &[Fault::EndsWhicheverWill, Fault::KeepsWhatWasReleased];

/// The auditors look: each mistake is found, on seeds that are right without it.
#[test]
fn mistakes_are_found() {
    for fault in Fault::ALL.iter().filter(|fault| !RARE.contains(fault)) {
        is_found(*fault, 200);
    }
}

#[test]
fn rare_mistakes_are_found_in_the_long_form() {
    if std::env::var_os("UNS_SOAK").is_some() {
        RARE.iter().for_each(|fault| is_found(*fault, 5_000));
    }
}

/// Within so many histories.
fn is_found(fault: Fault, seeds: u64) {
    let failures = (0..seeds).map(|seed| play(seed, Some(fault)).err());
    let found = failures.flatten().next();
    let failure = found.unwrap_or_else(|| panic!("{fault:?} goes unnoticed"));
    eprintln!("{fault:?}: history {}: {}", failure.seed, failure.why);
    let without = play(failure.seed, None).err().map(|failure| failure.to_string());
    assert_eq!(without, None, "it is not {fault:?} that was found");
}
