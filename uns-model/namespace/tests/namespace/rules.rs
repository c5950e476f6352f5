//! What a node asks of its publishes may force or refuse RETAIN, shorten their expiry, refuse them, and
//! add messages of the fabric (namespace sections 4 and 11); it may change while the node lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fabric::{Author, Inbound, Place, Rejection};
use uns_model::{OrgId, Quality, Reason, Value};
use uns_namespace::{AllRights, Emitted, Gate, Judged, Retain, Rule, Rules, Verdict};

use crate::world::{World, current, inbound, node, publish, refusal, value};

/// Rules by the name of the last level.
struct Contracts;

impl Rules for Contracts {
    fn of(&self, _: OrgId, topic: &str) -> Option<Arc<dyn Rule>> {
        match topic.rsplit('/').next()? {
            "state" => Some(Arc::new(State)),
            "event" => Some(Arc::new(Event)),
            "limited" => Some(Arc::new(Limited)),
            _ => None,
        }
    }
}

struct State;

impl Rule for State {
    fn retain(&self) -> Retain {
        Retain::Forced
    }

    fn check(&self, _: &Judged<'_>, verdict: &mut Verdict) -> Result<(), Rejection> {
        verdict.expiry = verdict.expiry.map(|asked| asked.min(60));
        Ok(())
    }
}

struct Event;

impl Rule for Event {
    fn retain(&self) -> Retain {
        Retain::Never
    }

    fn check(&self, _: &Judged<'_>, _: &mut Verdict) -> Result<(), Rejection> {
        Ok(())
    }
}

/// Takes one digit; says so below `$uns/` and on a data topic where it is above 5.
struct Limited;

impl Rule for Limited {
    fn check(&self, publish: &Judged<'_>, verdict: &mut Verdict) -> Result<(), Rejection> {
        let payload = std::str::from_utf8(publish.inbound.payload).unwrap_or_default();
        let digits = payload.bytes().filter(u8::is_ascii_digit).collect::<Vec<_>>();
        let [digit] = digits[..] else {
            // The first is said all the same; of what is refused no sample comes.
            for topic in [format!("$uns/violations/{}", publish.topic), "plant/refused".into()] {
                let (topic, payload) = (topic.into(), "9".into());
                verdict.outputs.push(Emitted { topic, payload, qos: 0, retain: false });
            }
            return Err(Rejection::new(Reason::ContractRange, "it has more than one digit"));
        };
        if digit > b'3' {
            verdict.lowered.push((0, Quality::OUT_OF_RANGE));
            verdict.contract_version = Some(4);
        }
        if digit > b'5' {
            let said = |topic: String| Emitted {
                topic: topic.into(),
                payload: "7".into(),
                qos: 1,
                retain: true,
            };
            verdict.outputs.push(said(format!("$uns/alerts/{}", publish.topic)));
            verdict.outputs.push(said(format!("{}/alarms", publish.topic)));
        }
        Ok(())
    }
}

#[test]
fn retain_is_forced_or_refused_and_expiry_shortened() {
    let space = World::new().open();
    space.set_rules(Arc::new(Contracts));
    let mut gate = Gate::new(&space);
    let asked = Inbound { retain: true, expiry: Some(3_600), ..inbound(b"1") };
    for (topic, retain, expiry) in [
        ("uns/v1/p/state", [true, true], Some(60)),
        ("uns/v1/p/event", [false, false], Some(3_600)),
        ("uns/v1/p/free", [false, true], Some(3_600)),
        ("p/brownfield/state", [true, true], Some(60)),
    ] {
        let node = node(&mut gate, topic);
        for (published, retain) in [false, true].into_iter().zip(retain) {
            let inbound = Inbound { retain: published, ..asked };
            let admitted = gate.admit(&node, &inbound, &AllRights).unwrap();
            assert_eq!((admitted.retain, admitted.expiry), (retain, expiry), "{topic} {published}");
            let node = crate::world::node(&mut gate, topic);
            assert_eq!(node.retains(published), retain, "{topic} {published}");
        }
    }
    gate.flush(None).unwrap();
    space.catch_up().unwrap();
    let mut kept = Vec::new();
    space.retained(&mut |one| kept.push((one.name.to_string(), one.kept.expiry())));
    let expected = [("uns/v1/p/state", 60), ("uns/v1/p/free", 3_600), ("p/brownfield/state", 60)];
    let expected = expected.map(|(topic, expiry)| (topic.to_owned(), Some(expiry)));
    assert_eq!(kept, expected, "what is retained is what was admitted");
}

#[test]
fn what_a_rule_says_stands_behind_the_publish_in_the_same_batch() {
    let space = World::new().open();
    space.set_rules(Arc::new(Contracts));
    let mut gate = Gate::new(&space);
    let limited = node(&mut gate, "uns/v1/p/limited");
    gate.admit(&limited, &inbound(b"3"), &AllRights).unwrap();
    let admitted = gate.admit(&limited, &inbound(b"6"), &AllRights).unwrap();
    // The first record is that of the node, as the one before the sample of the rule is.
    assert_eq!(admitted.place, Some(Place(2)));
    let outputs = admitted.outputs.unwrap();
    let outputs = outputs.messages.iter().map(|one| (&*one.topic, one.author, one.place));
    let expected = [
        ("$uns/alerts/uns/v1/p/limited", Author::Fabric, None),
        ("uns/v1/p/limited/alarms", Author::Fabric, Some(Place(4))),
    ];
    assert_eq!(outputs.collect::<Vec<_>>(), expected);
    assert_eq!(gate.pending().0, 5);
    gate.flush(None).unwrap();
    assert_eq!(value(&space, "uns/v1/p/limited/alarms"), Some(Value::Int(7)));
    let own = &current(&space, "uns/v1/p/limited")[0];
    assert_eq!((&own.last.value, own.last.quality), (&Value::Int(6), Quality::OUT_OF_RANGE));
    publish(&mut gate, "uns/v1/p/limited", r#"{"value":4,"quality":"Bad"}"#).unwrap();
    let own = &current(&space, "uns/v1/p/limited")[0];
    assert_eq!(own.last.quality, Quality::BAD, "no quality is raised");
}

#[test]
fn what_a_rule_refuses_leaves_no_trace() {
    let space = World::new().open();
    space.set_rules(Arc::new(Contracts));
    let mut gate = Gate::new(&space);
    assert_eq!(refusal(&mut gate, "uns/v1/p/limited", "66"), Some(Reason::ContractRange));
    assert_eq!(gate.pending().0, 0);
    assert_eq!(value(&space, "uns/v1/p/limited"), None);
    assert!(space.stats().rejected.contains(&(Reason::ContractRange, 1)));
}

#[test]
fn a_refusal_is_said_to_subscribers_and_no_sample_comes_of_it() {
    let space = World::new().open();
    space.set_rules(Arc::new(Contracts));
    let mut gate = Gate::new(&space);
    let limited = node(&mut gate, "uns/v1/p/limited");
    let refused = gate.admit(&limited, &inbound(b"66"), &AllRights).unwrap_err();
    let topics = |said: &[fabric::Output]| -> Vec<_> {
        said.iter().map(|one| (one.topic.to_string(), one.author, one.place)).collect()
    };
    let violation =
        |row: &str| (format!("$uns/violations/uns/v1/p/{row}limited"), Author::Fabric, None);
    assert_eq!(topics(&refused.said.unwrap()), [violation("")]);
    assert_eq!((gate.pending().0, space.stats().nodes), (0, 0));
    let batch = r#"{"points":[{"path":"a/limited","value":77},{"path":"b/limited","value":88}]}"#;
    let parent = node(&mut gate, "uns/v1/p");
    let admitted = gate.admit(&parent, &inbound(batch.as_bytes()), &AllRights).unwrap();
    let outputs = admitted.outputs.unwrap();
    assert_eq!(topics(&outputs.messages), [violation("a/"), violation("b/")]);
    assert!(outputs.refused.iter().all(|row| row.rejection.said.is_none()), "said once");
    let properties = b"\x26\0\x09uns-batch\0\x06atomic";
    let atomic = Inbound { properties, ..inbound(batch.as_bytes()) };
    let refused = gate.admit(&parent, &atomic, &AllRights).unwrap_err();
    assert_eq!(topics(&refused.said.unwrap()), [violation("a/"), violation("b/")]);
    gate.flush(None).unwrap();
    assert_eq!(value(&space, "plant/refused"), None);
}

#[test]
fn the_rows_of_a_batch_are_judged_by_the_rules_of_their_nodes() {
    let space = World::new().open();
    space.set_rules(Arc::new(Contracts));
    let mut gate = Gate::new(&space);
    let parent = node(&mut gate, "uns/v1/p");
    let batch = concat!(
        r#"{"points":[{"path":"a/limited","value":77},{"path":"b/limited","value":6},"#,
        r#"{"path":"state","value":1}]}"#
    );
    let outputs =
        *gate.admit(&parent, &inbound(batch.as_bytes()), &AllRights).unwrap().outputs.unwrap();
    let refused: Vec<_> =
        outputs.refused.iter().map(|row| (row.index, row.rejection.reason)).collect();
    assert_eq!(refused, [(0, Reason::ContractRange)]);
    let messages: Vec<_> =
        outputs.messages.iter().map(|one| (&*one.topic, one.retain, one.place)).collect();
    let expected = [
        ("uns/v1/p/b/limited", false, Some(Place(3))),
        ("$uns/alerts/uns/v1/p/b/limited", true, None),
        // A sample of a rule is not retained.
        ("uns/v1/p/b/limited/alarms", false, Some(Place(5))),
        ("uns/v1/p/state", true, Some(Place(7))),
        // What is said of the refused row.
        ("$uns/violations/uns/v1/p/a/limited", false, None),
    ];
    assert_eq!(messages, expected);
    let properties = b"\x26\0\x09uns-batch\0\x06atomic";
    let atomic = Inbound { properties, ..inbound(batch.as_bytes()) };
    let pending = gate.pending();
    let refused = gate.admit(&parent, &atomic, &AllRights).unwrap_err();
    assert_eq!((refused.reason, gate.pending()), (Reason::ContractRange, pending));
}

/// Refuse every publish to some nodes, in words that say which rules these are.
struct Numbered(u32, Arc<AtomicU32>);

impl Rules for Numbered {
    fn of(&self, _: OrgId, topic: &str) -> Option<Arc<dyn Rule>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        let odd = topic.ends_with("odd") && self.0.is_multiple_of(2);
        (topic.ends_with("ruled") || odd).then(|| Arc::new(Refuses(self.0)) as Arc<dyn Rule>)
    }
}

struct Refuses(u32);

impl Rule for Refuses {
    fn check(&self, _: &Judged<'_>, _: &mut Verdict) -> Result<(), Rejection> {
        Err(Rejection::new(Reason::ContractType, self.0))
    }
}

#[test]
fn other_rules_hold_from_the_next_publish_on_however_often_they_change() {
    let space = World::new().open();
    let mut gates = [Gate::new(&space), Gate::new(&space)];
    publish(&mut gates[0], "uns/v1/p/ruled", "1").expect("there are no rules");
    let topics = ["uns/v1/p/ruled", "uns/v1/p/free", "uns/v1/p/odd"];
    let [ruled, free, odd] = topics.map(|topic| node(&mut gates[0], topic));
    let asked = Arc::new(AtomicU32::new(0));
    // Nodes remember the change in a byte: one that publishes every 255 changes finds its number again.
    let mut publishes = 0;
    for number in 1..=1_276 {
        space.set_rules(Arc::new(Numbered(number, Arc::clone(&asked))));
        if number % 255 != 1 {
            continue;
        }
        for gate in &mut gates {
            for _ in 0..3 {
                let refused = gate.admit(&ruled, &inbound(b"1"), &AllRights).unwrap_err();
                assert_eq!(refused.detail, number.to_string());
                gate.admit(&free, &inbound(b"1"), &AllRights).unwrap();
                let odd = gate.admit(&odd, &inbound(b"1"), &AllRights);
                assert_eq!(odd.is_ok(), number % 2 == 1, "{number}");
                publishes += 3;
            }
        }
    }
    let asked = asked.load(Ordering::Relaxed);
    assert!(asked < publishes / 2, "{asked} questions, {publishes} publishes");
}

#[test]
fn a_command_expires_soon_or_at_once() {
    let mut world = World::new();
    world.config.command_expiry_max = Duration::from_secs(10);
    let space = world.open();
    let mut gate = Gate::new(&space);
    let mut admitted = |topic, expiry| {
        let inbound = Inbound { expiry, ..inbound(b"1") };
        gate.check(topic, &inbound).expect("it may pass").expiry
    };
    for (asked, expiry) in [(None, 10), (Some(3_600), 10), (Some(10), 10), (Some(0), 0)] {
        assert_eq!(admitted("unsc/v1/p/go", asked), Some(expiry), "{asked:?}");
    }
    assert_eq!(admitted("unsm/v1/p", Some(3_600)), Some(3_600));
    assert_eq!(admitted("unsm/v1/p", None), None);
}
