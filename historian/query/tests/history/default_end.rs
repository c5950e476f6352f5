//! Where the clock was ahead, a range that nobody named an end of goes on to the newest sample of its
//! own series, and to nobody else's.

use historian_store::Config;
use uns_model::Timestamp;
use uns_model::query::HistoryQuery;

use crate::rig::{DAY, Rig, raw};

#[test]
fn a_range_without_an_end_ends_with_the_newest_of_its_own_series() {
    let mut rig = Rig::new(&Config::default());
    let (own, other) = (rig.mint("own"), rig.mint("other"));
    for n in 0..3 {
        rig.publish(own, &n.to_string());
    }
    let newest = rig.all(raw("own")).samples.last().expect("three").timestamp;
    for n in 0..3 {
        rig.publish(other, &n.to_string());
    }
    // The clock went back to where the first sample is.
    let first = rig.all(raw("own")).samples[0].timestamp;
    let now = Timestamp(first.0 + 1);
    let asked = |until_newest| HistoryQuery { end: now, until_newest, limit: 1, ..raw("own") };
    let page = rig.ask(asked(false)).expect("a page");
    assert_eq!((page.samples.len(), page.next), (1, None));
    let page = rig.ask(asked(true)).expect("a page");
    let token = page.next.expect("a page behind it");
    let end = format!("{:016x}", newest.0 + 1);
    assert!(token.contains(&end), "the end is {end}, which nothing else tells: {token}");
    let rest = HistoryQuery { after: Some(token), limit: 9, ..asked(true) };
    assert_eq!(rig.ask(rest).expect("a page").samples.len(), 2);
    let empty = HistoryQuery { start: Timestamp(DAY - 2), end: Timestamp(DAY - 1), ..raw("own") };
    assert!(rig.ask(empty).expect("a page").samples.is_empty());
}
