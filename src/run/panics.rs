//! Panics of the process: each is counted, and logged with its place and a backtrace, whichever thread
//! it happens on. What ends with it is decided where it is caught: a connection, a request, a task of
//! a module, or the process.
//!
//! What a panic says is cut before the first value it could quote: it may be of a client's payload.

use std::backtrace::Backtrace;
use std::collections::HashMap;
use std::panic::PanicHookInfo;
use std::sync::{Arc, Mutex, MutexGuard};

use hub_kit::health::{Fault, HealthCheck};
use hub_kit::metrics::{Exposition, MetricSource};
use uns_model::{Clock, SystemClock, Timestamp};

/// A place is told of with a backtrace once in so long: finding its lines takes time and memory.
const BACKTRACE_EVERY_NS: i64 = 60_000_000_000;
/// Places remembered for that; further ones are told of without a backtrace.
const PLACES_MAX: usize = 64;

/// What is known of the panics since the start.
#[derive(Default)]
pub(crate) struct Panics(Mutex<Known>);

#[derive(Default)]
struct Known {
    count: u64,
    last: Option<(Timestamp, String)>,
    /// When each place was told of with a backtrace.
    traced: HashMap<String, Timestamp>,
}

impl Panics {
    /// Notes every panic from now on, instead of what Rust prints.
    pub(crate) fn watch() -> Arc<Self> {
        let panics = Arc::new(Self::default());
        let noted = Arc::clone(&panics);
        std::panic::set_hook(Box::new(move |info| noted.log(info, SystemClock.now())));
        panics
    }

    fn log(&self, info: &PanicHookInfo<'_>, now: Timestamp) {
        let place = info.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        let said = fixed_part(info.payload_as_str().unwrap_or_default());
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or_default();
        let traced = self.note(&place, now);
        let backtrace = traced.then(|| format!("\n{}", Backtrace::force_capture()));
        let backtrace = backtrace.as_deref();
        tracing::error!(thread, place, said, backtrace, "a part of the hub panicked");
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().expect("no holder of this lock panics")
    }

    /// Counts it; whether it is to be told of with a backtrace.
    fn note(&self, place: &str, now: Timestamp) -> bool {
        let mut known = self.known();
        known.count += 1;
        known.last = Some((now, place.to_owned()));
        let due = |at: &Timestamp| now.0.saturating_sub(at.0) >= BACKTRACE_EVERY_NS;
        let traced = match known.traced.get(place) {
            Some(at) => due(at),
            None => known.traced.len() < PLACES_MAX,
        };
        if traced {
            known.traced.insert(place.to_owned(), now);
        }
        traced
    }
}

/// What a panic says up to the first value: those come behind a colon, or in quotes.
fn fixed_part(said: &str) -> &str {
    const LENGTH_MAX: usize = 200;
    let end = said.find([':', '`', '\'', '"', '\n']).unwrap_or(said.len()).min(LENGTH_MAX);
    said.get(..said.floor_char_boundary(end)).unwrap_or_default().trim_end()
}

impl MetricSource for Panics {
    fn write(&self, out: &mut Exposition) {
        let help = "Panics since the start: each ended one connection, request or task.";
        out.single_counter("uns_panics_total", help, self.known().count);
    }
}

impl HealthCheck for Panics {
    fn name(&self) -> &'static str {
        "process"
    }

    fn faults(&self) -> Vec<Fault> {
        Vec::new()
    }

    fn notices(&self) -> Vec<Fault> {
        let known = self.known();
        let Some((at, place)) = &known.last else { return Vec::new() };
        let detail = format!(
            "Parts of the hub panicked {} times since it started, the last one at {at} in {place}. \
             Each ended one connection, request or task, and nothing else. It is a fault of the \
             hub: look for \"panicked\" in its log, and report it with the backtrace there.",
            known.count
        );
        vec![Fault { reason: "panicked", detail }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_counted_and_shown_with_its_time_and_place() {
        let panics = Panics::watch();
        assert_eq!((panics.faults(), panics.notices()), (vec![], vec![]));
        for _ in 0..2 {
            let thread = std::thread::spawn(|| unreachable!("the fault of this test"));
            assert!(thread.join().is_err());
        }
        assert_eq!(panics.faults(), [], "the hub serves");
        let [notice] = panics.notices().try_into().unwrap();
        assert_eq!(notice.reason, "panicked");
        for said in ["2 times", "src/run/panics.rs:", "Z in "] {
            assert!(notice.detail.contains(said), "{said}: {}", notice.detail);
        }
        let mut out = Exposition::default();
        panics.write(&mut out);
        assert!(out.render().contains("uns_panics_total 2\n"));
    }

    #[test]
    fn a_place_has_a_backtrace_once_a_minute_and_so_many_places_have_one() {
        let panics = Panics::default();
        let at = |second: i64| Timestamp(second * 1_000_000_000);
        assert!(panics.note("a:1", at(0)) && !panics.note("a:1", at(59)));
        assert!(panics.note("a:1", at(60)) && panics.note("b:1", at(60)));
        let traced = (0..1000).filter(|n| panics.note(&format!("c:{n}"), at(61))).count();
        assert_eq!(traced, PLACES_MAX - 2);
    }

    #[test]
    fn what_a_panic_quotes_stays_out_of_the_log() {
        for (said, expected) in [
            ("no holder of this lock panics", "no holder of this lock panics"),
            ("index out of bounds: the len is 3", "index out of bounds"),
            (
                "byte index 1 is not a char boundary; it is inside 'é'",
                "byte index 1 is not a char boundary; it is inside",
            ),
            ("assertion `left == right` failed\n  left: \"secret\"", "assertion"),
            ("", ""),
        ] {
            assert_eq!(fixed_part(said), expected);
        }
        assert_eq!(fixed_part(&format!("x{}", "é".repeat(200))).len(), 199);
    }
}
