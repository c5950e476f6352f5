//! One transaction of the catalog: all of its changes, durably, or none.
//!
//! It is begun and ended by statements of our own. SQLite ends a transaction by itself where the disk is
//! full at some points, and leaves it open at others; sqlx counts how deep it is in transactions and
//! does not hear of that. A transaction that it takes for an inner one is committed without being
//! durable.

use std::ops::{Deref, DerefMut};

use sqlx::SqliteConnection;

use super::contents::sql;
use crate::error::Error;

/// A connection that is in a transaction.
pub(super) struct Tx<'a>(&'a mut SqliteConnection);

impl Deref for Tx<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.0
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.0
    }
}

/// Makes these changes in one transaction. If one of them fails there is none, and nothing is left of
/// it for the next.
pub(super) async fn in_one(
    connection: &mut SqliteConnection,
    change: impl AsyncFnOnce(&mut Tx<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    run(connection, "BEGIN").await.map_err(sql("begin a change of"))?;
    let mut tx = Tx(connection);
    let done = match change(&mut tx).await {
        Ok(()) => run(connection, "COMMIT").await.map_err(sql("commit")),
        failed => failed,
    };
    if done.is_err() {
        // It fails where SQLite has taken everything back by itself, and only there.
        drop(run(connection, "ROLLBACK").await);
    }
    done
}

async fn run(
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(statement).execute(connection).await.map(drop)
}
