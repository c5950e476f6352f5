//! Where the bytes of a history file come from.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

/// Something that can be read by offset; this crate opens nothing itself.
pub trait ReadAt: Send + Sync + 'static {
    /// Its length in bytes.
    fn length(&self) -> u64;

    /// Fills the buffer from this offset.
    ///
    /// # Errors
    /// Those of the device, and `UnexpectedEof` past the end.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

impl ReadAt for Bytes {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let from = usize::try_from(offset).ok();
        let bytes = from.and_then(|from| self.get(from..)?.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// What the Parquet library sees of it.
pub(crate) struct Chunks<R>(pub(crate) Arc<R>);

impl<R: ReadAt> Length for Chunks<R> {
    fn len(&self) -> u64 {
        self.0.length()
    }
}

impl<R: ReadAt> ChunkReader for Chunks<R> {
    type T = From<R>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<From<R>> {
        Ok(From { input: Arc::clone(&self.0), at: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        // A damaged footer may name any length: nothing is allocated for bytes that are not there.
        if start.saturating_add(length as u64) > self.0.length() {
            return Err(ParquetError::EOF("a chunk ends after the file".into()));
        }
        let mut bytes = vec![0; length];
        self.0.read_exact_at(&mut bytes, start).map_err(|e| ParquetError::External(Box::new(e)))?;
        Ok(bytes.into())
    }
}

/// Reads sequentially from an offset on.
pub(crate) struct From<R> {
    input: Arc<R>,
    at: u64,
}

impl<R: ReadAt> io::Read for From<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.input.length().saturating_sub(self.at);
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let (buffer, _) = buffer.split_at_mut(take);
        self.input.read_exact_at(buffer, self.at)?;
        self.at += take as u64;
        Ok(take)
    }
}
