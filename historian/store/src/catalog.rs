//! The catalog: series, file manifest, gaps and the cursor, in one SQLite database.
//!
//! It is locked for as long as the store is open. Each row has a checksum. One that cannot be read is set aside, never
//! removed, and what it knew is taken from the files. A thread of its own runs the asynchronous
//! driver, so that callers may be anything. Requests are rare (one per checkpoint) and answered in
//! order.

mod contents;
mod file;
mod load;
mod migrate;
mod open;
mod read;
mod room;
mod row;
mod save;
mod transaction;

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use parking_lot::Mutex;
use sqlx::Connection;

pub(crate) use contents::{Loaded, Publication};
pub(crate) use file::CatalogFile;

use crate::error::Error;

/// What its thread is asked.
enum Request {
    /// Makes a change durable, and answers.
    Publish(Box<Publication>, SyncSender<Result<(), Error>>),
    /// Gives back memory that the thread does not use.
    GiveBack(fn()),
}

/// The way to the catalog's thread.
pub(crate) struct Catalog {
    requests: Mutex<Option<SyncSender<Request>>>,
    /// What a start on a full disk could not say, in order: it comes before anything else.
    waiting: Mutex<Vec<Publication>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Catalog")
    }
}

impl Catalog {
    /// Opens or creates the database and reads it.
    pub(crate) fn open(file: CatalogFile) -> Result<(Self, Loaded), Error> {
        let (send, requests) = sync_channel::<Request>(4);
        let (loaded, receive) = sync_channel(1);
        let start = |source| Error::Start { what: "the thread of the history catalog", source };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(start)?;
        let body = move || {
            let mut connection = match runtime.block_on(open::open(&file)) {
                Ok((connection, catalog)) => {
                    if loaded.send(Ok(catalog)).is_err() {
                        return;
                    }
                    connection
                }
                Err(error) => {
                    drop(loaded.send(Err(error)));
                    return;
                }
            };
            for request in requests {
                match request {
                    Request::Publish(what, reply) => {
                        let published = runtime.block_on(save::publish(&mut connection, &what));
                        let published = published.map_err(|error| room::name_cause(error, &file));
                        drop(what);
                        // A caller that no longer waits has nobody to tell.
                        drop(reply.send(published));
                    }
                    Request::GiveBack(how) => how(),
                }
            }
            drop(runtime.block_on(connection.close()));
        };
        let thread = thread::Builder::new().name("history-catalog".into()).spawn(body);
        let catalog = Self {
            requests: Mutex::new(Some(send)),
            waiting: Mutex::default(),
            thread: Some(thread.map_err(start)?),
        };
        let loaded = receive.recv().map_err(|_| Error::CatalogClosed)??;
        Ok((catalog, loaded))
    }

    /// Makes a change, durably, and before it those that wait.
    pub(crate) fn publish(&self, what: Publication) -> Result<(), Error> {
        let mut waiting = self.waiting.lock();
        while let Some(first) = waiting.first() {
            self.send(first.clone())?;
            waiting.remove(0);
        }
        drop(waiting);
        self.send(what)
    }

    /// The same for a start, which must not fail for want of room: what cannot be said now is said
    /// with the next change. Killed before that, the next start finds out the same.
    pub(crate) fn publish_or_wait(&self, what: Publication) -> Result<(), Error> {
        match self.publish(what.clone()) {
            Err(error) if error.is_no_room() => {
                let error = crate::error::chain(&error);
                tracing::warn!(error, "no room for a change of the history catalog, it waits");
                self.waiting.lock().push(what);
                Ok(())
            }
            published => published,
        }
    }

    /// Has its thread give back memory that it does not use, unless it has enough to do.
    pub(crate) fn give_back(&self, how: fn()) {
        if let Some(requests) = &*self.requests.lock() {
            drop(requests.try_send(Request::GiveBack(how)));
        }
    }

    fn send(&self, what: Publication) -> Result<(), Error> {
        let (reply, answer) = sync_channel(1);
        let requests = self.requests.lock().clone().ok_or(Error::CatalogClosed)?;
        requests.send(Request::Publish(Box::new(what), reply)).map_err(|_| Error::CatalogClosed)?;
        drop(requests);
        answer.recv().map_err(|_| Error::CatalogClosed)?
    }
}

impl Drop for Catalog {
    fn drop(&mut self) {
        self.requests.lock().take();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported where it happened.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use uns_model::{NodeId, NodeNo, OrgId, Sequence, Timestamp, TopicId, ValueRef};

    use std::sync::Arc;

    use super::*;
    use crate::registry::{Of, Registry};

    #[test]
    fn what_is_published_is_there_at_the_next_start() {
        let dir = std::env::temp_dir().join(format!("catalog-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("catalog.sqlite");
        let (catalog, loaded) = Catalog::open(CatalogFile::at(&path)).unwrap();
        let mut registry = loaded.registry;
        for node in 0..4_500 {
            let name = format!("a/{node}");
            let id = NodeId(u128::from(node) << 100);
            registry.mint(NodeNo(node), (OrgId(1), TopicId(node), id), name.into());
            let field = (node % 3 == 0).then_some("f,=\0");
            let unit = (node % 5 == 0).then_some("1/min");
            let of = Of { node: NodeNo(node), field, value: ValueRef::Int(1), unit };
            registry.series_for(&of, 9_000).unwrap();
        }
        let changes = Arc::new(registry.take_changes());
        catalog.publish(Publication { changes, ..Publication::default() }).unwrap();
        registry.delete(NodeNo(7), true);
        let changes = Arc::new(registry.take_changes());
        catalog.publish(Publication { changes, ..Publication::default() }).unwrap();
        drop(catalog);

        let (_catalog, loaded) = Catalog::open(CatalogFile::at(&path)).unwrap();
        for node in 0..4_500 {
            for field in [None, Some("f,=\0"), Some("")] {
                let find =
                    |registry: &Registry| registry.find(OrgId(1), &format!("a/{node}"), field);
                assert_eq!(find(&loaded.registry), find(&registry), "{node} {field:?}");
            }
        }
        assert_eq!(loaded.registry.find(OrgId(1), "a/8", None).unwrap().len(), 1);
        assert!(loaded.registry.is_purged(crate::SeriesId(7)));
        let unit = |sid| loaded.registry.kinds(&[crate::SeriesId(sid)])[0].2.clone();
        assert_eq!((unit(4_495).as_deref(), unit(4_496)), (Some("1/min"), None));
        std::fs::remove_dir_all(&dir).unwrap();
    }

    /// Whatever is still open of it removes, when it closes, the write-ahead log of the catalog that
    /// took its place.
    #[cfg(target_os = "linux")]
    #[test]
    fn nothing_of_a_damaged_catalog_is_open_when_it_is_set_aside() {
        let dir = std::env::temp_dir().join(format!("catalog-shut-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("catalog.sqlite");
        drop(Catalog::open(CatalogFile::at(&path)).unwrap());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[4096..].fill(0x55);
        std::fs::write(&path, bytes).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for round in 0..50 {
            let file = CatalogFile::at(&path);
            assert!(runtime.block_on(open::open_and_load(&file, Default::default())).is_err());
            let fds = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
            let open: Vec<_> = fds.filter_map(|fd| std::fs::read_link(fd.path()).ok()).collect();
            let open: Vec<_> = open.iter().filter(|file| file.starts_with(&dir)).collect();
            assert!(open.is_empty(), "round {round}: {open:?}");
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }

    /// SQLite ends some of the transactions that a full disk stops by itself, and leaves others open.
    #[test]
    fn what_is_published_after_a_full_disk_outlives_a_kill() {
        let dir = std::env::temp_dir().join(format!("catalog-full-{}", std::process::id()));
        let killed = dir.join("killed");
        std::fs::create_dir_all(&killed).unwrap();
        let file = CatalogFile::at(&dir.join("catalog.sqlite"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (mut connection, _) =
            runtime.block_on(open::open_and_load(&file, Default::default())).unwrap();
        let doomed = (0..4_000).map(|n| format!("{n:0>200}")).collect();
        let singly = Publication { doomed, ..Publication::default() };
        let mut registry = Registry::default();
        for node in 0..4_000 {
            let (of, name) = ((OrgId(1), TopicId(node), NodeId(1)), format!("{node:0>200}"));
            registry.mint(NodeNo(node), of, name.into());
        }
        let changes = Arc::new(registry.take_changes());
        let many = Publication { changes, ..Publication::default() };
        for failing in [[&singly, &singly], [&singly, &many], [&many, &singly], [&many, &many]] {
            for what in failing {
                let limit = sqlx::raw_sql("PRAGMA max_page_count = 1");
                runtime.block_on(limit.execute(&mut connection)).unwrap();
                let full = runtime.block_on(save::publish(&mut connection, what)).unwrap_err();
                assert!(full.is_no_room(), "{full:?}");
            }
            let room = sqlx::raw_sql("PRAGMA max_page_count = 1000000");
            runtime.block_on(room.execute(&mut connection)).unwrap();
        }
        let position = Some((Sequence(7), Timestamp(7)));
        let cursor = Publication { position, ..Publication::default() };
        runtime.block_on(save::publish(&mut connection, &cursor)).unwrap();
        for name in ["catalog.sqlite", "catalog.sqlite-wal"] {
            std::fs::copy(dir.join(name), killed.join(name)).unwrap();
        }
        let (_catalog, loaded) =
            Catalog::open(CatalogFile::at(&killed.join("catalog.sqlite"))).unwrap();
        assert_eq!(loaded.cursor, Sequence(7));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
