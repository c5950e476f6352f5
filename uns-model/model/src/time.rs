//! Time: nanoseconds since 1970 UTC, and the one door to clocks.

mod epoch;
mod rfc3339;
mod zone;

pub use rfc3339::{TEXT_BYTES as TIMESTAMP_TEXT_BYTES, TimeText};
pub use zone::{Instants, WallTime, Zone};

use std::sync::Mutex;
use std::time::Duration;

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

/// Nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// 2000-01-01T00:00:00Z, the first source time that is believed (NS-23).
    pub const MIN_BELIEVED: Self = Self(946_684_800 * 1_000_000_000);
    /// 2100-01-01T00:00:00Z, the first that is not.
    pub const MAX_BELIEVED: Self = Self(4_102_444_800 * 1_000_000_000);
    /// A source time that was named but cannot be read; out of range, so that NS-23 applies to it.
    pub const UNREADABLE: Self = Self(i64::MIN);

    /// Whether the time lies within 2000..2100, the only source times that are believed.
    pub fn in_range(self) -> bool {
        (Self::MIN_BELIEVED..Self::MAX_BELIEVED).contains(&self)
    }

    /// Whole milliseconds since 1970, rounded down.
    pub fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

/// Where the hub takes time from.
pub trait Clock: Send + Sync {
    /// Wall time.
    fn now(&self) -> Timestamp;
    /// Monotonic time since an arbitrary start: timers use this, so that a clock jump expires
    /// nobody.
    fn monotonic(&self) -> Duration;
}

/// The operating system's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "this is the door")]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        use std::time::SystemTime;
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        use std::sync::OnceLock;
        use std::time::Instant;
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

/// A clock that moves only when told to.
#[derive(Debug, Default)]
pub struct ManualClock(Mutex<(i64, Duration)>);

impl ManualClock {
    /// Starts at this wall time.
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new((now.0, Duration::ZERO)))
    }

    /// Moves both clocks on.
    pub fn advance(&self, by: Duration) {
        let mut state = self.0.lock().expect("no holder of this lock panics");
        state.0 += i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
        state.1 += by;
    }

    /// Sets the wall clock alone, as an operator or NTP would.
    pub fn set_wall(&self, now: Timestamp) {
        self.0.lock().expect("no holder of this lock panics").0 = now.0;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.lock().expect("no holder of this lock panics").0)
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().expect("no holder of this lock panics").1
    }
}
