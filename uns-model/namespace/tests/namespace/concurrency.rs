//! Several gates at once: one node per topic, and its record before every publish on it.

use std::collections::HashMap;
use std::sync::{Arc, Barrier};

use fabric::{Log, Record, TailItem};
use uns_model::NodeNo;
use uns_namespace::{AllRights, Gate};

use crate::world::{ORG, Running, World, current, inbound, node, publish, value, wait};

const GATES: usize = 4;
const TOPICS: usize = 300;

#[test]
fn gates_that_mint_the_same_topics_make_one_node_each_in_order() {
    let world = World::new();
    let space = world.open();
    let running = Running::start(&space);
    let barrier = Arc::new(Barrier::new(GATES));
    std::thread::scope(|scope| {
        for me in 0..GATES {
            let (space, barrier) = (space.clone(), barrier.clone());
            scope.spawn(move || {
                let mut gate = Gate::new(&space);
                barrier.wait();
                for n in 0..TOPICS {
                    let topic = format!("uns/v1/line{}/t{n}", n % 7);
                    let node = node(&mut gate, &topic);
                    gate.admit(&node, &inbound(format!("{me}").as_bytes()), &AllRights).unwrap();
                    if (n + me) % 5 == 0 {
                        gate.flush(None).unwrap();
                    }
                }
                gate.flush(None).unwrap();
            });
        }
    });
    let mut minted: HashMap<NodeNo, String> = HashMap::new();
    let mut publishes = 0;
    let mut tail = world.log.tail(uns_model::Sequence::ZERO);
    while let Some(TailItem::Frame(frame)) = tail.next().unwrap() {
        for (_, record) in frame.records() {
            match record {
                Record::NodeMinted { node, name, .. } => {
                    // Several open batches may have had the same one.
                    let before = minted.insert(node, name.to_owned());
                    assert!(before.is_none_or(|before| before == name));
                }
                Record::Publish(publish) => {
                    assert!(minted.contains_key(&publish.node), "published before minted");
                    publishes += 1;
                }
                _ => {}
            }
        }
    }
    let mut names: Vec<_> = minted.into_values().collect();
    names.sort();
    names.dedup();
    assert_eq!((names.len(), publishes), (TOPICS, GATES * TOPICS));
    wait(space.caught_up());
    assert_eq!(current(&space, "uns/v1/#").len(), TOPICS);
    assert_eq!(space.stats().nodes as usize, TOPICS);
    assert_eq!(space.stats().fold.orphans, 0);
    drop(running);
    let again = world.open();
    assert_eq!(current(&again, "uns/v1/#"), current(&space, "uns/v1/#"));
}

#[test]
fn readers_see_committed_records_only_and_can_wait_for_them() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/a", "1").unwrap();
    assert_eq!(value(&space, "uns/v1/a").map(|value| value.as_f64()), Some(Some(1.0)));
    world.log.pause();
    publish(&mut gate, "uns/v1/a", "2").unwrap();
    publish(&mut gate, "uns/v1/b", "2").unwrap();
    assert_eq!(current(&space, "uns/v1/#").len(), 1);
    assert_eq!(space.node_of_topic(ORG, "uns/v1/b"), None);
    let b = node(&mut gate, "uns/v1/b");
    assert_eq!(space.topic(b.topic).as_deref(), Some("uns/v1/b"), "topics are known at once");
    let _running = Running::start(&space);
    world.log.resume();
    wait(space.caught_up());
    assert_eq!(space.node_of_topic(ORG, "uns/v1/b"), Some(b.number));
    assert_eq!(space.topic_of_node(b.number).as_deref(), Some("uns/v1/b"));
}
