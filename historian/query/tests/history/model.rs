//! Whatever is published, flushed, killed or cut from power in whatever order: an answer equals
//! what a sorted map would say.

use std::collections::BTreeMap;

use historian_store::Config;
use proptest::collection::vec;
use proptest::prelude::*;
use uns_model::query::HistoryQuery;
use uns_model::{Timestamp, Value};

use crate::rig::{DAY, MS, Rig, raw};

#[derive(Clone, Debug)]
enum Step {
    /// A plain value, stored under its ingest time.
    Plain {
        node: usize,
        value: i32,
    },
    /// A value with source time, perhaps late, perhaps a duplicate or correction.
    Timed {
        node: usize,
        millis: i64,
        seq: Option<u8>,
        value: u8,
    },
    /// Values of other types.
    Other {
        node: usize,
        which: usize,
    },
    Flush,
    Kill,
    PowerCut,
    Check {
        limit: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let node = 0usize..3;
    // Times from the last minute, the last hours and last month: several partitions.
    let millis = prop_oneof![
        4 => 0i64..40,
        2 => (0i64..6).prop_map(|h| h * 3_600_000),
        1 => (0i64..40).prop_map(|d| d * 86_400_000),
    ];
    prop_oneof![
        6 => (node.clone(), any::<i32>()).prop_map(|(node, value)| Step::Plain { node, value }),
        10 => (node.clone(), millis, prop::option::of(0u8..3), 0u8..4)
            .prop_map(|(node, millis, seq, value)| Step::Timed { node, millis, seq, value }),
        2 => (node, 0usize..4).prop_map(|(node, which)| Step::Other { node, which }),
        2 => Just(Step::Flush),
        1 => Just(Step::Kill),
        1 => Just(Step::PowerCut),
        1 => (1usize..6).prop_map(|limit| Step::Check { limit }),
    ]
}

const OTHERS: [&str; 4] = ["true", "\"RUN\"", "23.0", "18446744073709551615"];

fn other(which: usize) -> Value {
    match which {
        0 => Value::Bool(true),
        1 => Value::Text("RUN".into()),
        2 => Value::Float(23.0),
        _ => Value::UInt(u64::MAX),
    }
}

/// (time, source seq, ingest-timed and if so in which order) to value.
type Model = BTreeMap<(i64, Option<u64>, Option<usize>), Value>;

fn check(rig: &Rig, models: &[Model], limit: usize) {
    for (node, model) in models.iter().enumerate() {
        let query = HistoryQuery { limit, ..raw(&format!("plant/{node}")) };
        let page = rig.all(query.clone());
        let got: Vec<_> = page.samples.iter().map(|s| (s.timestamp.0, s.value.clone())).collect();
        let expected: Vec<_> = model.iter().map(|((t, _, _), v)| (*t, v.clone())).collect();
        assert_eq!(got, expected, "node {node}");
        assert!(page.gaps.is_empty());
        let (start, end) = (DAY - 7_200_000 * MS, DAY + 3 * MS);
        let part = HistoryQuery { start: Timestamp(start), end: Timestamp(end), ..query };
        let got = rig.all(part).samples.len();
        assert_eq!(got, expected.iter().filter(|(t, _)| (start..end).contains(t)).count());
    }
}

fn play(steps: &[Step]) {
    let mut rig = Rig::new(&Config { block_samples: 5, flush_files_max: 4, ..Config::default() });
    let nodes: Vec<_> = (0..3).map(|n| rig.mint(&format!("plant/{n}"))).collect();
    let mut models = vec![Model::new(); 3];
    for (number, step) in steps.iter().enumerate() {
        let order = Some(number);
        match step {
            Step::Plain { node, value } => {
                models[*node].insert((rig.now(), None, order), Value::Int(i64::from(*value)));
                rig.publish(nodes[*node], &value.to_string());
            }
            Step::Other { node, which } => {
                models[*node].insert((rig.now(), None, order), other(*which));
                rig.publish(nodes[*node], OTHERS[*which]);
            }
            Step::Timed { node, millis, seq, value } => {
                let time = DAY / MS - millis;
                let tail = seq.map(|s| format!(",\"seq\":{s}")).unwrap_or_default();
                let value = f64::from(*value) + 0.25;
                let key = (time * MS, seq.map(u64::from), None);
                models[*node].insert(key, Value::Float(value));
                let payload = format!("{{\"value\":{value},\"timestamp\":{time}{tail}}}");
                rig.publish(nodes[*node], &payload);
            }
            Step::Flush => rig.flush(),
            Step::Kill => rig.restart(),
            Step::PowerCut => rig.power_cut(),
            Step::Check { limit } => check(&rig, &models, *limit),
        }
    }
    check(&rig, &models, 1000);
    rig.flush();
    check(&rig, &models, 7);
    rig.restart();
    check(&rig, &models, 1000);
    assert_eq!(rig.store().health().pending_samples, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]
    #[test]
    fn answers_equal_the_model(steps in vec(step(), 1..80)) {
        play(&steps);
    }
}

/// Power fails at every single step of a flush: exactly once all the same.
#[test]
fn power_fails_at_every_operation_of_a_flush() {
    for operations in 0..40 {
        let mut rig = Rig::new(&Config::default());
        let node = rig.mint("plant/0");
        for n in 0..50 {
            rig.publish(
                node,
                &format!("{{\"value\":{n},\"timestamp\":{}}}", DAY / MS - n * 600_000),
            );
        }
        rig.runtime.block_on(rig.store().caught_up());
        rig.disk.power_off_in(operations);
        let store = std::sync::Arc::clone(rig.store());
        // The flush may never end: the disk is dead.
        rig.runtime.block_on(async {
            let patience = std::time::Duration::from_millis(60);
            drop(tokio::time::timeout(patience, store.flush()).await);
        });
        drop(store);
        rig.power_cut();
        assert_eq!(rig.all(raw("plant/0")).samples.len(), 50, "after {operations} operations");
        // Another record, so that the next files have other names than those the crash left.
        rig.publish(node, "1");
        rig.flush();
        rig.power_cut();
        let page = rig.all(raw("plant/0"));
        assert_eq!((page.samples.len(), page.gaps.len()), (51, 0), "after {operations} operations");
        assert_eq!(rig.files().len(), rig.store().health().files, "after {operations} operations");
        assert!(rig.files().iter().all(|name| name.ends_with(".parquet")));
    }
}
