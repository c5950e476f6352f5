//! `[memory]`: how much the process may take.

use std::fmt;

use anyhow::Result;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::range::within;
use super::units::{ByteSize, WithUnit};

/// `[memory]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Memory {
    pub(crate) max: MemoryMax,
}

/// How much memory the process may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MemoryMax {
    /// What its group of processes, or the machine, lets it have.
    #[default]
    Auto,
    /// So much.
    Bytes(ByteSize),
    /// Nobody looks.
    Off,
}

impl fmt::Display for MemoryMax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Bytes(size) => size.fmt(f),
            Self::Off => f.write_str("off"),
        }
    }
}

impl<'de> Deserialize<'de> for MemoryMax {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = from.deserialize_str(WithUnit("auto, off or a size such as 256MiB"))?;
        match text.as_str() {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            size => ByteSize::parse(size).map(Self::Bytes).ok_or_else(|| {
                D::Error::custom(format!("`{text}` is no size; write auto, 256MiB, 1GiB or off"))
            }),
        }
    }
}

impl Serialize for MemoryMax {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Memory {
    pub(super) fn check(&self) -> Result<()> {
        let MemoryMax::Bytes(size) = self.max else { return Ok(()) };
        within("memory.max", size, ByteSize::mib(64), ByteSize::mib(1 << 20))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_words() {
        let read = |text: &str| super::super::load(None, &[format!("memory.max={text}")]);
        let max = |text| read(text).map(|config| config.memory.max);
        assert_eq!(max("off").unwrap(), MemoryMax::Off);
        assert_eq!(max("auto").unwrap(), MemoryMax::Auto);
        assert_eq!(max("256MiB").unwrap(), MemoryMax::Bytes(ByteSize::mib(256)));
        for (bad, says) in [("1MiB", "64MiB"), ("many", "auto, 256MiB, 1GiB or off"), ("7", "off")]
        {
            let error = format!("{:#}", max(bad).unwrap_err());
            assert!(error.contains("memory.max") && error.contains(says), "{error}");
        }
        assert_eq!(read("192MiB").unwrap().log.memory, ByteSize::mib(12));
    }
}
