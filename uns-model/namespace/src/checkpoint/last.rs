//! A last value in a checkpoint, with everything that is said about it.

use std::sync::Arc;

use fabric::checkpoint::{Reader, Writer};
use uns_model::{PublisherId, Quality, Sequence, Timestamp, Value};

use crate::view::{Last, LastSaved};

pub(super) fn encode_last(last: &Last, to: &mut Writer) {
    let saved = last.save();
    encode_value(&saved.value, to);
    to.u32(saved.quality.0);
    to.u32(saved.publisher.0);
    to.i64(saved.time.0);
    to.i64(saved.ingest.0);
    to.u64(saved.sequence.0);
    to.option_u64(saved.seq);
}

pub(super) fn decode_last(from: &mut Reader<'_>) -> Option<Last> {
    Some(Last::restore(LastSaved {
        value: decode_value(from)?,
        quality: Quality(from.u32()?),
        publisher: PublisherId(from.u32()?),
        time: Timestamp(from.i64()?),
        ingest: Timestamp(from.i64()?),
        sequence: Sequence(from.u64()?),
        seq: from.option_u64()?,
    }))
}

fn encode_value(value: &Value, to: &mut Writer) {
    match value {
        Value::Null => to.u8(0),
        Value::Bool(value) => to.raw(&[1, u8::from(*value)]),
        Value::Int(value) => {
            to.u8(2);
            to.i64(*value);
        }
        Value::UInt(value) => {
            to.u8(3);
            to.u64(*value);
        }
        Value::Float(value) => {
            to.u8(4);
            to.u64(value.to_bits());
        }
        Value::Text(value) => {
            to.u8(5);
            to.text(value);
        }
        Value::Document(value) => {
            to.u8(6);
            to.text(value);
        }
        Value::Bytes(value) => {
            to.u8(7);
            to.bytes(value);
        }
    }
}

fn decode_value(from: &mut Reader<'_>) -> Option<Value> {
    Some(match from.u8()? {
        0 => Value::Null,
        1 => Value::Bool(from.u8()? != 0),
        2 => Value::Int(from.i64()?),
        3 => Value::UInt(from.u64()?),
        4 => Value::Float(f64::from_bits(from.u64()?)),
        5 => Value::Text(Arc::from(from.text()?)),
        6 => Value::Document(Arc::from(from.text()?)),
        7 => Value::Bytes(Arc::from(from.bytes()?)),
        _ => return None,
    })
}
