//! The grammar of a path below `uns/v1/` (NS-4 to NS-8) and its spelling on NATS.

mod nats;

pub use nats::{from_nats, to_nats};

use crate::TopicError;

/// The most segments a path has (NS-4).
pub const SEGMENTS_MAX: usize = 16;
/// The most bytes a whole topic has under `uns/v1/` (NS-4).
pub const TOPIC_BYTES_MAX: usize = 512;
/// The most bytes a path has below the prefix, whichever plane it is used on.
pub const PATH_BYTES_MAX: usize = TOPIC_BYTES_MAX - "uns/v1/".len();
/// The most segments before a contract marker.
const LOCATION_SEGMENTS_MAX: usize = 8;
const PORTABLE_BYTES_MAX: usize = 63;
const ANY_BYTES_MAX: usize = 255;
const CONTRACT_NAME_BYTES_MAX: usize = 40;

/// The alphabet of names, `namespace.names`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Names {
    /// Letters, digits, `_` and `-`, at most 63: `/` to `.` is a bijection towards NATS.
    #[default]
    Portable,
    /// Every valid MQTT level up to 255 bytes.
    Any,
}

/// A contract marker in a topic (NS-6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Marker<'a> {
    /// `_raw`: uncontracted on purpose.
    Raw,
    /// `_cname_vN`; `-` in the name is `.` in the registry.
    Contract {
        /// `pump` of `_pump_v2`.
        name: &'a str,
        /// 1 to 999.
        version: u16,
    },
}

impl<'a> Marker<'a> {
    /// Reads a segment; any other `_x` is an ordinary name.
    pub fn parse(segment: &'a str) -> Option<Self> {
        let rest = segment.strip_prefix('_')?;
        if rest == "raw" {
            return Some(Self::Raw);
        }
        let (name, version) = rest.split_once("_v")?;
        let (first, tail) = name.as_bytes().split_first()?;
        let named = first.is_ascii_lowercase()
            && name.len() <= CONTRACT_NAME_BYTES_MAX
            && tail.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-');
        let numbered = matches!(version.len(), 1..=3)
            && version.bytes().all(|b| b.is_ascii_digit())
            && !version.starts_with('0');
        if !named || !numbered {
            return None;
        }
        version.parse().ok().map(|version| Self::Contract { name, version })
    }
}

/// What a valid path says about itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PathInfo<'a> {
    /// How many segments it has, the marker included.
    pub segments: usize,
    /// Its contract marker, with its index.
    pub marker: Option<(usize, Marker<'a>)>,
}

/// Checks the path below the prefix of one of our planes.
pub fn check(path: &str, names: Names) -> Result<PathInfo<'_>, TopicError> {
    if path.is_empty() {
        return Err(TopicError::Empty);
    }
    if path.len() > PATH_BYTES_MAX {
        return Err(TopicError::TooLong { bytes: path.len(), max: PATH_BYTES_MAX });
    }
    let segments = path.bytes().filter(|byte| *byte == b'/').count() + 1;
    if segments > SEGMENTS_MAX {
        return Err(TopicError::TooDeep { segments, max: SEGMENTS_MAX });
    }
    let mut marker = None;
    for (index, segment) in path.split('/').enumerate() {
        check_segment(segment, index + 1, names)?;
        if let Some(found) = Marker::parse(segment) {
            let placed = (1..=LOCATION_SEGMENTS_MAX).contains(&index) && index + 1 < segments;
            if !placed || marker.is_some() {
                return Err(TopicError::MarkerMisplaced { segment: index + 1 });
            }
            marker = Some((index, found));
        }
    }
    Ok(PathInfo { segments, marker })
}

fn check_segment(text: &str, segment: usize, names: Names) -> Result<(), TopicError> {
    let bytes = text.len();
    if bytes == 0 {
        return Err(TopicError::EmptySegment { segment });
    }
    let max = match names {
        Names::Portable => PORTABLE_BYTES_MAX,
        Names::Any => ANY_BYTES_MAX,
    };
    if bytes > max {
        return Err(TopicError::SegmentTooLong { segment, bytes, max });
    }
    match names {
        Names::Portable if text.starts_with('-') || !text.bytes().all(is_portable) => {
            Err(TopicError::NotPortable { segment })
        }
        Names::Portable | Names::Any => crate::topic::validate_publish_topic(text),
    }
}

fn is_portable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

#[cfg(test)]
mod tests;
