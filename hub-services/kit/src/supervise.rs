//! Supervision: a module task that panics or fails is logged, counted and started again; the
//! process and the other modules go on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::metrics::{Exposition, MetricSource};
use crate::{Stop, Task};

/// How long a failed task waits before its next run: doubling from `min` to `max`.
#[derive(Clone, Copy, Debug)]
struct BackOff {
    min: Duration,
    max: Duration,
    /// A run this long clears the record of earlier failures.
    healthy_after: Duration,
}

const BACK_OFF: BackOff = BackOff {
    min: Duration::from_secs(1),
    max: Duration::from_secs(60),
    healthy_after: Duration::from_secs(60),
};

/// Keeps module tasks running until the stop signal.
#[derive(Debug)]
pub struct Supervisor {
    stop: Stop,
    tasks: JoinSet<()>,
    restarts: Arc<Restarts>,
    back_off: BackOff,
}

/// How often each module's task was started again.
#[derive(Default)]
struct Restarts(Mutex<BTreeMap<&'static str, u64>>);

impl fmt::Debug for Restarts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.lock().fmt(f)
    }
}

impl Supervisor {
    /// No tasks yet.
    pub fn new(stop: Stop) -> Self {
        Self { stop, tasks: JoinSet::new(), restarts: Arc::default(), back_off: BACK_OFF }
    }

    /// Runs a module's task for as long as the process lives, or until it ends by itself.
    pub fn run(&mut self, module: &'static str, task: Task) {
        self.restarts.0.lock().entry(module).or_default();
        let (stop, restarts, back_off) = (self.stop.clone(), self.restarts.clone(), self.back_off);
        self.tasks.spawn(async move {
            keep_running(module, &task, stop, back_off, &restarts).await;
        });
    }

    /// The restart counters.
    pub fn metrics(&self) -> Arc<dyn MetricSource> {
        self.restarts.clone()
    }

    /// Waits for every task after the stop signal; whoever takes longer is cut off.
    pub async fn finish(mut self, deadline: Duration) {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(deadline, all).await.is_err() {
            tracing::warn!(left = self.tasks.len(), "module tasks did not stop in time");
            self.tasks.shutdown().await;
        }
    }
}

async fn keep_running(
    module: &'static str,
    task: &Task,
    mut stop: Stop,
    back_off: BackOff,
    restarts: &Restarts,
) {
    let mut wait = back_off.min;
    loop {
        let started = Instant::now();
        let run = AbortOnDrop(tokio::spawn(task(stop.clone())));
        match run.join().await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => {
                let cause: &dyn std::error::Error = &error;
                tracing::error!(module, cause, "module task failed");
            }
            Err(panic) => tracing::error!(module, %panic, "module task panicked"),
        }
        if started.elapsed() >= back_off.healthy_after {
            wait = back_off.min;
        }
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = (wait * 2).min(back_off.max);
        *restarts.0.lock().entry(module).or_default() += 1;
        tracing::info!(module, "module task starts again");
    }
}

/// A spawned task that dies with its supervisor.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> AbortOnDrop<T> {
    async fn join(mut self) -> Result<T, tokio::task::JoinError> {
        (&mut self.0).await
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl MetricSource for Restarts {
    fn write(&self, out: &mut Exposition) {
        let family = "uns_module_restarts_total";
        let mut family = out.counter(family, "Module tasks started again after a failure.");
        for (module, count) in &*self.0.lock() {
            family.sample(&[("module", module)], *count);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::Error;

    #[tokio::test]
    async fn a_panicking_task_is_started_again_and_counted() {
        let (stopper, stop) = Stop::pair();
        let mut supervisor = Supervisor::new(stop);
        let (min, max) = (Duration::from_millis(5), Duration::from_millis(10));
        supervisor.back_off = BackOff { min, max, healthy_after: Duration::from_secs(1) };
        let runs = Arc::new(AtomicU32::new(0));
        let seen = runs.clone();
        let task: Task = Arc::new(move |mut stop: Stop| {
            let run = seen.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move {
                match run {
                    0 => unreachable!("first run"),
                    1 => Err(Error::Module { module: "demo", detail: "second run".into() }),
                    _ => {
                        stop.stopped().await;
                        Ok(())
                    }
                }
            })
        });
        supervisor.run("demo", task);
        let metrics = supervisor.metrics();
        while runs.load(Ordering::SeqCst) < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut out = Exposition::default();
        metrics.write(&mut out);
        assert!(out.render().contains("uns_module_restarts_total{module=\"demo\"} 2\n"));
        stopper.stop();
        supervisor.finish(Duration::from_secs(1)).await;
    }

    #[tokio::test]
    async fn a_task_that_ignores_stop_is_cut_off() {
        let (stopper, stop) = Stop::pair();
        let mut supervisor = Supervisor::new(stop);
        supervisor.run("demo", Arc::new(|_| Box::pin(std::future::pending())));
        stopper.stop();
        supervisor.finish(Duration::from_millis(20)).await;
    }
}
