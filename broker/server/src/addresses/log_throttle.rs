//! What operators are told of addresses: each cause once a minute for an address, and only so many
//! lines a minute of all of them. Every line says how many were left out since the last one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::network::host;

/// Between two lines of one cause about one address.
const EVERY: Duration = Duration::from_secs(60);
/// Addresses and causes told of in that time; further ones are left out, and counted.
const LINES_MAX: usize = 256;

/// When operators were told of what.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Lately>);

#[derive(Debug, Default)]
struct Lately {
    lines: HashMap<(&'static str, IpAddr), Instant>,
    left_out: u64,
    /// When it was said last that there are more than are told of.
    full: Option<Instant>,
}

/// What is said of one thing that happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Due {
    /// A line, which says how many were left out since the last one.
    Line(u64),
    /// That from here on others are left out.
    Full,
    Nothing,
}

impl Told {
    /// Has a line written about an address, if it is time for one. The line gets the address (of
    /// IPv6 the network, since whoever has one address of it has all), and how many were left out.
    pub(crate) fn tell(&self, cause: &'static str, from: IpAddr, line: impl FnOnce(IpAddr, u64)) {
        let address = host(from);
        match self.due(Instant::now(), (cause, address)) {
            Due::Line(left_out) => line(address, left_out),
            Due::Full => tracing::warn!(
                addresses = LINES_MAX,
                "connections of more addresses were not let in within a minute than are told of: \
                 the others are only counted, in uns_mqtt_connections_failed_total"
            ),
            Due::Nothing => {}
        }
    }

    fn due(&self, now: Instant, what: (&'static str, IpAddr)) -> Due {
        let mut lately = self.0.lock();
        let is_over = |at: &Instant| now.saturating_duration_since(*at) >= EVERY;
        let known = lately.lines.get(&what);
        let due = known.is_none_or(is_over);
        if due && known.is_none() && lately.lines.len() >= LINES_MAX {
            lately.lines.retain(|_, at| !is_over(at));
        }
        if due && (lately.lines.len() < LINES_MAX || lately.lines.contains_key(&what)) {
            lately.lines.insert(what, now);
            return Due::Line(std::mem::take(&mut lately.left_out));
        }
        lately.left_out += 1;
        if due && lately.full.as_ref().is_none_or(is_over) {
            lately.full = Some(now);
            return Due::Full;
        }
        Due::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        host(text.parse().unwrap())
    }

    #[test]
    fn once_a_minute_for_each_cause_and_address_with_what_was_left_out() {
        let (told, now) = (Told::default(), Instant::now());
        let due = |at: u64, cause, from: &str| {
            told.due(now + Duration::from_secs(at), (cause, address(from)))
        };
        assert_eq!(due(0, "a", "192.0.2.1"), Due::Line(0));
        assert_eq!(due(1, "a", "192.0.2.1"), Due::Nothing);
        assert_eq!(due(1, "a", "::ffff:192.0.2.1"), Due::Nothing, "the same address");
        assert_eq!(due(2, "b", "192.0.2.1"), Due::Line(2));
        assert_eq!(due(59, "a", "192.0.2.1"), Due::Nothing);
        assert_eq!(due(60, "a", "192.0.2.1"), Due::Line(1));
        assert_eq!(due(61, "a", "192.0.2.1"), Due::Nothing);
    }

    #[test]
    fn whoever_has_one_ipv6_address_has_one_line() {
        let (told, now) = (Told::default(), Instant::now());
        let lines = |network: &str| {
            let due = |n: u32| told.due(now, ("a", address(&format!("{network}::{n:x}"))));
            (0..5000).filter(|n| matches!(due(*n), Due::Line(_))).count()
        };
        assert_eq!((lines("2001:db8:0:1"), lines("2001:db8:0:2")), (1, 1));
    }

    #[test]
    fn a_flood_of_addresses_is_so_many_lines_a_minute_and_one_that_says_so() {
        let (told, now) = (Told::default(), Instant::now());
        let flood = |second: u64| {
            let at = now + Duration::from_secs(second);
            let all = (0..5000_u32).map(|n| told.due(at, ("a", IpAddr::V4(n.into()))));
            all.fold((0, 0), |(lines, full), due| match due {
                Due::Line(_) => (lines + 1, full),
                Due::Full => (lines, full + 1),
                Due::Nothing => (lines, full),
            })
        };
        assert_eq!((flood(0), flood(30), flood(61)), ((256, 1), (0, 0), (256, 1)));
        assert_eq!(told.0.lock().lines.len(), LINES_MAX);
        let later = now + Duration::from_secs(200);
        let left_out = told.due(later, ("b", address("192.0.2.1")));
        assert_eq!(left_out, Due::Line(5000 - 256), "since the last line");
    }
}
