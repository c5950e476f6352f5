//! Random publishes, deletions, checkpoints and restarts against a naive model.

use std::collections::BTreeMap;

use fabric::Inbound;
use proptest::prelude::*;
use uns_model::{Timestamp, Value};
use uns_namespace::Gate;

use crate::world::{NOON, ORG, Running, SECOND, World, current, inbound, publish_as, wait};

const TOPICS: [&str; 8] = [
    "uns/v1/a",
    "uns/v1/a/b",
    "uns/v1/a/b/c",
    "uns/v1/ab",
    "uns/v1/z/y",
    "Plant/a",
    "Plant//x",
    "/",
];

#[derive(Clone, Debug)]
enum Act {
    /// Topic, value, source second or none, retain.
    Publish(usize, i64, Option<i64>, bool),
    Clear(usize),
    Delete(usize),
    Checkpoint,
    Restart,
    /// Restart after retention dropped what the hold allows.
    Forget,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..TOPICS.len(), 0..100_i64, prop::option::of(-50..50_i64), any::<bool>())
            .prop_map(|(t, v, s, r)| Act::Publish(t, v, s, r)),
        1 => (0..TOPICS.len()).prop_map(Act::Clear),
        1 => (0..TOPICS.len()).prop_map(Act::Delete),
        1 => Just(Act::Checkpoint),
        1 => Just(Act::Restart),
        1 => Just(Act::Forget),
    ]
}

/// Last value and its time per topic, retained payload per topic.
#[derive(Default)]
struct Model {
    last: BTreeMap<&'static str, (i64, i64)>,
    retained: BTreeMap<&'static str, i64>,
}

impl Model {
    fn publish(
        &mut self,
        topic: &'static str,
        (value, source): (i64, Option<i64>),
        ingest: i64,
        retain: bool,
    ) {
        let time = source.unwrap_or(ingest);
        let last = self.last.entry(topic).or_insert((value, time));
        // What comes without a time, or with that of its arrival, is of this moment.
        if time == ingest || time >= last.1 {
            *last = (value, time);
        }
        if retain {
            self.retained.insert(topic, value);
        }
    }

    fn delete(&mut self, path: &str) {
        let keeps = |topic: &str| topic != path && !topic.starts_with(&format!("{path}/"));
        // A topic without a value has no node, and then no retained message either.
        self.last.retain(|topic, _| keeps(topic));
        self.retained.retain(|topic, _| keeps(topic));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_view_equals_the_naive_model(acts in prop::collection::vec(act(), 1..60)) {
        let world = World::new();
        let mut space = world.open();
        let mut gate = Gate::new(&space);
        let mut model = Model::default();
        for (at, act) in acts.into_iter().enumerate() {
            let ingest = NOON.0 + i64::try_from(at + 1).unwrap() * SECOND;
            match act {
                Act::Publish(topic, value, source, retain) => {
                    let topic = TOPICS[topic];
                    let source = source.map(|second| NOON.0 + second * SECOND);
                    let payload = match source {
                        None => value.to_string(),
                        Some(time) => {
                            let millis = time / 1_000_000;
                            format!(r#"{{"value":{value},"timestamp_ms":{millis}}}"#)
                        }
                    };
                    let at = Timestamp(ingest);
                    let inbound = Inbound { retain, ingest: at, ..inbound(payload.as_bytes()) };
                    publish_as(&mut gate, topic, &inbound).unwrap();
                    model.publish(topic, (value, source), ingest, retain);
                }
                Act::Clear(topic) => {
                    let inbound = Inbound { retain: true, ..inbound(b"") };
                    publish_as(&mut gate, TOPICS[topic], &inbound).unwrap();
                    model.retained.remove(TOPICS[topic]);
                }
                Act::Delete(topic) => {
                    let _running = Running::start(&space);
                    wait(space.delete(ORG, TOPICS[topic], false)).unwrap();
                    model.delete(TOPICS[topic]);
                }
                Act::Checkpoint => {
                    space.catch_up().unwrap();
                    space.checkpoint().unwrap();
                }
                Act::Restart | Act::Forget => {
                    if matches!(act, Act::Forget) {
                        let floor = fabric::Log::health(&*world.log).holds[0].at;
                        world.log.drop_until(floor);
                    }
                    world.log.restart();
                    drop(gate);
                    space = world.open();
                    gate = Gate::new(&space);
                }
            }
            check(&space, &model)?;
        }
    }
}

fn check(space: &uns_namespace::Namespace, model: &Model) -> Result<(), TestCaseError> {
    let found: BTreeMap<_, _> = current(space, "#")
        .into_iter()
        .map(|value| (value.topic.to_string(), (value.last.value, value.last.timestamp.0)))
        .collect();
    let expected: BTreeMap<_, _> = model
        .last
        .iter()
        .map(|(topic, (value, time))| ((*topic).to_owned(), (Value::Int(*value), *time)))
        .collect();
    prop_assert_eq!(found, expected);
    let mut retained = Vec::new();
    space.retained(&mut |message| retained.push(message.name.to_string()));
    retained.sort();
    let expected: Vec<_> = model.retained.keys().map(|topic| (*topic).to_owned()).collect();
    prop_assert_eq!(retained, expected);
    Ok(())
}
