//! The tasks of a core's thread: orders from outside, the post, timers, figures, the end.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{LocalSet, spawn_local};

use super::connection::serve;
use super::figures::publish_figures;
use super::in_process::publish_requests;
use super::orders::take_orders;
use super::{Arrival, Setup, Worker};
use crate::abort::AbortOnPanic;

/// Runs a core on this thread until it is told to stop.
pub(crate) fn run(setup: Setup, runtime: &tokio::runtime::Runtime) {
    let _guard = AbortOnPanic(setup.core.0);
    LocalSet::new().block_on(runtime, work(setup));
}

async fn work(mut setup: Setup) {
    let worker = Worker::new(&setup);
    guarded(&worker, {
        let worker = Rc::clone(&worker);
        async move { poll_fn(|cx| worker.poll_flush(cx)).await }
    });
    guarded(&worker, read_post(Rc::clone(&worker)));
    guarded(&worker, keep_time(Rc::clone(&worker), setup.upkeep.give_back));
    guarded(&worker, judge(Rc::clone(&worker)));
    guarded(&worker, welcome(Rc::clone(&worker), setup.arrivals));
    guarded(&worker, publish_requests(Rc::clone(&worker), setup.requests, setup.waiting_max));
    guarded(&worker, take_orders(Rc::clone(&worker), setup.orders));
    if worker.core.0 == 0 {
        let figures =
            publish_figures(Rc::clone(&worker), setup.sources, setup.upkeep.figures_interval);
        guarded(&worker, figures);
    }
    // An error means that the server is gone, which is a reason to stop as well.
    let deadline = match setup.stop.wait_for(Option::is_some).await {
        Ok(deadline) => deadline.unwrap_or_default(),
        Err(_) => Duration::ZERO,
    };
    tokio::time::timeout(deadline, wind_down(&worker)).await.ok();
}

/// Spawns a task whose panic ends the process.
fn guarded(worker: &Worker, task: impl Future<Output = ()> + 'static) {
    let core = worker.core.0;
    spawn_local(async move {
        let _guard = AbortOnPanic(core);
        task.await;
    });
}

async fn read_post(worker: Rc<Worker>) {
    loop {
        worker.post.rung(worker.core).await;
        worker.flush_soon();
    }
}

async fn keep_time(worker: Rc<Worker>, give_back: fn()) {
    const A_SECOND: u32 = 4;
    let mut ticks = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let now = worker.now();
        worker.engine.borrow_mut().tick(now);
        ticks = if worker.is_short() { ticks + 1 } else { 0 };
        worker.shed_unread(now);
        worker.judge_certificates(now);
        if ticks % A_SECOND == 1 {
            give_back();
        }
        worker.flush_soon();
    }
}

/// Looks often at clients that are behind, while there are any.
async fn judge(worker: Rc<Worker>) {
    loop {
        worker.stalled.notified().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = worker.now();
        worker.engine.borrow_mut().judge(now);
        worker.flush_soon();
    }
}

async fn welcome(worker: Rc<Worker>, mut arrivals: mpsc::Receiver<Arrival>) {
    while let Some(arrival) = arrivals.recv().await {
        let Some(link) = worker.adopt(arrival) else {
            worker.gauges().sockets.fetch_sub(1, Ordering::Relaxed);
            continue;
        };
        let task = serve(Rc::clone(&worker), link);
        let (gauges, core) = (Arc::clone(&worker.gauges), worker.core);
        guarded(&worker, async move {
            task.await;
            gauges[core.index()].sockets.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// Says good-bye to every client and waits until it is said and all is committed.
async fn wind_down(worker: &Worker) {
    const STEP: Duration = Duration::from_millis(5);
    let now = worker.now();
    worker.engine.borrow_mut().shut_down(now);
    loop {
        worker.flush_soon();
        tokio::time::sleep(STEP).await;
        let engine = worker.engine.borrow();
        let waiting = !worker.replies.borrow().is_empty();
        let sockets = worker.gauges().sockets.load(Ordering::Relaxed);
        if engine.connections() == 0 && sockets == 0 && engine.is_settled() && !waiting {
            return;
        }
    }
}
