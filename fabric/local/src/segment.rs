//! Segments: files of frames, named by their first sequence.
//!
//! A segment is allocated whole before its first use, so a full disk shows there. A reserved but
//! unwritten extent still costs a metadata commit when it is first synced; therefore the keeper
//! fills the next segment with zeros while the current one is in use. When the appender is faster
//! than that it takes the segment as it is and writes zeros ahead of small frames itself.
//! A header goes first, then frames from [`DATA_START`] on, then zeros.

use std::path::{Path, PathBuf};

use uns_model::{Sequence, Timestamp};

/// Where frames start: a page after the header.
pub(crate) const DATA_START: u64 = 4096;
/// The file the next segment is prepared in.
pub(crate) const PREPARED_FILE: &str = "next.prepared";
/// The file with the log's own header.
pub(crate) const LOG_FILE: &str = "LOG";

const EXTENSION: &str = ".log";

/// One segment on disk.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) base: Sequence,
    /// Everything after this sequence is in this segment or a later one.
    pub(crate) previous: Sequence,
    /// The last ingest time before this segment; tells the age of the one before.
    pub(crate) previous_ingest: Timestamp,
    pub(crate) bytes: u64,
    pub(crate) path: PathBuf,
}

/// The path of the segment that starts with `base`.
pub(crate) fn path_of(dir: &Path, base: Sequence) -> PathBuf {
    dir.join(format!("{:020}{EXTENSION}", base.0))
}

/// The first sequence of the segment with this name; `None` for other files, as for a copy that
/// somebody has given another name.
pub(crate) fn base_of(name: &str) -> Option<Sequence> {
    let base = name.strip_suffix(EXTENSION)?.parse().ok().filter(|base| *base > 0)?;
    (name == format!("{base:020}{EXTENSION}")).then_some(Sequence(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_has_one_name() {
        let path = path_of(Path::new("/d"), Sequence(7));
        assert_eq!(path.file_name().and_then(|name| base_of(name.to_str()?)), Some(Sequence(7)));
        for other in ["7.log", "+7.log", "00000000000000000000.log", "00000000000000000007.log.bak"]
        {
            assert_eq!(base_of(other), None, "{other}");
        }
    }
}
