//! The list keeps order, counts, identifiers and packet ids through any settling.

use std::num::NonZeroU32;

use proptest::prelude::*;
use uns_model::Sequence;

use super::{Owed, Terms};
use crate::{Ids, PACKET_ID_MAX};

fn id(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("not zero")
}

fn push(owed: &mut Owed, sequence: u64, ids: &[NonZeroU32]) {
    let terms = Terms { sequence: Sequence(sequence), qos: 2, retain: true, bytes: 10 };
    owed.push(terms, ids.iter().copied(), None);
}

#[test]
fn an_entry_says_what_was_pushed() {
    let mut owed = Owed::default();
    push(&mut owed, Sequence::MAX.0, &[id(268_435_455)]);
    let entry = *owed.oldest().expect("one entry");
    assert_eq!(
        (entry.sequence(), entry.qos(), entry.retain(), entry.bytes),
        (Sequence::MAX, 2, true, 10)
    );
    assert!(!entry.is_released() && !entry.is_settled());
    assert_eq!(owed.ids(&entry), Ids::One(id(268_435_455)));
    assert!(owed.release(Sequence::MAX) && owed.oldest().expect("one entry").is_released());
    assert!(owed.settle(Sequence::MAX).is_some() && owed.settle(Sequence::MAX).is_none());
    assert_eq!((owed.len(), owed.bytes(), owed.oldest()), (0, 0, None));
}

#[test]
fn packet_ids_follow_ordinals_also_of_refused_ones() {
    let mut owed = Owed::default();
    push(&mut owed, 1, &[]);
    owed.refuse(Sequence(2));
    push(&mut owed, 3, &[]);
    let ids: Vec<u16> = owed.entries().map(super::Entry::packet_id).collect();
    assert_eq!(ids, [1, 3]);
    let mut late = Owed::restore(u64::from(PACKET_ID_MAX) - 1, Sequence(0));
    push(&mut late, 1, &[]);
    push(&mut late, 2, &[]);
    let ids: Vec<u16> = late.entries().map(super::Entry::packet_id).collect();
    assert_eq!(ids, [PACKET_ID_MAX, 1]);
}

#[test]
fn sets_of_identifiers_are_used_again() {
    let mut owed = Owed::default();
    push(&mut owed, 1, &[]);
    for round in 0..1_000u32 {
        let sequence = u64::from(round) + 2;
        let two = [id(round + 1), id(round + 2)];
        push(&mut owed, sequence, &two);
        let entry = *owed.find(Sequence(sequence)).expect("just pushed");
        assert_eq!(owed.ids(&entry).as_slice(), two);
        owed.settle(Sequence(sequence)).expect("owed");
    }
    assert_eq!((owed.sets.len(), owed.len()), (1, 1));
}

#[test]
fn shares_that_alternate_have_their_names_in_common() {
    let share = |number: u64| format!("$share/g{number}/a");
    let mut owed = Owed::default();
    for sequence in 1..=3_000 {
        let terms = Terms { sequence: Sequence(sequence), qos: 1, retain: false, bytes: 1 };
        let ids = [id(7), id(8)].into_iter().take(usize::from(sequence % 2 == 0));
        owed.push(terms, ids, Some(&share(sequence % 100)));
    }
    assert_eq!(owed.sets.len(), 100);
    // Those of every second share are settled, so there is room for others.
    for sequence in (1..=3_000).filter(|sequence| sequence % 2 == 0) {
        assert!(owed.settle(Sequence(sequence)).is_some());
    }
    for sequence in 3_001..=3_100 {
        let terms = Terms { sequence: Sequence(sequence), qos: 1, retain: false, bytes: 1 };
        owed.push(terms, [].into_iter(), Some(&share(100 + sequence % 50)));
    }
    assert_eq!(owed.sets.len(), 100);
    for entry in owed.entries().filter(|entry| !entry.is_settled()) {
        let sequence = entry.sequence().0;
        let of = if sequence > 3_000 { 100 + sequence % 50 } else { sequence % 100 };
        assert_eq!(owed.share(entry).map(|name| &**name), Some(&*share(of)));
        assert_eq!(owed.ids(entry), Ids::None);
    }
}

#[test]
fn deliveries_of_a_share_have_its_name_in_common_and_outlive_their_session() {
    let mut owed = Owed::default();
    let terms =
        |sequence, qos| Terms { sequence: Sequence(sequence), qos, retain: false, bytes: 1 };
    for sequence in 1..=6 {
        let share = (sequence != 2).then_some("$share/g/a");
        let qos = if sequence > 2 && sequence < 6 { 2 } else { 1 };
        owed.push(terms(sequence, qos), [id(7)].into_iter(), share);
    }
    assert_eq!(owed.sets.len(), 1);
    let first = *owed.oldest().expect("it is owed");
    assert_eq!(
        (owed.ids(&first), owed.share(&first).map(|one| &**one)),
        (Ids::One(id(7)), Some("$share/g/a"))
    );
    assert!(owed.release(Sequence(5)));
    assert_eq!(owed.leave(3), 2, "the third may have begun, the fifth has");
    let left: Vec<u64> = owed
        .entries()
        .filter(|entry| !entry.is_settled())
        .map(|entry| entry.sequence().0)
        .collect();
    assert_eq!((left, owed.len()), (vec![1, 4, 6], 3));
    owed.offer(Sequence(1), true);
    assert_eq!(
        (owed.offered(), owed.not_offered().next().map(|one| one.sequence().0)),
        (1, Some(4))
    );
    assert_eq!(owed.oldest().map(super::Entry::word), Some(1), "that is not saved");
    owed.offer(Sequence(1), false);
    assert_eq!(owed.not_offered().next().map(|one| one.sequence().0), Some(1));
}

proptest! {
    #[test]
    fn any_settling_agrees_with_a_plain_list(
        steps in proptest::collection::vec((0u8..4, any::<prop::sample::Index>()), 0..200),
    ) {
        let mut owed = Owed::default();
        let mut plain: Vec<(u64, u64)> = Vec::new();
        let mut sequence = 0;
        for (step, index) in steps {
            match step {
                0 | 1 => {
                    sequence += 2;
                    plain.push((sequence, owed.next_ordinal()));
                    push(&mut owed, sequence, &[]);
                }
                2 => {
                    sequence += 2;
                    owed.refuse(Sequence(sequence));
                }
                _ if plain.is_empty() => assert!(owed.settle(Sequence(1)).is_none()),
                _ => {
                    let (sequence, ordinal) = plain.remove(index.index(plain.len()));
                    let entry = owed.settle(Sequence(sequence)).expect("it is owed");
                    assert_eq!((entry.sequence().0, entry.ordinal), (sequence, ordinal));
                    assert!(owed.settle(Sequence(sequence)).is_none());
                }
            }
            let live: Vec<_> = owed
                .entries()
                .filter(|entry| !entry.is_settled())
                .map(|entry| (entry.sequence().0, entry.ordinal))
                .collect();
            assert_eq!(live, plain);
            assert_eq!((owed.len(), owed.bytes()), (plain.len(), plain.len() as u64 * 10));
            let oldest = owed.oldest().map(|entry| entry.sequence().0);
            assert_eq!(oldest, plain.first().map(|(sequence, _)| *sequence));
            let from = plain.iter().find(|(_, ordinal)| *ordinal >= 3).map(|(_, ordinal)| *ordinal);
            assert_eq!(owed.first_from(3).map(|entry| entry.ordinal), from);
        }
    }
}
