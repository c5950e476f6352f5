//! A log that ends before what was read from it goes on beyond it, and names what is missing.

use std::path::Path;
use std::sync::Arc;

use fabric::conformance::{append, batch, drain};
use fabric::{Disk, GapReason, Log, TailItem, ends_epoch};
use fabric_local::{Error, LocalLog, Origin};
use uns_model::{SeededRandom, Sequence};

use crate::rig::{DIR, Rig, items};

/// A log of some segments, closed, and the last sequence of each commit.
fn filled(rig: &Rig) -> Vec<Sequence> {
    let log = rig.open();
    (0..40).map(|n| append(&*log, batch(&[&vec![n; 8_000]])).expect("a healthy log").last).collect()
}

fn lost(log: &LocalLog) -> Vec<(Sequence, Sequence)> {
    let damage = log.health().damage.into_iter();
    damage.filter(|d| d.reason == GapReason::Lost).map(|d| (d.after, d.until)).collect()
}

/// Removes files, lets a fold say where it was, and appends: nothing is met twice.
fn check(rig: &Rig, ends_at: Sequence, fold: Sequence) {
    let log = rig.open();
    assert_eq!(log.committed(), ends_at);
    assert!(lost(&log).is_empty());
    log.begin_after("history", fold);
    let epoch = log.committed();
    assert!(ends_epoch(epoch));
    assert_eq!(lost(&log), [(ends_at, epoch)]);
    let new = append(&*log, batch(&[b"new"])).expect("a healthy log");
    assert!(new.first > epoch);
    let seen = items(&mut *log.tail(fold));
    assert!(
        matches!(seen[..], [
        TailItem::Gap { after, until, reason: GapReason::Lost }, TailItem::Frame(_)]
        if after == fold && until == epoch),
        "{seen:?}"
    );
    drop(log);
    // The log itself remembers: no fold has to say it again, and from disk it is the same.
    let log = rig.open();
    assert!(log.committed() >= new.last);
    assert_eq!(lost(&log), [(ends_at, epoch)]);
    log.begin_after("history", new.last);
    assert_eq!(drain(&mut *log.tail(fold)), [(new.first.0, b"new".to_vec())]);
    assert_eq!(
        log.verify()
            .expect("it is readable")
            .iter()
            .filter(|d| d.reason == GapReason::Damage)
            .count(),
        0
    );
}

#[test]
fn all_segments_are_gone() {
    let rig = Rig::new(1);
    let commits = filled(&rig);
    for name in rig.disk.list(Path::new(DIR)).unwrap() {
        rig.disk.remove(&Path::new(DIR).join(name)).unwrap();
    }
    check(&rig, Sequence::ZERO, *commits.last().unwrap());
}

#[test]
fn the_newest_segment_is_gone() {
    let rig = Rig::new(2);
    let commits = filled(&rig);
    rig.disk.remove(rig.segments().last().unwrap()).unwrap();
    let ends_at = rig.open().committed();
    assert!(ends_at < *commits.last().unwrap());
    check(&rig, ends_at, *commits.last().unwrap());
}

#[test]
fn the_newest_segment_is_cut() {
    let rig = Rig::new(3);
    let commits = filled(&rig);
    let newest = rig.segments().pop().unwrap();
    let bytes = rig.disk.read(&newest).unwrap();
    rig.disk.write_atomic(&newest, &bytes[..12_000]).unwrap();
    let ends_at = rig.open().committed();
    assert!(ends_at < *commits.last().unwrap());
    check(&rig, ends_at, *commits.last().unwrap());
}

#[test]
fn a_fold_knows_its_log_from_another_one() {
    let rig = Rig::new(4);
    drop(filled(&rig));
    let folds = ["/history", "/sessions"].map(|fold| Path::new(fold).to_path_buf());
    let origin = |rig: &Rig| Origin::read(&rig.disk, &folds);
    let first = origin(&rig).unwrap();
    assert_eq!(first.key(), None, "older releases left nothing");
    let log = rig.open();
    first.check(&log, Path::new(DIR)).unwrap();
    first.write(&rig.disk, &log);
    drop(log);
    origin(&rig).unwrap().check(&rig.open(), Path::new(DIR)).unwrap();

    // A log that has to be made anew takes the place of the one that is gone.
    for name in rig.disk.list(Path::new(DIR)).unwrap() {
        rig.disk.remove(&Path::new(DIR).join(name)).unwrap();
    }
    let mut anew =
        Rig { disk: rig.disk.clone(), clock: rig.clock.clone(), config: rig.config.clone() };
    anew.config.known_key = origin(&rig).unwrap().key();
    let log = anew.open();
    assert_eq!(Some(log.key()), anew.config.known_key);
    origin(&rig).unwrap().check(&log, Path::new(DIR)).unwrap();
    drop(log);

    // One from elsewhere does not.
    let elsewhere = LocalLog::open(
        Arc::new(rig.disk.clone()),
        Path::new("/elsewhere"),
        rig.config.clone(),
        rig.clock.clone(),
        &SeededRandom::new(8),
    );
    let elsewhere = elsewhere.unwrap();
    let error = origin(&rig).unwrap().check(&elsewhere, Path::new("/elsewhere")).unwrap_err();
    assert!(matches!(&error, Error::ForeignLog { .. }), "{error}");
    assert!(error.to_string().contains("/history"), "{error}");
    Origin::read(&rig.disk, &folds[..1]).unwrap();
    rig.disk.remove(Path::new("/sessions/LOG")).unwrap();
    Origin::read(&rig.disk, &[Path::new("/sessions").into()]).unwrap().write(&rig.disk, &elsewhere);
    let error = origin(&rig).unwrap_err();
    assert!(matches!(&error, Error::ForeignFold { .. }), "{error}");
}
