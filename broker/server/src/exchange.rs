//! Moves what waits in a core's inbox into its engine, and what the engine made for others to their
//! inboxes and to the ledger. The threads of the server and simulations both use it.

use broker_engine::{CoreNo, Engine, Now};
use broker_ledger::{Expired, Ledger};

use crate::gate::ServerGate;
use crate::inboxes::{CommitOutcome, Inboxes, LedgerRequest, VerifiedLogin};
use crate::sessions;

/// All cores but one.
fn others(cores: usize, core: CoreNo) -> impl Iterator<Item = CoreNo> {
    let all = (0..cores).filter_map(|core| u16::try_from(core).ok().map(CoreNo));
    all.filter(move |other| *other != core)
}

/// Takes what other cores, the ledger and the log handed over.
pub(crate) fn take(engine: &mut Engine<ServerGate>, inboxes: &Inboxes, core: CoreNo, now: Now) {
    for signal in inboxes.take_signals(core) {
        engine.signal(now, signal);
    }
    for VerifiedLogin { key, result } in inboxes.take_verified(core) {
        engine.verified(now, key, result);
    }
    for CommitOutcome { ticket, result } in inboxes.take_commits(core) {
        engine.committed(now, ticket, result);
    }
    for delivery in inboxes.take_deliveries(core).into_iter().flatten() {
        sessions::deliver(engine, now, delivery);
    }
    for request in inboxes.take_requests(core) {
        match request {
            LedgerRequest::Will(will) => engine.will_due(now, &will),
            LedgerRequest::PassOn(left) => engine.pass_on_left(now, *left),
            LedgerRequest::Expire(Expired { session, org, client_id }) => {
                engine.expire_session(now, org, &client_id, session);
            }
        }
    }
    for from in others(inboxes.cores(), core) {
        if let Some(mut batch) = inboxes.take_batch(from, core) {
            engine.remote(now, &batch);
            batch.clear();
            inboxes.return_batch(from, core, batch);
        }
    }
}

/// Hands signals and batches to the other cores, and tells the ledger who connected and who left.
pub(crate) fn hand_over(
    engine: &mut Engine<ServerGate>,
    inboxes: &Inboxes,
    core: CoreNo,
    ledger: Option<&Ledger>,
) {
    if let Some(ledger) = ledger {
        sessions::report(ledger, core, engine);
    }
    let signals = std::mem::take(&mut engine.effects().signals);
    for (to, signal) in signals {
        inboxes.signal(to, signal);
    }
    for to in others(inboxes.cores(), core) {
        if engine.outbox_bytes(to) > 0 {
            inboxes.send_batch(core, to, |empty| engine.take_batch(to, empty));
        }
    }
}
