//! The sessions in a checkpoint, in the order of their numbers.

use std::num::NonZeroU32;
use std::sync::Arc;

use fabric::checkpoint::{Reader, Writer};
use uns_model::{OrgId, PublisherId, Sequence, SessionNo};

use crate::Subscription;
use crate::fold::Fold;
use crate::owed::{Owed, SavedEntry};
use crate::session::Session;

pub(super) fn encode(mut sessions: Vec<Session>, to: &mut Writer) {
    sessions.sort_unstable_by_key(|session| session.number);
    to.length(sessions.len());
    // Each copy is freed once it is encoded.
    for session in sessions {
        encode_session(&session, to);
    }
}

pub(super) fn decode(from: &mut Reader<'_>, fold: &mut Fold) -> Option<()> {
    for _ in 0..from.u32()? {
        let session = decode_session(from)?;
        fold.totals.owed += session.owed.len();
        fold.totals.owed_bytes += session.owed.bytes();
        fold.totals.subscriptions += session.subscriptions.len();
        fold.sessions.insert(session);
    }
    Some(())
}

fn encode_session(session: &Session, to: &mut Writer) {
    to.u32(session.number.0);
    to.u32(session.org.0);
    to.text(&session.client_id);
    to.u32(session.publisher.0);
    to.text(session.owner.as_deref().unwrap_or_default());
    to.u32(session.expiry);
    to.flag(session.online);
    to.u64(session.dropped);
    // Deliveries dropped when the last connection ended, which no release since reads.
    to.u64(0);
    to.u64(session.sent_at_left);
    to.length(session.took.len());
    session.took.iter().for_each(|packet_id| to.u16(*packet_id));
    to.length(session.subscriptions.len());
    for one in &session.subscriptions {
        to.text(&one.filter);
        to.u8(one.options);
        to.option_u32(one.identifier.map(NonZeroU32::get));
        to.flag(one.walk);
    }
    encode_owed(&session.owed, to);
}

fn decode_session(from: &mut Reader<'_>) -> Option<Session> {
    let (number, org) = (SessionNo(from.u32()?), OrgId(from.u32()?));
    let mut session = Session::new(number, org, Arc::from(from.text()?));
    session.publisher = PublisherId(from.u32()?);
    session.owner = Some(from.text()?).filter(|name| !name.is_empty()).map(Arc::from);
    session.expiry = from.u32()?;
    session.online = from.flag()?;
    session.dropped = from.u64()?;
    from.u64()?;
    session.sent_at_left = from.u64()?;
    for _ in 0..from.u32()? {
        session.took.push(from.u16()?);
    }
    for _ in 0..from.u32()? {
        session.subscriptions.push(Subscription {
            filter: Arc::from(from.text()?),
            options: from.u8()?,
            identifier: from.option_u32()?.and_then(NonZeroU32::new),
            walk: from.flag()?,
        });
    }
    session.owed = decode_owed(from)?;
    Some(session)
}

/// Encodes what ended sessions left to the other members of their shares.
pub(super) fn encode_remains(remains: &[(SessionNo, Owed)], to: &mut Writer) {
    to.length(remains.len());
    for (number, owed) in remains {
        to.u32(number.0);
        // An organisation, which no release reads.
        to.u32(0);
        encode_owed(owed, to);
    }
}

/// Decodes it; it was added in version 2.
pub(super) fn decode_remains(from: &mut Reader<'_>, fold: &mut Fold) -> Option<()> {
    for _ in 0..from.u32()? {
        let number = SessionNo(from.u32()?);
        from.u32()?;
        let owed = decode_owed(from)?;
        fold.totals.owed += owed.len();
        fold.totals.owed_bytes += owed.bytes();
        fold.remains.insert(number, owed);
    }
    Some(())
}

fn encode_owed(owed: &Owed, to: &mut Writer) {
    to.u64(owed.next_ordinal());
    to.u64(owed.last().0);
    to.length(owed.entries().len());
    for entry in owed.entries() {
        to.u64(entry.word());
        to.u64(entry.ordinal);
        to.u32(entry.bytes);
        let ids = owed.ids(entry);
        to.length(ids.as_slice().len());
        ids.as_slice().iter().for_each(|id| to.u32(id.get()));
        to.text(owed.share(entry).map_or("", |share| share));
    }
}

fn decode_owed(from: &mut Reader<'_>) -> Option<Owed> {
    let mut owed = Owed::restore(from.u64()?, Sequence(from.u64()?));
    let mut ids = Vec::new();
    for _ in 0..from.u32()? {
        let (word, ordinal, bytes) = (from.u64()?, from.u64()?, from.u32()?);
        let saved = SavedEntry { word, ordinal, bytes };
        ids.clear();
        for _ in 0..from.u32()? {
            ids.push(NonZeroU32::new(from.u32()?)?);
        }
        let share = if from.version() > 1 { from.text()? } else { "" };
        let share = Some(share).filter(|share| !share.is_empty());
        owed.restore_entry(saved, ids.iter().copied(), share);
    }
    Some(owed)
}
