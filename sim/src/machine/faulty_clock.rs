//! The clock as the hub has it, with a mistake in between. Without a fault it is the machine's.

use std::sync::Arc;
use std::time::Duration;

use uns_model::{Clock, ManualClock, Timestamp};

use crate::Fault;

/// When every history begins: a time that the log believes.
pub(super) const START: Timestamp = Timestamp(1_795_262_400_000_000_000);
/// Longer than ingest times may be ahead of a clock.
const FAR_BACK: Duration = Duration::from_hours(72);

/// A clock with a mistake.
#[derive(Debug)]
struct FaultyClock {
    clock: Arc<ManualClock>,
    mistake: Fault,
}

/// The clock as all of the hub has it.
pub(super) fn of_the_hub(clock: &Arc<ManualClock>, fault: Option<Fault>) -> Arc<dyn Clock> {
    with(clock, fault, Fault::TimersFollowTheClock)
}

/// The clock as its log has it.
pub(super) fn of_the_log(clock: &Arc<ManualClock>, fault: Option<Fault>) -> Arc<dyn Clock> {
    match fault {
        Some(Fault::IngestFollowsTheClock) => with(clock, fault, Fault::IngestFollowsTheClock),
        _ => of_the_hub(clock, fault),
    }
}

fn with(clock: &Arc<ManualClock>, fault: Option<Fault>, mistake: Fault) -> Arc<dyn Clock> {
    let clock = Arc::clone(clock);
    if fault == Some(mistake) { Arc::new(FaultyClock { clock, mistake }) } else { clock }
}

impl Clock for FaultyClock {
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        let shown = i64::try_from(self.clock.monotonic().as_nanos()).unwrap_or(i64::MAX);
        let is_set_back = now.0 < START.0 + shown;
        let far = i64::try_from(FAR_BACK.as_nanos()).expect("a few days");
        let is_mistaken = self.mistake == Fault::IngestFollowsTheClock && is_set_back;
        if is_mistaken { Timestamp(now.0 - far) } else { now }
    }

    fn monotonic(&self) -> Duration {
        match self.mistake {
            Fault::TimersFollowTheClock => {
                let since = self.clock.now().0.saturating_sub(START.0);
                Duration::from_nanos(u64::try_from(since).unwrap_or_default())
            }
            _ => self.clock.monotonic(),
        }
    }
}
