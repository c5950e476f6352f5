//! Columns to Parquet bytes: row groups cut at series borders, the smallest encoding per chunk.

use bytes::Bytes;
use parquet::basic::Encoding::{self, BYTE_STREAM_SPLIT, DELTA_BINARY_PACKED, PLAIN};
use parquet::column::writer::{ColumnCloseResult, get_column_writer, get_typed_column_writer};
use parquet::data_type::{ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{
    SerializedFileWriter, SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite,
};
use parquet::schema::types::SchemaDescPtr;

use crate::columns::Columns;
use crate::error::{Error, parquet};
use crate::layout::{self, FORMAT, FORMAT_KEY, TimeUnit, at};
use crate::origin::{self, Origin};
use crate::sample::{Sample, SeriesId};

/// Row groups are closed at the first series border past this many rows, and inside a series at
/// twice as many.
pub const GROUP_ROWS: usize = 128 * 1024;
/// A series at least this long has row groups of its own: its chunks then choose their encoding
/// for it alone, which is worth more than the footer entry costs.
const OWN_GROUP_ROWS: usize = 32 * 1024;

/// `None` is dictionary.
type Candidates = &'static [Option<Encoding>];
const DICTIONARY: Candidates = &[None];
const DELTA: Candidates = &[Some(DELTA_BINARY_PACKED)];
const DICTIONARY_OR_DELTA: Candidates = &[None, Some(DELTA_BINARY_PACKED)];
const INTEGERS: Candidates =
    &[None, Some(DELTA_BINARY_PACKED), Some(BYTE_STREAM_SPLIT), Some(PLAIN)];
const DOUBLES: Candidates = &[None, Some(BYTE_STREAM_SPLIT), Some(PLAIN)];
const TEXTS: Candidates = &[None, Some(PLAIN)];

/// A finished file.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The bytes of the file.
    pub bytes: Bytes,
    /// Its rows.
    pub rows: u64,
    /// Compressed bytes per column, in file order, without footer and index.
    pub column_bytes: Vec<(String, u64)>,
}

/// Builds one history file in memory.
pub struct Writer {
    unit: TimeUnit,
    schema: SchemaDescPtr,
    file: SerializedFileWriter<Vec<u8>>,
    columns: Columns,
    last: Option<SeriesId>,
    rows: u64,
    column_bytes: Vec<(String, u64)>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("unit", &self.unit).field("rows", &self.rows).finish()
    }
}

impl Writer {
    /// An empty file whose times are all exact in `unit`.
    pub fn new(unit: TimeUnit) -> Result<Self, Error> {
        let schema = layout::schema(unit)?;
        let sorted = [at::SID, at::TS].map(|column| SortingColumn {
            column_idx: i32::try_from(column).unwrap_or_default(),
            descending: false,
            nulls_first: false,
        });
        let properties = WriterProperties::builder()
            .set_created_by("uns hub".into())
            .set_key_value_metadata(Some(vec![KeyValue::new(FORMAT_KEY.into(), FORMAT.to_owned())]))
            .set_sorting_columns(Some(sorted.to_vec()))
            .build();
        let file =
            SerializedFileWriter::new(Vec::new(), schema.root_schema_ptr(), properties.into())
                .map_err(parquet("start"))?;
        let column_bytes =
            schema.columns().iter().map(|column| (column.name().to_owned(), 0)).collect();
        let columns = Columns::default();
        Ok(Self { unit, schema, file, columns, last: None, rows: 0, column_bytes })
    }

    /// Adds one series: its samples sorted by [`Sample::order`], series in ascending order.
    pub fn write_series(&mut self, sid: SeriesId, samples: &[Sample]) -> Result<(), Error> {
        if self.last.is_some_and(|last| last >= sid) {
            return Err(Error::Unwritable("series out of order"));
        }
        if !samples.is_sorted_by(|a, b| a.order(b).is_le()) {
            return Err(Error::Unwritable("samples out of order"));
        }
        self.last = Some(sid);
        if samples.len() >= OWN_GROUP_ROWS {
            self.close_group()?;
        }
        for run in samples.chunks(GROUP_ROWS * 2) {
            self.columns.push_run(sid, run, self.unit)?;
            if self.columns.rows() >= GROUP_ROWS || run.len() >= OWN_GROUP_ROWS {
                self.close_group()?;
            }
        }
        Ok(())
    }

    /// Writes where the samples come from and the footer, and gives the bytes.
    pub fn finish(mut self, origin: &Origin) -> Result<Encoded, Error> {
        self.close_group()?;
        let (table, at) = (origin::encode(&origin.series), self.file.bytes_written());
        let failed = |error| Error::Parquet { action: "finish", source: ParquetError::from(error) };
        self.file.write_all(&table).map_err(failed)?;
        for pair in origin.pairs((at, table.len())) {
            self.file.append_key_value_metadata(pair);
        }
        let bytes = origin::seal(self.file.into_inner().map_err(parquet("finish"))?)?;
        Ok(Encoded { bytes: bytes.into(), rows: self.rows, column_bytes: self.column_bytes })
    }

    fn close_group(&mut self) -> Result<(), Error> {
        let c = &self.columns;
        if c.rows() == 0 {
            return Ok(());
        }
        let group = self.file.next_row_group().map_err(parquet("write"))?;
        let mut chunks =
            Chunks { group, schema: &self.schema, sizes: &mut self.column_bytes, next: 0 };
        chunks.add::<Int32Type>(DELTA, &c.sid, None)?;
        chunks.add::<Int64Type>(DELTA, &c.ts, None)?;
        chunks.add::<Int64Type>(INTEGERS, &c.i.values, Some(&c.i.present))?;
        chunks.add::<Int32Type>(DICTIONARY, &c.scale.values, Some(&c.scale.present))?;
        chunks.add::<DoubleType>(DOUBLES, &c.f.values, Some(&c.f.present))?;
        chunks.add::<ByteArrayType>(TEXTS, &c.s.values, Some(&c.s.present))?;
        chunks.add::<Int32Type>(DICTIONARY, &c.q, None)?;
        chunks.add::<Int32Type>(DICTIONARY, &c.kind, None)?;
        chunks.add::<Int64Type>(DELTA, &c.seq, None)?;
        let source_seq = &c.source_seq;
        chunks.add::<Int64Type>(
            DICTIONARY_OR_DELTA,
            &source_seq.values,
            Some(&source_seq.present),
        )?;
        chunks.add::<Int32Type>(DICTIONARY_OR_DELTA, &c.lag.values, Some(&c.lag.present))?;
        chunks.group.close().map_err(parquet("write"))?;
        self.rows += c.rows() as u64;
        self.columns.clear();
        Ok(())
    }
}

/// The chunks of one row group, added in column order.
struct Chunks<'a> {
    group: SerializedRowGroupWriter<'a, Vec<u8>>,
    schema: &'a SchemaDescPtr,
    sizes: &'a mut Vec<(String, u64)>,
    next: usize,
}

impl Chunks<'_> {
    /// Encodes the next column every candidate way and appends the smallest.
    fn add<T: DataType>(
        &mut self,
        candidates: Candidates,
        values: &[T::T],
        present: Option<&[i16]>,
    ) -> Result<(), Error> {
        let column = self.next;
        self.next += 1;
        let statistics = match column {
            at::SID | at::TS => EnabledStatistics::Page,
            _ => EnabledStatistics::None,
        };
        let mut best: Option<(Vec<u8>, ColumnCloseResult)> = None;
        for candidate in candidates {
            let properties = layout::properties(*candidate, statistics)?;
            let chunk = encode::<T>(self.schema, column, properties, (values, present))?;
            if best.as_ref().is_none_or(|(bytes, _)| chunk.0.len() < bytes.len()) {
                best = Some(chunk);
            }
            if values.is_empty() {
                break;
            }
        }
        let (bytes, close) = best.ok_or(Error::Unwritable("a column without an encoding"))?;
        if let Some((_, size)) = self.sizes.get_mut(column) {
            *size += bytes.len() as u64;
        }
        self.group.append_column(&Bytes::from(bytes), close).map_err(parquet("write"))
    }
}

fn encode<T: DataType>(
    schema: &SchemaDescPtr,
    column: usize,
    properties: parquet::file::properties::WriterPropertiesPtr,
    (values, present): (&[T::T], Option<&[i16]>),
) -> Result<(Vec<u8>, ColumnCloseResult), Error> {
    let mut sink = TrackedWrite::new(Vec::new());
    let pages = Box::new(SerializedPageWriter::new(&mut sink));
    let writer = get_column_writer(schema.column(column), properties, pages);
    let mut writer = get_typed_column_writer::<T>(writer);
    writer.write_batch(values, present, None).map_err(parquet("encode"))?;
    let close = writer.close().map_err(parquet("encode"))?;
    Ok((sink.into_inner().map_err(parquet("encode"))?, close))
}
