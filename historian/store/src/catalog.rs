//! The catalog: series, file manifest, gaps and the cursor, in one SQLite database.
//!
//! A thread of its own runs the asynchronous driver, so that callers may be anything. Requests
//! are rare (one per checkpoint) and answered in order.

mod load;
mod save;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use parking_lot::Mutex;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use uns_model::{Sequence, Timestamp};

use crate::error::Error;
use crate::file::Entry;
use crate::gap::Gap;
use crate::registry::{Changes, Registry};

/// The format of the catalog and of the files it lists.
const FORMAT: i64 = 1;

/// Everything the catalog knows.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) registry: Registry,
    pub(crate) files: Vec<Entry>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) cursor: Sequence,
    /// The newest ingest time up to the cursor.
    pub(crate) ingest: Timestamp,
}

/// What one checkpoint publishes, atomically.
#[derive(Debug, Default)]
pub(crate) struct Publication {
    pub(crate) cursor: Sequence,
    pub(crate) ingest: Timestamp,
    pub(crate) changes: Arc<Changes>,
    pub(crate) files: Vec<Entry>,
    pub(crate) gaps: Vec<Gap>,
}

enum Request {
    Publish(Box<Publication>, SyncSender<Result<(), Error>>),
    /// Names of purged files.
    Drop(Vec<String>, SyncSender<Result<(), Error>>),
    /// A damaged file leaves the manifest, its gap stays.
    SetAside(String, Gap, SyncSender<Result<(), Error>>),
}

/// The way to the catalog's thread.
pub(crate) struct Catalog {
    requests: Mutex<Option<SyncSender<Request>>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Catalog")
    }
}

impl Catalog {
    /// Opens or creates the database and reads it.
    pub(crate) fn open(path: &Path) -> Result<(Self, Loaded), Error> {
        let path = path.to_owned();
        let (send, requests) = sync_channel::<Request>(4);
        let (loaded, receive) = sync_channel(1);
        let start = |source| Error::Start { what: "the thread of the history catalog", source };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(start)?;
        let body = move || {
            let mut connection = match runtime.block_on(open(&path)) {
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
                // A caller that no longer waits has nobody to tell.
                drop(match request {
                    Request::Publish(what, reply) => {
                        reply.send(runtime.block_on(save::publish(&mut connection, &what)))
                    }
                    Request::Drop(names, reply) => {
                        reply.send(runtime.block_on(save::remove(&mut connection, &names)))
                    }
                    Request::SetAside(name, gap, reply) => {
                        reply.send(runtime.block_on(save::set_aside(&mut connection, &name, &gap)))
                    }
                });
            }
            drop(runtime.block_on(connection.close()));
        };
        let thread = thread::Builder::new().name("history-catalog".into()).spawn(body);
        let catalog =
            Self { requests: Mutex::new(Some(send)), thread: Some(thread.map_err(start)?) };
        let loaded = receive.recv().map_err(|_| Error::CatalogClosed)??;
        Ok((catalog, loaded))
    }

    /// Publishes a checkpoint.
    pub(crate) fn publish(&self, what: Publication) -> Result<(), Error> {
        self.ask(|reply| Request::Publish(Box::new(what), reply))
    }

    /// Removes purged files from the manifest.
    pub(crate) fn remove(&self, names: Vec<String>) -> Result<(), Error> {
        self.ask(|reply| Request::Drop(names, reply))
    }

    /// Turns a damaged file into a gap.
    pub(crate) fn set_aside(&self, name: &str, gap: Gap) -> Result<(), Error> {
        self.ask(|reply| Request::SetAside(name.to_owned(), gap, reply))
    }

    fn ask(
        &self,
        request: impl FnOnce(SyncSender<Result<(), Error>>) -> Request,
    ) -> Result<(), Error> {
        let (reply, answer) = sync_channel(1);
        let requests = self.requests.lock().clone().ok_or(Error::CatalogClosed)?;
        requests.send(request(reply)).map_err(|_| Error::CatalogClosed)?;
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

async fn open(path: &Path) -> Result<(SqliteConnection, Loaded), Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        // The only connection: without memory shared with others, which would be a file of its own
        // to be made at every start, it also opens on a full disk.
        .locking_mode(SqliteLockingMode::Exclusive)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(sql("open"))?;
    sqlx::raw_sql(include_str!("catalog/schema.sql"))
        .execute(&mut connection)
        .await
        .map_err(sql("create"))?;
    let loaded = load::load(&mut connection).await?;
    Ok((connection, loaded))
}

fn sql(action: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
    move |source| Error::Catalog { action, source }
}

#[cfg(test)]
mod tests {
    use uns_model::{NodeId, NodeNo, OrgId, TopicId, Value};

    use super::*;

    #[test]
    fn what_is_published_is_there_at_the_next_start() {
        let dir = std::env::temp_dir().join(format!("catalog-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("catalog.sqlite");
        let (catalog, loaded) = Catalog::open(&path).unwrap();
        let mut registry = loaded.registry;
        for node in 0..4_500 {
            let name = format!("a/{node}");
            let id = NodeId(u128::from(node) << 100);
            registry.mint(NodeNo(node), (OrgId(1), TopicId(node), id), name.into());
            let field = (node % 3 == 0).then(|| Arc::from("f,=\0"));
            registry.series_for(NodeNo(node), field.as_ref(), &Value::Int(1), 9_000).unwrap();
        }
        let changes = Arc::new(registry.take_changes());
        catalog.publish(Publication { changes, ..Publication::default() }).unwrap();
        registry.delete(NodeNo(7), true);
        let changes = Arc::new(registry.take_changes());
        catalog.publish(Publication { changes, ..Publication::default() }).unwrap();
        drop(catalog);

        let (_catalog, loaded) = Catalog::open(&path).unwrap();
        for node in 0..4_500 {
            for field in [None, Some("f,=\0"), Some("")] {
                let find =
                    |registry: &Registry| registry.find(OrgId(1), &format!("a/{node}"), field);
                assert_eq!(find(&loaded.registry), find(&registry), "{node} {field:?}");
            }
        }
        assert_eq!(loaded.registry.find(OrgId(1), "a/8", None).unwrap().len(), 1);
        assert!(loaded.registry.is_purged(crate::SeriesId(7)));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
