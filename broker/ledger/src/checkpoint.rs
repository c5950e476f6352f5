//! Checkpoints: the fold as of one sequence, in one file. It has the largest session number, every
//! session with what it is owed, every will, every retained message, what ended sessions left to
//! shares, and every durable consumer. Equal folds have equal bytes.
//!
//! Only the body is defined here. Files, generations and what surrounds a body are those of
//! [`fabric::checkpoint`].

mod marks;
mod sessions;

use std::sync::Arc;

use bytes::Bytes;
use fabric::Will;
#[cfg(test)]
use fabric::checkpoint::Unusable;
use fabric::checkpoint::{Checkpoints, Format, Reader, Writer};
use uns_model::{Kept, OrgId, PublisherId, Sequence, SessionNo, Timestamp};

use crate::Error;
use crate::fold::{Fold, RetainedCopy, Snapshot, Stored};
use crate::session::PendingWill;

/// The format that this release writes. Version 2 added the record of a will and the share of a
/// delivery, version 3 the owner of a will, version 4 durable consumers, and version 5 wills that were due
/// when their client was back.
pub(crate) const FORMAT: Format =
    Format { prefix: "sessions-", magic: b"UNSSESSN", version: 5, what: "sessions" };

/// Loads the newest usable checkpoint; an empty fold if there is none.
pub(crate) fn load(checkpoints: &mut Checkpoints) -> Result<Fold, Error> {
    Ok(checkpoints.load(decode_body)?.unwrap_or_default())
}

/// Up to where the log may remove records. It must keep what [`Checkpoints::floor`] says, and the oldest
/// publish that is owed.
pub(crate) fn floor(checkpoints: &Checkpoints, oldest_owed: Option<Sequence>) -> Sequence {
    let replay = checkpoints.floor();
    oldest_owed.map_or(replay, |oldest| replay.min(Sequence(oldest.0.saturating_sub(1))))
}

/// The bytes of a checkpoint.
pub(crate) fn encode(snapshot: Snapshot) -> Vec<u8> {
    FORMAT.encode(snapshot.applied, |to| encode_body(snapshot, to))
}

/// About the memory that a [`Snapshot`] and its bytes take at most, including the copy that is made when
/// the buffer of the bytes grows.
pub(crate) fn memory(fold: &Fold) -> u64 {
    let lists = fold.totals.owed * 24 + fold.totals.subscriptions * 64;
    let others = fold.sessions.len() * 128
        + fold.retained.bytes()
        + fold.retained.len() * 32
        + fold.marks.bytes();
    4 * (lists + others) as u64
}

/// The fold in the bytes of a checkpoint.
#[cfg(test)]
pub(crate) fn decode(file: &[u8]) -> Result<Fold, Unusable> {
    FORMAT.decode(file, decode_body).map(|(_, fold)| fold)
}

/// Reads bytes as what follows magic and version in a checkpoint, whatever their checksum. No bytes may
/// make this panic, and what was read must be written as it was.
pub fn fuzz(data: &[u8]) {
    let mut from = Reader::new(data);
    let fold = from.u64().and_then(|applied| decode_body(Sequence(applied), &mut from));
    if let Some(mut fold) = fold.filter(|_| from.is_empty()) {
        let again = encode(fold.snapshot());
        let decoded = FORMAT.decode(&again, decode_body);
        let (_, mut same) = decoded.expect("what was encoded is decoded");
        assert_eq!(encode(same.snapshot()), again, "a checkpoint survives its bytes");
    }
}

fn encode_body(snapshot: Snapshot, to: &mut Writer) {
    let Snapshot { seen, sessions, mut wills, mut retained, mut remains, marks, .. } = snapshot;
    let mut due_wills = snapshot.due_wills;
    to.u32(seen.0);
    sessions::encode(sessions, to);
    wills.sort_unstable_by_key(|(number, _)| *number);
    to.length(wills.len());
    for (number, pending) in &wills {
        encode_will(*number, pending, to);
    }
    retained.sort_unstable_by(|a, b| (a.org, &a.topic).cmp(&(b.org, &b.topic)));
    to.length(retained.len());
    for RetainedCopy { org, topic, stored } in &retained {
        encode_retained(*org, topic, stored, to);
    }
    remains.sort_unstable_by_key(|(number, _)| *number);
    sessions::encode_remains(&remains, to);
    marks::encode(&marks, to);
    due_wills.sort_unstable_by_key(|(number, _)| *number);
    to.length(due_wills.iter().map(|(_, wills)| wills.len()).sum());
    for (number, wills) in &due_wills {
        wills.iter().for_each(|will| encode_will(*number, will, to));
    }
}

fn decode_body(applied: Sequence, from: &mut Reader<'_>) -> Option<Fold> {
    let mut fold = Fold { applied, ..Fold::default() };
    fold.seen = SessionNo(from.u32()?);
    sessions::decode(from, &mut fold)?;
    for _ in 0..from.u32()? {
        let (number, pending) = decode_will(from, &fold)?;
        fold.wills.insert(number, pending);
    }
    let mut before = None;
    for _ in 0..from.u32()? {
        let (org, topic, stored) = decode_retained(from)?;
        // They must be in order, so that no topic occurs twice.
        if before.replace((org, topic)).is_some_and(|before| before >= (org, topic)) {
            return None;
        }
        fold.retained.insert(org, topic.into(), stored);
    }
    if from.version() > 1 {
        sessions::decode_remains(from, &mut fold)?;
    }
    if from.version() > 3 {
        fold.marks = marks::decode(from)?;
    }
    if from.version() > 4 {
        for _ in 0..from.u32()? {
            let (number, will) = decode_will(from, &fold)?;
            match fold.due_wills.change(number) {
                Some(wills) => wills.push(will),
                None => drop(fold.due_wills.insert(number, vec![will])),
            }
        }
    }
    Some(fold)
}

fn encode_will(number: SessionNo, pending: &PendingWill, to: &mut Writer) {
    let PendingWill { org, publisher, client_id, owner, will, sequence, .. } = pending;
    to.u32(number.0);
    to.u32(org.0);
    to.u32(publisher.0);
    to.text(client_id);
    to.u32(will.delay);
    to.u8(will.qos);
    to.flag(will.retain);
    to.option_u32(will.expiry);
    to.text(&will.topic);
    to.bytes(&will.properties);
    to.bytes(&will.payload);
    to.u64(sequence.map_or(0, |sequence| sequence.0));
    to.text(owner.as_deref().unwrap_or_default());
}

fn decode_will(from: &mut Reader<'_>, fold: &Fold) -> Option<(SessionNo, PendingWill)> {
    let number = SessionNo(from.u32()?);
    let (org, publisher) = (OrgId(from.u32()?), PublisherId(from.u32()?));
    let client_id = Arc::from(from.text()?);
    let will = Will {
        delay: from.u32()?,
        qos: from.u8()?,
        retain: from.flag()?,
        expiry: from.option_u32()?,
        topic: from.text()?.into(),
        properties: Bytes::copy_from_slice(from.bytes()?),
        payload: Bytes::copy_from_slice(from.bytes()?),
    };
    let will = Arc::new(will);
    let sequence = if from.version() > 1 { from.u64()? } else { 0 };
    let sequence = Some(Sequence(sequence)).filter(|sequence| *sequence > Sequence::ZERO);
    let owner = if from.version() > 2 {
        Some(from.text()?).filter(|name| !name.is_empty()).map(Arc::from)
    } else {
        fold.sessions.get(number).and_then(|session| session.owner.clone())
    };
    let (not_taken, taken) = (0, false);
    let pending =
        PendingWill { org, publisher, client_id, owner, will, sequence, not_taken, taken };
    Some((number, pending))
}

fn encode_retained(org: OrgId, topic: &str, stored: &Stored, to: &mut Writer) {
    to.u32(org.0);
    to.text(topic);
    let Stored { kept, .. } = stored;
    let (properties, payload) = (kept.properties(), kept.payload());
    to.u64(stored.sequence.0);
    to.u32(stored.publisher.0);
    to.u8(kept.qos());
    to.option_u32(kept.expiry());
    to.i64(stored.ingest.0);
    to.length(properties.len());
    to.length(stored.bytes_len());
    to.raw(properties);
    to.raw(payload);
}

fn decode_retained<'a>(from: &mut Reader<'a>) -> Option<(OrgId, &'a str, Stored)> {
    let org = OrgId(from.u32()?);
    let topic = from.text()?;
    let (sequence, publisher) = (Sequence(from.u64()?), PublisherId(from.u32()?));
    let (qos, expiry, ingest) = (from.u8()?, from.option_u32()?, Timestamp(from.i64()?));
    let properties_bytes = from.u32()? as usize;
    let (properties, payload) = from.bytes()?.split_at_checked(properties_bytes)?;
    let kept = Kept::new(qos, expiry, properties, payload);
    Some((org, topic, Stored { kept, sequence, ingest, publisher }))
}
