//! Parquet bytes back to samples, reading only the row groups and pages that can matter.

use std::ops::Range;
use std::sync::Arc;

use parquet::column::reader::{ColumnReader, get_typed_column_reader};
use parquet::data_type::{ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::{ReaderProperties, ReaderPropertiesPtr};
use parquet::file::reader::{ChunkReader as _, RowGroupReader};
use parquet::file::serialized_reader::SerializedRowGroupReader;
use uns_model::Timestamp;

use crate::columns::{Columns, Nullable};
use crate::error::{Error, parquet};
use crate::input::{Chunks, ReadAt};
use crate::layout::{FORMAT, FORMAT_BEFORE, FORMAT_KEY, TimeUnit, at};
use crate::origin::{self, Origin};
use crate::pages::{self, Wanted};
use crate::sample::{Sample, SeriesId};

/// An open history file: its footer and page index, and where to read the rest.
pub struct Segment<R> {
    input: Arc<Chunks<R>>,
    metadata: ParquetMetaData,
    unit: TimeUnit,
    properties: ReaderPropertiesPtr,
}

/// Rows of one row group that may hold the asked series and times.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    group: usize,
    rows: Range<u64>,
    /// No sample of the piece is older.
    pub first: Timestamp,
    /// No sample of the piece is newer.
    pub last: Timestamp,
}

impl<R> std::fmt::Debug for Segment<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segment")
            .field("unit", &self.unit)
            .field("groups", &self.metadata.num_row_groups())
            .finish_non_exhaustive()
    }
}

impl<R: ReadAt> Segment<R> {
    /// Reads and checks the footer and the page index.
    pub fn open(input: R) -> Result<Self, Error> {
        let input = Chunks(Arc::new(input));
        let metadata = ParquetMetaDataReader::new()
            .with_page_index_policy(PageIndexPolicy::Optional)
            .parse_and_finish(&input)
            .map_err(parquet("open"))?;
        let file = metadata.file_metadata();
        let format = file.key_value_metadata().and_then(|pairs| {
            pairs.iter().find(|pair| pair.key == FORMAT_KEY).and_then(|pair| pair.value.as_deref())
        });
        if format != Some(FORMAT) && format != Some(FORMAT_BEFORE) {
            return Err(Error::Format(format!("footer says {FORMAT_KEY} = {format:?}")));
        }
        let unit = TimeUnit::of(file.schema_descr())?;
        let properties = Arc::new(ReaderProperties::builder().build());
        Ok(Self { input: Arc::new(input), metadata, unit, properties })
    }

    /// What the file says about itself; `None` for files of format 1, which say nothing.
    pub fn origin(&self) -> Result<Option<Origin>, Error> {
        let pairs = self.metadata.file_metadata().key_value_metadata();
        let pairs = pairs.map(Vec::as_slice).unwrap_or_default();
        let is = |pair: &KeyValue| pair.key == FORMAT_KEY && pair.value.as_deref() == Some(FORMAT);
        if !pairs.iter().any(is) {
            return Ok(None);
        }
        let (mut origin, (at, length)) = Origin::parse(pairs)?;
        let table = self.input.get_bytes(at, length).map_err(parquet("read the series of"))?;
        let series = origin::decode(&table);
        origin.series = series.ok_or(Error::Format("the table of series is broken".into()))?;
        Ok(Some(origin))
    }

    /// The first and last time in it; `None` where it has no rows or no statistics.
    pub fn times(&self) -> Option<(Timestamp, Timestamp)> {
        let groups = self.metadata.row_groups();
        let times: Option<Vec<_>> = groups.iter().map(pages::times).collect();
        let times = times?;
        let first = times.iter().map(|(first, _)| *first).min()?;
        let last = times.iter().map(|(_, last)| *last).max()?;
        let time = |t: i64| Timestamp(t.saturating_mul(self.unit.nanos()));
        Some((time(first), time(last)))
    }

    /// How many rows the footer promises.
    pub fn rows(&self) -> u64 {
        u64::try_from(self.metadata.file_metadata().num_rows()).unwrap_or_default()
    }

    /// The unit of its times.
    pub fn unit(&self) -> TimeUnit {
        self.unit
    }

    /// Where samples of `sid` in `[start, end)` can be, in file order; no data is read.
    pub fn pieces(&self, sid: SeriesId, start: Timestamp, end: Timestamp) -> Vec<Piece> {
        let Some(wanted) = self.wanted(sid, start, end) else {
            return Vec::new();
        };
        (0..self.metadata.num_row_groups())
            .filter_map(|group| {
                let rows = pages::rows(&self.metadata, group, wanted)?;
                let (first, last) = self
                    .metadata
                    .row_groups()
                    .get(group)
                    .and_then(pages::times)
                    .unwrap_or((i64::MIN, i64::MAX));
                let time = |t: i64| Timestamp(t.saturating_mul(self.unit.nanos()));
                let (first, last) = (time(first).max(start), time(last).min(end));
                Some(Piece { group, rows, first, last })
            })
            .collect()
    }

    /// Adds the samples of `sid` in `[start, end)` that a piece holds, in file order.
    pub fn read(
        &self,
        piece: &Piece,
        sid: SeriesId,
        (start, end): (Timestamp, Timestamp),
        out: &mut Vec<Sample>,
    ) -> Result<(), Error> {
        let Some(wanted) = self.wanted(sid, start, end) else {
            return Ok(());
        };
        let group = self.group(piece.group)?;
        let keys = read_keys(&group, piece.rows.clone())?;
        let from = keys.partition_point(|key| *key < (wanted.sid, wanted.start));
        let to = keys.partition_point(|key| *key < (wanted.sid, wanted.end));
        if from < to {
            let rows = piece.rows.start + from as u64..piece.rows.start + to as u64;
            let keys = keys.get(from..to).unwrap_or_default();
            self.decode(&read_rest(&group, rows, keys)?, |_, sample| out.push(sample))?;
        }
        Ok(())
    }

    /// Visits every sample of the file in file order.
    pub fn read_all(&self, mut visit: impl FnMut(SeriesId, Sample)) -> Result<(), Error> {
        for (number, meta) in self.metadata.row_groups().iter().enumerate() {
            let rows = 0..u64::try_from(meta.num_rows()).unwrap_or_default();
            let group = self.group(number)?;
            let keys = read_keys(&group, rows.clone())?;
            self.decode(&read_rest(&group, rows, &keys)?, &mut visit)?;
        }
        Ok(())
    }

    /// The series the file has samples of, ascending; reads the `sid` column only.
    pub fn series(&self) -> Result<Vec<SeriesId>, Error> {
        let mut found = Vec::new();
        for (number, meta) in self.metadata.row_groups().iter().enumerate() {
            let rows = 0..u64::try_from(meta.num_rows()).unwrap_or_default();
            let sids = required::<Int32Type>(&self.group(number)?, at::SID, rows)?;
            found.extend(sids.into_iter().map(|sid| SeriesId(sid.cast_unsigned())));
            found.dedup();
        }
        Ok(found)
    }

    /// The range in file units: half-open stays half-open because both ends round up.
    fn wanted(&self, sid: SeriesId, start: Timestamp, end: Timestamp) -> Option<Wanted> {
        let unit = self.unit.nanos();
        let up = |t: i64| t.div_euclid(unit) + i64::from(t.rem_euclid(unit) != 0);
        let (start, end) = (up(start.0), up(end.0));
        (start < end).then_some(Wanted { sid: i32::try_from(sid.0).ok()?, start, end })
    }

    fn group(&self, number: usize) -> Result<SerializedRowGroupReader<'_, Chunks<R>>, Error> {
        let missing = || Error::Format(format!("no row group {number}"));
        let meta = self.metadata.row_groups().get(number).ok_or_else(missing)?;
        let offsets = self.metadata.offset_index().and_then(|index| index.get(number));
        let (input, properties) = (Arc::clone(&self.input), Arc::clone(&self.properties));
        SerializedRowGroupReader::new(input, meta, offsets.map(Vec::as_slice), properties)
            .map_err(parquet("read"))
    }

    fn decode(&self, rows: &Columns, visit: impl FnMut(SeriesId, Sample)) -> Result<(), Error> {
        rows.decode(self.unit, visit)
    }
}

type Group<'a> = dyn RowGroupReader + 'a;

/// (sid, ts) of each row.
fn read_keys(group: &Group<'_>, rows: Range<u64>) -> Result<Vec<(i32, i64)>, Error> {
    let sids = required::<Int32Type>(group, at::SID, rows.clone())?;
    let times = required::<Int64Type>(group, at::TS, rows)?;
    Ok(sids.into_iter().zip(times).collect())
}

fn read_rest(group: &Group<'_>, rows: Range<u64>, keys: &[(i32, i64)]) -> Result<Columns, Error> {
    Ok(Columns {
        sid: keys.iter().map(|key| key.0).collect(),
        ts: keys.iter().map(|key| key.1).collect(),
        i: optional::<Int64Type>(group, at::I, rows.clone())?,
        scale: optional::<Int32Type>(group, at::SCALE, rows.clone())?,
        f: optional::<DoubleType>(group, at::F, rows.clone())?,
        s: optional::<ByteArrayType>(group, at::S, rows.clone())?,
        q: required::<Int32Type>(group, at::Q, rows.clone())?,
        kind: required::<Int32Type>(group, at::KIND, rows.clone())?,
        seq: required::<Int64Type>(group, at::SEQ, rows.clone())?,
        source_seq: optional::<Int64Type>(group, at::SOURCE_SEQ, rows.clone())?,
        lag: optional::<Int32Type>(group, at::LAG, rows)?,
    })
}

fn required<T: DataType>(
    group: &Group<'_>,
    column: usize,
    rows: Range<u64>,
) -> Result<Vec<T::T>, Error> {
    Ok(read_column::<T>(group, column, rows, false)?.values)
}

fn optional<T: DataType>(
    group: &Group<'_>,
    column: usize,
    rows: Range<u64>,
) -> Result<Nullable<T::T>, Error> {
    read_column::<T>(group, column, rows, true)
}

fn read_column<T: DataType>(
    group: &Group<'_>,
    column: usize,
    rows: Range<u64>,
    nullable: bool,
) -> Result<Nullable<T::T>, Error> {
    let reader: ColumnReader = group.get_column_reader(column).map_err(parquet("read"))?;
    let mut reader = get_typed_column_reader::<T>(reader);
    let size = |n: u64| usize::try_from(n).map_err(|_| Error::Format("a huge row group".into()));
    let (skip, mut left) = (size(rows.start)?, size(rows.end.saturating_sub(rows.start))?);
    let mut out = Nullable::default();
    if reader.skip_records(skip).map_err(parquet("read"))? != skip {
        return Err(Error::Format("a column is shorter than its row group".into()));
    }
    while left > 0 {
        let levels = nullable.then_some(&mut out.present);
        let (read, _, _) =
            reader.read_records(left, levels, None, &mut out.values).map_err(parquet("read"))?;
        if read == 0 {
            return Err(Error::Format("a column is shorter than its row group".into()));
        }
        left = left.saturating_sub(read);
    }
    Ok(out)
}
