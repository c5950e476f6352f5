//! R3: a power cut in the middle of every operation that keeps a checkpoint.

use std::collections::BTreeSet;
use std::path::Path;

use uns_model::Sequence;

use super::{DIR, encode, load, path};
use crate::checkpoint::Checkpoints;
use crate::sim::{SimDisk, Step};
use crate::{CheckpointError, Disk};

/// What a sound checkpoint must at least be of after the power cut, as far as the work has come.
#[derive(Default)]
struct Safe(u64);

/// In one piece, or piece by piece.
fn save(to: &mut Checkpoints, applied: u64, safe: &mut Safe) -> Result<(), CheckpointError> {
    if applied.is_multiple_of(2) {
        to.write(Sequence(applied), &encode(applied, "fold"))?;
    } else {
        let mut draft = to.begin(Sequence(applied))?;
        draft.piece().text("fold");
        draft.flush()?;
        to.finish(draft)?;
    }
    *safe = Safe(applied);
    Ok(())
}

fn opened(disk: &SimDisk) -> Result<Checkpoints, CheckpointError> {
    let mut checkpoints =
        Checkpoints::open(std::sync::Arc::new(disk.clone()), DIR.into(), super::FORMAT)?;
    checkpoints.load(super::body)?;
    Ok(checkpoints)
}

/// Saves, finds the newest damaged, saves again.
fn work(disk: &SimDisk, safe: &mut Safe) -> Result<(), CheckpointError> {
    let mut checkpoints = opened(disk)?;
    let first = checkpoints.next_generation;
    for applied in 1..=3 {
        save(&mut checkpoints, applied, safe)?;
    }
    assert!(disk.flip_bit(&path(first + 2), 200));
    *safe = Safe(2);
    let mut checkpoints = opened(disk)?;
    assert_eq!(checkpoints.damaged(), 1);
    for applied in 4..=6 {
        save(&mut checkpoints, applied, safe)?;
    }
    Ok(())
}

/// As many files set aside as are kept, and one that was never finished.
fn disk(seed: u64) -> SimDisk {
    let disk = SimDisk::new(seed, 16 << 20);
    for n in 1..=4 {
        let aside = path(n).with_extension("bin.damaged");
        disk.write_atomic(&aside, b"damaged").expect("the disk works");
    }
    disk.write_atomic(&path(3).with_extension("bin.tmp"), b"half").expect("the disk works");
    disk
}

fn kind(path: &Path) -> &'static str {
    if path == Path::new(DIR) {
        return "directory";
    }
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("tmp") => "temporary",
        Some("bin") => "checkpoint",
        Some("damaged") => "set aside",
        _ => "?",
    }
}

#[test]
fn a_power_cut_in_any_step_leaves_the_last_checkpoint() {
    let mut met = BTreeSet::new();
    for seed in 0..16 {
        for operations in 0.. {
            let disk = disk(seed);
            disk.power_off_in(operations);
            let mut safe = Safe::default();
            let done = work(&disk, &mut safe);
            let cut = disk.take_cut();
            disk.crash();
            let found = opened_after(&disk);
            assert!(found >= safe.0, "seed {seed}, {cut:?}: {found}, but {} was there", safe.0);
            // What could not be set aside or removed is no reason to fail: it is tried again.
            assert!(done.is_ok() || cut.is_some(), "seed {seed}: {done:?}");
            let Some(cut) = cut else { break };
            met.insert((cut.step, kind(&cut.path)));
        }
    }
    let expected = [
        (Step::Create, "temporary"),
        (Step::Write, "temporary"),
        (Step::Sync, "temporary"),
        (Step::Rename, "checkpoint"),
        (Step::Rename, "set aside"),
        (Step::Remove, "checkpoint"),
        (Step::Remove, "set aside"),
        (Step::Remove, "temporary"),
        (Step::SyncDir, "directory"),
    ];
    assert_eq!(met, expected.into());
}

/// What is loaded afterwards; 0 for nothing. It can be continued.
fn opened_after(disk: &SimDisk) -> u64 {
    let mut checkpoints = super::open(disk);
    let found = load(&mut checkpoints).map_or(0, |(applied, _)| applied);
    save(&mut checkpoints, 7, &mut Safe::default()).expect("the power is back");
    assert_eq!(load(&mut super::open(disk)).map(|(applied, _)| applied), Some(7));
    found
}
