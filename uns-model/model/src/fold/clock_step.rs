//! Tells a clock that was set back from a backlog: the former runs on in real time.

use crate::Timestamp;

/// How long the stepped clock has to run on (NS-24).
const RUN_NANOS: i64 = 30 * 1_000_000_000;
/// How far source and ingest time may drift apart during the run: network jitter and scan cycles,
/// but no replay of a buffer, which is faster than real time.
const JITTER_NANOS: i64 = 5 * 1_000_000_000;

/// The run of late samples of the publisher whose sample is the last value.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct ClockStep(Option<Run>);

#[derive(Clone, Copy, PartialEq, Debug)]
struct Run {
    first_time: Timestamp,
    first_ingest: Timestamp,
}

impl ClockStep {
    /// Takes one more late sample in; whether the clock has now run on long enough. A sample off
    /// the pace starts a new run.
    pub(super) fn runs_on(&mut self, time: Timestamp, ingest: Timestamp) -> bool {
        if let Some(run) = self.0 {
            let source = time.0.saturating_sub(run.first_time.0);
            let real = ingest.0.saturating_sub(run.first_ingest.0);
            if source.abs_diff(real) <= JITTER_NANOS.unsigned_abs() {
                return real >= RUN_NANOS;
            }
        }
        self.0 = Some(Run { first_time: time, first_ingest: ingest });
        false
    }
}
