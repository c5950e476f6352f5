//! Between the ledger, on a thread of its own, and the cores: what it owes to connected sessions
//! comes in; who connected and who left goes out.

use std::sync::Arc;
use std::thread::JoinHandle;

use broker_codec::PacketId;
use broker_engine::{
    Attached, CoreNo, Due, Engine, Fed, FedPublish, Key, LeftBehind, Now, ShareName, Shortfall,
};
use broker_ledger::{Attach, Delivery, Ids, Ledger, Logged, Outlet, PassOn, Place};
use fabric::Commit;
use tokio::sync::watch;
use uns_model::{OrgId, Sequence, SessionNo};

use crate::Error;
use crate::abort::AbortOnPanic;
use crate::gate::ServerGate;
use crate::post::{Duty, Post};

/// Starts the ledger's thread, if there is one.
pub(crate) fn start(
    ledger: Option<&Arc<Ledger>>,
    post: Arc<Post>,
    stop: watch::Receiver<bool>,
) -> Result<Option<JoinHandle<()>>, Error> {
    let Some(ledger) = ledger.map(Arc::clone) else { return Ok(None) };
    let thread = std::thread::Builder::new()
        .name("sessions".into())
        .spawn(move || {
            let _guard = AbortOnPanic("the sessions' thread");
            if let Err(error) = ledger.run(&Counter { post }, stop) {
                tracing::error!(%error, "sessions are not served any more: ending the process");
                std::process::abort();
            }
        })
        .map_err(|source| Error::Thread { thread: "sessions".into(), source })?;
    Ok(Some(thread))
}

/// Where the ledger hands things over.
pub(crate) struct Counter {
    pub(crate) post: Arc<Post>,
}

impl Outlet for Counter {
    fn deliver(&self, core: u16, batch: Vec<Delivery>) -> Result<(), Vec<Delivery>> {
        self.post.feed(CoreNo(core), batch)
    }

    fn will(&self, will: &broker_ledger::DueWill) -> bool {
        self.post.duty(CoreNo(0), || Duty::Will(Box::new(due_will(will))))
    }

    fn pass_on(&self, one: &PassOn) -> bool {
        self.post.duty(CoreNo(0), || Duty::PassOn(Box::new(left_behind(one))))
    }

    fn expired(&self, session: SessionNo, org: OrgId, client_id: &Arc<str>) {
        // It is asked again if there is no room.
        self.post.duty(CoreNo(0), || Duty::Expire(session, org, Arc::clone(client_id)));
    }
}

fn left_behind(one: &PassOn) -> LeftBehind {
    let message = &one.message;
    LeftBehind {
        session: one.session,
        sequence: one.sequence,
        share: ShareName { org: message.org, filter: (*one.share).into() },
        publisher: message.publisher,
        publish: publish(message, (message.qos, true, false), Ids::None),
    }
}

fn due_will(due: &broker_ledger::DueWill) -> broker_engine::DueWill {
    let will = &due.will;
    broker_engine::DueWill {
        org: due.org,
        session: due.session,
        publisher: due.publisher,
        client_id: (*due.client_id).into(),
        owner: due.owner.clone(),
        will: broker_engine::Will {
            topic: will.topic.clone(),
            payload: will.payload.to_vec().into(),
            properties: will.properties.to_vec().into(),
            qos: will.qos,
            retain: will.retain,
            expiry: will.expiry,
            delay: will.delay,
        },
        sequence: due.sequence,
    }
}

/// What the ledger handed to a core.
pub(crate) fn take(engine: &mut Engine<ServerGate>, now: Now, delivery: Delivery) {
    let key = key(delivery.place());
    match delivery {
        // The connection has its state from the broker's own directory.
        Delivery::Attached { .. } => {}
        Delivery::Gone { session, .. } => engine.session_gone(now, key, session),
        Delivery::Publish { sequence, packet_id, qos, retain, dup, ids, message, .. } => {
            let what = Due::Publish(publish(&message, (qos, retain, dup), ids));
            fed(engine, now, key, (sequence, packet_id, what));
        }
        Delivery::Release { sequence, packet_id, .. } => {
            fed(engine, now, key, (sequence, packet_id, Due::Release));
        }
        Delivery::Lost { count, over_quota, .. } => {
            let why = if over_quota { Shortfall::Quota } else { Shortfall::Gone };
            engine.fell_short(now, key, (count, why));
        }
    }
}

fn fed(
    engine: &mut Engine<ServerGate>,
    now: Now,
    key: Key,
    (sequence, packet_id, what): (Sequence, u16, Due),
) {
    if let Some(packet_id) = PacketId::new(packet_id) {
        engine.fed(now, key, Fed { sequence, packet_id, what });
    }
}

fn publish(message: &Logged, (qos, retain, dup): (u8, bool, bool), ids: Ids) -> FedPublish {
    FedPublish {
        qos,
        retain: retain && message.retain,
        dup,
        ids: match ids {
            Ids::None => None,
            Ids::One(id) => Some([id].into()),
            Ids::Many(ids) => Some(ids),
        },
        topic: Arc::clone(&message.topic),
        properties: message.properties_bytes(),
        payload: message.payload_bytes(),
        expiry: message.expiry,
        ingest: message.ingest,
    }
}

/// Tells the ledger who connected and who left.
pub(crate) fn tell(ledger: &Ledger, core: CoreNo, engine: &mut Engine<ServerGate>) {
    let effects = engine.effects();
    for (session, sequence) in std::mem::take(&mut effects.not_passed_on) {
        ledger.offer_again(session, sequence);
    }
    if effects.attached.is_empty() && effects.detached.is_empty() {
        return;
    }
    let attached = std::mem::take(&mut effects.attached);
    for (session, key) in std::mem::take(&mut effects.detached) {
        ledger.detach(session, place(core, key));
    }
    for Attached { key, session, receipt } in attached {
        let at = receipt.map_or(Sequence::ZERO, |commit: Commit| commit.last);
        ledger.attach(Attach { session, at, place: place(core, key), window: u16::MAX });
    }
}

fn place(core: CoreNo, key: Key) -> Place {
    Place { core: core.0, slot: key.slot, generation: key.generation }
}

fn key(place: Place) -> Key {
    Key { slot: place.slot, generation: place.generation }
}
