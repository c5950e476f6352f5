//! Catalogs of older formats, brought up to date: in one transaction each, so that one that is killed
//! has changed nothing.

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::contents::{FORMAT, sql};
use super::read::{self, NODES, Rows, SERIES};
use super::row::{Row, Table};
use super::save::{self, SCHEMA, TALLY};
use super::transaction::{Tx, in_one};
use crate::error::Error;

/// From format 1 to 2.
pub(super) async fn from_1(connection: &mut SqliteConnection) -> Result<(), Error> {
    in_one(connection, async |tx| {
        let script = sqlx::raw_sql(include_str!("from_1.sql"));
        script.execute(&mut **tx).await.map(drop).map_err(sql("create"))
    })
    .await
}

/// From format 2 to 3: each row gets its checksum, and the sum of them is kept.
pub(super) async fn from_2(connection: &mut SqliteConnection) -> Result<(), Error> {
    in_one(connection, with_checksums).await
}

async fn with_checksums(tx: &mut Tx<'_>) -> Result<(), Error> {
    let script = sqlx::raw_sql(include_str!("from_2.sql"));
    script.execute(&mut **tx).await.map_err(sql("create"))?;
    let mut tally = 0;
    let number = |text: &str| text.split(',').next()?.parse().ok();
    for (query, table) in [(NODES, Table::Node), (SERIES, Table::Series)] {
        let mut after = -1;
        loop {
            let rows = read::rows(tx, query, after).await?;
            let checksums = checksums(&rows, table, number)?;
            let Some(last) = checksums.iter().map(|(number, _)| *number).max() else { break };
            if last <= after {
                return Err(Error::Inconsistent("rows are not in order"));
            }
            after = last;
            tally += checksums.iter().map(|(_, crc)| crc).sum::<i64>();
            fill(tx, table, &checksums).await?;
        }
    }
    // There are few of the others: they are written again.
    let files = read::files(tx).await?;
    let gaps = read::gaps(tx).await?;
    let doomed = read::doomed(tx).await?;
    let clear = "DELETE FROM file; DELETE FROM gap; DELETE FROM doomed";
    sqlx::raw_sql(clear).execute(&mut **tx).await.map_err(sql("write"))?;
    for (file, _) in &files {
        tally += file.crc();
        save::insert_file(tx, file).await?;
    }
    for (gap, _) in &gaps {
        tally += save::insert_gap(tx, gap).await?;
    }
    for (doomed, _) in &doomed {
        tally += doomed.crc();
        save::insert_doomed(tx, doomed).await?;
    }
    for key in ["cursor", "ingest", "purging", "rebuilding"] {
        // Older catalogs lack the latter two: there they are 0.
        let value = read::meta(tx, key).await?.map_or(0, |(value, _)| value);
        save::put(tx, key, value).await?;
    }
    let schema = read::schema(tx).await?;
    save::put(tx, SCHEMA, schema).await?;
    save::put(tx, TALLY, tally).await?;
    save::put(tx, "format", FORMAT).await
}

/// The numbers of some rows with their checksums.
fn checksums(
    rows: &Rows,
    table: Table,
    number: impl Fn(&str) -> Option<i64>,
) -> Result<Vec<(i64, i64)>, Error> {
    let checksum = |row: Option<(i64, &str)>| {
        let (_, text) = row?;
        Some((number(text)?, i64::from(table.crc(text))))
    };
    let all: Option<Vec<_>> = rows.iter().map(checksum).collect();
    all.ok_or(Error::Inconsistent("a row of nodes or series"))
}

async fn fill(tx: &mut Tx<'_>, table: Table, rows: &[(i64, i64)]) -> Result<(), Error> {
    let (update, of) = match table {
        Table::Node => ("UPDATE node SET row_crc = new.column2 FROM (", "node.node"),
        _ => ("UPDATE series SET row_crc = new.column2 FROM (", "series.sid"),
    };
    let mut query = QueryBuilder::<Sqlite>::new(update);
    query.push_values(rows, |mut row, (number, crc)| {
        row.push_bind(*number).push_bind(*crc);
    });
    query.push(") AS new WHERE new.column1 = ").push(of);
    query.build().execute(&mut **tx).await.map_err(sql("write"))?;
    Ok(())
}
