//! From bytes to a level, with some distance between getting worse and getting better.

use broker_server::Pressure;

/// From which share of the limit on a level holds, in percent.
const MARKS: [(Pressure, u64); 3] =
    [(Pressure::Full, 90), (Pressure::Shed, 80), (Pressure::Reclaim, 65)];
/// How far below its mark a level ends.
const DISTANCE: u64 = 5;

const _: () = assert!(MARKS[1].1 + DISTANCE < MARKS[0].1, "levels do not end above the next one");
const _: () = assert!(MARKS[2].1 + DISTANCE < MARKS[1].1, "levels do not end above the next one");

/// The level after `before` when so much of `limit` is used.
pub(super) fn level(before: Pressure, used: u64, limit: u64) -> Pressure {
    let percent = |share: u64| u128::from(limit) * u128::from(share) / 100;
    let holds = |(level, mark): &&(Pressure, u64)| {
        let mark = if *level <= before { mark - DISTANCE } else { *mark };
        u128::from(used) >= percent(mark)
    };
    MARKS.iter().find(holds).map_or(Pressure::None, |(level, _)| *level)
}

/// Whether it is far from every level, so that looking less often is enough.
pub(super) fn is_far(used: u64, limit: u64) -> bool {
    used < limit / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use Pressure::{Full, None, Reclaim, Shed};

    #[test]
    fn up_at_the_mark_down_some_way_below_it() {
        let mut level_now = None;
        let expected = [
            (64, None),
            (65, Reclaim),
            (79, Reclaim),
            (80, Shed),
            (76, Shed),
            (90, Full),
            (85, Full),
            (84, Shed),
            (75, Shed),
            (74, Reclaim),
            (60, Reclaim),
            (59, None),
            (95, Full),
            (10, None),
        ];
        for (used, expected) in expected {
            level_now = level(level_now, used, 100);
            assert_eq!(level_now, expected, "at {used} %");
        }
        assert_eq!(level(None, 1, 0), Full, "without any memory");
    }
}
