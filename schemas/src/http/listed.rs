//! A last value as lists show it: in the tree and among what a search found.

use serde::Serialize;
use utoipa::ToSchema;

use uns_model::{Quality, Timestamp, Value};

use crate::opaque::Opaque;
use crate::reads_as::ReadsAs;
use crate::wire::{WireQuality, WireTime, WireValue, is_false, is_zero};

/// A last value in a list, if there is one. A long value is cut.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedValue<'a> {
    /// The last value, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = WireValue<'a>, required = false)]
    pub value: Option<WireValue<'a>>,
    /// Its quality.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = WireQuality, required = false)]
    pub quality: Option<WireQuality>,
    /// Its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = WireTime, required = false)]
    pub timestamp: Option<WireTime>,
    /// The unit its publisher named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'a str>,
    /// What a text also reads as: `ON` as a flag, `23,4 °C` as a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub reads_as: Option<ReadsAs>,
    /// How many fields of the document there was no room for.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    pub fields_left_out: u32,
    /// `windows-1252` where the payload was no UTF-8 and read as that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<&'static str>,
    /// `bytes` for a payload that is neither JSON nor text.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// How many bytes the value has, where it is `bytes` or was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What the bytes look like: `jpeg`, `gzip`, `protobuf` and others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looks_like: Option<&'static str>,
    /// True where `value` is only how a long value begins; `current` has the whole.
    #[serde(skip_serializing_if = "is_false")]
    #[schema(required = false)]
    pub cut: bool,
}

impl<'a> ListedValue<'a> {
    /// A value, or how it begins with its size in bytes.
    pub fn new(
        (value, cut): (&'a Value, Option<&'a (Value, u64)>),
        quality: Quality,
        timestamp: Timestamp,
        unit: Option<&'a str>,
    ) -> Self {
        let opaque = Opaque::of(value);
        let shown = cut.map_or(value, |(begins, _)| begins);
        Self {
            value: Some(WireValue { value: shown, quality }),
            quality: Some(WireQuality(quality)),
            timestamp: Some(WireTime(timestamp)),
            unit,
            reads_as: ReadsAs::of(value, quality),
            fields_left_out: 0,
            encoding: None,
            kind: opaque.map(|_| "bytes"),
            size: cut.map(|(_, size)| *size).or(opaque.map(|opaque| opaque.size)),
            looks_like: opaque.and_then(|opaque| opaque.looks_like),
            cut: cut.is_some(),
        }
    }
}
