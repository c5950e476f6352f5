//! Opening the catalog: the lock, older formats, and a catalog that cannot be read.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::contents::{FORMAT, Kept, Loaded, Publication, sql};
use super::file::CatalogFile;
use super::save::{self, SCHEMA, TALLY};
use super::transaction::in_one;
use super::{load, migrate, read};
use crate::error::Error;
use crate::registry::Changes;

/// How long another process may take to let go of the catalog.
const PATIENCE: Duration = Duration::from_secs(1);
/// Names of set-aside catalogs count up to here.
const ASIDE_MAX: u32 = 1_000;

/// Opens or creates the database, locks it, and reads it. A damaged one is set aside, and a new one
/// takes its place.
pub(super) async fn open(file: &CatalogFile) -> Result<(SqliteConnection, Loaded), Error> {
    let path = file.path();
    refuse_newer(path).await?;
    let mut lost = orphaned_wal(path)?;
    match open_and_load(file, Kept::default()).await {
        Err(Failed { error, kept }) if is_damage(&error) => {
            let aside = set_aside(path)?;
            let why = crate::error::chain(&error);
            let text = format!("the history catalog could not be read ({why}), kept as {aside}");
            tracing::error!(aside, error = %why, "the history catalog is damaged and set aside");
            lost = Some(text);
            let opened = open_and_load(file, *kept).await;
            let (connection, loaded) = opened.map_err(|failed| failed.error)?;
            Ok((connection, Loaded { lost, ..loaded }))
        }
        Err(failed) => Err(failed.error),
        Ok((connection, loaded)) => Ok((connection, Loaded { lost, ..loaded })),
    }
}

/// Why a catalog could not be opened, and which of its rows hold all the same.
#[derive(Debug)]
pub(super) struct Failed {
    error: Error,
    kept: Box<Kept>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, kept: Box::default() }
    }
}

/// Refuses the catalog of a newer release before anything of it is touched. Whatever else is wrong
/// with it shows when it is opened.
async fn refuse_newer(path: &Path) -> Result<(), Error> {
    if !path.exists() {
        return Ok(());
    }
    // Without a write-ahead log beside it the file is all there is, and no file needs to be made.
    let immutable = beside(path, "-wal").metadata().map_or(true, |wal| wal.len() == 0);
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(immutable);
    let options = options.busy_timeout(PATIENCE).disable_statement_logging();
    let Ok(mut connection) = SqliteConnection::connect_with(&options).await else { return Ok(()) };
    let format = load::format(&mut connection, FORMAT).await;
    drop(connection.close().await);
    match format {
        Ok(found) if found > FORMAT => Err(Error::NewerFormat { found, known: FORMAT }),
        _ => Ok(()),
    }
}

/// Opens the database and reads it; where that fails, nothing of it stays open. A new one begins with
/// what was kept of the one before.
pub(super) async fn open_and_load(
    file: &CatalogFile,
    kept: Kept,
) -> Result<(SqliteConnection, Loaded), Failed> {
    let options = file
        .options()
        .create_if_missing(true)
        // The only connection: without memory shared with others, which would be a file of its own
        // to be made at every start, it also opens on a full disk. And it is a lock.
        .locking_mode(SqliteLockingMode::Exclusive)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE)
        .disable_statement_logging();
    check_header(file.path())?;
    let opened = SqliteConnection::connect_with(&options).await;
    let mut connection = opened.map_err(sql("open")).map_err(in_use)?;
    match prepare_and_load(&mut connection, kept).await {
        Ok(loaded) => Ok((connection, loaded)),
        Err(error) => {
            let kept = match is_damage(&error) {
                true => load::keep(&mut connection).await,
                false => Kept::default(),
            };
            // Dropped instead, it would close some time later, and remove the write-ahead log that
            // has this name by then: the one of the catalog that took the place of this one.
            drop(connection.close().await);
            Err(Failed { error, kept: Box::new(kept) })
        }
    }
}

/// Refuses a file that `SQLite` would open for reading only, as the work of a newer `SQLite`.
fn check_header(path: &Path) -> Result<(), Error> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    /// The versions of format that are needed to write it and to read it.
    const VERSIONS: std::ops::Range<usize> = 18..20;
    const NEWEST: u8 = 2;
    let mut header = [0; VERSIONS.end];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
    let is_database = read.is_ok() && header.starts_with(MAGIC);
    match is_database && header[VERSIONS].iter().any(|version| *version > NEWEST) {
        true => Err(Error::Inconsistent("the header of its file")),
        false => Ok(()),
    }
}

async fn prepare_and_load(connection: &mut SqliteConnection, kept: Kept) -> Result<Loaded, Error> {
    prepare(connection, kept).await.map_err(in_use)?;
    load::load(connection).await
}

/// Creates the tables, or brings those of older formats up to date.
async fn prepare(connection: &mut SqliteConnection, kept: Kept) -> Result<(), Error> {
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_master")
        .fetch_all(&mut *connection)
        .await
        .map_err(sql("read"))?;
    if tables.is_empty() {
        return create(connection, kept).await;
    }
    match load::format(connection, FORMAT).await? {
        FORMAT => {}
        1 => {
            migrate::from_1(connection).await?;
            migrate::from_2(connection).await?;
        }
        2 => migrate::from_2(connection).await?,
        found if found > FORMAT => return Err(Error::NewerFormat { found, known: FORMAT }),
        _ => return Err(Error::Inconsistent("its format is none there was")),
    }
    mend_index(connection).await?;
    check_pages(connection).await
}

/// Looks at what reading rows does not show: pages that are free and in use, or of no known kind. It
/// would show only when something is written, and then spoil what is there.
async fn check_pages(connection: &mut SqliteConnection) -> Result<(), Error> {
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(&mut *connection)
        .await
        .map_err(sql("check"))?;
    if found == "ok" {
        return Ok(());
    }
    tracing::error!(found, "the pages of the history catalog are damaged");
    Err(Error::Inconsistent("its pages contradict each other"))
}

/// The manifest is looked up by name: an index whose order is broken would hide what it lists.
async fn mend_index(connection: &mut SqliteConnection) -> Result<(), Error> {
    for attempt in ["check", "check again"] {
        let found: String = sqlx::query_scalar("PRAGMA integrity_check('file')")
            .fetch_one(&mut *connection)
            .await
            .map_err(sql(attempt))?;
        if found == "ok" {
            return Ok(());
        }
        tracing::error!(found, "the manifest of history files is damaged, its index is made again");
        sqlx::raw_sql("REINDEX file").execute(&mut *connection).await.map_err(sql("mend"))?;
    }
    Err(Error::Inconsistent("the manifest of files is damaged"))
}

/// Creates the tables in one transaction: killed in between, nothing of it was. `rebuilding` is 1
/// until what the files tell is in there: a start that was killed begins that again.
async fn create(connection: &mut SqliteConnection, kept: Kept) -> Result<(), Error> {
    let Kept { nodes, gaps } = kept;
    let changes = Changes { nodes, ..Changes::default() };
    // Files may have samples of purged nodes once more: one that a purge replaced may be whole where
    // the one in its place is not.
    let purging = changes.purges().then_some(true);
    let changes = Arc::new(changes);
    let publication = Publication { changes, gaps, purging, ..Publication::default() };
    in_one(connection, async |tx| {
        let script = sqlx::raw_sql(include_str!("schema.sql"));
        script.execute(&mut **tx).await.map_err(sql("create"))?;
        let schema = read::schema(tx).await?;
        save::put(tx, SCHEMA, schema).await?;
        let numbers = [("cursor", 0), ("ingest", 0), ("purging", 0), ("rebuilding", 1), (TALLY, 0)];
        for (key, value) in numbers.into_iter().chain([("format", FORMAT)]) {
            save::put(tx, key, value).await?;
        }
        save::write(tx, &publication).await
    })
    .await
}

/// Names a catalog that another process has.
fn in_use(error: Error) -> Error {
    const BUSY: i32 = 5;
    match error.sqlite_code() {
        Some(code) if code & 0xff == BUSY => Error::CatalogInUse,
        _ => error,
    }
}

/// Whether the catalog itself is the fault, not the disk, its rights or another process.
fn is_damage(error: &Error) -> bool {
    const ERROR: i32 = 1;
    const CORRUPT: i32 = 11;
    const NOT_A_DATABASE: i32 = 26;
    const SHORT_READ: i32 = 522;
    match error {
        Error::Inconsistent(_) => true,
        Error::Catalog { source: sqlx::Error::Database(_), .. } => {
            error.sqlite_code().is_some_and(|code| {
                [ERROR, CORRUPT, NOT_A_DATABASE].contains(&(code & 0xff)) || code == SHORT_READ
            })
        }
        Error::Catalog { source, .. } => matches!(
            source,
            sqlx::Error::RowNotFound
                | sqlx::Error::ColumnDecode { .. }
                | sqlx::Error::ColumnIndexOutOfBounds { .. }
                | sqlx::Error::Decode(_)
                | sqlx::Error::Protocol(_)
        ),
        _ => false,
    }
}

/// A write-ahead log whose database is gone: SQLite would remove it.
fn orphaned_wal(path: &Path) -> Result<Option<String>, Error> {
    let wal = beside(path, "-wal");
    let empty = |path: &Path| path.metadata().map_or(true, |found| found.len() == 0);
    if !empty(path) || empty(&wal) {
        return Ok(None);
    }
    let aside = set_aside(path)?;
    tracing::error!(aside, "the history catalog is gone, what was left of it is set aside");
    Ok(Some(format!("the history catalog was gone, what was left of it is kept as {aside}")))
}

/// Renames the catalog and its write-ahead log so that both still belong together.
fn set_aside(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::Disk { action: "set aside", path: path.to_owned(), source };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let names = (1..=ASIDE_MAX).map(|n| format!("{stem}.damaged-{n}.sqlite"));
    let is_free = |name: &String| {
        let aside = path.with_file_name(name);
        !aside.exists() && !beside(&aside, "-wal").exists()
    };
    let name = names.into_iter().find(is_free);
    let name = name.ok_or_else(|| failed(std::io::ErrorKind::AlreadyExists.into()))?;
    let aside = path.with_file_name(&name);
    // The log goes first: beside a new database it would be taken for that one's.
    for (from, to) in
        [(beside(path, "-wal"), beside(&aside, "-wal")), (path.to_owned(), aside.clone())]
    {
        match std::fs::rename(&from, &to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
    }
    let dir = path.parent().unwrap_or(Path::new("."));
    std::fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)?;
    Ok(name)
}

/// The file with this ending behind the whole name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(ending);
    path.with_file_name(name)
}
