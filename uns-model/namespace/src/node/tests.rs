//! Tests of what a node remembers.

use super::*;

#[test]
fn growth_is_what_a_payload_has_beyond_the_last_one() {
    let node = Node::named(1, "a");
    let admit = |payload: &[u8]| {
        let expected = node.growth(payload);
        assert_eq!(node.admitted(payload), expected);
        expected
    };
    assert_eq!(admit(&[b'x'; 1_000]), 1_000);
    assert_eq!(admit(&[b'x'; 1_000]), 0, "the same again");
    assert_eq!(admit(&[b'x'; 1_020]), 0, "within a unit");
    assert_eq!(admit(&[b'x'; 2_000]), 2_000 - 1_024);
    assert_eq!(admit(&[b'x'; 1_900]), 0, "a little less");
    assert_eq!(admit(&[b'x'; 2_000]), 0, "and back");
    assert_eq!(admit(b""), 0, "it clears what is retained");
    assert_eq!(admit(b"1"), 0);
    assert_eq!(admit(&[b'x'; 2_000]), 2_000 - 64, "what has shrunk grows again");
    assert_eq!(admit(&vec![b'x'; 5 << 20]), (5 << 20) - 2_048);
    let most = usize::from(u16::MAX) * HELD_UNIT;
    assert_eq!(admit(&vec![b'x'; 5 << 20]), (5 << 20) - most, "beyond what is noted");
}

#[test]
fn fields_take_more_than_their_bytes() {
    let node = Node::named(1, "a");
    let document = br#" {"a":1,"b":{"c":2}}"#;
    assert_eq!(node.growth(document), document.len() + 3 * FIELD_BYTES);
    assert_eq!(node.growth(b"[1:2]"), 5);
    let many = format!("{{{}}}", r#""a":1,"#.repeat(2_000));
    assert_eq!(node.growth(many.as_bytes()), many.len() + FIELDS_MAX * FIELD_BYTES);
}

#[test]
fn a_rule_is_noted_beside_what_becomes_of_the_node() {
    let node = Node::named(1, "uns/v1/a");
    node.set_deleted(true);
    assert!(node.is_bound(0) && !node.has_rule());
    let noted = [
        (Some(Retain::Forced), [true, true]),
        (Some(Retain::Never), [false, false]),
        (Some(Retain::AsPublished), [false, true]),
        (None, [false, true]),
    ];
    for (epoch, (rule, retains)) in (1..).zip(noted) {
        node.bind(epoch, rule);
        assert!(node.is_bound(epoch) && !node.is_bound(epoch - 1));
        assert_eq!(
            (node.has_rule(), [false, true].map(|asked| node.retains(asked))),
            (rule.is_some(), retains)
        );
        assert!(node.is_deleted() && node.side() == Side::Uns);
    }
    node.forget_rule();
    assert!(!node.is_bound(4));
    assert_eq!(Node::named(1, "uns/v2").side(), Side::Brownfield);
}

#[test]
fn what_becomes_of_a_node_is_told_apart() {
    let node = Node::named(1, "a");
    assert!(node.counts() && !node.is_deleted() && !node.is_deletion_folded());
    node.set_deleted(true);
    assert!(node.is_deleted() && !node.counts());
    node.set_deleted(false);
    node.set_refused();
    assert!(node.is_deleted() && node.counts() && !node.is_deletion_folded());
    node.set_deletion_folded();
    assert!(node.is_deletion_folded() && node.counts());
}
