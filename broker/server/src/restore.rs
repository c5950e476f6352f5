//! What the log kept while the process was gone: retained messages and sessions, put back before the
//! first client connects.

use std::time::Duration;

use broker_codec::{PacketId, SubscribeOptions};
use broker_engine::{Broker, Parked, Retained, Wish};
use broker_ledger::{Ledger, PlainRetained, Restored};
use bytes::Bytes;
use uns_model::{Clock, Timestamp};
use uns_namespace::Namespace;

/// Puts back what was retained on nodes.
pub(crate) fn retained(broker: &Broker, namespace: &Namespace, clock: &dyn Clock) {
    let now = (clock.now(), clock.monotonic());
    namespace.retained(&mut |kept| {
        let uns_namespace::Retained { org, publisher, qos, expiry, ingest, sequence, .. } = kept;
        let (topic, properties, payload) = (kept.name, kept.properties, kept.payload);
        let kept = PlainRetained {
            org,
            topic,
            publisher,
            qos,
            expiry,
            ingest,
            sequence,
            properties,
            payload,
        };
        retain(broker, now, &kept);
    });
}

/// Puts back the sessions, and what was retained on topics without a node.
pub(crate) fn sessions(broker: &Broker, ledger: &Ledger, clock: &dyn Clock) {
    broker.clients.number_from(ledger.next_session());
    ledger.restored(&mut |restored| {
        // One without expiry is there for its will, whose time the ledger keeps.
        if restored.expiry > 0 {
            let parked = parked(&restored);
            broker.restore_session(restored.org, restored.client_id, restored.session, parked);
        }
    });
    let now = (clock.now(), clock.monotonic());
    ledger.retained(&mut |kept| retain(broker, now, &kept));
}

fn retain(broker: &Broker, (wall, monotonic): (Timestamp, Duration), kept: &PlainRetained<'_>) {
    let left = kept.expiry.map(|seconds| {
        let age = u64::try_from(wall.0.saturating_sub(kept.ingest.0)).unwrap_or_default();
        Duration::from_secs(u64::from(seconds)).saturating_sub(Duration::from_nanos(age))
    });
    broker.restore(
        kept.org,
        Retained {
            topic: kept.topic.into(),
            qos: kept.qos,
            expires: left.map(|left| monotonic + left),
            properties: Bytes::copy_from_slice(kept.properties),
            payload: Bytes::copy_from_slice(kept.payload),
        },
    );
}

fn parked(restored: &Restored<'_>) -> Parked {
    let mut parked = Parked::default();
    for subscription in restored.subscriptions {
        let filter: &str = &subscription.filter;
        let options = SubscribeOptions::from_byte(subscription.options).unwrap_or_default();
        let wish = Wish {
            qos: options.qos.level(),
            no_local: options.no_local,
            retain_as_published: options.retain_as_published,
            identifier: subscription.identifier,
        };
        parked.filters.insert(filter.into(), wish);
        if subscription.walk {
            parked.walks.insert(filter.into());
        }
    }
    parked.received = restored.took.iter().copied().filter_map(PacketId::new).collect();
    parked
}
