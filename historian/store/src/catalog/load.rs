//! Reading the whole catalog at start-up.

use std::sync::Arc;

use historian_segment::SeriesId;
use sqlx::SqliteConnection;
use uns_model::{NodeId, NodeNo, OrgId, Sequence, Timestamp, TopicId};

use super::{FORMAT, Loaded, sql};
use crate::error::Error;
use crate::file::Entry;
use crate::gap::Gap;
use crate::registry::{Node, Registry, Series, ValueType};

pub(super) async fn load(connection: &mut SqliteConnection) -> Result<Loaded, Error> {
    let format = meta(connection, "format").await?;
    if format > FORMAT {
        return Err(Error::NewerFormat { found: format, known: FORMAT });
    }
    let mut loaded = Loaded {
        cursor: Sequence(unsigned(meta(connection, "cursor").await?)?),
        ingest: Timestamp(meta(connection, "ingest").await?),
        files: files(connection).await?,
        gaps: gaps(connection).await?,
        ..Loaded::default()
    };
    nodes(connection, &mut loaded.registry).await?;
    series(connection, &mut loaded.registry).await?;
    Ok(loaded)
}

async fn meta(connection: &mut SqliteConnection, key: &str) -> Result<i64, Error> {
    sqlx::query_scalar("SELECT value FROM meta WHERE key = ?")
        .bind(key)
        .fetch_one(connection)
        .await
        .map_err(sql("read"))
}

type NodeRow = (i64, i64, i64, Vec<u8>, String, bool, bool);

async fn nodes(connection: &mut SqliteConnection, registry: &mut Registry) -> Result<(), Error> {
    let rows: Vec<NodeRow> = sqlx::query_as(
        "SELECT node, org, topic, id, name, deleted, purged FROM node ORDER BY node",
    )
    .fetch_all(connection)
    .await
    .map_err(sql("read"))?;
    for (node, org, topic, id, name, deleted, purged) in rows {
        let id = <[u8; 16]>::try_from(id).map_err(|_| Error::Inconsistent("a node id"))?;
        let id = NodeId(u128::from_be_bytes(id));
        let (org, topic) = (OrgId(small(org)?), TopicId(small(topic)?));
        let mut stored = Node::stored(org, topic, id, name.into());
        (stored.deleted, stored.purged) = (deleted, purged);
        registry.restore_node(NodeNo(small(node)?), &stored);
    }
    Ok(())
}

async fn series(connection: &mut SqliteConnection, registry: &mut Registry) -> Result<(), Error> {
    let rows: Vec<(i64, i64, Option<String>, String, i64)> =
        sqlx::query_as("SELECT sid, node, field, type, generation FROM series ORDER BY sid")
            .fetch_all(connection)
            .await
            .map_err(sql("read"))?;
    for (sid, node, field, value_type, generation) in rows {
        if unsigned(sid)? != registry.series_count() as u64 {
            return Err(Error::Inconsistent("series ids have a hole"));
        }
        let value_type = ValueType::ALL.into_iter().find(|t| t.name() == value_type);
        registry.restore_series(Series {
            node: NodeNo(small(node)?),
            field: field.map(Arc::from),
            value_type: value_type.ok_or(Error::Inconsistent("a series type"))?,
            generation: u8::try_from(generation).unwrap_or(u8::MAX),
        });
    }
    Ok(())
}

type FileRow = (String, i64, i64, i64, i64, i64, i64, i64, i64, i64);

async fn files(connection: &mut SqliteConnection) -> Result<Vec<Entry>, Error> {
    let rows: Vec<FileRow> = sqlx::query_as(
        "SELECT name, first_time, last_time, after_sequence, until_sequence, row_count, bytes, crc, \
         first_sid, last_sid FROM file ORDER BY until_sequence, name",
    )
    .fetch_all(connection)
    .await
    .map_err(sql("read"))?;
    let entry = |row: FileRow| {
        let (name, first, last, after, until, rows, bytes, crc, first_sid, last_sid) = row;
        Ok(Entry {
            name,
            first_time: Timestamp(first),
            last_time: Timestamp(last),
            after: Sequence(unsigned(after)?),
            until: Sequence(unsigned(until)?),
            rows: unsigned(rows)?,
            bytes: unsigned(bytes)?,
            crc: small(crc)?,
            series: (SeriesId(small(first_sid)?), SeriesId(small(last_sid)?)),
        })
    };
    rows.into_iter().map(entry).collect()
}

type GapRow = (i64, i64, i64, i64, Option<i64>, Option<i64>, String);

async fn gaps(connection: &mut SqliteConnection) -> Result<Vec<Gap>, Error> {
    let rows: Vec<GapRow> = sqlx::query_as(
        "SELECT after_sequence, until_sequence, start_time, end_time, first_sid, last_sid, reason \
         FROM gap ORDER BY until_sequence",
    )
    .fetch_all(connection)
    .await
    .map_err(sql("read"))?;
    let gap = |(after, until, start, end, first, last, reason): GapRow| {
        let series = match (first, last) {
            (Some(first), Some(last)) => Some((SeriesId(small(first)?), SeriesId(small(last)?))),
            _ => None,
        };
        Ok(Gap {
            after: Sequence(unsigned(after)?),
            until: Sequence(unsigned(until)?),
            start: Timestamp(start),
            end: Timestamp(end),
            series,
            reason: reason.into(),
        })
    };
    rows.into_iter().map(gap).collect()
}

fn unsigned(number: i64) -> Result<u64, Error> {
    u64::try_from(number).map_err(|_| Error::Inconsistent("a negative number"))
}

fn small(number: i64) -> Result<u32, Error> {
    u32::try_from(number).map_err(|_| Error::Inconsistent("a number out of range"))
}
