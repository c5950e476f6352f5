//! Samples as columns, before they are encoded.

use std::sync::Arc;

use parquet::data_type::ByteArray;
use uns_model::{Quality, Sequence, Timestamp, Value, decimal};

use crate::error::Error;
use crate::layout::TimeUnit;
use crate::sample::{Sample, SeriesId};

/// The form a value had when it was published; column `kind`.
pub(crate) mod kind {
    pub(crate) const NULL: i32 = 0;
    pub(crate) const BOOL: i32 = 1;
    pub(crate) const INT: i32 = 2;
    pub(crate) const UINT: i32 = 3;
    pub(crate) const FLOAT: i32 = 4;
    pub(crate) const TEXT: i32 = 5;
    pub(crate) const DOCUMENT: i32 = 6;
}

/// A column with holes: the values there are, and for each row whether there is one.
#[derive(Debug)]
pub(crate) struct Nullable<T> {
    pub(crate) values: Vec<T>,
    pub(crate) present: Vec<i16>,
}

impl<T> Default for Nullable<T> {
    fn default() -> Self {
        Self { values: Vec::new(), present: Vec::new() }
    }
}

impl<T> Nullable<T> {
    fn push(&mut self, value: Option<T>) {
        self.present.push(i16::from(value.is_some()));
        self.values.extend(value);
    }

    fn clear(&mut self) {
        self.values.clear();
        self.present.clear();
    }
}

/// The rows of one row group.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) sid: Vec<i32>,
    pub(crate) ts: Vec<i64>,
    pub(crate) i: Nullable<i64>,
    pub(crate) scale: Nullable<i32>,
    pub(crate) f: Nullable<f64>,
    pub(crate) s: Nullable<ByteArray>,
    pub(crate) q: Vec<i32>,
    pub(crate) kind: Vec<i32>,
    pub(crate) seq: Vec<i64>,
    pub(crate) source_seq: Nullable<i64>,
    pub(crate) lag: Nullable<i32>,
}

/// What of a value goes into which column.
#[derive(Default)]
struct Cell {
    i: Option<i64>,
    scale: Option<i32>,
    f: Option<f64>,
    s: Option<ByteArray>,
}

impl Columns {
    pub(crate) fn rows(&self) -> usize {
        self.sid.len()
    }

    pub(crate) fn clear(&mut self) {
        self.sid.clear();
        self.ts.clear();
        self.i.clear();
        self.scale.clear();
        self.f.clear();
        self.s.clear();
        self.q.clear();
        self.kind.clear();
        self.seq.clear();
        self.source_seq.clear();
        self.lag.clear();
    }

    /// Adds a run of one series.
    pub(crate) fn push_run(
        &mut self,
        sid: SeriesId,
        samples: &[Sample],
        unit: TimeUnit,
    ) -> Result<(), Error> {
        let sid = i32::try_from(sid.0).map_err(|_| Error::Unwritable("a series id over 2^31"))?;
        let shared = shared_scale(samples);
        for sample in samples {
            if sample.time.0 % unit.nanos() != 0 {
                return Err(Error::Unwritable("a time finer than the unit of the file"));
            }
            let (kind, cell) = cell(&sample.value, shared)?;
            self.sid.push(sid);
            self.ts.push(sample.time.0 / unit.nanos());
            self.i.push(cell.i);
            self.scale.push(cell.scale);
            self.f.push(cell.f);
            self.s.push(cell.s);
            self.q.push(sample.quality.0.cast_signed());
            self.kind.push(kind);
            self.seq.push(sample.sequence.0.cast_signed());
            self.source_seq.push(sample.source_seq.map(u64::cast_signed));
            self.lag.push(sample.lag_seconds);
        }
        Ok(())
    }
}

/// The scale most decimals of a run fit: one scale per run keeps mantissas comparable, so that
/// they delta and dictionary well. Outliers with longer fractions keep a scale of their own.
/// `None` when most doubles of the run are no short decimals: then they all stay raw.
fn shared_scale(samples: &[Sample]) -> Option<u8> {
    let mut counts = [0usize; 23];
    let mut doubles = 0usize;
    for sample in samples {
        if let Value::Float(v) = sample.value {
            doubles += 1;
            if let Some((_, scale)) = decimal::shortest(v, 0)
                && let Some(count) = counts.get_mut(usize::from(scale))
            {
                *count += 1;
            }
        }
    }
    let decimals: usize = counts.iter().sum();
    if decimals * 2 < doubles {
        return None;
    }
    let mut seen = 0;
    (0u8..).zip(counts).find_map(|(scale, count)| {
        seen += count;
        (seen * 50 >= decimals * 49).then_some(scale)
    })
}

fn cell(value: &Value, shared: Option<u8>) -> Result<(i32, Cell), Error> {
    let none = Cell::default();
    let text = |text: &str| Some(ByteArray::from(text));
    Ok(match value {
        Value::Null => (kind::NULL, none),
        Value::Bool(v) => (kind::BOOL, Cell { i: Some(i64::from(*v)), scale: Some(0), ..none }),
        Value::Int(v) => (kind::INT, Cell { i: Some(*v), scale: Some(0), ..none }),
        Value::UInt(v) => (kind::UINT, Cell { f: value.as_f64(), s: text(&v.to_string()), ..none }),
        Value::Float(v) => (kind::FLOAT, float_cell(*v, shared)),
        Value::Text(v) => (kind::TEXT, Cell { s: text(v), ..none }),
        Value::Document(v) => (kind::DOCUMENT, Cell { s: text(v), ..none }),
        Value::Bytes(_) => return Err(Error::Unwritable("opaque bytes")),
    })
}

fn float_cell(v: f64, shared: Option<u8>) -> Cell {
    match shared.and_then(|scale| decimal::shortest(v, scale)) {
        Some((mantissa, scale)) => {
            Cell { i: Some(mantissa), scale: Some(i32::from(scale)), ..Cell::default() }
        }
        None => Cell { f: Some(v), ..Cell::default() },
    }
}

/// Walks a nullable column row by row.
struct Walk<'a, T> {
    present: std::slice::Iter<'a, i16>,
    values: std::slice::Iter<'a, T>,
}

impl<'a, T> Walk<'a, T> {
    fn new(column: &'a Nullable<T>) -> Self {
        Self { present: column.present.iter(), values: column.values.iter() }
    }

    fn next(&mut self) -> Option<&'a T> {
        if *self.present.next()? == 1 { self.values.next() } else { None }
    }
}

impl Columns {
    /// Visits the rows as samples.
    pub(crate) fn decode(
        &self,
        unit: TimeUnit,
        mut visit: impl FnMut(SeriesId, Sample),
    ) -> Result<(), Error> {
        let (mut i, mut scale) = (Walk::new(&self.i), Walk::new(&self.scale));
        let (mut f, mut s) = (Walk::new(&self.f), Walk::new(&self.s));
        let (mut source_seq, mut lag) = (Walk::new(&self.source_seq), Walk::new(&self.lag));
        let mut texts = Texts::default();
        let keys = self.sid.iter().zip(&self.ts);
        let rest = self.kind.iter().zip(&self.q).zip(&self.seq);
        for (row, ((sid, ts), ((kind, q), seq))) in keys.zip(rest).enumerate() {
            let stored = Stored { i: i.next(), scale: scale.next(), f: f.next(), s: s.next() };
            let value = stored.value(*kind, &mut texts).map_err(|what| Error::Row { row, what })?;
            let sample = Sample {
                time: Timestamp(ts.saturating_mul(unit.nanos())),
                value,
                quality: Quality(q.cast_unsigned()),
                sequence: Sequence(seq.cast_unsigned()),
                source_seq: source_seq.next().map(|v| v.cast_unsigned()),
                lag_seconds: lag.next().copied(),
            };
            visit(SeriesId(sid.cast_unsigned()), sample);
        }
        Ok(())
    }
}

/// What one row has in the value columns.
struct Stored<'a> {
    i: Option<&'a i64>,
    scale: Option<&'a i32>,
    f: Option<&'a f64>,
    s: Option<&'a ByteArray>,
}

impl Stored<'_> {
    fn value(&self, kind: i32, texts: &mut Texts) -> Result<Value, &'static str> {
        Ok(match kind {
            kind::NULL => Value::Null,
            kind::BOOL => Value::Bool(*self.i.ok_or("a bool without i")? != 0),
            kind::INT => Value::Int(*self.i.ok_or("an integer without i")?),
            kind::UINT => {
                let digits = texts.get(self.s.ok_or("an unsigned integer without s")?)?;
                Value::UInt(digits.parse().map_err(|_| "an unsigned integer that is none")?)
            }
            kind::FLOAT => Value::Float(self.float()?),
            kind::TEXT => Value::Text(texts.get(self.s.ok_or("a text without s")?)?),
            kind::DOCUMENT => Value::Document(texts.get(self.s.ok_or("a document without s")?)?),
            _ => return Err("an unknown kind"),
        })
    }

    fn float(&self) -> Result<f64, &'static str> {
        match (self.i, self.f) {
            (None, Some(f)) => Ok(*f),
            (Some(i), None) => {
                let scale = *self.scale.ok_or("a mantissa without scale")?;
                u8::try_from(scale)
                    .ok()
                    .and_then(|scale| decimal::value(*i, scale))
                    .ok_or("a scale out of range")
            }
            _ => Err("a double in both or neither of i and f"),
        }
    }
}

/// Shares the text of equal neighbours: states repeat for hours.
#[derive(Default)]
struct Texts(Option<Arc<str>>);

impl Texts {
    fn get(&mut self, bytes: &ByteArray) -> Result<Arc<str>, &'static str> {
        if let Some(last) = self.0.as_ref().filter(|last| last.as_bytes() == bytes.data()) {
            return Ok(Arc::clone(last));
        }
        let text: Arc<str> = bytes.as_utf8().map_err(|_| "a text that is not UTF-8")?.into();
        self.0 = Some(Arc::clone(&text));
        Ok(text)
    }
}
