//! R8: engines, gate, namespace, ledger and log in one history from one seed, judged by auditors. A
//! failure prints its seed; `UNS_SEED=n` repeats it, `UNS_SEEDS=n` plays so many, `UNS_SOAK=1` 10,000.
//! `UNS_FAULT=Name` looks for one of the built-in mistakes.
#![expect(clippy::panic, reason = "tests say what was unexpected")]

use std::sync::Mutex;

use sim::{Fault, play};

/// How many histories: few in `make test`, many in `make soak`, one with `UNS_SEED`.
fn seeds() -> std::ops::Range<u64> {
    if let Some(one) = std::env::var_os("UNS_SEED") {
        let one = one.to_str().and_then(|one| one.parse().ok()).expect("a seed is a number");
        return one..one + 1;
    }
    if let Some(many) = std::env::var_os("UNS_SEEDS") {
        let many = many.to_str().and_then(|many| many.parse().ok()).expect("a number of seeds");
        return 0..many;
    }
    0..if std::env::var_os("UNS_SOAK").is_some() { 10_000 } else { 40 }
}

/// What all histories came to.
#[derive(Debug, Default)]
struct Sums {
    histories: u64,
    deliveries: usize,
    records: usize,
    dropped: usize,
    kills: u32,
    failed: Vec<u64>,
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
    let Sums { histories, deliveries, records, dropped, kills, failed } =
        sums.into_inner().unwrap();
    eprintln!(
        "R8: {histories} histories with {kills} restarts, {records} records ({dropped} dropped by \
         retention), {deliveries} deliveries, {} in which a promise is broken",
        failed.len()
    );
    assert!(failed.is_empty(), "a promise is broken in {failed:?}");
}

fn add(sums: &Mutex<Sums>, seed: u64) {
    let played = play(seed, None);
    let mut sums = sums.lock().expect("nobody panics who has it");
    sums.histories += 1;
    match played {
        Ok(figures) => {
            sums.deliveries += figures.deliveries;
            sums.records += figures.records;
            sums.dropped += figures.dropped;
            sums.kills += figures.kills;
        }
        Err(failure) => {
            eprintln!("{failure}\n");
            sums.failed.push(seed);
        }
    }
}

#[test]
fn one_seed_gives_one_trace() {
    for seed in 0..5 {
        let (once, again) = (play(seed, None).unwrap(), play(seed, None).unwrap());
        let differs = once.trace.lines().zip(again.trace.lines()).find(|(a, b)| a != b);
        assert!(once == again, "seed {seed}: {differs:?}");
    }
}

/// A node was purged while a core had publishes to it and to the node that followed in one batch: the
/// first of them came into the log before the node it was given, where nobody saw it.
#[test]
fn publishes_that_a_purge_overtakes_do_not_come_before_their_node() {
    for seed in [5, 9, 32] {
        let played = play(seed, None).map_err(|failure| failure.to_string());
        assert!(played.is_ok(), "{played:?}");
    }
}

/// The auditors look: each mistake is found, on seeds that are right without it.
#[test]
fn mistakes_are_found() {
    let only = std::env::var_os("UNS_FAULT");
    let is_meant = |fault: &&Fault| match &only {
        Some(only) => only.to_str() == Some(&*format!("{fault:?}")),
        None => true,
    };
    let meant: Vec<Fault> = Fault::ALL.iter().filter(is_meant).copied().collect();
    std::thread::scope(|scope| {
        for half in 0..2 {
            let meant = meant.iter().skip(half).step_by(2);
            scope.spawn(move || meant.for_each(|fault| is_found(*fault, 200)));
        }
    });
}

/// Within so many histories.
fn is_found(fault: Fault, seeds: u64) {
    let step = if fault.needs_retention() { 4 } else { 1 };
    let failures = (1..seeds).step_by(step).map(|seed| play(seed, Some(fault)).err());
    let found = failures.flatten().next();
    let failure = found.unwrap_or_else(|| panic!("{fault:?} goes unnoticed"));
    eprintln!("{fault:?}: history {}: {}", failure.seed, failure.why);
    let without = play(failure.seed, None).err().map(|failure| failure.to_string());
    assert_eq!(without, None, "it is not {fault:?} that was found");
}
