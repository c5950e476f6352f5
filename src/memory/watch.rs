//! The thread that looks, tells the broker and the namespace how short memory is, and has the other
//! parts give back what they can do without.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result};
use broker_ledger::Ledger;
use broker_server::{Handle, Pressure};
use fabric_local::LocalLog;
use historian_store::Store;
use hub_kit::health::{Fault, HealthCheck};
use hub_kit::metrics::{Exposition, MetricSource};
use tokio::runtime;
use tokio::sync::Notify;
use uns_model::Clock;
use uns_namespace::Namespace;

use super::give_back;
use super::growth::Growth;
use super::levels::{is_far, level};
use super::limit::Limit;
use super::usage::Usage;
use crate::wiring::dead::DeadLog;

/// Who is told, and who gives back.
pub(crate) struct Parties {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) broker: Handle,
    pub(crate) namespace: Arc<Namespace>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) log: Arc<LocalLog>,
    pub(crate) store: Arc<Store>,
    pub(crate) dead: Arc<DeadLog>,
    /// The threads of modules, HTTP and queries.
    pub(crate) hub: runtime::Handle,
    /// Wakes the main thread.
    pub(crate) main: Arc<Notify>,
}

/// What was seen last.
#[derive(Debug, Default)]
pub(crate) struct MemoryFigures {
    limit: u64,
    used: AtomicU64,
    level: AtomicU8,
    changes: AtomicU64,
}

/// The running thread; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) figures: Arc<MemoryFigures>,
    stop: Option<SyncSender<()>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What of the log stays in memory while that is short.
const LOG_MEMORY_SHORT: usize = 1 << 20;
/// Fewer values in memory are not worth a file.
const FLUSH_BYTES: usize = 1 << 20;

impl Watch {
    /// Begins to look, if there is a limit.
    pub(crate) fn start(limit: Option<Limit>, parties: Parties) -> Result<Self> {
        let bytes = limit.as_ref().map_or(0, |limit| limit.bytes);
        let figures = Arc::new(MemoryFigures { limit: bytes, ..MemoryFigures::default() });
        let Some(limit) = limit else {
            tracing::info!("nobody watches the memory of the process");
            return Ok(Self { figures, stop: None, thread: Mutex::default() });
        };
        tracing::info!(bytes, of = %limit.source, "memory is watched");
        let (stop, stopped) = sync_channel(1);
        let look = Look { usage: Usage::new(limit), parties, figures: Arc::clone(&figures) };
        let thread = Builder::new().name("memory".into()).spawn(move || look.run(&stopped));
        let thread = thread.context("no thread to watch the memory")?;
        Ok(Self { figures, stop: Some(stop), thread: Mutex::new(Some(thread)) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        thread.map(JoinHandle::join);
    }
}

struct Look {
    usage: Usage,
    parties: Parties,
    figures: Arc<MemoryFigures>,
}

impl Look {
    fn run(mut self, stopped: &Receiver<()>) {
        const FAR: Duration = Duration::from_millis(50);
        const NEAR: Duration = Duration::from_millis(10);
        const GIVE_BACK_EVERY: Duration = Duration::from_secs(1);
        let limit = self.figures.limit;
        /// A level stays at least so long, or it would come and go with every cut connection.
        const STAYS: Duration = Duration::from_millis(500);
        let (mut now, mut given_back) = (Pressure::None, Duration::ZERO);
        let mut since = Duration::ZERO;
        let (mut pause, mut owed_full) = (FAR, false);
        let mut growth = Growth::default();
        while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            let time = self.parties.clock.monotonic();
            let Some(used) = self.usage.now(time) else {
                tracing::warn!("the system does not say how much memory is used; nobody watches");
                return;
            };
            self.figures.used.store(used, Ordering::Relaxed);
            self.parties.namespace.set_memory_room(limit.saturating_sub(used));
            self.parties.ledger.set_memory_room(limit.saturating_sub(used));
            let next = level(now, used, limit);
            if next > now || (next < now && time.saturating_sub(since) >= STAYS) {
                self.change(now, next, used);
                (now, since) = (next, time);
            }
            let full = self.parties.ledger.is_nearly_full();
            if std::mem::replace(&mut owed_full, full) != full {
                tracing::info!(full, "what sessions are owed reaches its bound, or does not");
                self.parties.broker.set_owed_full(full);
            }
            if now > Pressure::None && time.saturating_sub(given_back) >= GIVE_BACK_EVERY {
                given_back = time;
                self.give_back();
            } else if growth.is_worth_asking(time, used) {
                self.ask_threads();
            }
            pause = if is_far(used, limit) && !full { FAR } else { NEAR };
        }
    }

    fn change(&self, before: Pressure, next: Pressure, used: u64) {
        let Parties { broker, namespace, log, .. } = &self.parties;
        broker.set_pressure(next);
        namespace.set_memory_short(next.is_short());
        log.set_memory(if next > Pressure::None { LOG_MEMORY_SHORT } else { usize::MAX });
        self.figures.level.store(next as u8, Ordering::Relaxed);
        self.figures.changes.fetch_add(1, Ordering::Relaxed);
        let (limit, level) = (self.figures.limit, next.name());
        if next.is_short() && next > before {
            tracing::warn!(used, limit, level, "memory is short, load is refused");
        } else {
            tracing::info!(used, limit, level, "the level of memory changed");
        }
    }

    fn give_back(&self) {
        let health = self.parties.store.health();
        if health.pending_bytes >= FLUSH_BYTES {
            self.parties.store.flush_soon();
        }
        self.parties.log.give_back(give_back::give_back);
        self.parties.dead.give_back(give_back::give_back);
        self.ask_threads();
    }

    /// Asks all but those of the logs, since acknowledgements wait for these.
    fn ask_threads(&self) {
        let Parties { namespace, ledger, store, hub, main, .. } = &self.parties;
        namespace.following().give_back(give_back::give_back);
        ledger.give_back(give_back::give_back);
        store.give_back(give_back::give_back);
        give_back::ask(hub);
        main.notify_one();
        give_back::give_back();
    }
}

impl MemoryFigures {
    fn level(&self) -> Pressure {
        let level = usize::from(self.level.load(Ordering::Relaxed));
        Pressure::ALL.get(level).copied().unwrap_or_default()
    }
}

impl MetricSource for MemoryFigures {
    fn write(&self, out: &mut Exposition) {
        if self.limit == 0 {
            return;
        }
        let mut gauge = |name, help, value| out.single_gauge(name, help, value);
        gauge("uns_memory_limit_bytes", "What the process keeps below.", self.limit);
        let used = self.used.load(Ordering::Relaxed);
        gauge("uns_memory_bytes", "What it uses, pages of files aside.", used);
        let help = "0: fine, 1: gives back, 2: refuses what would stay, 3: refuses every publish.";
        gauge("uns_memory_level", help, u64::from(self.level.load(Ordering::Relaxed)));
        let changes = self.changes.load(Ordering::Relaxed);
        out.single_counter("uns_memory_level_changes_total", "Changes of it.", changes);
    }
}

/// Memory as `/readyz` sees it.
impl HealthCheck for MemoryFigures {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn faults(&self) -> Vec<Fault> {
        let level = self.level();
        if !level.is_short() {
            return Vec::new();
        }
        let (used, limit) = (self.used.load(Ordering::Relaxed) >> 20, self.limit >> 20);
        let what = match level {
            Pressure::Full => "connections and publishes are",
            _ => "new clients, topics, subscriptions and retained messages are",
        };
        let detail = format!(
            "{used} of {limit} MiB are used: {what} refused until there is less, see `memory.max`."
        );
        vec![Fault { reason: "memory_full", detail }]
    }
}
