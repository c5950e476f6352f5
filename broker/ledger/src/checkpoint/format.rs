//! The body of a checkpoint: the largest session number, every session with what it is owed, every
//! will, every retained message, and the sequence all of it is as of. Equal folds have equal bytes.

mod sessions;

use std::sync::Arc;

use bytes::Bytes;
use uns_model::{OrgId, PublisherId, Sequence, SessionNo, Timestamp};

use super::bytes::{Reader, Writer};
use crate::Will;
use crate::fold::{Fold, Stored};
use crate::session::Pending;

/// The version this release writes, and the newest it reads.
pub(super) const FORMAT_VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"UNSSESSN";
const CRC_BYTES: usize = 4;

/// Why a file is of no use.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// Its bytes are not what was written.
    Damaged(String),
    /// A newer release wrote it, in this format.
    Newer(u32),
}

/// The bytes of a checkpoint.
pub(crate) fn encode(fold: &Fold) -> Vec<u8> {
    let mut to = Writer::default();
    to.raw(MAGIC);
    to.u32(FORMAT_VERSION);
    to.u64(fold.applied.0);
    to.u32(fold.seen.0);
    sessions::encode(fold, &mut to);
    to.length(fold.wills.len());
    for (number, pending) in &fold.wills {
        encode_will(*number, pending, &mut to);
    }
    let mut retained: Vec<_> = fold.retained.iter().collect();
    retained.sort_unstable_by_key(|(org, topic, _)| (*org, *topic));
    to.length(retained.len());
    for (org, topic, stored) in retained {
        encode_retained(org, topic, stored, &mut to);
    }
    let crc = crc32fast::hash(&to.0);
    to.u32(crc);
    to.0
}

/// The sequence a sound checkpoint is as of.
pub(super) fn applied(file: &[u8]) -> Result<Sequence, Unusable> {
    body(file)?.u64().map(Sequence).ok_or_else(cut_short)
}

pub(crate) fn decode(file: &[u8]) -> Result<Fold, Unusable> {
    decode_body(&mut body(file)?).ok_or_else(cut_short)
}

fn cut_short() -> Unusable {
    Unusable::Damaged("its content contradicts its format".to_owned())
}

/// Checks what surrounds the body.
fn body(file: &[u8]) -> Result<Reader<'_>, Unusable> {
    let damaged = |what: &str| Unusable::Damaged(what.to_owned());
    let (content, crc) =
        file.split_last_chunk::<CRC_BYTES>().ok_or_else(|| damaged("too short"))?;
    if crc32fast::hash(content) != u32::from_le_bytes(*crc) {
        return Err(damaged("its checksum does not match"));
    }
    let mut from = Reader(content);
    if from.take(MAGIC.len()) != Some(MAGIC) {
        return Err(damaged("it is no checkpoint"));
    }
    match from.u32().ok_or_else(|| damaged("too short"))? {
        FORMAT_VERSION => Ok(from),
        newer if newer > FORMAT_VERSION => Err(Unusable::Newer(newer)),
        _ => Err(damaged("its format version never existed")),
    }
}

fn decode_body(from: &mut Reader<'_>) -> Option<Fold> {
    let mut fold = Fold { applied: Sequence(from.u64()?), ..Fold::default() };
    fold.seen = SessionNo(from.u32()?);
    sessions::decode(from, &mut fold)?;
    for _ in 0..from.u32()? {
        let (number, pending) = decode_will(from)?;
        fold.wills.insert(number, pending);
    }
    for _ in 0..from.u32()? {
        decode_retained(from, &mut fold)?;
    }
    from.0.is_empty().then_some(fold)
}

/// Reads bytes as a checkpoint, whatever their checksum: no bytes may make that panic, and what is
/// read is written as it was.
pub fn fuzz(data: &[u8]) {
    let mut from = Reader(data);
    if let Some(fold) = decode_body(&mut from) {
        let again = encode(&fold);
        let body = again.get(MAGIC.len() + 4..again.len() - CRC_BYTES).unwrap_or_default();
        let same = decode_body(&mut Reader(body)).expect("what was encoded is decoded");
        assert_eq!(encode(&same), again, "a checkpoint survives its bytes");
    }
}

fn encode_will(number: SessionNo, pending: &Pending, to: &mut Writer) {
    let Pending { org, publisher, client_id, will, .. } = pending;
    to.u32(number.0);
    to.u32(org.0);
    to.u32(publisher.0);
    to.text(client_id);
    to.u32(will.delay);
    to.u8(will.qos);
    to.u8(u8::from(will.retain));
    to.option(will.expiry);
    to.text(&will.topic);
    to.bytes(&will.properties);
    to.bytes(&will.payload);
}

fn decode_will(from: &mut Reader<'_>) -> Option<(SessionNo, Pending)> {
    let number = SessionNo(from.u32()?);
    let (org, publisher) = (OrgId(from.u32()?), PublisherId(from.u32()?));
    let client_id = Arc::from(from.text()?);
    let will = Will {
        delay: from.u32()?,
        qos: from.u8()?,
        retain: from.flag()?,
        expiry: from.option()?,
        topic: from.text()?.into(),
        properties: Bytes::copy_from_slice(from.bytes()?),
        payload: Bytes::copy_from_slice(from.bytes()?),
    };
    Some((number, Pending { org, publisher, client_id, will: Arc::new(will), taken: false }))
}

fn encode_retained(org: OrgId, topic: &str, stored: &Stored, to: &mut Writer) {
    to.u32(org.0);
    to.text(topic);
    to.u64(stored.sequence.0);
    to.u32(stored.publisher.0);
    to.u8(stored.qos);
    to.option(stored.expiry);
    to.raw(&stored.ingest.0.to_le_bytes());
    to.u32(stored.properties_bytes);
    to.bytes(&stored.bytes);
}

fn decode_retained(from: &mut Reader<'_>, fold: &mut Fold) -> Option<()> {
    let org = OrgId(from.u32()?);
    let topic = from.text()?;
    let stored = Stored {
        sequence: Sequence(from.u64()?),
        publisher: PublisherId(from.u32()?),
        qos: from.u8()?,
        expiry: from.option()?,
        ingest: Timestamp(from.u64()?.cast_signed()),
        properties_bytes: from.u32()?,
        bytes: from.bytes()?.into(),
    };
    if stored.properties_bytes as usize > stored.bytes.len() {
        return None;
    }
    fold.retained.insert(org, topic, stored);
    Some(())
}
