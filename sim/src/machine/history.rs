//! History in the simulated hub: the store that ships, turn by turn, and its queries.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fabric::sim::SimDisk;
use fabric::{Disk, Log};
use historian_query::Query;
use historian_store::{Config, Error, KnownNode, Parts, SharedNames, Steps, Store};
use uns_model::Clock;
use uns_namespace::Namespace;

use super::watched_disk::WatchedDisk;

/// Where its files are.
pub(crate) const FILES: &str = "/uns-simulation/history/files";
/// Where the catalog is.
pub(crate) const DIR: &str = "/uns-simulation/history";
/// Its files.
pub(crate) const CATALOG_FILES: [&str; 2] = ["catalog.sqlite", "catalog.sqlite-wal"];

/// History.
pub(crate) struct History {
    pub(crate) store: Arc<Store>,
    pub(crate) query: Query,
    steps: Steps,
}

impl History {
    pub(super) fn open(
        log: Arc<dyn Log>,
        disk: Arc<WatchedDisk>,
        vfs: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<OpenHistory, Error> {
        let dir = PathBuf::from(DIR);
        Store::open_on(Parts { log, disk, dir, clock, config: config() }, vfs).map(OpenHistory)
    }

    /// A turn of its follower; whether there is more to do at once.
    pub(crate) fn step(&mut self) -> bool {
        self.store.step(&mut self.steps)
    }

    /// A turn of its writer; whether there was something to write.
    pub(crate) fn write(&mut self) -> bool {
        self.store.write(&mut self.steps)
    }
}

/// The same before it knows the names of others.
pub(super) struct OpenHistory(Arc<Store>);

impl OpenHistory {
    /// As the binary does it, before anybody follows the log.
    pub(super) fn share_names(self, namespace: &Arc<Namespace>) -> History {
        let Self(store) = self;
        namespace.reserve_numbers(store.nodes_end());
        let (names, nodes) = (Arc::clone(namespace), Arc::clone(namespace));
        let names = SharedNames::new(move |org, topic| names.shared_name(org, topic));
        store.share_names(names.with_nodes(move |number| {
            let node = nodes.node(number)?;
            let (org, topic, id, name) = (node.org, node.topic, node.id, Arc::clone(&node.name));
            Some(KnownNode { org, topic, id, name })
        }));
        let query = Query::new(Arc::clone(&store), historian_query::Config::default());
        let steps = store.steps();
        History { store, query, steps }
    }
}

/// The files of history on a disk, by name, and their bytes.
pub(crate) fn history_files(disk: &SimDisk) -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(FILES);
    let names = disk.list(dir).unwrap_or_default().into_iter();
    let names = names.filter(|name| name.ends_with(".parquet"));
    names.filter_map(|name| Some((name.clone(), disk.read(&dir.join(name)).ok()?))).collect()
}

/// So small that a history of few samples has many blocks and files, and closes files it needs again.
fn config() -> Config {
    Config {
        block_samples: 8,
        flush_after: Duration::from_secs(8),
        memory_bytes_max: 16 << 10,
        open_files_max: 2,
        ..Config::default()
    }
}

#[cfg(test)]
mod tests;
