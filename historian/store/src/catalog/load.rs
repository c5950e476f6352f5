//! Reading the whole catalog at start-up, and of a damaged one what nothing else tells.

use sqlx::SqliteConnection;
use uns_model::{Sequence, Timestamp};

use super::contents::{Kept, Loaded, sql};
use super::read::{self, NODES, Rows, SERIES};
use super::row::{Doomed, Meta, Row, Table};
use super::save::{SCHEMA, TALLY};
use crate::error::Error;
use crate::gap::Gap;
use crate::registry::{Registry, is_numbered};

/// Reads everything; each row has to be what was written, and none may be missing.
pub(super) async fn load(connection: &mut SqliteConnection) -> Result<Loaded, Error> {
    if read::schema(connection).await? != read::number(connection, SCHEMA).await? {
        return Err(Error::Inconsistent("what it says of its tables"));
    }
    let mut tally = 0;
    let mut loaded = Loaded {
        cursor: Sequence(read::unsigned(read::number(connection, "cursor").await?)?),
        ingest: Timestamp(read::number(connection, "ingest").await?),
        files: read::checked(read::files(connection).await?, &mut tally)?,
        gaps: once(read::checked(read::gaps(connection).await?, &mut tally)?),
        doomed: doomed(connection, &mut tally).await?,
        purging: read::number(connection, "purging").await? != 0,
        is_new: read::number(connection, "rebuilding").await? != 0,
        ..Loaded::default()
    };
    nodes(connection, &mut loaded.registry, &mut tally).await?;
    series(connection, &mut loaded.registry, &mut tally).await?;
    if read::number(connection, TALLY).await? != tally {
        return Err(Error::Inconsistent("rows are missing, or are there twice"));
    }
    Ok(loaded)
}

/// Each gap once.
fn once(gaps: Vec<Gap>) -> Vec<Gap> {
    let mut once: Vec<Gap> = Vec::with_capacity(gaps.len() / 2);
    for gap in gaps {
        if !once
            .iter()
            .rev()
            .take_while(|known| known.until == gap.until)
            .any(|known| *known == gap)
        {
            once.push(gap);
        }
    }
    once
}

async fn doomed(connection: &mut SqliteConnection, tally: &mut i64) -> Result<Vec<String>, Error> {
    let rows = read::checked(read::doomed(connection).await?, tally)?;
    Ok(rows.into_iter().map(|Doomed(name)| name).collect())
}

/// The format of a catalog. One that is newer by a row that does not hold is a damaged one.
pub(super) async fn format(
    connection: &mut SqliteConnection,
    newest_known: i64,
) -> Result<i64, Error> {
    read::schema(connection).await?;
    let format: i64 = sqlx::query_scalar("SELECT value FROM meta WHERE key = 'format'")
        .fetch_one(&mut *connection)
        .await
        .map_err(sql("read"))?;
    if format > newest_known
        && let Ok(Some((_, row_crc))) = read::meta(connection, "format").await
    {
        Table::Meta.check(&Meta("format", format).text(), row_crc)?;
    }
    Ok(format)
}

async fn nodes(
    connection: &mut SqliteConnection,
    registry: &mut Registry,
    tally: &mut i64,
) -> Result<(), Error> {
    each(connection, NODES, |rows| {
        let mut all = Vec::new();
        for row in rows.iter() {
            let (row_crc, text) = row.ok_or(Table::Node.damaged())?;
            Table::Node.check(text, row_crc)?;
            *tally = tally.wrapping_add(row_crc);
            all.push(read::node(text).ok_or(Table::Node.damaged())?);
        }
        all.sort_unstable_by_key(|row| row.number);
        all.iter().for_each(|row| registry.restore_node(row));
        Ok(())
    })
    .await
}

async fn series(
    connection: &mut SqliteConnection,
    registry: &mut Registry,
    tally: &mut i64,
) -> Result<(), Error> {
    each(connection, SERIES, |rows| {
        let mut all = Vec::new();
        for row in rows.iter() {
            let (row_crc, text) = row.ok_or(Table::Series.damaged())?;
            Table::Series.check(text, row_crc)?;
            *tally = tally.wrapping_add(row_crc);
            all.push(read::one_series(text).ok_or(Table::Series.damaged())?);
        }
        all.sort_unstable_by_key(|row| row.sid);
        for row in all {
            if row.sid.0 as usize != registry.series_count() {
                return Err(Error::Inconsistent("series ids have a hole"));
            }
            registry.restore_series(&row);
        }
        Ok(())
    })
    .await
}

/// Takes all rows of a table, some at a time. The driver's thread reads the next ones meanwhile.
async fn each(
    connection: &mut SqliteConnection,
    query: &'static str,
    mut take: impl FnMut(Rows) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut after = -1;
    let mut rows = read::rows(connection, query, after).await?;
    while let Some(last) = rows.last() {
        after = ascends(after, last)?;
        // The first one is polled first: the driver is at work before these are taken.
        let (next, taken) = tokio::join!(
            biased;
            read::rows(connection, query, after),
            async { take(rows) },
        );
        taken?;
        rows = next?;
    }
    Ok(())
}

/// The rows of a damaged table may come in any order, and be the same ones for ever.
fn ascends(after: i64, last: i64) -> Result<i64, Error> {
    if last > after { Ok(last) } else { Err(Error::Inconsistent("rows are not in order")) }
}

/// Of a catalog that cannot be used, the rows that hold and that neither files nor log tell for
/// sure: nodes, among them the purged ones, and what history lacks.
pub(super) async fn keep(connection: &mut SqliteConnection) -> Kept {
    let mut kept = Kept::default();
    if read::schema(connection).await.is_err() {
        return kept;
    }
    kept.gaps = once(read::gaps_that_hold(connection).await);
    let mut after = -1;
    while let Ok(rows) = read::rows(connection, NODES, after).await {
        let whole =
            rows.iter().flatten().filter(|(row_crc, text)| Table::Node.holds(text, *row_crc));
        let nodes: Vec<_> = whole.filter_map(|(_, text)| read::node(text)).collect();
        let last = nodes.iter().map(|node| i64::from(node.number.0)).max();
        let Some(last) = last.filter(|last| *last > after) else { break };
        after = last;
        kept.nodes.extend(nodes.into_iter().filter(|node| is_numbered(node.number)));
    }
    kept
}
