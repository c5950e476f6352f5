//! Restores retained messages and sessions from the log, before the first client connects.

use std::sync::{Arc, Weak};
use std::time::Duration;

use broker_codec::{PacketId, SubscribeOptions};
use broker_engine::{Broker, ClientRef, Now, Parked, Retained, Wish};
use broker_ledger::{Ledger, PlainRetained, Restored, SharedRetained};
use uns_model::{Clock, Kept, OrgId, Sequence, Timestamp};
use uns_namespace::{Namespace, RetainedChange, RetainedSink};

/// Restores everything, and has the namespace tell the broker what is retained from now on.
pub(crate) fn all(
    broker: &Arc<Broker>,
    namespace: Option<&Arc<Namespace>>,
    ledger: Option<&Arc<Ledger>>,
    clock: &Arc<dyn Clock>,
) {
    if let Some(namespace) = namespace {
        retained(broker, namespace, Arc::clone(clock));
    }
    if let Some(ledger) = ledger {
        sessions(broker, ledger, &**clock);
    }
    if let (Some(namespace), Some(ledger)) = (namespace, ledger) {
        ledger.consumers(&mut |org, name, known| {
            namespace.restore_consumer(org, name, known.epoch);
        });
        ledger.ended_consumers(&mut |org, epoch| namespace.restore_ended(org, epoch));
    }
}

/// Has the namespace tell the broker what is retained, now and at each change. Both share the names
/// and the messages.
fn retained(broker: &Arc<Broker>, namespace: &Namespace, clock: Arc<dyn Clock>) {
    namespace.tell_retained(Arc::new(RetainedFold { broker: Arc::downgrade(broker), clock }));
}

/// The retained messages of the broker, which the namespace changes in the order of the log.
struct RetainedFold {
    broker: Weak<Broker>,
    clock: Arc<dyn Clock>,
}

impl RetainedSink for RetainedFold {
    fn expect(&self, org: OrgId, count: usize) {
        if let Some(broker) = self.broker.upgrade() {
            broker.retained.reserve(org, count);
        }
    }

    fn changed(&self, change: RetainedChange<'_>) {
        let Some(broker) = self.broker.upgrade() else { return };
        let RetainedChange { org, name, kept, ingest } = change;
        let Some(kept) = kept else { return broker.retained.clear(org, name) };
        let expires = kept.expiry().map(|expiry| expires(now(&*self.clock), expiry, ingest));
        let (topic, kept) = (Arc::clone(name), kept.clone());
        broker.retained.set(org, Retained { topic, expires, kept });
    }

    fn applied(&self, sequence: Sequence) {
        if let Some(broker) = self.broker.upgrade() {
            broker.retained.applied(sequence);
        }
    }
}

/// Restores the sessions, and the retained messages of topics without a node.
fn sessions(broker: &Arc<Broker>, ledger: &Ledger, clock: &dyn Clock) {
    broker.clients.number_from(ledger.next_session());
    ledger.restored(&mut |restored| {
        // A session without expiry is in the log only for its will, whose timer the ledger has.
        if restored.expiry > 0 {
            let parked = parked(&restored);
            let client = ClientRef { org: restored.org, client_id: restored.client_id };
            broker.restore_session(client, restored.owner, restored.session, parked);
        }
    });
    let now = now(clock);
    ledger.retained(&mut |retained| {
        let PlainRetained { org, topic, ingest, kept, .. } = retained;
        let expires = kept.expiry().map(|expiry| expires(now, expiry, ingest));
        broker.restore(org, Retained { topic: Arc::clone(topic), expires, kept: kept.clone() });
    });
    ledger.share_retained(Arc::new(BrokerRetained(Arc::downgrade(broker))));
}

/// The retained messages of the broker, so that the ledger can share them.
struct BrokerRetained(Weak<Broker>);

impl SharedRetained for BrokerRetained {
    fn name(&self, org: OrgId, topic: &str) -> Option<Arc<str>> {
        self.0.upgrade()?.retained.name(org, topic)
    }

    fn same(&self, org: OrgId, topic: &str, kept: &Kept) -> Option<Kept> {
        self.0.upgrade()?.retained.same(org, topic, kept)
    }
}

/// When a message expires. Its interval counts from its ingest time.
fn expires(now: Now, seconds: u32, ingest: Timestamp) -> Duration {
    let age = u64::try_from(now.wall.0.saturating_sub(ingest.0)).unwrap_or_default();
    let interval = Duration::from_secs(u64::from(seconds));
    now.monotonic + interval.saturating_sub(Duration::from_nanos(age))
}

fn now(clock: &dyn Clock) -> Now {
    Now { monotonic: clock.monotonic(), wall: clock.now() }
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
