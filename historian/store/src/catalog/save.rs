//! Transactions of the catalog.

use super::contents::{Publication, sql};
use crate::error::Error;
use crate::file::Entry;
use crate::gap::Gap;
use crate::registry::{NodeRow, SeriesRow};
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection, Transaction};

/// Rows per statement: SQLite allows 32,766 parameters.
const ROWS: usize = 1000;

type Tx<'a> = Transaction<'a, Sqlite>;

pub(super) async fn publish(
    connection: &mut SqliteConnection,
    what: &Publication,
) -> Result<(), Error> {
    let mut tx = connection.begin().await.map_err(sql("begin a change of"))?;
    for nodes in what.changes.nodes.chunks(ROWS) {
        insert_nodes(&mut tx, nodes).await?;
    }
    for (node, purged) in &what.changes.deleted {
        sqlx::query("UPDATE node SET deleted = TRUE, purged = ? WHERE node = ?")
            .bind(purged)
            .bind(i64::from(node.0))
            .execute(&mut *tx)
            .await
            .map_err(sql("write"))?;
    }
    for series in what.changes.series.chunks(ROWS) {
        insert_series(&mut tx, series).await?;
    }
    for name in &what.unlisted {
        by_name(&mut tx, "DELETE FROM file WHERE name = ?", name).await?;
    }
    for file in &what.files {
        insert_file(&mut tx, file).await?;
    }
    for gap in &what.gaps {
        insert_gap(&mut tx, gap).await?;
    }
    for name in &what.doomed {
        by_name(&mut tx, "INSERT OR REPLACE INTO doomed VALUES (?)", name).await?;
    }
    for name in &what.gone {
        by_name(&mut tx, "DELETE FROM doomed WHERE name = ?", name).await?;
    }
    let position = what.position.into_iter();
    let position = position
        .flat_map(|(cursor, ingest)| [("cursor", cursor.0.cast_signed()), ("ingest", ingest.0)]);
    let flags = [("purging", what.purging), ("rebuilding", what.rebuilding)];
    let flags = flags.into_iter().filter_map(|(key, is)| Some((key, i64::from(is?))));
    for (key, value) in position.chain(flags) {
        sqlx::query("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)")
            .bind(key)
            .bind(value)
            .execute(&mut *tx)
            .await
            .map_err(sql("write"))?;
    }
    tx.commit().await.map_err(sql("commit"))
}

async fn insert_nodes(tx: &mut Tx<'_>, nodes: &[NodeRow]) -> Result<(), Error> {
    let mut query = QueryBuilder::new(
        "INSERT OR REPLACE INTO node (node, org, topic, id, name, deleted, purged) ",
    );
    query.push_values(nodes, |mut row, node| {
        row.push_bind(i64::from(node.number.0))
            .push_bind(i64::from(node.org.0))
            .push_bind(i64::from(node.topic.0))
            .push_bind(node.id.0.to_be_bytes().to_vec())
            .push_bind(node.name.to_string())
            .push_bind(node.deleted)
            .push_bind(node.purged);
    });
    query.build().execute(&mut **tx).await.map_err(sql("write"))?;
    Ok(())
}

async fn insert_series(tx: &mut Tx<'_>, series: &[SeriesRow]) -> Result<(), Error> {
    let mut query = QueryBuilder::new(
        "INSERT OR REPLACE INTO series (sid, node, field, type, generation, unit) ",
    );
    query.push_values(series, |mut row, series| {
        row.push_bind(i64::from(series.sid.0))
            .push_bind(i64::from(series.node.0))
            .push_bind(series.field.as_deref().map(str::to_owned))
            .push_bind(series.value_type.name())
            .push_bind(i64::from(series.generation))
            .push_bind(series.unit.as_deref().map(str::to_owned));
    });
    query.build().execute(&mut **tx).await.map_err(sql("write"))?;
    Ok(())
}

async fn insert_file(tx: &mut Tx<'_>, file: &Entry) -> Result<(), Error> {
    sqlx::query("INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
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
        .execute(&mut **tx)
        .await
        .map_err(sql("write"))?;
    Ok(())
}

async fn insert_gap(tx: &mut Tx<'_>, gap: &Gap) -> Result<(), Error> {
    sqlx::query("INSERT INTO gap VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(gap.after.0.cast_signed())
        .bind(gap.until.0.cast_signed())
        .bind(gap.start.0)
        .bind(gap.end.0)
        .bind(gap.series.map(|(first, _)| i64::from(first.0)))
        .bind(gap.series.map(|(_, last)| i64::from(last.0)))
        .bind(gap.stored_reason())
        .execute(&mut **tx)
        .await
        .map_err(sql("write"))?;
    Ok(())
}

async fn by_name(tx: &mut Tx<'_>, query: &'static str, name: &str) -> Result<(), Error> {
    sqlx::query(query).bind(name).execute(&mut **tx).await.map_err(sql("write"))?;
    Ok(())
}
