//! The parts that hold data: directory, log, namespace, historian; opened bottom up, closed top
//! down.

mod log;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result};
use broker_ledger::Ledger;
use fabric::{Disk, GapReason, Log, Stream};
use fabric_local::{DataDir, LocalLog, LogConfig, Origin, SystemDisk};
use historian_store::{KnownNode, SharedNames, Store};
use tokio::sync::{Notify, watch};
use uns_model::grammar;
use uns_model::{Clock, Random, SystemClock, SystemRandom, TopicId, Zone};
use uns_namespace::Namespace;

use super::runtime::follower;
use crate::config::{Brownfield, Config, Names, OnDamage};
use crate::memory::Parties;
use crate::wiring::dead::DeadLog;

/// What is folded from the log, by directory.
const HISTORY: &str = "history";
const NAMESPACE: &str = "namespace";
const SESSIONS: &str = "sessions";

/// Everything below broker and modules.
pub(super) struct Parts {
    pub(super) directory: DataDir,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) log: Arc<LocalLog>,
    pub(super) namespace: Arc<Namespace>,
    pub(super) ledger: Arc<Ledger>,
    /// What was refused.
    pub(super) dead: Arc<DeadLog>,
    pub(super) store: Arc<Store>,
    stop: watch::Sender<bool>,
    followers: Mutex<Vec<JoinHandle<()>>>,
}

impl Parts {
    /// Opens or creates the data directory and recovers what a crash left.
    pub(super) fn open(data: &Path, config: &Config) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let disk: Arc<dyn Disk> = Arc::new(SystemDisk);
        let directory = DataDir::open(data).with_context(|| {
            let data = data.display();
            format!("cannot use the data directory {data}; `uns doctor --data {data}` looks at it")
        })?;
        let folds = [HISTORY, NAMESPACE, SESSIONS].map(|fold| directory.path().join(fold));
        let origin = Origin::read(&*disk, &folds).context("cannot use the data directory")?;
        let stream = directory.stream(Stream::Data);
        let zone = config.namespace.zone()?;
        let settings = log::settings(config, &origin, &namespace_config(config, &zone));
        let log =
            LocalLog::open(Arc::clone(&disk), &stream, settings, Arc::clone(&clock), &*random)
                .context("cannot open the log")?;
        origin.check(&log, &stream).context("cannot use the data directory")?;
        let (store, namespace) = open_views(
            historian_store::Parts {
                log: Arc::clone(&log) as Arc<dyn Log>,
                disk: Arc::clone(&disk),
                dir: directory.path().join(HISTORY),
                clock: Arc::clone(&clock),
                config: history_config(config),
            },
            uns_namespace::Parts {
                log: Arc::clone(&log) as Arc<dyn Log>,
                disk,
                dir: directory.path().join(NAMESPACE),
                clock: Arc::clone(&clock),
                random: Arc::clone(&random),
                config: namespace_config(config, &zone),
            },
        )?;
        let ledger = open_ledger(&directory, &log, &namespace, (&clock, config))?;
        refuse_lost(&log, config)?;
        origin.write(&SystemDisk, &log);
        let dead = open_dead(&directory, &clock, &random)?;
        let (stop, stopping) = watch::channel(false);
        let followers = vec![
            follow_namespace(&namespace, stopping.clone())?,
            follow_history(&store, stopping)?,
        ];
        let followers = Mutex::new(followers);
        Ok(Self { directory, clock, random, log, namespace, ledger, dead, store, stop, followers })
    }

    /// Who is told how short memory is.
    pub(super) fn watched(
        &self,
        broker: broker_server::Handle,
        hub: &tokio::runtime::Runtime,
        main: Arc<Notify>,
    ) -> Parties {
        Parties {
            clock: Arc::clone(&self.clock),
            broker,
            namespace: Arc::clone(&self.namespace),
            ledger: Arc::clone(&self.ledger),
            log: Arc::clone(&self.log),
            store: Arc::clone(&self.store),
            dead: Arc::clone(&self.dead),
            hub: hub.handle().clone(),
            main,
        }
    }

    /// Checkpoints and writes what is in memory, then closes the log.
    pub(super) fn close(&self) {
        self.stop.send_replace(true);
        let mut followers = self.followers.lock().expect("no holder of this lock panics");
        for thread in followers.drain(..) {
            // A panic of theirs has ended the process already.
            drop(thread.join());
        }
        self.dead.close();
        self.log.close();
    }
}

/// Whoever does not want damage to be served does not want to go on behind a lost end either. Until
/// now nothing was written, so files that come back are taken up where everything was.
fn refuse_lost(log: &LocalLog, config: &Config) -> Result<()> {
    let lost = log.health().damage.into_iter().rfind(|one| one.reason == GapReason::Lost);
    match lost.filter(|_| config.log.on_damage == OnDamage::Refuse) {
        None => Ok(()),
        Some(lost) => anyhow::bail!(
            "the log ends at sequence {}, before what history, namespace or sessions have read: put \
             the missing files of streams/data back, or go on without them by \
             --set log.on_damage=serve",
            lost.after
        ),
    }
}

fn open_dead(
    directory: &DataDir,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
) -> Result<Arc<DeadLog>> {
    let log = LocalLog::open(
        Arc::new(SystemDisk),
        &directory.stream(Stream::Dead),
        LogConfig::for_stream(Stream::Dead),
        Arc::clone(clock),
        &**random,
    )
    .context("cannot open the log of refused publishes")?;
    Ok(Arc::new(DeadLog::new(log, Arc::clone(random))))
}

/// Opens history and namespace side by side: each reads something for every topic there is, and
/// retention waits a minute only for the holds of both.
fn open_views(
    history: historian_store::Parts,
    space: uns_namespace::Parts,
) -> Result<(Arc<Store>, Arc<Namespace>)> {
    let (store, namespace) = thread::scope(|scope| {
        let store = scope.spawn(|| Store::open(history));
        let namespace = Namespace::open(space);
        (store.join().expect("opening history does not panic"), namespace)
    });
    let store = store.context("cannot open history")?;
    let namespace = namespace.context("cannot open the namespace")?;
    // The log and the checkpoints may have lost nodes that history has values of.
    namespace.reserve_numbers(store.nodes_end());
    let (names, nodes) = (Arc::clone(&namespace), Arc::clone(&namespace));
    let names = SharedNames::new(move |org, topic| names.shared_name(org, topic));
    store.share_names(names.with_nodes(move |number| {
        let node = nodes.node(number)?;
        let (org, topic, id, name) = (node.org, node.topic, node.id, Arc::clone(&node.name));
        Some(KnownNode { org, topic, id, name })
    }));
    Ok((store, namespace))
}

fn open_ledger(
    directory: &DataDir,
    log: &Arc<LocalLog>,
    namespace: &Arc<Namespace>,
    (clock, config): (&Arc<dyn Clock>, &Config),
) -> Result<Arc<Ledger>> {
    let (mqtt, shares) = (&config.mqtt, config.shares());
    Ledger::open(broker_ledger::Parts {
        log: Arc::clone(log) as Arc<dyn Log>,
        disk: Arc::new(SystemDisk),
        dir: directory.path().join(SESSIONS),
        clock: Arc::clone(clock),
        topics: Arc::new(Topics(Arc::clone(namespace))),
        config: broker_ledger::Config {
            owed_count_max: mqtt.session_messages_max,
            owed_bytes_max: mqtt.session_bytes_max.as_usize() as u64,
            owed_total_max: shares.owed_count,
            ..broker_ledger::Config::default()
        },
    })
    .context("cannot open the sessions")
}

/// The topics of nodes, for the ledger.
struct Topics(Arc<Namespace>);

impl broker_ledger::Topics for Topics {
    fn topic(&self, id: TopicId) -> Option<Arc<str>> {
        self.0.topic(id)
    }
}

fn follow_namespace(
    namespace: &Arc<Namespace>,
    stop: watch::Receiver<bool>,
) -> Result<JoinHandle<()>> {
    let namespace = Arc::clone(namespace);
    follower("namespace", stop, move |stop| namespace.run(stop))
}

fn follow_history(store: &Arc<Store>, stop: watch::Receiver<bool>) -> Result<JoinHandle<()>> {
    let store = Arc::clone(store);
    follower("historian", stop, move |stop| store.run(stop))
}

fn namespace_config(config: &Config, zone: &Zone) -> uns_namespace::Config {
    let limit = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    uns_namespace::Config {
        brownfield: match config.namespace.brownfield {
            Brownfield::History => uns_namespace::Brownfield::History,
            Brownfield::Current => uns_namespace::Brownfield::Current,
            Brownfield::Off => uns_namespace::Brownfield::Off,
        },
        names: match config.namespace.names {
            Names::Portable => grammar::Names::Portable,
            Names::Any => grammar::Names::Any,
        },
        nodes_max: limit(config.namespace.nodes_max),
        brownfield_nodes_max: limit(config.namespace.brownfield_nodes_max),
        command_expiry_max: config.namespace.command_expiry_max.0,
        fields: config.namespace.fields(),
        zone: zone.clone(),
        checkpoint_interval: config.namespace.checkpoint_every.0,
        ..uns_namespace::Config::default()
    }
}

fn history_config(config: &Config) -> historian_store::Config {
    historian_store::Config {
        flush_after: config.history.flush_every.0,
        memory_bytes_max: config.history.memory.as_usize(),
        brownfield: config.namespace.brownfield == Brownfield::History,
        ..historian_store::Config::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_brownfield_with_history_is_stored() {
        let mut config = Config::default();
        for (brownfield, stored) in
            [(Brownfield::History, true), (Brownfield::Current, false), (Brownfield::Off, false)]
        {
            config.namespace.brownfield = brownfield;
            assert_eq!(history_config(&config).brownfield, stored, "{brownfield:?}");
        }
    }
}
