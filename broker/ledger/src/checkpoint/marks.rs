//! Durable consumers in a checkpoint, in the order of organisations and names, and the highest epochs
//! that ended. They were added in version 4.

use std::sync::Arc;

use bytes::Bytes;
use fabric::checkpoint::{Reader, Writer};
use uns_model::OrgId;

use crate::fold::{Consumer, Marks};

pub(super) fn encode(marks: &Marks, to: &mut Writer) {
    let all = marks.iter();
    to.length(all.len());
    for ((org, name), consumer) in all {
        let Consumer { epoch, said, position, state } = consumer;
        to.u32(org.0);
        to.text(name);
        to.u64(*epoch);
        to.u64(*said);
        to.bytes(position);
        to.bytes(state);
    }
    let ended = marks.ended();
    to.length(ended.len());
    for (org, epoch) in ended {
        to.u32(org.0);
        to.u64(epoch);
    }
}

pub(super) fn decode(from: &mut Reader<'_>) -> Option<Marks> {
    let mut marks = Marks::default();
    // They must be in order, so that equal folds have equal bytes.
    let mut before = None;
    for _ in 0..from.u32()? {
        let key = (OrgId(from.u32()?), Arc::<str>::from(from.text()?));
        let consumer = Consumer {
            epoch: from.u64()?,
            said: from.u64()?,
            position: Bytes::copy_from_slice(from.bytes()?),
            state: Bytes::copy_from_slice(from.bytes()?),
        };
        if before.replace(key.clone()).is_some_and(|before| before >= key) {
            return None;
        }
        marks.restore(key, consumer);
    }
    let mut before = None;
    for _ in 0..from.u32()? {
        let org = OrgId(from.u32()?);
        if before.replace(org).is_some_and(|before| before >= org) {
            return None;
        }
        marks.restore_ended(org, from.u64()?);
    }
    Some(marks)
}
