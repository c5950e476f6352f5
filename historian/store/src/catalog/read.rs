//! Reading the tables of the catalog, each row with its checksum.

use historian_segment::SeriesId;
use sqlx::SqliteConnection;
use uns_model::{NodeId, NodeNo, OrgId, Sequence, Timestamp, TopicId};

use super::contents::sql;
use super::row::{Doomed, Meta, Row, Table};
use crate::error::Error;
use crate::file::Entry;
use crate::gap::Gap;
use crate::registry::{NodeRow, SeriesRow, ValueType};

/// Rows in one answer. A row of its own for each of a million nodes would take the driver seconds.
const ROWS: i64 = 2000;

/// Nodes as text, a NUL between two: no topic has one. Before them the highest number.
pub(super) const NODES: &str = "SELECT max(node), CAST(group_concat(concat_ws(',', row_crc, node, \
     org, topic, hex(id), deleted, purged, name), char(0)) AS BLOB) FROM (SELECT * FROM node WHERE \
     node > ? ORDER BY node LIMIT ?)";

/// Series as text; a field may be any string, so it comes in hexadecimal digits. Before them the highest
/// number.
pub(super) const SERIES: &str = "SELECT max(sid), CAST(group_concat(concat_ws(',', row_crc, sid, node, \
     type, generation, iif(field IS NULL, '', '=' || hex(field)), \
     iif(unit IS NULL, '', '=' || hex(unit))), char(0)) AS BLOB) FROM (SELECT * FROM series WHERE \
     sid > ? ORDER BY sid LIMIT ?)";

/// Some rows of nodes or series, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Rows {
    text: Vec<u8>,
    last: Option<i64>,
}

/// The next rows behind a number, in order; none are left if there are none.
pub(super) async fn rows(
    connection: &mut SqliteConnection,
    query: &'static str,
    after: i64,
) -> Result<Rows, Error> {
    some_rows(connection, query, (after, ROWS)).await
}

/// So many rows behind a number.
pub(super) async fn some_rows(
    connection: &mut SqliteConnection,
    query: &'static str,
    (after, count): (i64, i64),
) -> Result<Rows, Error> {
    let (last, text): (_, Option<Vec<u8>>) = sqlx::query_as(query)
        .bind(after)
        .bind(count)
        .fetch_one(connection)
        .await
        .map_err(sql("read"))?;
    Ok(Rows { text: text.unwrap_or_default(), last })
}

impl Rows {
    /// The highest number among them; none where there are no rows.
    pub(super) fn last(&self) -> Option<i64> {
        self.last
    }

    /// Each row: its checksum, and its content as the text that is of; nothing where it makes no
    /// sense.
    pub(super) fn iter(&self) -> impl Iterator<Item = Option<(i64, &str)>> {
        self.text.split(|byte| *byte == 0).filter(|row| !row.is_empty()).map(|row| {
            let (row_crc, text) = std::str::from_utf8(row).ok()?.split_once(',')?;
            Some((row_crc.parse().ok()?, text))
        })
    }
}

pub(super) fn node(row: &str) -> Option<NodeRow> {
    let mut parts = row.splitn(7, ',');
    let mut small = || parts.next()?.parse().ok();
    let (number, org, topic) = (NodeNo(small()?), OrgId(small()?), TopicId(small()?));
    let id = NodeId(u128::from_str_radix(parts.next()?, 16).ok()?);
    let (deleted, purged) = (parts.next()? != "0", parts.next()? != "0");
    let name = parts.next()?.into();
    Some(NodeRow { number, org, topic, id, name, deleted, purged })
}

pub(super) fn one_series(row: &str) -> Option<SeriesRow> {
    let mut parts = row.split(',');
    let sid = SeriesId(parts.next()?.parse().ok()?);
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
    Some(SeriesRow { sid, node, field, value_type, generation, unit })
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

type FileRow = (String, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64);

/// Files with their checksums.
pub(super) async fn files(connection: &mut SqliteConnection) -> Result<Vec<(Entry, i64)>, Error> {
    let rows: Vec<FileRow> = sqlx::query_as(
        "SELECT name, first_time, last_time, after_sequence, until_sequence, row_count, bytes, crc, \
         first_sid, last_sid, row_crc FROM file ORDER BY until_sequence, name",
    )
    .fetch_all(connection)
    .await
    .map_err(sql("read"))?;
    let entry = |row: FileRow| {
        let (name, first, last, after, until, rows, bytes, crc, first_sid, last_sid, row_crc) = row;
        let entry = Entry {
            name,
            first_time: Timestamp(first),
            last_time: Timestamp(last),
            after: Sequence(unsigned(after)?),
            until: Sequence(unsigned(until)?),
            rows: unsigned(rows)?,
            bytes: unsigned(bytes)?,
            crc: small(crc)?,
            series: (SeriesId(small(first_sid)?), SeriesId(small(last_sid)?)),
        };
        Ok((entry, row_crc))
    };
    rows.into_iter().map(entry).collect()
}

/// A gap as the text its checksum is of, whatever its columns hold: none where it is no gap at all.
const GAPS: &str = "SELECT rowid, row_crc || ',' || after_sequence || ',' || until_sequence || ',' \
     || start_time || ',' || end_time || ',' || iif(first_sid IS NULL AND last_sid IS NULL, '', \
     first_sid || '-' || last_sid) || ',' || reason FROM gap WHERE rowid > ? ORDER BY rowid LIMIT ?";

/// Without an end: all rows in one answer.
const ALL: i64 = -1;

/// The gaps behind a row, each with its checksum, or nothing for a row that makes no sense; and the
/// last row.
async fn some_gaps(
    connection: &mut SqliteConnection,
    (after, count): (i64, i64),
) -> Result<(Vec<Option<(Gap, i64)>>, Option<i64>), Error> {
    let rows: Vec<(i64, Option<Vec<u8>>)> = sqlx::query_as(GAPS)
        .bind(after)
        .bind(count)
        .fetch_all(connection)
        .await
        .map_err(sql("read"))?;
    let last = rows.last().map(|(row, _)| *row);
    let read = |(_, text): (i64, Option<Vec<u8>>)| {
        let text = String::from_utf8(text?).ok()?;
        let (row_crc, text) = text.split_once(',')?;
        Some((gap(text)?, row_crc.parse().ok()?))
    };
    Ok((rows.into_iter().map(read).collect(), last))
}

fn gap(row: &str) -> Option<Gap> {
    let mut parts = row.splitn(6, ',');
    let mut number = || parts.next()?.parse::<i64>().ok();
    let mut sequence = || Some(Sequence(u64::try_from(number()?).ok()?));
    let (after, until) = (sequence()?, sequence()?);
    let (start, end) = (Timestamp(number()?), Timestamp(number()?));
    let series = match parts.next()? {
        "" => None,
        series => {
            let (first, last) = series.split_once('-')?;
            Some((SeriesId(first.parse().ok()?), SeriesId(last.parse().ok()?)))
        }
    };
    let (cause, reason) = Gap::read_reason(parts.next()?);
    Some(Gap { after, until, start, end, series, cause, reason })
}

/// Gaps with their checksums, each twice.
pub(super) async fn gaps(connection: &mut SqliteConnection) -> Result<Vec<(Gap, i64)>, Error> {
    let (rows, _) = some_gaps(connection, (i64::MIN, ALL)).await?;
    let gaps: Option<Vec<_>> = rows.into_iter().collect();
    let mut gaps = gaps.ok_or(Table::Gap.damaged())?;
    gaps.sort_by_key(|(gap, _)| gap.until);
    Ok(gaps)
}

/// The gaps of a damaged table that hold their checksums: one row that does not, or cannot be read at
/// all, hides no other.
pub(super) async fn gaps_that_hold(connection: &mut SqliteConnection) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut after = i64::MIN;
    while let Ok((rows, Some(last))) = some_gaps(connection, (after, 1)).await {
        let whole = rows.into_iter().flatten().filter(|(gap, row_crc)| gap.crc() == *row_crc);
        gaps.extend(whole.map(|(gap, _)| gap));
        // The rows of a damaged table may be the same ones for ever.
        if last <= after {
            break;
        }
        after = last;
    }
    gaps.sort_by_key(|gap| gap.until);
    gaps
}

/// Names of files that are to be removed, with their checksums.
pub(super) async fn doomed(connection: &mut SqliteConnection) -> Result<Vec<(Doomed, i64)>, Error> {
    let query = sqlx::query_as("SELECT name, row_crc FROM doomed");
    let rows: Vec<(String, i64)> = query.fetch_all(connection).await.map_err(sql("read"))?;
    Ok(rows.into_iter().map(|(name, row_crc)| (Doomed(name), row_crc)).collect())
}

/// The checksum of what the database says its tables are. A driver that meets other bytes than text there
/// panics, so this comes before any other question.
pub(super) async fn schema(connection: &mut SqliteConnection) -> Result<i64, Error> {
    let query = "SELECT hex(coalesce(sql, '')) FROM sqlite_master ORDER BY name";
    let tables = sqlx::query_scalar(query).fetch_all(connection).await.map_err(sql("read"))?;
    let mut hasher = crc32fast::Hasher::new();
    for digits in tables {
        let digits: String = digits;
        let text = from_hex(&digits).ok_or(Error::Inconsistent("what it says of its tables"))?;
        hasher.update(text.as_bytes());
        hasher.update(b"\0");
    }
    Ok(i64::from(hasher.finalize()))
}

/// A number and its checksum; nothing where there is none.
pub(super) async fn meta(
    connection: &mut SqliteConnection,
    key: &'static str,
) -> Result<Option<(i64, i64)>, Error> {
    let query = sqlx::query_as("SELECT value, row_crc FROM meta WHERE key = ?").bind(key);
    query.fetch_optional(connection).await.map_err(sql("read"))
}

/// A number that has to be there and to hold.
pub(super) async fn number(
    connection: &mut SqliteConnection,
    key: &'static str,
) -> Result<i64, Error> {
    let found = meta(connection, key).await?;
    let (value, row_crc) = found.ok_or(Error::Inconsistent("a number in meta is missing"))?;
    Table::Meta.check(&Meta(key, value).text(), row_crc)?;
    Ok(value)
}

/// The checked rows of a small table; their checksums go into the sum.
pub(super) fn checked<R: Row>(rows: Vec<(R, i64)>, tally: &mut i64) -> Result<Vec<R>, Error> {
    let check = |(row, row_crc): (R, i64)| {
        R::TABLE.check(&row.text(), row_crc)?;
        *tally = tally.wrapping_add(row_crc);
        Ok(row)
    };
    rows.into_iter().map(check).collect()
}

pub(super) fn unsigned(number: i64) -> Result<u64, Error> {
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
        let text = "7,1,5,000000000000000000000000000000FF,1,0,a/b,c";
        let row = node(text).unwrap();
        assert_eq!((row.number, row.topic, row.id), (NodeNo(7), TopicId(5), NodeId(255)));
        assert_eq!((&*row.name, row.deleted, row.purged), ("a/b,c", true, false));
        assert_eq!(row.text(), text);
        let row = one_series("3,7,number,1,,").unwrap();
        assert_eq!(
            (row.sid, row.node, row.field.as_deref(), row.generation),
            (SeriesId(3), NodeNo(7), None, 1)
        );
        let row = one_series("3,7,text,0,=C3A4002C,").unwrap();
        assert_eq!(row.field.as_deref(), Some("\u{e4}\0,"));
        assert_eq!(row.text(), "3,7,text,0,=C3A4002C,");
        let row = one_series("3,7,bool,0,=,=6261720A").unwrap();
        assert_eq!((row.field.as_deref(), row.unit.as_deref()), (Some(""), Some("bar\n")));
        assert_eq!(row.text(), "3,7,bool,0,=,=6261720A");
        for broken in ["", "x", "3,7,number", "3,7,unheard,0,,", "3,7,text,0,=zz,", "3,7,text,0,"] {
            assert!(one_series(broken).is_none(), "{broken}");
        }
    }
}
