//! The columns of a history file: names, types, and how each may be encoded.

use std::sync::Arc;

use parquet::basic::{
    Compression, Encoding, LogicalType, Repetition, TimeUnit as ParquetUnit, Type as Physical,
    ZstdLevel,
};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor, Type};
use uns_model::Timestamp;

use crate::error::{Error, parquet};

/// Footer key of the format version.
pub(crate) const FORMAT_KEY: &str = "uns.history.format";
/// The version this crate writes: 2 has an origin and a checksum, 1 had neither. Columns are the same.
pub(crate) const FORMAT: &str = "2";
/// The version before, which is still read.
pub(crate) const FORMAT_BEFORE: &str = "1";
/// Rows of a data page: what a point query has to decompress.
const PAGE_ROWS: usize = 8192;

/// Column positions.
pub(crate) mod at {
    pub(crate) const SID: usize = 0;
    pub(crate) const TS: usize = 1;
    pub(crate) const I: usize = 2;
    pub(crate) const SCALE: usize = 3;
    pub(crate) const F: usize = 4;
    pub(crate) const S: usize = 5;
    pub(crate) const Q: usize = 6;
    pub(crate) const KIND: usize = 7;
    pub(crate) const SEQ: usize = 8;
    pub(crate) const SOURCE_SEQ: usize = 9;
    pub(crate) const LAG: usize = 10;
}

/// The unit of a file's `ts` column: the coarsest one in which every time of the file is exact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TimeUnit {
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

impl TimeUnit {
    /// The coarsest unit that holds all these times exactly.
    pub fn coarsest(times: impl IntoIterator<Item = Timestamp>) -> Self {
        let mut unit = Self::Millis;
        for time in times {
            while time.0 % unit.nanos() != 0 {
                unit = if unit == Self::Millis { Self::Micros } else { Self::Nanos };
            }
            if unit == Self::Nanos {
                break;
            }
        }
        unit
    }

    /// Its length in nanoseconds.
    pub fn nanos(self) -> i64 {
        match self {
            Self::Millis => 1_000_000,
            Self::Micros => 1_000,
            Self::Nanos => 1,
        }
    }

    fn parquet(self) -> ParquetUnit {
        match self {
            Self::Millis => ParquetUnit::MILLIS,
            Self::Micros => ParquetUnit::MICROS,
            Self::Nanos => ParquetUnit::NANOS,
        }
    }

    /// The unit a file's schema declares for `ts`.
    pub(crate) fn of(schema: &SchemaDescriptor) -> Result<Self, Error> {
        let column = schema.columns().get(at::TS);
        match column.and_then(|c| c.logical_type_ref().cloned()) {
            Some(LogicalType::Timestamp(t)) => Ok(match t.unit {
                ParquetUnit::MILLIS => Self::Millis,
                ParquetUnit::MICROS => Self::Micros,
                ParquetUnit::NANOS => Self::Nanos,
            }),
            _ => Err(Error::Format("column ts is no timestamp".into())),
        }
    }
}

/// The schema of a file whose times are in `unit`.
pub(crate) fn schema(unit: TimeUnit) -> Result<SchemaDescPtr, Error> {
    let small = |bits| Some(LogicalType::integer(bits, true));
    let ts = Some(LogicalType::timestamp(true, unit.parquet()));
    let columns = [
        ("sid", Physical::INT32, Repetition::REQUIRED, None),
        ("ts", Physical::INT64, Repetition::REQUIRED, ts),
        ("i", Physical::INT64, Repetition::OPTIONAL, None),
        ("scale", Physical::INT32, Repetition::OPTIONAL, small(8)),
        ("f", Physical::DOUBLE, Repetition::OPTIONAL, None),
        ("s", Physical::BYTE_ARRAY, Repetition::OPTIONAL, Some(LogicalType::String)),
        ("q", Physical::INT32, Repetition::REQUIRED, Some(LogicalType::integer(32, false))),
        ("kind", Physical::INT32, Repetition::REQUIRED, small(8)),
        ("seq", Physical::INT64, Repetition::REQUIRED, None),
        (
            "source_seq",
            Physical::INT64,
            Repetition::OPTIONAL,
            Some(LogicalType::integer(64, false)),
        ),
        ("lag", Physical::INT32, Repetition::OPTIONAL, None),
    ];
    build(columns)
}

/// A flat schema from (name, type, repetition, meaning).
pub(crate) fn build(
    columns: impl IntoIterator<Item = (&'static str, Physical, Repetition, Option<LogicalType>)>,
) -> Result<SchemaDescPtr, Error> {
    let mut fields = Vec::new();
    for (name, physical, repetition, logical) in columns {
        let field = Type::primitive_type_builder(name, physical)
            .with_repetition(repetition)
            .with_logical_type(logical)
            .build()
            .map_err(parquet("describe"))?;
        fields.push(Arc::new(field));
    }
    let root = Type::group_type_builder("history").with_fields(fields).build();
    Ok(Arc::new(SchemaDescriptor::new(Arc::new(root.map_err(parquet("describe"))?))))
}

/// Writer settings of one column chunk: this encoding (dictionary where `None`), zstd 3.
pub(crate) fn properties(
    encoding: Option<Encoding>,
    statistics: EnabledStatistics,
) -> Result<WriterPropertiesPtr, Error> {
    let level = ZstdLevel::try_new(3).map_err(parquet("describe"))?;
    let builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_data_page_size_limit(8 << 20)
        .set_dictionary_page_size_limit(1 << 20)
        .set_created_by("uns hub".into())
        .set_statistics_enabled(statistics);
    let builder = match encoding {
        None => builder.set_dictionary_enabled(true),
        Some(encoding) => builder.set_dictionary_enabled(false).set_encoding(encoding),
    };
    Ok(Arc::new(builder.build()))
}
