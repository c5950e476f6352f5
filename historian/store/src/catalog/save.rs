//! What is written in a transaction of the catalog.

use super::contents::{Publication, sql};
use super::read::{self, NODES};
use super::row::{Doomed, Meta, Row, Table};
use super::transaction::{Tx, in_one};
use crate::error::Error;
use crate::file::Entry;
use crate::gap::Gap;
use crate::registry::{NodeRow, SeriesRow};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

/// Rows per statement: SQLite allows 32,766 parameters.
const ROWS: usize = 1000;

/// Under this name is the sum of the checksums of all rows but those of `meta`: a row that is missing,
/// or is there twice, has none that differs.
pub(super) const TALLY: &str = "tally";

/// Under this name is the checksum of what the database says its tables are.
pub(super) const SCHEMA: &str = "schema";

pub(super) async fn publish(
    connection: &mut SqliteConnection,
    what: &Publication,
) -> Result<(), Error> {
    in_one(connection, async |tx| write(tx, what).await).await
}

/// Makes a change; of rows that come and go, the checksums come into the tally and go.
pub(super) async fn write(tx: &mut Tx<'_>, what: &Publication) -> Result<(), Error> {
    let (before, row_crc) = read::meta(tx, TALLY).await?.unwrap_or_default();
    let mut tally = before;
    for nodes in what.changes.nodes.chunks(ROWS) {
        tally += insert_nodes(tx, nodes).await?;
    }
    for (node, purged) in &what.changes.deleted {
        tally += delete_node(tx, i64::from(node.0), *purged).await?;
    }
    for series in what.changes.series.chunks(ROWS) {
        tally += insert_series(tx, series).await?;
    }
    for name in &what.unlisted {
        tally -= remove(tx, &FILE, name).await?;
    }
    for file in &what.files {
        insert_file(tx, file).await?;
        tally += file.crc();
    }
    for gap in &what.gaps {
        tally += insert_gap(tx, gap).await?;
    }
    for name in &what.doomed {
        let doomed = Doomed(name.clone());
        tally -= remove(tx, &DOOMED, name).await?;
        insert_doomed(tx, &doomed).await?;
        tally += doomed.crc();
    }
    for name in &what.gone {
        tally -= remove(tx, &DOOMED, name).await?;
    }
    let position = what.position.into_iter();
    let position = position
        .flat_map(|(cursor, ingest)| [("cursor", cursor.0.cast_signed()), ("ingest", ingest.0)]);
    let flags = [("purging", what.purging), ("rebuilding", what.rebuilding)];
    let flags = flags.into_iter().filter_map(|(key, is)| Some((key, i64::from(is?))));
    for (key, value) in position.chain(flags) {
        put(tx, key, value).await?;
    }
    // A tally that was damaged meanwhile stays one that does not hold, and is found at the next start.
    if Meta(TALLY, before).crc() == row_crc {
        put(tx, TALLY, tally).await?;
    }
    Ok(())
}

/// Writes a number under its name.
pub(super) async fn put(tx: &mut Tx<'_>, key: &'static str, value: i64) -> Result<(), Error> {
    sqlx::query("INSERT OR REPLACE INTO meta (key, value, row_crc) VALUES (?, ?, ?)")
        .bind(key)
        .bind(value)
        .bind(Meta(key, value).crc())
        .execute(&mut **tx)
        .await
        .map_err(sql("write"))?;
    Ok(())
}

/// The checksums of the rows with these numbers, added up.
async fn sum_of(
    tx: &mut Tx<'_>,
    select: &'static str,
    numbers: impl Iterator<Item = u32>,
) -> Result<i64, Error> {
    let mut query = QueryBuilder::<Sqlite>::new(select);
    query.push(" (");
    let mut list = query.separated(", ");
    for number in numbers {
        list.push_bind(i64::from(number));
    }
    query.push(")");
    query.build_query_scalar().fetch_one(&mut **tx).await.map_err(sql("read"))
}

/// Marks a node as deleted; gives by how much the tally changes.
async fn delete_node(tx: &mut Tx<'_>, number: i64, purged: bool) -> Result<i64, Error> {
    let rows = read::some_rows(tx, NODES, (number - 1, 1)).await?;
    let known = rows.iter().flatten().find_map(|(row_crc, text)| {
        let row = read::node(text).filter(|row| i64::from(row.number.0) == number)?;
        Some((row, row_crc, Table::Node.holds(text, row_crc)))
    });
    let Some((row, before, holds)) = known else { return Ok(0) };
    // What was damaged meanwhile does not become right by this.
    let after = if holds { NodeRow { deleted: true, purged, ..row }.crc() } else { before };
    sqlx::query("UPDATE node SET deleted = TRUE, purged = ?, row_crc = ? WHERE node = ?")
        .bind(purged)
        .bind(after)
        .bind(number)
        .execute(&mut **tx)
        .await
        .map_err(sql("write"))?;
    Ok(after - before)
}

/// Gives by how much the tally changes.
async fn insert_nodes(tx: &mut Tx<'_>, nodes: &[NodeRow]) -> Result<i64, Error> {
    let select = "SELECT coalesce(sum(row_crc), 0) FROM node WHERE node IN";
    let before = sum_of(tx, select, nodes.iter().map(|node| node.number.0)).await?;
    let mut query = QueryBuilder::new(
        "INSERT OR REPLACE INTO node (node, org, topic, id, name, deleted, purged, row_crc) ",
    );
    query.push_values(nodes, |mut row, node| {
        row.push_bind(i64::from(node.number.0))
            .push_bind(i64::from(node.org.0))
            .push_bind(i64::from(node.topic.0))
            .push_bind(node.id.0.to_be_bytes().to_vec())
            .push_bind(node.name.to_string())
            .push_bind(node.deleted)
            .push_bind(node.purged)
            .push_bind(node.crc());
    });
    query.build().execute(&mut **tx).await.map_err(sql("write"))?;
    Ok(nodes.iter().map(Row::crc).sum::<i64>() - before)
}

/// Gives by how much the tally changes.
async fn insert_series(tx: &mut Tx<'_>, series: &[SeriesRow]) -> Result<i64, Error> {
    let select = "SELECT coalesce(sum(row_crc), 0) FROM series WHERE sid IN";
    let before = sum_of(tx, select, series.iter().map(|series| series.sid.0)).await?;
    let mut query = QueryBuilder::new(
        "INSERT OR REPLACE INTO series (sid, node, field, type, generation, unit, row_crc) ",
    );
    query.push_values(series, |mut row, series| {
        row.push_bind(i64::from(series.sid.0))
            .push_bind(i64::from(series.node.0))
            .push_bind(series.field.as_deref().map(str::to_owned))
            .push_bind(series.value_type.name())
            .push_bind(i64::from(series.generation))
            .push_bind(series.unit.as_deref().map(str::to_owned))
            .push_bind(series.crc());
    });
    query.build().execute(&mut **tx).await.map_err(sql("write"))?;
    Ok(series.iter().map(Row::crc).sum::<i64>() - before)
}

pub(super) async fn insert_file(tx: &mut Tx<'_>, file: &Entry) -> Result<(), Error> {
    sqlx::query("INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(&file.name)
        .bind(file.first_time.0)
        .bind(file.last_time.0)
        .bind(file.after.0.cast_signed())
        .bind(file.until.0.cast_signed())
        .bind(file.rows.cast_signed())
        .bind(file.bytes.cast_signed())
        .bind(i64::from(file.crc))
        .bind(i64::from(file.series.0.0))
        .bind(i64::from(file.series.1.0))
        .bind(file.crc())
        .execute(&mut **tx)
        .await
        .map_err(sql("write"))?;
    Ok(())
}

/// Inserts a gap, twice: nothing else tells of it, so that one damaged row must not hide it. Gives by
/// how much the tally changes.
pub(super) async fn insert_gap(tx: &mut Tx<'_>, gap: &Gap) -> Result<i64, Error> {
    for _copy in 0..2 {
        sqlx::query("INSERT INTO gap VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(gap.after.0.cast_signed())
            .bind(gap.until.0.cast_signed())
            .bind(gap.start.0)
            .bind(gap.end.0)
            .bind(gap.series.map(|(first, _)| i64::from(first.0)))
            .bind(gap.series.map(|(_, last)| i64::from(last.0)))
            .bind(gap.stored_reason())
            .bind(gap.crc())
            .execute(&mut **tx)
            .await
            .map_err(sql("write"))?;
    }
    Ok(2 * gap.crc())
}

pub(super) async fn insert_doomed(tx: &mut Tx<'_>, doomed: &Doomed) -> Result<(), Error> {
    sqlx::query("INSERT INTO doomed VALUES (?, ?)")
        .bind(&doomed.0)
        .bind(doomed.crc())
        .execute(&mut **tx)
        .await
        .map_err(sql("write"))?;
    Ok(())
}

/// A table whose rows have names.
struct Named {
    sum: &'static str,
    delete: &'static str,
}

const FILE: Named = Named {
    sum: "SELECT coalesce(sum(row_crc), 0) FROM file WHERE name = ?",
    delete: "DELETE FROM file WHERE name = ?",
};
const DOOMED: Named = Named {
    sum: "SELECT coalesce(sum(row_crc), 0) FROM doomed WHERE name = ?",
    delete: "DELETE FROM doomed WHERE name = ?",
};

/// Removes a row, if it is there; gives its checksum.
async fn remove(tx: &mut Tx<'_>, from: &Named, name: &str) -> Result<i64, Error> {
    let sum = sqlx::query_scalar(from.sum).bind(name).fetch_one(&mut **tx);
    let sum = sum.await.map_err(sql("read"))?;
    sqlx::query(from.delete).bind(name).execute(&mut **tx).await.map_err(sql("write"))?;
    Ok(sum)
}
