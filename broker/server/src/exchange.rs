//! What a core takes from its inbox, and what it hands to the others and to the ledger: the same for
//! the server's threads and for simulations.

use broker_engine::{CoreNo, Engine, Now};
use broker_ledger::Ledger;

use crate::gate::ServerGate;
use crate::post::{Duty, Post};
use crate::sessions;

/// The numbers of so many cores, but for one.
fn others(cores: usize, core: CoreNo) -> impl Iterator<Item = CoreNo> {
    let all = (0..cores).filter_map(|core| u16::try_from(core).ok().map(CoreNo));
    all.filter(move |other| *other != core)
}

/// What other cores, the ledger and the log handed over.
pub(crate) fn take(engine: &mut Engine<ServerGate>, post: &Post, core: CoreNo, now: Now) {
    let (mut signals, mut commits) = (Vec::new(), Vec::new());
    post.take_signals(core, &mut signals);
    for signal in signals {
        engine.signal(now, signal);
    }
    for (key, known) in post.take_verified(core) {
        engine.verified(now, key, known);
    }
    post.take_commits(core, &mut commits);
    for (ticket, outcome) in commits {
        engine.committed(now, ticket, outcome);
    }
    for delivery in post.take_feeds(core).into_iter().flatten() {
        sessions::take(engine, now, delivery);
    }
    for duty in post.take_duties(core) {
        match duty {
            Duty::Will(will) => engine.will_due(now, &will),
            Duty::PassOn(left) => engine.pass_on_left(now, *left),
            Duty::Expire(session, org, client_id) => {
                engine.expire_session(now, org, &client_id, session);
            }
        }
    }
    for from in others(post.cores(), core) {
        if let Some(mut batch) = post.receive(from, core) {
            engine.remote(now, &batch);
            batch.clear();
            post.give_back(from, core, batch);
        }
    }
}

/// Words and batches for other cores, and who connected and who left for the ledger.
pub(crate) fn hand_over(
    engine: &mut Engine<ServerGate>,
    post: &Post,
    core: CoreNo,
    ledger: Option<&Ledger>,
) {
    if let Some(ledger) = ledger {
        sessions::tell(ledger, core, engine);
    }
    let signals = std::mem::take(&mut engine.effects().signals);
    for (to, signal) in signals {
        post.signal(to, signal);
    }
    for to in others(post.cores(), core) {
        if engine.outbox_bytes(to) > 0 {
            post.send(core, to, |empty| engine.take_batch(to, empty));
        }
    }
}
