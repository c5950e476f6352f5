//! Publishers whose source times cannot be believed, and by how much their clocks are off (NS-23 to
//! NS-25). Kept since the hub started; what was read again at its start does not count.

use ahash::{AHashMap, AHashSet};
use uns_model::fold::TimeFinding;
use uns_model::query::ClockFault;
use uns_model::{NodeNo, OrgId, PublisherId, Timestamp};

/// Most publishers that are remembered; one counts again for each other thing that is wrong.
const PUBLISHERS_MAX: usize = 1_000;
/// So many make room for newcomers at once: those that were right for longest.
const PUBLISHERS_ROOM: usize = PUBLISHERS_MAX / 2;
/// How often the log says the same of a publisher.
const TELL_EVERY_NANOS: i64 = 3_600 * 1_000_000_000;
/// Of so many publishers it is said within [`TELL_WINDOW_NANOS`]; the list has all.
const TELL_MAX: u32 = 10;
const TELL_WINDOW_NANOS: i64 = 60 * 1_000_000_000;

/// Who is wrong in which way: what helps against one of them is no remedy for another.
type Who = (OrgId, PublisherId, ClockFault);

/// One publisher that is wrong in one way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) fault: ClockFault,
    /// How many of its messages named such a time.
    pub(crate) messages: u64,
    /// How far its time was from the hub's, the last time; none where it could not be read.
    pub(crate) offset: Option<i64>,
    /// The farthest of these.
    pub(crate) worst: Option<i64>,
    /// Where it published such a time last.
    pub(crate) node: NodeNo,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    told: Timestamp,
}

/// The publishers, and those of whom the log is to speak.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    publishers: AHashMap<Who, Clock>,
    /// How many gave their place to others.
    forgotten: u64,
    untold: Vec<Who>,
    /// Since when the present window of telling runs, and how many it has told of.
    window: (Timestamp, u32),
}

impl Clocks {
    /// Notes what was remarkable about the times of one message.
    #[cold]
    pub(crate) fn note(
        &mut self,
        (org, publisher): (OrgId, PublisherId),
        finding: TimeFinding,
        node: NodeNo,
        ingest: Timestamp,
    ) {
        let (fault, offset) = match finding {
            TimeFinding::Ahead(nanos) => (ClockFault::Ahead, Some(nanos)),
            TimeFinding::OutOfRange(Timestamp::UNREADABLE) => (ClockFault::Unreadable, None),
            TimeFinding::OutOfRange(named) => {
                (ClockFault::OutOfRange, Some(named.0.saturating_sub(ingest.0)))
            }
            TimeFinding::ClockStep(nanos) => (ClockFault::SetBack, Some(-nanos)),
        };
        let who = (org, publisher, fault);
        if !self.publishers.contains_key(&who) {
            self.make_room();
        }
        let clock = self.publishers.entry(who).or_insert(Clock {
            fault,
            messages: 0,
            offset,
            worst: offset,
            node,
            first: ingest,
            last: ingest,
            told: Timestamp(i64::MIN),
        });
        let farthest =
            clock.worst.into_iter().chain(offset).max_by_key(|nanos| nanos.unsigned_abs());
        *clock = Clock {
            messages: clock.messages + 1,
            offset,
            worst: farthest,
            node,
            last: ingest,
            ..*clock
        };
        if ingest.0.saturating_sub(clock.told.0) >= TELL_EVERY_NANOS
            && may_tell(&mut self.window, ingest)
        {
            clock.told = ingest;
            self.untold.push(who);
        }
    }

    /// Forgets the quieter half where there is no room. One by one, a fleet larger than this would
    /// have each of its messages look at all of them while the view is locked.
    fn make_room(&mut self) {
        if self.publishers.len() < PUBLISHERS_MAX {
            return;
        }
        let mut times: Vec<_> = self.publishers.values().map(|clock| clock.last).collect();
        let (_, quiet, _) = times.select_nth_unstable(PUBLISHERS_ROOM - 1);
        let quiet = *quiet;
        let mut going = PUBLISHERS_ROOM;
        self.publishers.retain(|_, clock| {
            let goes = clock.last <= quiet && going > 0;
            going -= usize::from(goes);
            !goes
        });
        self.forgotten += PUBLISHERS_ROOM as u64;
    }

    /// The publishers of an organisation.
    pub(crate) fn of(&self, org: OrgId) -> impl Iterator<Item = (PublisherId, &Clock)> {
        let own = self.publishers.iter().filter(move |((of, ..), _)| *of == org);
        own.map(|((_, publisher, _), clock)| (*publisher, clock))
    }

    /// How many are remembered, and how many gave their place to others.
    pub(crate) fn counts(&self) -> (usize, u64) {
        let known: AHashSet<_> =
            self.publishers.keys().map(|(org, publisher, _)| (org, publisher)).collect();
        (known.len(), self.forgotten)
    }

    /// Whether the log is to speak of somebody.
    pub(crate) fn has_untold(&self) -> bool {
        !self.untold.is_empty()
    }

    /// Those of whom the log is to speak now.
    pub(crate) fn take_untold(&mut self) -> Vec<((OrgId, PublisherId), Clock)> {
        let untold = std::mem::take(&mut self.untold);
        let known = untold.into_iter().filter_map(|who| {
            let (org, publisher, _) = who;
            Some(((org, publisher), *self.publishers.get(&who)?))
        });
        known.collect()
    }
}

/// Whether the log may speak of one more publisher.
fn may_tell((since, told): &mut (Timestamp, u32), now: Timestamp) -> bool {
    if *told == 0 || now.0.saturating_sub(since.0) >= TELL_WINDOW_NANOS || now < *since {
        (*since, *told) = (now, 0);
    }
    *told += 1;
    *told <= TELL_MAX
}

/// The more remarkable one of what was found of the times in one message.
pub(super) fn worse(known: Option<TimeFinding>, found: Option<TimeFinding>) -> Option<TimeFinding> {
    match (known, found) {
        (Some(TimeFinding::Ahead(a)), Some(TimeFinding::Ahead(b))) => {
            Some(TimeFinding::Ahead(a.max(b)))
        }
        (Some(known), _) => Some(known),
        (None, found) => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;
    /// 2026-11-21T12:00:00Z.
    const NOON: i64 = 1_795_262_400 * SECOND;

    fn note(clocks: &mut Clocks, publisher: u32, finding: TimeFinding, second: i64) {
        let who = (OrgId::DEFAULT, PublisherId(publisher));
        clocks.note(who, finding, NodeNo(7), Timestamp(NOON + second * SECOND));
    }

    fn newest(clocks: &Clocks) -> Clock {
        *clocks.of(OrgId::DEFAULT).map(|(_, clock)| clock).max_by_key(|clock| clock.last).unwrap()
    }

    #[test]
    fn a_publisher_is_known_by_how_far_it_is_off_and_for_each_thing_that_is_wrong() {
        let mut clocks = Clocks::default();
        note(&mut clocks, 1, TimeFinding::Ahead(90 * SECOND), 0);
        note(&mut clocks, 1, TimeFinding::Ahead(61 * SECOND), 1);
        let clock = newest(&clocks);
        assert_eq!((clock.fault, clock.messages), (ClockFault::Ahead, 2));
        assert_eq!((clock.offset, clock.worst), (Some(61 * SECOND), Some(90 * SECOND)));
        note(&mut clocks, 1, TimeFinding::OutOfRange(Timestamp(0)), 2);
        let clock = newest(&clocks);
        assert_eq!(clock.fault, ClockFault::OutOfRange);
        assert_eq!(clock.worst, Some(-(NOON + 2 * SECOND)), "56 years behind");
        note(&mut clocks, 1, TimeFinding::OutOfRange(Timestamp::UNREADABLE), 3);
        assert_eq!((newest(&clocks).offset, newest(&clocks).worst), (None, None));
        assert_eq!(newest(&clocks).fault.name(), "unreadable");
        // Of three messages that cannot be read and one that is ahead, none is counted as the other.
        note(&mut clocks, 1, TimeFinding::OutOfRange(Timestamp::UNREADABLE), 4);
        note(&mut clocks, 1, TimeFinding::OutOfRange(Timestamp::UNREADABLE), 5);
        note(&mut clocks, 1, TimeFinding::Ahead(120 * SECOND), 6);
        let mut all: Vec<_> = clocks.of(OrgId::DEFAULT).map(|(_, clock)| clock).collect();
        all.sort_by_key(|clock| clock.fault.name());
        let all: Vec<_> =
            all.into_iter().map(|c| (c.fault.name(), c.messages, c.first.0)).collect();
        assert_eq!(
            all,
            [
                ("ahead", 3, NOON),
                ("out_of_range", 1, NOON + 2 * SECOND),
                ("unreadable", 3, NOON + 3 * SECOND)
            ]
        );
        assert_eq!(clocks.counts(), (1, 0), "it is one publisher");
    }

    #[test]
    fn publishers_are_bounded_and_the_quiet_ones_go_first() {
        let mut clocks = Clocks::default();
        for publisher in 0..1_400 {
            note(&mut clocks, 0, TimeFinding::ClockStep(SECOND), i64::from(publisher));
            note(&mut clocks, publisher, TimeFinding::ClockStep(SECOND), i64::from(publisher));
        }
        assert_eq!(clocks.counts(), (900, 500));
        let known = |id: u32| clocks.of(OrgId::DEFAULT).any(|(known, _)| known == PublisherId(id));
        assert!(known(0), "it was never quiet");
        assert!(!known(1) && !known(500) && known(501) && known(1_399));
        assert!(clocks.of(OrgId(7)).next().is_none());
    }

    #[test]
    fn publishers_in_turn_make_room_for_many_at_once() {
        let mut clocks = Clocks::default();
        for publisher in 0..=1_000 {
            note(&mut clocks, publisher, TimeFinding::ClockStep(SECOND), 0);
        }
        assert_eq!(clocks.counts(), (501, 500), "also where all were heard at the same time");
        for publisher in 2_000..2_499 {
            note(&mut clocks, publisher, TimeFinding::ClockStep(SECOND), 1);
        }
        assert_eq!(clocks.counts(), (1_000, 500), "none of them looked for room");
        note(&mut clocks, 3_000, TimeFinding::ClockStep(SECOND), 2);
        assert_eq!(clocks.counts(), (501, 1_000));
    }

    #[test]
    fn the_log_speaks_of_each_once_an_hour_and_of_few_a_minute() {
        let mut clocks = Clocks::default();
        for second in 0..3_600 {
            note(&mut clocks, 1, TimeFinding::Ahead(90 * SECOND), second);
        }
        assert_eq!(clocks.take_untold().len(), 1);
        note(&mut clocks, 1, TimeFinding::Ahead(90 * SECOND), 3_600);
        assert_eq!(clocks.take_untold().len(), 1);
        let mut clocks = Clocks::default();
        for publisher in 0..100 {
            note(&mut clocks, publisher, TimeFinding::Ahead(90 * SECOND), 0);
        }
        assert_eq!(clocks.take_untold().len(), 10);
        assert!(!clocks.has_untold());
        note(&mut clocks, 50, TimeFinding::Ahead(90 * SECOND), 61);
        assert_eq!(clocks.take_untold().len(), 1, "those left out have their turn");
    }
}
