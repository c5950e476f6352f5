//! Last values and retained messages are a fold over the log: as of any sequence they are what the
//! journal up to there says.

use std::collections::BTreeMap;
use std::fmt::Debug;

use broker_engine::Broker;
use uns_model::query::CurrentQuery;
use uns_model::{Filter, OrgId, Sequence, Value};
use uns_namespace::Namespace;

use super::Journal;
use super::records::What;
use crate::client::number_in;

type Last = BTreeMap<String, i64>;

/// Compares both with the journal, as of what the namespace has applied.
///
/// # Errors
/// They differ.
pub(crate) fn judge_views(
    namespace: &Namespace,
    broker: &Broker,
    journal: &Journal,
) -> Result<(), String> {
    let applied = namespace.applied();
    let (values, retained) = fold(journal, applied);
    same("the last values", applied, &current(namespace)?, &values)?;
    let found = retained.keys().filter_map(|topic| {
        let kept = broker.retained.get(OrgId::DEFAULT, topic)?.kept;
        Some((topic.clone(), number_in(kept.payload()).into()))
    });
    same("the retained messages", applied, &found.collect(), &retained)?;
    same("how many are retained", applied, &broker.retained.size().0, &retained.len())
}

/// The last value of each node, and the last retained message of each topic.
fn fold(journal: &Journal, applied: Sequence) -> (Last, Last) {
    let (mut values, mut kept) = (Last::new(), Last::new());
    for entry in journal.entries().iter().take_while(|entry| entry.sequence <= applied) {
        let (got, retain, is_node) = match &entry.what {
            What::Published { got, retain, is_node, .. } => (got, *retain, *is_node),
            What::Deleted { topic, .. } => {
                values.remove(topic);
                kept.remove(topic);
                continue;
            }
            What::Minted { .. } | What::SessionEnded { .. } | What::Marked { .. } | What::Other => {
                continue;
            }
        };
        if is_node {
            values.insert(got.topic.clone(), got.number.into());
        }
        if retain {
            kept.insert(got.topic.clone(), got.number.into());
        }
    }
    (values, kept)
}

fn current(namespace: &Namespace) -> Result<Last, String> {
    let query = CurrentQuery {
        org: OrgId::DEFAULT,
        filter: Filter::parse("#").expect("a filter"),
        after: None,
        limit: 1_000,
    };
    let page = namespace.current(&query).map_err(|error| error.to_string())?;
    let number = |value| match value {
        Value::Int(number) => number,
        _ => -1,
    };
    Ok(page.items.into_iter().map(|one| (one.topic.to_string(), number(one.last.value))).collect())
}

fn same<T: PartialEq + Debug>(what: &str, at: Sequence, is: &T, due: &T) -> Result<(), String> {
    if is == due { Ok(()) } else { Err(format!("{what} as of {at} are {is:?}, not {due:?}")) }
}
