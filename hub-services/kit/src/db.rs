//! The metadata database: one `SQLite` file in WAL mode where every commit is synced, shared by the
//! modules, each behind its own table prefix and migrations table. SQL stays portable to `PostgreSQL`.

mod aside;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection, SqlitePool};
use uns_model::Timestamp;

use crate::Error;

/// Connections of the pool: `SQLite` has one writer, the others read.
const CONNECTIONS_MAX: u32 = 8;
/// How long a writer waits for the one before.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The metadata database; clones share the pool.
#[derive(Clone, Debug)]
pub struct Db {
    pool: SqlitePool,
}

impl Db {
    /// Opens the file, made where missing. On a full disk it is opened when it is first needed
    /// and there is space, so that a hub starts and serves what it has. A damaged one is set aside by
    /// name and a new one takes its place: the modules there are keep nothing in it that is not
    /// elsewhere too.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        match Self::open_as_it_is(path).await {
            Err(Error::OpenDb { source, .. }) if aside::is_damage(&source) => {
                aside::set_aside(path)?;
                Self::open_as_it_is(path).await
            }
            opened => opened,
        }
    }

    async fn open_as_it_is(path: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool =
            SqlitePoolOptions::new().max_connections(CONNECTIONS_MAX).connect_lazy_with(options);
        match pool.acquire().await {
            Ok(_) => {}
            Err(error) if is_disk_full(&error) => {
                tracing::error!(path = %path.display(), "no space to open the metadata database");
            }
            Err(source) => return Err(Error::OpenDb { path: path.to_owned(), source }),
        }
        Ok(Self { pool })
    }

    /// The pool, for queries.
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Brings a module's tables up to date. Steps are only ever appended to; each runs in one
    /// transaction with its entry in `<module>_migrations`. Its tables are named `<module>_…`.
    pub async fn migrate(
        &self,
        module: &'static str,
        steps: &[&'static str],
        now: Timestamp,
    ) -> Result<(), Error> {
        let table = migrations_table(module)?;
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {table} \
             (step BIGINT PRIMARY KEY, sql TEXT NOT NULL, applied_ns BIGINT NOT NULL)"
        );
        sqlx::query(AssertSqlSafe(create))
            .execute(&self.pool)
            .await
            .map_err(|source| Error::Db { doing: "create migrations table", source })?;
        let done = self.check_applied(module, &table, steps).await?;
        for (index, sql) in steps.iter().enumerate().skip(done) {
            self.apply(&table, index + 1, sql, now).await?;
            tracing::info!(module, step = index + 1, "tables migrated");
        }
        Ok(())
    }

    /// Compares what was applied with what is known, and gives the number of applied steps.
    async fn check_applied(
        &self,
        module: &'static str,
        table: &str,
        steps: &[&'static str],
    ) -> Result<usize, Error> {
        let query = format!("SELECT step, sql FROM {table} ORDER BY step");
        let rows = sqlx::query(AssertSqlSafe(query))
            .fetch_all(&self.pool)
            .await
            .map_err(|source| Error::Db { doing: "read migrations", source })?;
        if rows.len() > steps.len() {
            let (found, known) = (count(rows.len()), count(steps.len()));
            return Err(Error::NewerSchema { module, found, known });
        }
        for (index, (row, known)) in rows.iter().zip(steps).enumerate() {
            let step = count(index + 1);
            if row.get::<i64, _>(0) != step || row.get::<&str, _>(1) != *known {
                return Err(Error::MigrationChanged { module, step });
            }
        }
        Ok(rows.len())
    }

    async fn apply(
        &self,
        table: &str,
        step: usize,
        sql: &'static str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let failed = |source| Error::Db { doing: "apply migration", source };
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        let applied = apply_on(&mut connection, table, step, sql, now).await;
        if applied.is_err() {
            // SQLite ends some of the transactions that a full disk stops by itself, and sqlx does not
            // hear of it: it would take the next one for an inner one, which is not durable.
            connection.close_on_drop();
        }
        applied.map_err(failed)
    }

    /// Closes every connection; the WAL is folded into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// One step and its entry, in one transaction.
async fn apply_on(
    connection: &mut SqliteConnection,
    table: &str,
    step: usize,
    sql: &'static str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let insert = format!("INSERT INTO {table} (step, sql, applied_ns) VALUES ($1, $2, $3)");
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(sql).execute(&mut *transaction).await?;
    let insert = sqlx::query(AssertSqlSafe(insert)).bind(count(step)).bind(sql).bind(now.0);
    insert.execute(&mut *transaction).await?;
    transaction.commit().await
}

/// Whether `SQLite` lacked space: for data, or for the index of the WAL.
fn is_disk_full(error: &sqlx::Error) -> bool {
    const FULL: &str = "13";
    const IOERR_SHMSIZE: &str = "4874";
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| matches!(code.as_ref(), FULL | IOERR_SHMSIZE))
}

fn migrations_table(module: &'static str) -> Result<String, Error> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let starts = module.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    if !starts || module.len() > 40 || !module.bytes().all(allowed) {
        return Err(Error::ModuleName(module));
    }
    Ok(format!("{module}_migrations"))
}

fn count(count: usize) -> i64 {
    i64::try_from(count).expect("a list in memory is shorter than i64::MAX")
}

#[cfg(test)]
mod tests;
