//! Between the ledger, which has a thread of its own, and the cores. Cores get what the ledger owes to
//! connected sessions; the ledger is told which sessions are connected.

use std::sync::Arc;
use std::thread::JoinHandle;

use broker_codec::PacketId;
use broker_engine::{
    Attached, CoreNo, Due, Engine, Fed, FedPublish, Key, LeftBehind, Now, ShareName, Shortfall,
};
use broker_ledger::{Attach, Delivery, Expired, Ids, Ledger, LoggedPublish, Outlet, PassOn, Place};
use fabric::{Commit, DueWill};
use tokio::sync::watch;
use uns_model::Sequence;

use crate::Error;
use crate::abort::AbortOnPanic;
use crate::gate::ServerGate;
use crate::inboxes::{Inboxes, LedgerRequest};

/// Starts the ledger's thread, if there is one.
pub(crate) fn start(
    ledger: Option<&Arc<Ledger>>,
    inboxes: Arc<Inboxes>,
    stop: watch::Receiver<bool>,
) -> Result<Option<JoinHandle<()>>, Error> {
    let Some(ledger) = ledger.map(Arc::clone) else { return Ok(None) };
    let thread = std::thread::Builder::new()
        .name("sessions".into())
        .spawn(move || {
            let _guard = AbortOnPanic("the sessions' thread");
            if let Err(error) = ledger.run(&LedgerOutlet { inboxes }, stop) {
                tracing::error!(%error, "sessions are not served any more: ending the process");
                std::process::abort();
            }
        })
        .map_err(|source| Error::Thread { thread: "sessions".into(), source })?;
    Ok(Some(thread))
}

/// Where the ledger hands over deliveries and requests.
pub(crate) struct LedgerOutlet {
    pub(crate) inboxes: Arc<Inboxes>,
}

/// The core that acts on requests of the ledger that concern no connection.
const REQUESTS_TO: CoreNo = CoreNo(0);

impl Outlet for LedgerOutlet {
    fn deliver(&self, core: u16, batch: Vec<Delivery>) -> Result<(), Vec<Delivery>> {
        self.inboxes.deliver(CoreNo(core), batch)
    }

    fn will(&self, will: &DueWill) -> bool {
        self.inboxes.request(REQUESTS_TO, || LedgerRequest::Will(Box::new(will.clone())))
    }

    fn pass_on(&self, one: &PassOn) -> bool {
        self.inboxes.request(REQUESTS_TO, || LedgerRequest::PassOn(Box::new(left_behind(one))))
    }

    fn expired(&self, expired: &Expired) {
        // If there is no room, the ledger asks again.
        self.inboxes.request(REQUESTS_TO, || LedgerRequest::Expire(expired.clone()));
    }
}

fn left_behind(one: &PassOn) -> LeftBehind {
    let message = &one.message;
    let terms = Terms { qos: message.qos, retain: true, dup: false };
    LeftBehind {
        session: one.session,
        sequence: one.sequence,
        share: ShareName { org: message.org, filter: (*one.share).into() },
        publisher: message.publisher,
        publish: publish(message, terms, Ids::None),
    }
}

/// Hands one delivery of the ledger to the engine.
pub(crate) fn deliver(engine: &mut Engine<ServerGate>, now: Now, delivery: Delivery) {
    let key = key(delivery.place());
    match delivery {
        Delivery::Gone { session, .. } => engine.session_gone(now, key, session),
        Delivery::Publish { sequence, packet_id, qos, retain, dup, ids, message, .. } => {
            let Some(packet_id) = PacketId::new(packet_id) else { return };
            let terms = Terms { qos, retain, dup };
            let what = Due::Publish(publish(&message, terms, ids));
            engine.fed(now, key, Fed { sequence, packet_id, what });
        }
        Delivery::Release { sequence, packet_id, .. } => {
            let Some(packet_id) = PacketId::new(packet_id) else { return };
            engine.fed(now, key, Fed { sequence, packet_id, what: Due::Release });
        }
        Delivery::Lost { count, over_quota, .. } => {
            let why = if over_quota { Shortfall::Quota } else { Shortfall::Gone };
            engine.fell_short(now, key, count, why);
        }
    }
}

/// How a publish is delivered.
#[derive(Clone, Copy)]
struct Terms {
    qos: u8,
    retain: bool,
    dup: bool,
}

fn publish(message: &LoggedPublish, terms: Terms, ids: Ids) -> FedPublish {
    let Terms { qos, retain, dup } = terms;
    FedPublish {
        qos,
        retain: retain && message.retain,
        retained: message.retain,
        dup,
        ids: match ids {
            Ids::None => None,
            Ids::One(id) => Some([id].into()),
            Ids::Many(ids) => Some(ids),
        },
        topic: Arc::clone(&message.topic),
        properties: message.properties(),
        payload: message.payload(),
        expiry: message.expiry,
        ingest: message.ingest,
    }
}

/// Tells the ledger which sessions were connected and which were left.
pub(crate) fn report(ledger: &Ledger, core: CoreNo, engine: &mut Engine<ServerGate>) {
    let effects = engine.effects();
    for (session, sequence) in std::mem::take(&mut effects.not_passed_on) {
        ledger.offer_again(session, sequence);
    }
    for will in std::mem::take(&mut effects.wills_not_taken) {
        ledger.offer_will_again(will);
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
