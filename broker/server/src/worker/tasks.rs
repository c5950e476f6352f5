//! The tasks of a core's thread, and its orderly end.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::LocalSet;

use super::figures::publish_figures;
use super::flush::poll_flush;
use super::in_process::publish_requests;
use super::incoming::serve_incoming;
use super::memory::{is_short, shed_unread};
use super::requests::answer_requests;
use super::setup::Setup;
use super::state::Worker;
use crate::abort::{AbortOnPanic, spawn_guarded};

/// Runs a core on this thread until it is told to stop.
pub(crate) fn run(setup: Setup, runtime: &tokio::runtime::Runtime) {
    let _guard = AbortOnPanic(setup.core.0);
    LocalSet::new().block_on(runtime, work(setup));
}

async fn work(setup: Setup) {
    let Setup { core, mut shared, incoming, publishes, requests } = setup;
    let worker = Worker::new(core, &shared);
    let core = core.0;
    spawn_guarded(core, {
        let worker = Rc::clone(&worker);
        async move { poll_fn(|cx| poll_flush(&worker, cx)).await }
    });
    spawn_guarded(core, watch_inbox(Rc::clone(&worker)));
    spawn_guarded(core, run_timers(Rc::clone(&worker), shared.upkeep.give_back));
    spawn_guarded(core, check_slow_clients(Rc::clone(&worker)));
    spawn_guarded(core, serve_incoming(Rc::clone(&worker), incoming));
    spawn_guarded(core, publish_requests(Rc::clone(&worker), publishes, shared.in_process_max));
    spawn_guarded(core, answer_requests(Rc::clone(&worker), requests));
    if core == 0 {
        let (sources, interval) = (shared.sources, shared.upkeep.figures_interval);
        spawn_guarded(core, publish_figures(Rc::clone(&worker), sources, interval));
    }
    // An error means that the server was dropped, which is a reason to stop as well.
    let deadline = match shared.stop.wait_for(Option::is_some).await {
        Ok(deadline) => deadline.unwrap_or_default(),
        Err(_) => Duration::ZERO,
    };
    tokio::time::timeout(deadline, shut_down(&worker)).await.ok();
}

/// Asks for a flush whenever something arrives in the inbox.
async fn watch_inbox(worker: Rc<Worker>) {
    loop {
        worker.inboxes.wait(worker.core).await;
        worker.flush_soon();
    }
}

/// Does four times a second what depends on time.
async fn run_timers(worker: Rc<Worker>, give_back: fn()) {
    const TICKS_PER_SECOND: u32 = 4;
    let mut short_ticks = 0;
    loop {
        tokio::time::sleep(Duration::from_secs(1) / TICKS_PER_SECOND).await;
        let now = worker.now();
        worker.engine.borrow_mut().tick(now);
        short_ticks = if is_short(&worker) { short_ticks + 1 } else { 0 };
        shed_unread(&worker, now);
        if let Some(certificates) = &worker.certificates {
            certificates.check_slice(&worker.engine, &worker.connections, now);
        }
        if short_ticks % TICKS_PER_SECOND == 1 {
            give_back();
        }
        worker.flush_soon();
    }
}

/// Checks clients that are behind, often, while there are any.
async fn check_slow_clients(worker: Rc<Worker>) {
    loop {
        worker.stalled.notified().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = worker.now();
        worker.engine.borrow_mut().check_slow(now);
        worker.flush_soon();
    }
}

/// Disconnects every client, and waits until that is written and everything is committed.
async fn shut_down(worker: &Worker) {
    const STEP: Duration = Duration::from_millis(5);
    let now = worker.now();
    worker.engine.borrow_mut().shut_down(now);
    loop {
        worker.flush_soon();
        tokio::time::sleep(STEP).await;
        let engine = worker.engine.borrow();
        let sockets = worker.own_gauges().sockets.load(Ordering::Relaxed);
        let is_settled = engine.is_settled() && worker.replies.is_empty();
        if engine.connections() == 0 && sockets == 0 && is_settled {
            return;
        }
    }
}
