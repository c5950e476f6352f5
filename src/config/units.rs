//! Durations and sizes as people write them: `10s`, `24h`, `64MiB`.

use std::fmt;
use std::time::Duration;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration, written with a unit: `ms`, `s`, `m`, `h`, `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) struct Span(pub(crate) Duration);

/// A number of bytes, written with a unit: `B`, `KiB`, `MiB`, `GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ByteSize(u64);

/// A span as people say it, in its largest unit that still tells something.
pub(crate) fn span_in_words(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

const SPANS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
const DURATIONS: &str = "500ms, 10s, 5m, 24h or 7d";
const SIZES: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

impl Span {
    /// Whole seconds.
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// Reads `10s` or `1h`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        with_unit(text, &SPANS)
            .map(|ms| Self(Duration::from_millis(ms)))
            .ok_or_else(|| format!("`{text}` is no duration; write {DURATIONS}"))
    }
}

impl ByteSize {
    /// Kibibytes.
    pub(crate) const fn kib(n: u64) -> Self {
        Self(n << 10)
    }

    /// No bound.
    pub(crate) const MAX: Self = Self(u64::MAX);

    /// Bytes.
    pub(crate) const fn bytes(n: u64) -> Self {
        Self(n)
    }

    /// Rounded down, so that it reads well.
    pub(crate) const fn whole_kib(self) -> Self {
        Self(self.0 >> 10 << 10)
    }

    /// Reads `64MiB`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        with_unit(text, &SIZES).map(Self)
    }

    /// Mebibytes.
    pub(crate) const fn mib(n: u64) -> Self {
        Self(n << 20)
    }

    /// The plain number as a length in memory.
    pub(crate) fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let factor = units.iter().find(|(name, _)| *name == unit.trim())?.1;
    number.parse::<u64>().ok()?.checked_mul(factor)
}

fn write_unit(f: &mut fmt::Formatter<'_>, value: u64, units: &[(&str, u64)]) -> fmt::Result {
    let fits = |factor: u64| value >= factor && value.is_multiple_of(factor);
    let (name, factor) = units.iter().rev().find(|(_, factor)| fits(*factor)).unwrap_or(&units[0]);
    write!(f, "{}{name}", value / factor)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_unit(f, u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX), &SPANS)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_unit(f, self.0, &SIZES)
    }
}

/// Takes a string; anything else, such as a bare number, is told what is expected.
pub(super) struct WithUnit(pub(super) &'static str);

impl Visitor<'_> for WithUnit {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text =
            from.deserialize_str(WithUnit("a duration with its unit: 500ms, 10s, 5m, 24h"))?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text =
            from.deserialize_str(WithUnit("a size with its unit: 512B, 64KiB, 64MiB, 1GiB"))?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format!("`{text}` is no size; write 512B, 64KiB, 64MiB or 1GiB"))
        })
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
