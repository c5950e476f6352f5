//! The side table that names series for tools outside: `sid` to topic, field, type and unit.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type};
use parquet::file::properties::EnabledStatistics;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

use parquet::record::{Field, Row, RowAccessor};

use crate::error::{Error, parquet};
use crate::layout;
use crate::sample::SeriesId;

/// One row of the side table.
#[derive(Clone, Debug)]
pub struct SeriesEntry {
    /// The number used in history files.
    pub sid: SeriesId,
    /// The organisation's number.
    pub org: u32,
    /// The node's topic.
    pub topic: String,
    /// The JSON field, when it is one.
    pub field: Option<String>,
    /// The type of its values: number, bool, text or document.
    pub kind: Cow<'static, str>,
    /// Its engineering unit, where one is known.
    pub unit: Option<String>,
}

/// The side table as a Parquet file.
pub fn write_series_map(entries: &[SeriesEntry]) -> Result<Bytes, Error> {
    let text = Some(LogicalType::String);
    let schema = layout::build([
        ("sid", Physical::INT32, Repetition::REQUIRED, None),
        ("org", Physical::INT32, Repetition::REQUIRED, None),
        ("topic", Physical::BYTE_ARRAY, Repetition::REQUIRED, text.clone()),
        ("field", Physical::BYTE_ARRAY, Repetition::OPTIONAL, text.clone()),
        ("type", Physical::BYTE_ARRAY, Repetition::REQUIRED, text.clone()),
        ("unit", Physical::BYTE_ARRAY, Repetition::OPTIONAL, text),
    ])?;
    let properties = layout::properties(None, EnabledStatistics::None)?;
    let mut file = SerializedFileWriter::new(Vec::new(), schema.root_schema_ptr(), properties)
        .map_err(parquet("start"))?;
    let mut group = file.next_row_group().map_err(parquet("write"))?;
    let number = |n: u32| n.cast_signed();
    let sids: Vec<_> = entries.iter().map(|e| number(e.sid.0)).collect();
    let orgs: Vec<_> = entries.iter().map(|e| number(e.org)).collect();
    column::<Int32Type>(&mut group, &sids, None)?;
    column::<Int32Type>(&mut group, &orgs, None)?;
    texts(&mut group, entries.iter().map(|e| Some(e.topic.as_str())), false)?;
    texts(&mut group, entries.iter().map(|e| e.field.as_deref()), true)?;
    texts(&mut group, entries.iter().map(|e| Some(&*e.kind)), false)?;
    texts(&mut group, entries.iter().map(|e| e.unit.as_deref()), true)?;
    group.close().map_err(parquet("write"))?;
    Ok(file.into_inner().map_err(parquet("finish"))?.into())
}

/// How many rows the side table has, as its footer says.
pub fn series_map_rows(bytes: Bytes) -> Result<usize, Error> {
    let file = SerializedFileReader::new(bytes).map_err(parquet("open"))?;
    let rows = file.metadata().file_metadata().num_rows();
    usize::try_from(rows).map_err(|_| Error::Format("the series table has no rows".into()))
}

/// The side table back from its file.
pub fn read_series_map(bytes: Bytes) -> Result<Vec<SeriesEntry>, Error> {
    let file = SerializedFileReader::new(bytes).map_err(parquet("open"))?;
    let rows = file.get_row_iter(None).map_err(parquet("read"))?;
    let entry = |row: parquet::errors::Result<Row>| {
        let row = row.map_err(parquet("read"))?;
        let mut columns: HashMap<_, _> = row.get_column_iter().collect();
        let mut text = |name: &str| match columns.remove(&name.to_owned()) {
            Some(Field::Str(text)) => Some(text.clone()),
            _ => None,
        };
        let missing =
            |what: &str| Error::Format(format!("a row of the series table has no {what}"));
        let entry = SeriesEntry {
            topic: text("topic").ok_or_else(|| missing("topic"))?,
            field: text("field"),
            kind: text("type").ok_or_else(|| missing("type"))?.into(),
            unit: text("unit"),
            sid: SeriesId(row.get_int(0).map_err(parquet("read"))?.cast_unsigned()),
            org: row.get_int(1).map_err(parquet("read"))?.cast_unsigned(),
        };
        Ok(entry)
    };
    rows.map(entry).collect()
}

fn texts<'a>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    texts: impl Iterator<Item = Option<&'a str>> + Clone,
    nullable: bool,
) -> Result<(), Error> {
    let present: Vec<i16> = texts.clone().map(|text| i16::from(text.is_some())).collect();
    let values: Vec<ByteArray> = texts.flatten().map(ByteArray::from).collect();
    column::<ByteArrayType>(group, &values, nullable.then_some(present.as_slice()))
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
    present: Option<&[i16]>,
) -> Result<(), Error> {
    let next = group.next_column().map_err(parquet("write"))?;
    let mut writer = next.ok_or(Error::Unwritable("more columns than the schema has"))?;
    writer.typed::<T>().write_batch(values, present, None).map_err(parquet("encode"))?;
    writer.close().map_err(parquet("encode"))
}
