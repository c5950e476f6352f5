//! Limits what the log says about addresses: one line a minute for each cause and address, and a
//! bounded number of lines a minute in all. Every line says how many were left out since the last.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::network::host;

/// The least time between two lines of one cause about one address.
const INTERVAL: Duration = Duration::from_secs(60);
/// The most pairs of cause and address that get a line in that time. Further ones are counted only.
const LINES_MAX: usize = 256;

/// Remembers when the log last said what about which address.
#[derive(Debug, Default)]
pub(super) struct LogThrottle(Mutex<Recent>);

#[derive(Debug, Default)]
struct Recent {
    lines: HashMap<Subject, Instant>,
    left_out: u64,
    /// When the log last said that lines are left out because there are too many addresses.
    overflow_logged: Option<Instant>,
}

/// What a line is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Subject {
    cause: &'static str,
    network: IpAddr,
}

/// What to log about one event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Decision {
    /// Its line, which says how many were left out since the line before.
    Line(u64),
    /// That lines are left out from now on, because there are too many addresses.
    Overflow,
    Nothing,
}

impl LogThrottle {
    /// Calls `line` if a line about this address is due. The line gets the address and how many
    /// lines were left out. An IPv6 address counts as its /64 network, since a machine usually has
    /// all of that.
    pub(super) fn log(&self, cause: &'static str, from: IpAddr, line: impl FnOnce(IpAddr, u64)) {
        let network = host(from);
        match self.decide(Instant::now(), Subject { cause, network }) {
            Decision::Line(left_out) => line(network, left_out),
            Decision::Overflow => tracing::warn!(
                addresses = LINES_MAX,
                "connections of more addresses were refused within a minute than the log has lines \
                 for: the others are only counted, in uns_mqtt_connections_failed_total"
            ),
            Decision::Nothing => {}
        }
    }

    fn decide(&self, now: Instant, subject: Subject) -> Decision {
        let mut recent = self.0.lock();
        let is_over = |at: &Instant| now.saturating_duration_since(*at) >= INTERVAL;
        let known = recent.lines.get(&subject);
        let due = known.is_none_or(is_over);
        if due && known.is_none() && recent.lines.len() >= LINES_MAX {
            recent.lines.retain(|_, at| !is_over(at));
        }
        if due && (recent.lines.len() < LINES_MAX || recent.lines.contains_key(&subject)) {
            recent.lines.insert(subject, now);
            return Decision::Line(std::mem::take(&mut recent.left_out));
        }
        recent.left_out += 1;
        if due && recent.overflow_logged.as_ref().is_none_or(is_over) {
            recent.overflow_logged = Some(now);
            return Decision::Overflow;
        }
        Decision::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(cause: &'static str, address: &str) -> Subject {
        Subject { cause, network: host(address.parse().unwrap()) }
    }

    #[test]
    fn each_cause_and_address_has_a_line_a_minute_that_counts_what_was_left_out() {
        let (throttle, now) = (LogThrottle::default(), Instant::now());
        let due = |at: u64, cause, from: &str| {
            throttle.decide(now + Duration::from_secs(at), subject(cause, from))
        };
        assert_eq!(due(0, "a", "192.0.2.1"), Decision::Line(0));
        assert_eq!(due(1, "a", "192.0.2.1"), Decision::Nothing);
        assert_eq!(due(1, "a", "::ffff:192.0.2.1"), Decision::Nothing, "the same address");
        assert_eq!(due(2, "b", "192.0.2.1"), Decision::Line(2));
        assert_eq!(due(59, "a", "192.0.2.1"), Decision::Nothing);
        assert_eq!(due(60, "a", "192.0.2.1"), Decision::Line(1));
        assert_eq!(due(61, "a", "192.0.2.1"), Decision::Nothing);
    }

    #[test]
    fn all_addresses_of_one_ipv6_network_share_a_line() {
        let (throttle, now) = (LogThrottle::default(), Instant::now());
        let lines = |network: &str| {
            let due = |n: u32| throttle.decide(now, subject("a", &format!("{network}::{n:x}")));
            (0..5000).filter(|n| matches!(due(*n), Decision::Line(_))).count()
        };
        assert_eq!((lines("2001:db8:0:1"), lines("2001:db8:0:2")), (1, 1));
    }

    #[test]
    fn a_flood_of_addresses_has_bounded_lines_and_one_that_says_so() {
        let (throttle, now) = (LogThrottle::default(), Instant::now());
        let flood = |second: u64| {
            let at = now + Duration::from_secs(second);
            let all = (0..5000_u32).map(|n| {
                throttle.decide(at, Subject { cause: "a", network: IpAddr::V4(n.into()) })
            });
            all.fold((0, 0), |(lines, full), due| match due {
                Decision::Line(_) => (lines + 1, full),
                Decision::Overflow => (lines, full + 1),
                Decision::Nothing => (lines, full),
            })
        };
        assert_eq!((flood(0), flood(30), flood(61)), ((256, 1), (0, 0), (256, 1)));
        assert_eq!(throttle.0.lock().lines.len(), LINES_MAX);
        let later = now + Duration::from_secs(200);
        let left_out = throttle.decide(later, subject("b", "192.0.2.1"));
        assert_eq!(left_out, Decision::Line(5000 - 256), "since the last line");
    }
}
