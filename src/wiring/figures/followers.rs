//! Figures and health of everything that is folded from the log.

use std::sync::Arc;

use fabric::follow::{Figures, Handle};
use hub_kit::health::{Fault, HealthCheck};
use hub_kit::metrics::{Exposition, MetricSource};

/// Who follows the log.
pub(crate) struct Followers(pub(crate) Vec<Arc<Handle>>);

impl Followers {
    fn figures(&self) -> Vec<Figures> {
        self.0.iter().map(|handle| handle.figures()).collect()
    }
}

/// What is shown of a fold as a number.
type Number = fn(&Figures) -> u64;

const COUNTERS: [(&str, &str, Number); 4] = [
    ("uns_follower_records_total", "Records of the log applied by a fold.", |one| one.records),
    ("uns_follower_bytes_total", "Bytes of the log they took.", |one| one.bytes),
    ("uns_follower_gaps_total", "Parts of the log a fold did not get.", |one| one.gaps),
    ("uns_follower_read_failures_total", "Reads of the log that failed.", |one| one.read_failures),
];

const GAUGES: [(&str, &str, Number); 3] = [
    ("uns_follower_applied", "Sequence up to which a fold has applied the log.", |one| {
        one.applied.0
    }),
    ("uns_follower_lag", "Sequences committed and not applied by a fold.", |one| one.lag),
    ("uns_follower_records_per_second", "Records a fold applied in the last second.", |one| {
        one.records_per_second
    }),
];

impl MetricSource for Followers {
    fn write(&self, out: &mut Exposition) {
        let folds = self.figures();
        for (name, help, number) in COUNTERS {
            let mut family = out.counter(name, help);
            folds.iter().for_each(|one| family.sample(&[("fold", one.fold)], number(one)));
        }
        for (name, help, number) in GAUGES {
            let mut family = out.gauge(name, help);
            folds.iter().for_each(|one| family.sample(&[("fold", one.fold)], number(one)));
        }
        let help = "Checkpoints of a fold, by outcome; for history they are its flushes.";
        let mut checkpoints = out.counter("uns_follower_checkpoints_total", help);
        for one in &folds {
            let written = [("fold", one.fold), ("outcome", "written")];
            checkpoints.sample(&written, one.checkpoints);
            let failed = [("fold", one.fold), ("outcome", "failed")];
            checkpoints.sample(&failed, one.checkpoint_failures);
        }
        write_last(out, &folds);
    }
}

/// The last checkpoint of each fold, once there is one.
fn write_last(out: &mut Exposition, folds: &[Figures]) {
    let last = || folds.iter().filter_map(|one| Some((one.fold, one.last_checkpoint?)));
    let help = "When the last checkpoint was durable, in seconds since 1970.";
    let mut at = out.gauge("uns_follower_checkpoint_timestamp_seconds", help);
    last().for_each(|(fold, one)| at.sample(&[("fold", fold)], one.at.as_millis() / 1_000));
    let help = "How long the last checkpoint took to encode and write.";
    let mut took = out.gauge("uns_follower_checkpoint_seconds", help);
    last().for_each(|(fold, one)| took.sample(&[("fold", fold)], one.took.as_secs_f64()));
    let help = "The size of the last checkpoint.";
    let mut bytes = out.gauge("uns_follower_checkpoint_bytes", help);
    last().for_each(|(fold, one)| bytes.sample(&[("fold", fold)], one.bytes));
}

impl HealthCheck for Followers {
    fn name(&self) -> &'static str {
        "followers"
    }

    fn faults(&self) -> Vec<Fault> {
        self.figures().iter().flat_map(faults).collect()
    }

    /// The hub serves without a checkpoint: it costs room in the log, and time at the next start.
    fn notices(&self) -> Vec<Fault> {
        let failed = |one: &Figures| {
            let (fold, why) = (one.fold, one.checkpoint_error.as_ref()?);
            let detail = format!(
                "The last checkpoint of {fold} failed ({why}). It is tried again; until it succeeds \
                 the log keeps what follows the one before, and a start reads that again."
            );
            Some(Fault { reason: "checkpoint_failed", detail })
        };
        self.figures().iter().filter_map(failed).collect()
    }
}

fn faults(one: &Figures) -> Vec<Fault> {
    let fold = one.fold;
    let mut faults = Vec::new();
    if one.has_panicked {
        let detail = format!(
            "Applying the log to {fold} has panicked: it stays at sequence {}. Restart the hub, and \
             report what its log says.",
            one.applied
        );
        faults.push(Fault { reason: "fold_panicked", detail });
    }
    if let Some(why) = &one.read_error {
        let detail = format!(
            "The log cannot be read for {fold} after sequence {} ({why}). It is tried again every \
             second; look at the disk (`uns doctor`).",
            one.applied
        );
        faults.push(Fault { reason: "fold_cannot_read", detail });
    }
    faults
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fabric::conformance::{append, batch};
    use fabric::follow::{Fold, Follower, Gap, Phase, Settings, Snapshot, Start};
    use fabric::sim::SimLog;
    use fabric::{CheckpointError, Frame, Log};
    use uns_model::{ManualClock, Sequence, Timestamp};

    use super::*;

    /// Its checkpoints fail.
    struct Unlucky;

    impl Fold for Unlucky {
        fn frame(&mut self, _: &Frame) -> u64 {
            1
        }

        fn gap(&mut self, _: Gap) {}

        fn caught_up(&mut self, _: Sequence) {}

        fn snapshot(&mut self) -> Option<Snapshot> {
            let source = std::io::Error::other("no disk");
            Some(Box::new(|| Err(CheckpointError::Write { path: "/x".into(), source })))
        }
    }

    fn follower(log: &Arc<SimLog>) -> Follower {
        let settings = Settings {
            name: "tests",
            checkpoint_interval: Duration::from_secs(60),
            checkpoint_records: 2,
        };
        let at = Sequence::ZERO;
        let start = Start { applied: at, read: at, floor: at };
        let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000_000)));
        Follower::open(Arc::clone(log) as Arc<dyn Log>, clock, settings, start)
    }

    #[test]
    fn a_fold_shows_its_figures_and_a_failed_checkpoint_is_a_notice() {
        let log = Arc::new(SimLog::new());
        let mut follower = follower(&log);
        let followers = Followers(vec![Arc::clone(follower.handle())]);
        append(&*log, batch(&[b"1"])).unwrap();
        append(&*log, batch(&[b"2"])).unwrap();
        append(&*log, batch(&[b"3"])).unwrap();
        let job = follower.turn(&mut Unlucky, Phase::Running).job.unwrap();
        append(&*log, batch(&[b"4"])).unwrap();
        assert_eq!((followers.faults(), followers.notices()), (vec![], vec![]));
        job.run();
        let notices = followers.notices();
        assert_eq!(notices[0].reason, "checkpoint_failed");
        assert!(notices[0].detail.contains("checkpoint of tests failed"), "{notices:?}");
        let mut out = Exposition::default();
        followers.write(&mut out);
        let text = out.render();
        for line in [
            "uns_follower_records_total{fold=\"tests\"} 3",
            "uns_follower_lag{fold=\"tests\"} 1",
            "uns_follower_checkpoints_total{fold=\"tests\",outcome=\"failed\"} 1",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }

    #[test]
    fn a_fold_that_cannot_read_the_log_is_a_fault_by_its_name() {
        let log = Arc::new(SimLog::new());
        let mut follower = follower(&log);
        let followers = Followers(vec![Arc::clone(follower.handle())]);
        log.set_unreadable(true);
        follower.turn(&mut Unlucky, Phase::Running);
        let faults = followers.faults();
        assert_eq!(faults[0].reason, "fold_cannot_read");
        assert!(faults[0].detail.contains("for tests after sequence 0"), "{faults:?}");
    }
}
