//! Reading frames out of a segment, and finding the next one behind damage.

use std::io;
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use fabric::{FORMAT_VERSION, FRAME_ALIGN, FRAME_HEADER_BYTES, File, Frame, FrameHeader, FrameKey};

/// How much is read at once.
const CHUNK: usize = 256 * 1024;

/// Why a scan stopped.
#[derive(Debug)]
pub(crate) enum ScanError {
    Io(io::Error),
    Newer(u16),
}

impl From<io::Error> for ScanError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Walks the frames of one segment, with its own bounded buffer.
#[derive(Debug)]
pub(crate) struct Scanner {
    file: Arc<dyn File>,
    key: FrameKey,
    /// Where the window starts, which is where the next frame is looked for.
    offset: u64,
    /// Nothing is read at or behind this.
    limit: u64,
    window: BytesMut,
}

impl Scanner {
    pub(crate) fn new(file: Arc<dyn File>, key: FrameKey, offset: u64, limit: u64) -> Self {
        Self { file, key, offset, limit, window: BytesMut::new() }
    }

    /// Where the next frame is looked for.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The segment has grown: more may be read.
    pub(crate) fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// The frame that starts right here; `None` when there is no whole, undamaged one.
    pub(crate) fn frame(&mut self) -> Result<Option<Frame>, ScanError> {
        self.fill(FRAME_HEADER_BYTES)?;
        let Some(header) = self.header_at(0) else { return Ok(None) };
        if header.version > FORMAT_VERSION {
            return Err(ScanError::Newer(header.version));
        }
        let bytes = header.frame_bytes();
        if bytes as u64 > self.limit.saturating_sub(self.offset) {
            return Ok(None);
        }
        self.fill(bytes)?;
        if self.window.len() < bytes {
            return Ok(None);
        }
        let frame = Frame::checked(header, self.window.split_to(bytes).freeze());
        match &frame {
            Some(_) => self.offset += bytes as u64,
            // The bytes were cut off the window; they are read again from here.
            None => self.window.clear(),
        }
        Ok(frame)
    }

    /// The next whole frame behind this place, where [`Scanner::frame`] found none.
    pub(crate) fn resync(&mut self) -> Result<Option<Frame>, ScanError> {
        self.skip(FRAME_ALIGN);
        loop {
            self.fill(FRAME_HEADER_BYTES)?;
            let whole = self.window.len().saturating_sub(FRAME_HEADER_BYTES - 1);
            if whole == 0 {
                return Ok(None);
            }
            let mut places = (0..whole).step_by(FRAME_ALIGN);
            match places.find(|place| self.header_at(*place).is_some()) {
                None => self.skip(whole.next_multiple_of(FRAME_ALIGN)),
                Some(place) => {
                    self.skip(place);
                    if let Some(frame) = self.frame()? {
                        return Ok(Some(frame));
                    }
                    self.skip(FRAME_ALIGN);
                }
            }
        }
    }

    #[inline]
    fn header_at(&self, place: usize) -> Option<FrameHeader> {
        let bytes = self.window.get(place..)?.first_chunk::<FRAME_HEADER_BYTES>()?;
        FrameHeader::decode(bytes, self.key)
    }

    fn skip(&mut self, bytes: usize) {
        self.offset += bytes as u64;
        self.window.advance(bytes.min(self.window.len()));
    }

    /// Reads until the window holds so many bytes, or nothing more is to be had.
    fn fill(&mut self, bytes: usize) -> Result<(), ScanError> {
        while self.window.len() < bytes {
            let have = self.window.len();
            let from = self.offset + have as u64;
            let left = usize::try_from(self.limit.saturating_sub(from)).unwrap_or(usize::MAX);
            let want = (bytes - have).max(CHUNK).min(left);
            if want == 0 {
                return Ok(());
            }
            self.window.resize(have + want, 0);
            let read = match self.file.read_at(&mut self.window[have..], from) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
                Ok(0) => {
                    self.window.truncate(have);
                    return Ok(());
                }
                read => read,
            };
            self.window.truncate(have + *read.as_ref().unwrap_or(&0));
            read?;
        }
        Ok(())
    }
}
