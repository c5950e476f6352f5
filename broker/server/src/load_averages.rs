//! Averages of the broker's rates over one, five and fifteen minutes. They decay exponentially, so
//! each is one number however long the broker runs.

use std::time::Duration;

use broker_engine::Stats;
use parking_lot::Mutex;

/// What is averaged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Measure {
    /// PUBLISH packets received.
    MessagesIn,
    /// PUBLISH packets sent.
    MessagesOut,
    /// Messages not delivered.
    Dropped,
    /// Packets of any type received.
    PacketsIn,
    /// Packets of any type sent.
    PacketsOut,
    /// Bytes received.
    BytesIn,
    /// Bytes sent.
    BytesOut,
    /// CONNECT packets accepted.
    Connects,
    /// Sockets opened.
    Sockets,
}

const MEASURES: usize = 9;

/// The averages over one period.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Load {
    /// The length of the period.
    pub minutes: u32,
    per_second: [f64; MEASURES],
}

impl Load {
    /// The average of one measure, per second.
    pub fn per_second(&self, measure: Measure) -> f64 {
        self.per_second[measure as usize]
    }
}

#[derive(Debug)]
struct State {
    at: Duration,
    counts: [u64; MEASURES],
    loads: [Load; 3],
}

/// The averages of a broker.
#[derive(Debug)]
pub(crate) struct LoadAverages {
    pub(crate) started: Duration,
    state: Mutex<State>,
}

impl LoadAverages {
    pub(crate) fn new(now: Duration) -> Self {
        let loads = [1, 5, 15].map(|minutes| Load { minutes, ..Load::default() });
        let state = State { at: now, counts: [0; MEASURES], loads };
        Self { started: now, state: Mutex::new(state) }
    }

    /// Adds what was counted up to now.
    pub(crate) fn sample(&self, now: Duration, stats: &Stats, sockets: u64) {
        let counts = [
            stats.messages_in,
            stats.messages_out,
            stats.dropped.iter().sum(),
            stats.packets_in,
            stats.packets_out(),
            stats.bytes_in,
            stats.bytes_out,
            stats.connects,
            sockets,
        ];
        let mut state = self.state.lock();
        let seconds = now.saturating_sub(state.at).as_secs_f64();
        if seconds <= 0.0 {
            return;
        }
        let State { at, counts: before, loads } = &mut *state;
        for load in loads {
            let keep = (-seconds / f64::from(load.minutes * 60)).exp();
            for ((average, now), before) in load.per_second.iter_mut().zip(counts).zip(&*before) {
                let rate = now.saturating_sub(*before) as f64 / seconds;
                *average = *average * keep + rate * (1.0 - keep);
            }
        }
        (*at, *before) = (now, counts);
    }

    pub(crate) fn all(&self) -> [Load; 3] {
        self.state.lock().loads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_average_reaches_a_steady_rate_sooner() {
        let loads = LoadAverages::new(Duration::ZERO);
        for second in 1..=120u32 {
            let stats = Stats { messages_in: u64::from(second) * 50, ..Stats::default() };
            loads.sample(Duration::from_secs(second.into()), &stats, 0);
        }
        let [one, five, fifteen] = loads.all().map(|load| load.per_second(Measure::MessagesIn));
        assert!((43.0..44.0).contains(&one), "50 * (1 - e^-2): {one}");
        assert!(fifteen < five && five < one, "{fifteen} {five} {one}");
        assert_eq!(loads.all()[0].per_second(Measure::Dropped), 0.0);
    }
}
