//! Payloads in which nothing nests: a scalar, and an object of scalars. No key is compared and nothing
//! is set up for them.

use super::{Cursor, Token};

/// Scans a payload that is no object and no array; `None`: it is not JSON.
pub(in crate::payload) fn scalar(text: &str) -> Option<Token<'_>> {
    let mut cursor = Cursor::new(text, None);
    cursor.space();
    if !may_begin_scalar(cursor.peek()?) {
        return None;
    }
    let token = cursor.value(0).ok()?;
    cursor.space();
    (cursor.at == text.len()).then_some(token)
}

/// Whether a number, a literal, a string or what is printed for no number may begin with this.
fn may_begin_scalar(byte: u8) -> bool {
    matches!(byte, b'"' | b'-' | b'+' | b'0'..=b'9' | b't' | b'f' | b'n' | b'N' | b'i' | b'I')
}

/// Scans a payload that is an object of scalars and tells its members; whether it is one, and each
/// member was wanted. `false` means no more than that: it may be any JSON, or none.
pub(in crate::payload) fn flat<'a>(
    text: &'a str,
    mut member: impl FnMut(Token<'a>, Token<'a>) -> bool,
) -> bool {
    let mut cursor = Cursor::new(text, None);
    cursor.space();
    if !cursor.take(b'{') {
        return false;
    }
    loop {
        let Ok(key) = cursor.string() else { return false };
        if cursor.colon().is_err() || matches!(cursor.peek(), Some(b'{' | b'[')) {
            return false;
        }
        // Scalars have no depth.
        let Ok(value) = cursor.value(0) else { return false };
        if !member(key, value) {
            return false;
        }
        cursor.space();
        if cursor.take(b',') {
            continue;
        }
        return cursor.take(b'}') && cursor.at == text.len();
    }
}
