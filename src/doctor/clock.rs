//! The machine's clock beside the newest time in the log: values are stamped by the one, and found
//! again by the other.

use std::time::Duration;

use fabric::Stream;
use fabric_local::Inspection;
use uns_model::{Clock as _, SystemClock, Timestamp};

use super::Finding;
use crate::config;

const AREA: &str = "clock";

/// 2024: this release did not exist before.
const EARLIEST: Timestamp = Timestamp(1_704_067_200_000_000_000);
/// Frames of one batch may be this much ahead of a clock that stands.
const AHEAD_MAX: Duration = Duration::from_secs(2);

/// Compares the clock with what the logs hold.
pub(super) fn examine(inspection: Option<&Inspection>) -> Vec<Finding> {
    // What was refused while the clock was ahead may be the newest of its own log for long.
    let data = inspection.and_then(|seen| seen.logs.iter().find(|log| log.stream == Stream::Data));
    vec![judge(SystemClock.now(), data.and_then(|log| log.newest))]
}

fn judge(now: Timestamp, newest: Option<Timestamp>) -> Finding {
    if now < EARLIEST {
        return Finding::failed(
            AREA,
            format!("the clock says {now}, which cannot be"),
            "set it: timedatectl set-ntp true, or date -s; a machine without a battery clock needs \
             a time server before the hub starts",
        );
    }
    let Some(newest) = newest else {
        return Finding::ok(
            AREA,
            format!("the clock says {now}; the log holds nothing to compare"),
        );
    };
    let ahead = Duration::from_nanos(u64::try_from(newest.0 - now.0).unwrap_or(0));
    if ahead <= AHEAD_MAX {
        return Finding::ok(AREA, format!("the clock says {now}; the newest value is of {newest}"));
    }
    Finding::failed(
        AREA,
        format!(
            "the clock says {now}, and the newest value is of {newest}, {} ahead: the clock was \
             ahead then, or is behind now",
            config::span_in_words(ahead.as_secs())
        ),
        "compare it with a time server (`timedatectl`) and set it right; where it is right now, new \
         values are stamped behind the newest one until the clock has caught up, or follow it if \
         that takes more than two days (docs/data-directory.md)",
    )
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    fn check(now_seconds: i64, newest_seconds: Option<i64>, verdict: Verdict, said: &str) {
        let at = |seconds: i64| Timestamp(seconds * 1_000_000_000);
        let found = judge(at(now_seconds), newest_seconds.map(at));
        assert_eq!(found.verdict, verdict, "{found:?}");
        assert!(found.found.contains(said), "{found:?}");
    }

    #[test]
    fn a_clock_behind_the_newest_value_is_told() {
        const NOW: i64 = 1_790_000_000;
        check(NOW, None, Verdict::Ok, "nothing to compare");
        check(NOW, Some(NOW - 5), Verdict::Ok, "the newest value is of");
        check(NOW, Some(NOW + 1), Verdict::Ok, "");
        check(NOW, Some(NOW + 61), Verdict::Failed, "61 s ahead");
        check(NOW, Some(NOW + 3_600 * 3), Verdict::Failed, "3 h ahead");
        check(NOW, Some(NOW + 86_400 * 3_650), Verdict::Failed, "3650 days ahead");
        check(0, None, Verdict::Failed, "which cannot be");
    }
}
