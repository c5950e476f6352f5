//! What bytes that are no value look like (NS-19d): by the signatures of common formats.

use uns_model::Value;

/// A payload that stays bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opaque {
    /// How many bytes.
    pub size: u64,
    /// What they look like, if they look like something.
    pub looks_like: Option<&'static str>,
}

/// How formats begin.
const SIGNATURES: [(&[u8], &str); 12] = [
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"RIFF", "riff"),
    (b"%PDF-", "pdf"),
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"PAR1", "parquet"),
    (b"\xff\xfe", "utf-16 text"),
    (b"\xfe\xff", "utf-16 text"),
];

impl Opaque {
    /// What a value is, where it is bytes.
    pub fn of(value: &Value) -> Option<Self> {
        let Value::Bytes(bytes) = value else { return None };
        let signed = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature));
        let looks_like = match signed {
            Some((_, name)) => Some(*name),
            None if is_json(bytes) => Some("json"),
            None if is_utf8(bytes) => Some("text"),
            None if is_text(bytes) => Some("windows-1252 text"),
            None if is_protobuf(bytes) => Some("protobuf"),
            None => None,
        };
        Some(Self { size: bytes.len() as u64, looks_like })
    }
}

/// So much of the beginning tells what a text is.
const HEAD_BYTES: usize = 4096;

/// JSON that is larger or deeper than a value may be.
fn is_json(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    matches!(text, [b'{' | b'[', ..]) && is_utf8(bytes)
}

/// Text that is larger than a value may be.
fn is_utf8(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let whole = head.len() == bytes.len();
    match std::str::from_utf8(head) {
        Ok(text) => text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace()),
        // The last character may be cut.
        Err(error) => !whole && error.error_len().is_none(),
    }
}

/// Printable characters alone, and mostly ASCII: text in an encoding that is not UTF-8. So short a payload, or
/// one as long as a double, may as well be a raw number.
fn is_text(bytes: &[u8]) -> bool {
    if matches!(bytes.len(), 0..=4 | 8) {
        return false;
    }
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0xa0..);
    let ascii = bytes.iter().filter(|byte| byte.is_ascii()).count();
    bytes.iter().all(printable) && ascii * 2 > bytes.len()
}

/// Fields of protobuf from the first byte to the last.
fn is_protobuf(mut bytes: &[u8]) -> bool {
    let mut fields = 0;
    while !bytes.is_empty() {
        let Some((tag, rest)) = varint(bytes) else { return false };
        let Some(rest) = skip(tag, rest) else { return false };
        fields += 1;
        bytes = rest;
    }
    fields > 0
}

/// What follows the value of a field.
fn skip(tag: u64, rest: &[u8]) -> Option<&[u8]> {
    if !(1..=0xffff).contains(&(tag >> 3)) {
        return None;
    }
    match tag & 7 {
        0 => varint(rest).map(|(_, rest)| rest),
        1 => rest.get(8..),
        2 => {
            let (length, rest) = varint(rest)?;
            rest.get(usize::try_from(length).ok()?..)
        }
        5 => rest.get(4..),
        _ => None,
    }
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)? + 1;
    let (number, rest) = bytes.split_at_checked(length)?;
    let sum = |sum: u64, byte: &u8| sum.wrapping_shl(7) | u64::from(byte & 0x7f);
    Some((number.iter().rev().fold(0, sum), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_formats_are_told_by_their_first_bytes() {
        for (bytes, looks_like) in [
            (&b"\xff\xd8\xff\xe0\x00\x10JFIF"[..], Some("jpeg")),
            (b"\x89PNG\r\n\x1a\n\x00", Some("png")),
            (b"\x1f\x8b\x08\x00", Some("gzip")),
            (b"St\xf6rung", Some("windows-1252 text")),
            (b"\x08\x96\x01\x12\x03\xffab", Some("protobuf")),
            (b"\x80\x81\x82", None),
            (b"\x00\xff", None),
            (b"\x08", None),
            // A float and a double, as registers have them.
            (b"A\xbb33", None),
            (b"@5\xe6fffff", None),
            ("[{\"name\":\"Öfen\"}]".as_bytes(), Some("json")),
            (b"\xef\xbb\xbf {\"a\":1}", Some("json")),
            ("Öfen".repeat(2_000).as_bytes(), Some("text")),
        ] {
            let found = Opaque::of(&Value::Bytes(bytes.into())).unwrap();
            assert_eq!((found.looks_like, found.size), (looks_like, bytes.len() as u64));
        }
        assert_eq!(Opaque::of(&Value::Int(1)), None);
    }
}
