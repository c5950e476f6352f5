//! What surrounds the body of every checkpoint: magic, format version (u32), the sequence it is as
//! of (u64), body, CRC-32 of everything before; integers little-endian.

use uns_model::Sequence;

use super::bytes::{Reader, Writer};

const CRC_BYTES: usize = 4;

/// One kind of checkpoint. Whoever owns the body owns its version.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// What its files are called before their generation.
    pub prefix: &'static str,
    /// Its first bytes.
    pub magic: &'static [u8; 8],
    /// The version this release writes; from 1. It reads those before as well, which
    /// [`Reader::version`] tells apart: a hub that skips releases keeps what it folded.
    pub version: u32,
    /// What it is a checkpoint of, for people: `sessions`.
    pub what: &'static str,
}

/// Why a file is of no use.
#[derive(Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Its bytes are not what was written.
    Damaged(String),
    /// A newer release wrote it, in this format.
    Newer(u32),
}

impl Format {
    /// The bytes of a checkpoint as of `applied`.
    pub fn encode(&self, applied: Sequence, body: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut to = Writer::default();
        self.head(applied, &mut to);
        body(&mut to);
        let crc = crc32fast::hash(to.written());
        to.u32(crc);
        to.into_bytes()
    }

    /// What comes before a body.
    pub(super) fn head(&self, applied: Sequence, to: &mut Writer) {
        to.raw(self.magic);
        to.u32(self.version);
        to.u64(applied.0);
    }

    /// The sequence a checkpoint is as of, and what `body` makes of the bytes behind it, which it
    /// must read to their end.
    ///
    /// # Errors
    /// When the file is not sound, or `body` does not understand it.
    pub fn decode<T>(
        &self,
        file: &[u8],
        body: impl FnOnce(Sequence, &mut Reader<'_>) -> Option<T>,
    ) -> Result<(Sequence, T), Unusable> {
        let (applied, mut from) = self.open(file)?;
        let read = body(applied, &mut from).filter(|_| from.is_empty());
        Ok((applied, read.ok_or_else(|| damaged("its content contradicts its format"))?))
    }

    /// The sequence a sound file is as of, whatever its body says.
    pub(super) fn applied(&self, file: &[u8]) -> Result<Sequence, Unusable> {
        self.open(file).map(|(applied, _)| applied)
    }

    /// Checks what surrounds the body.
    fn open<'a>(&self, file: &'a [u8]) -> Result<(Sequence, Reader<'a>), Unusable> {
        let (content, crc) =
            file.split_last_chunk::<CRC_BYTES>().ok_or_else(|| damaged("too short"))?;
        if crc32fast::hash(content) != u32::from_le_bytes(*crc) {
            return Err(damaged("its checksum does not match"));
        }
        let mut from = Reader::new(content);
        if from.take(self.magic.len()) != Some(self.magic) {
            return Err(damaged("it is no checkpoint"));
        }
        match from.u32().ok_or_else(|| damaged("too short"))? {
            version if (1..=self.version).contains(&version) => from.set_version(version),
            newer if newer > self.version => return Err(Unusable::Newer(newer)),
            _ => return Err(damaged("its format version is none that is read")),
        }
        let applied = from.u64().ok_or_else(|| damaged("too short"))?;
        Ok((Sequence(applied), from))
    }
}

fn damaged(what: &str) -> Unusable {
    Unusable::Damaged(what.to_owned())
}
