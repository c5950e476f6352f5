//! Reading the whole catalog at start-up.

use historian_segment::SeriesId;
use sqlx::SqliteConnection;
use uns_model::{NodeId, NodeNo, OrgId, Sequence, Timestamp, TopicId};

use super::contents::{Loaded, sql};
use crate::error::Error;
use crate::file::Entry;
use crate::gap::Gap;
use crate::registry::{NodeRow, Registry, SeriesRow, ValueType};

pub(super) async fn load(connection: &mut SqliteConnection) -> Result<Loaded, Error> {
    let mut loaded = Loaded {
        cursor: Sequence(unsigned(meta(connection, "cursor").await?)?),
        ingest: Timestamp(meta(connection, "ingest").await?),
        files: files(connection).await?,
        gaps: gaps(connection).await?,
        doomed: sqlx::query_scalar("SELECT name FROM doomed")
            .fetch_all(&mut *connection)
            .await
            .map_err(sql("read"))?,
        purging: flag(connection, "purging").await?,
        is_new: flag(connection, "rebuilding").await?,
        ..Loaded::default()
    };
    nodes(connection, &mut loaded.registry).await?;
    series(connection, &mut loaded.registry).await?;
    Ok(loaded)
}

pub(super) async fn meta(connection: &mut SqliteConnection, key: &str) -> Result<i64, Error> {
    sqlx::query_scalar("SELECT value FROM meta WHERE key = ?")
        .bind(key)
        .fetch_one(connection)
        .await
        .map_err(sql("read"))
}

/// A number that older catalogs lack: there it is 0.
async fn flag(connection: &mut SqliteConnection, key: &str) -> Result<bool, Error> {
    let value: Option<i64> = sqlx::query_scalar("SELECT value FROM meta WHERE key = ?")
        .bind(key)
        .fetch_optional(connection)
        .await
        .map_err(sql("read"))?;
    Ok(value.unwrap_or_default() != 0)
}

/// Rows in one answer. A row of its own for each of a million nodes would take the driver seconds.
const ROWS: i64 = 500;

/// Nodes as text, a NUL between two: no topic has one.
const NODES: &str = "SELECT group_concat(node || ',' || org || ',' || topic || ',' || hex(id) || ',' || \
                     deleted || ',' || purged || ',' || name, char(0)) \
                     FROM (SELECT * FROM node WHERE node > ? ORDER BY node LIMIT ?)";

/// Series as text; a field may be any string, so it comes in hexadecimal digits.
const SERIES: &str = "SELECT group_concat(sid || ',' || node || ',' || type || ',' || generation \
                      || ',' || iif(field IS NULL, '', '=' || hex(field)) \
                      || ',' || iif(unit IS NULL, '', '=' || hex(unit)), char(0)) \
                      FROM (SELECT * FROM series WHERE sid > ? ORDER BY sid LIMIT ?)";

/// The next rows behind a number, in order; none are left if there are none.
async fn rows<T>(
    connection: &mut SqliteConnection,
    query: &'static str,
    after: i64,
    parse: impl Fn(&str) -> Option<(i64, T)>,
) -> Result<Vec<(i64, T)>, Error> {
    let text: Option<String> = sqlx::query_scalar(query)
        .bind(after)
        .bind(ROWS)
        .fetch_one(connection)
        .await
        .map_err(sql("read"))?;
    let text = text.unwrap_or_default();
    let rows = text.split('\0').filter(|row| !row.is_empty());
    let rows: Option<Vec<_>> = rows.map(parse).collect();
    let mut rows = rows.ok_or(Error::Inconsistent("a row of nodes or series"))?;
    rows.sort_unstable_by_key(|(number, _)| *number);
    Ok(rows)
}

async fn nodes(connection: &mut SqliteConnection, registry: &mut Registry) -> Result<(), Error> {
    let mut after = -1;
    loop {
        let rows = rows(connection, NODES, after, node).await?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = *last;
        rows.iter().for_each(|(_, row)| registry.restore_node(row));
    }
}

fn node(row: &str) -> Option<(i64, NodeRow)> {
    let mut parts = row.splitn(7, ',');
    let number = parts.next()?.parse().ok()?;
    let mut small = || parts.next()?.parse().ok();
    let (org, topic) = (OrgId(small()?), TopicId(small()?));
    let id = NodeId(u128::from_str_radix(parts.next()?, 16).ok()?);
    let (deleted, purged) = (parts.next()? != "0", parts.next()? != "0");
    let name = parts.next()?.into();
    let row = NodeRow { number: NodeNo(small_of(number)?), org, topic, id, name, deleted, purged };
    Some((number, row))
}

async fn series(connection: &mut SqliteConnection, registry: &mut Registry) -> Result<(), Error> {
    let mut after = -1;
    loop {
        let rows = rows(connection, SERIES, after, one_series).await?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = *last;
        for (sid, row) in rows {
            if unsigned(sid)? != registry.series_count() as u64 {
                return Err(Error::Inconsistent("series ids have a hole"));
            }
            registry.restore_series(&row);
        }
    }
}

fn one_series(row: &str) -> Option<(i64, SeriesRow)> {
    let mut parts = row.split(',');
    let number = parts.next()?.parse().ok()?;
    let node = NodeNo(parts.next()?.parse().ok()?);
    let name = parts.next()?;
    let value_type = ValueType::ALL.into_iter().find(|known| known.name() == name)?;
    let generation = parts.next()?.parse().ok()?;
    let mut optional = || {
        Some(match parts.next()?.strip_prefix('=') {
            Some(digits) => Some(from_hex(digits)?.into()),
            None => None,
        })
    };
    let (field, unit) = (optional()?, optional()?);
    let sid = SeriesId(small_of(number)?);
    Some((number, SeriesRow { sid, node, field, value_type, generation, unit }))
}

fn small_of(number: i64) -> Option<u32> {
    u32::try_from(number).ok()
}

fn from_hex(digits: &str) -> Option<String> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.as_bytes().chunks_exact(2);
    let bytes = pairs.map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
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
        let (cause, reason) = Gap::read_reason(&reason);
        Ok(Gap {
            after: Sequence(unsigned(after)?),
            until: Sequence(unsigned(until)?),
            start: Timestamp(start),
            end: Timestamp(end),
            series,
            cause,
            reason,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_are_written() {
        let (number, row) = node("7,1,5,000000000000000000000000000000FF,1,0,a/b,c").unwrap();
        assert_eq!(
            (number, row.number, row.topic, row.id),
            (7, NodeNo(7), TopicId(5), NodeId(255))
        );
        assert_eq!((&*row.name, row.deleted, row.purged), ("a/b,c", true, false));
        let (_, row) = one_series("3,7,number,1,,").unwrap();
        assert_eq!(
            (row.sid, row.node, row.field, row.generation),
            (SeriesId(3), NodeNo(7), None, 1)
        );
        let (_, row) = one_series("3,7,text,0,=C3A4002C,").unwrap();
        assert_eq!(row.field.as_deref(), Some("\u{e4}\0,"));
        let (_, row) = one_series("3,7,bool,0,=,=6261720A").unwrap();
        assert_eq!((row.field.as_deref(), row.unit.as_deref()), (Some(""), Some("bar\n")));
        for broken in ["", "x", "3,7,number", "3,7,unheard,0,,", "3,7,text,0,=zz,", "3,7,text,0,"] {
            assert!(one_series(broken).is_none(), "{broken}");
        }
    }
}
