//! Why a topic or a filter is not one.

use thiserror::Error;

/// Why a topic cannot be published to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum TopicError {
    /// Nothing there, or nothing below the prefix of a plane.
    #[error("the topic is empty")]
    Empty,
    /// Longer than the wire (65,535 bytes) or the namespace (512 bytes) allows.
    #[error("the topic has {bytes} bytes, more than {max}")]
    TooLong {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// `+` or `#`, which only filters have.
    #[error("the topic contains a wildcard at byte {at}")]
    Wildcard {
        /// Where.
        at: usize,
    },
    /// U+0000, which MQTT forbids.
    #[error("the topic contains a NUL at byte {at}")]
    Nul {
        /// Where.
        at: usize,
    },
    /// More segments than the namespace allows.
    #[error("the path has {segments} segments, more than {max}")]
    TooDeep {
        /// How many it has.
        segments: usize,
        /// How many it may have.
        max: usize,
    },
    /// `a//b`, or a slash at either end.
    #[error("segment {segment} of the path is empty")]
    EmptySegment {
        /// Which one, from 1.
        segment: usize,
    },
    /// A segment longer than the alphabet's limit.
    #[error("segment {segment} of the path has {bytes} bytes, more than {max}")]
    SegmentTooLong {
        /// Which one, from 1.
        segment: usize,
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// A byte outside the portable alphabet.
    #[error("segment {segment} of the path is not a portable name: [A-Za-z0-9_][A-Za-z0-9_-]*")]
    NotPortable {
        /// Which one, from 1.
        segment: usize,
    },
    /// A contract marker without 1 to 8 segments before it and a leaf behind it, or a second one.
    #[error("segment {segment} of the path is a contract marker out of place")]
    MarkerMisplaced {
        /// Which one, from 1.
        segment: usize,
    },
}

/// Why a text is not a topic filter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum FilterError {
    /// Nothing there.
    #[error("the filter is empty")]
    Empty,
    /// Longer than the wire allows.
    #[error("the filter has {bytes} bytes, more than 65535")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// U+0000, which MQTT forbids.
    #[error("the filter contains a NUL at byte {at}")]
    Nul {
        /// Where.
        at: usize,
    },
    /// `+` or `#` beside other characters of a level.
    #[error("a wildcard of the filter does not fill its level (byte {at})")]
    PartialWildcard {
        /// Where the level starts.
        at: usize,
    },
    /// `#` before the end.
    #[error("# is not the last level of the filter (byte {at})")]
    HashNotLast {
        /// Where it is.
        at: usize,
    },
}
