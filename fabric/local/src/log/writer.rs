//! Writing frames: one write and one sync each, and the change to the next segment.

use std::io;
use std::sync::Arc;

use fabric::{FORMAT_VERSION, FRAME_HEADER_BYTES, File, Frame};
use rustix::io::Errno;
use uns_model::{Sequence, Timestamp};

use super::segments::{Prepared, Segments};
use crate::header::Header;
use crate::segment::{DATA_START, PREPARED_FILE, Segment, path_of};

/// What is written ahead of small frames at a time.
static AHEAD: [u8; 1 << 20] = [0; 1 << 20];
/// Frames up to this size are worth writing ahead for.
const SMALL_FRAME: u64 = 64 * 1024;

/// Where writing goes on.
#[derive(Debug)]
pub(super) struct WriterState {
    /// The last segment, where there is one.
    pub(super) active: Option<Active>,
    /// Where its committed frames end.
    pub(super) end: u64,
    pub(super) last: Sequence,
    pub(super) next: Sequence,
    pub(super) ingest: Timestamp,
}

/// The segment being written.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) file: Arc<dyn File>,
    pub(super) bytes: u64,
    /// Up to here its blocks were written before, so that a sync commits no metadata.
    pub(super) written: u64,
}

impl Active {
    /// Small commits in fresh blocks would each cost a metadata commit: zeros ahead of them turn
    /// that into one per mebibyte. Large frames need no help.
    fn write_ahead(&mut self, from: u64, frame: u64) -> io::Result<()> {
        if from <= self.written {
            return Ok(());
        }
        self.written = from;
        let ahead = AHEAD.len().min(usize::try_from(self.bytes - from).unwrap_or(usize::MAX));
        if frame <= SMALL_FRAME {
            self.file.write_all_at(&AHEAD[..ahead], from)?;
            self.written += ahead as u64;
        }
        Ok(())
    }
}

/// Why a frame was not stored.
pub(super) enum WriteError {
    /// No room; nothing of the frame counts, and a later one may find room.
    Full,
    /// It was not written: nothing of the frame counts, and a later one takes its place.
    Refused(Arc<str>),
    /// A sync failed: the device failed and nobody knows what is stored: never again.
    Failed(Arc<str>),
}

impl WriteError {
    /// What was not synced yet was promised to nobody, so it may be tried again.
    fn of(operation: &str) -> impl FnOnce(io::Error) -> Self {
        move |error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Refused(format!("{operation} failed: {error}").into()),
        }
    }

    /// After a failed sync nobody knows what is stored, whatever the error says. One that never
    /// began, for lack of a descriptor or of memory, is none.
    fn of_sync(operation: &str) -> impl FnOnce(io::Error) -> Self {
        move |error| {
            let began = match Errno::from_io_error(&error) {
                Some(errno) => ![Errno::MFILE, Errno::NFILE, Errno::NOMEM].contains(&errno),
                None => true,
            };
            let what = format!("{operation} failed: {error}").into();
            if began { Self::Failed(what) } else { Self::Refused(what) }
        }
    }
}

impl WriterState {
    /// Goes on after this sequence, if it is not beyond it.
    pub(super) fn begin_epoch(&mut self, after: Sequence) {
        if after > self.last {
            self.last = after;
            self.next = self.next.max(after.next());
        }
    }

    /// Makes a frame durable; the sequence and time of its last record are the caller's to set.
    pub(super) fn write(&mut self, segments: &Segments, frame: &Frame) -> Result<(), WriteError> {
        let bytes = frame.bytes();
        let room = self.active.as_ref().map_or(0, |active| active.bytes.saturating_sub(self.end));
        if bytes.len() as u64 > room {
            self.roll(segments, frame.header().first)?;
        }
        let Some(active) = &mut self.active else { return Err(WriteError::Full) };
        let length = bytes.len() as u64;
        let written =
            active.file.write_all_at(bytes, self.end).map_err(WriteError::of("write")).and_then(
                |()| {
                    let ahead = active.write_ahead(self.end + length, length);
                    ahead.map_err(WriteError::of("write ahead"))
                },
            );
        if let Err(error) = written {
            // A start in the meantime shall not find what was refused. If that cannot be written
            // either, the next frame takes the place.
            drop(active.file.write_all_at(&[0; FRAME_HEADER_BYTES], self.end));
            return Err(error);
        }
        active
            .file
            .sync_data()
            .map_err(|error| WriteError::Failed(format!("sync failed: {error}").into()))?;
        self.end += length;
        Ok(())
    }

    /// Starts the segment that begins with `base`.
    fn roll(&mut self, segments: &Segments, base: Sequence) -> Result<(), WriteError> {
        // Held to the end: until the rename the keeper must not touch the prepared file.
        let mut prepared = segments.prepared.lock();
        let Prepared { file, written } = match prepared.take() {
            Some(prepared) => prepared,
            None => segments.allocate().map_err(WriteError::of("allocate"))?,
        };
        let header = Header {
            version: FORMAT_VERSION,
            key: segments.key,
            base,
            previous: self.last,
            previous_ingest: self.ingest,
        };
        file.write_all_at(&header.encode(), 0).map_err(WriteError::of("write of a header"))?;
        file.sync_data().map_err(WriteError::of_sync("sync of a header"))?;
        let path = path_of(&segments.dir, base);
        let from = segments.dir.join(PREPARED_FILE);
        segments.disk.rename(&from, &path).map_err(WriteError::of("rename"))?;
        segments
            .disk
            .sync_dir(&segments.dir)
            .map_err(WriteError::of_sync("sync of the directory"))?;
        let bytes = segments.segment_bytes;
        let (previous, previous_ingest) = (self.last, self.ingest);
        let segment = Segment { base, previous, previous_ingest, bytes, path };
        segments.view.write().add_segment(segment, DATA_START);
        drop(prepared);
        self.active = Some(Active { file, bytes, written });
        self.end = DATA_START;
        segments.keeper.wake();
        Ok(())
    }
}
