//! JSON strings: escapes, checked once while scanning and resolved only where needed.

use std::borrow::Cow;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// How many bytes there are before the first quote, backslash or control character.
#[inline]
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let ends = |byte: &u8| matches!(byte, 0..0x20 | b'"' | b'\\');
    let (words, rest) = bytes.as_chunks();
    for (n, word) in words.iter().enumerate() {
        // Eight at a time: a byte's high bit is set where it is one of those. A borrow may set more
        // of them, but only above the first.
        let word = u64::from_le_bytes(*word);
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let ends = (zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5C)) | control) & HIGH;
        if ends != 0 {
            return n * 8 + ends.trailing_zeros() as usize / 8;
        }
    }
    words.len() * 8 + rest.iter().position(ends).unwrap_or(rest.len())
}

/// The length of the escape these bytes start with; of both halves for a surrogate pair. `None`:
/// not an escape, or half a pair, which is no character.
pub(super) fn escape_length(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => match unit(bytes)? {
            0xD800..=0xDBFF => match unit(bytes.get(6..)?)? {
                0xDC00..=0xDFFF => Some(12),
                _ => None,
            },
            0xDC00..=0xDFFF => None,
            _ => Some(6),
        },
        _ => None,
    }
}

/// The characters a scanned string means.
pub(super) fn chars(raw: &str) -> impl Iterator<Item = char> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let length = if first == '\\' { escape_length(rest.as_bytes())? } else { first.len_utf8() };
        let (head, tail) = rest.split_at_checked(length)?;
        rest = tail;
        if first == '\\' { resolve(head.as_bytes()) } else { Some(first) }
    })
}

/// The text a scanned string means.
pub(super) fn unescape(raw: &str, escaped: bool) -> Cow<'_, str> {
    if escaped { Cow::Owned(chars(raw).collect()) } else { Cow::Borrowed(raw) }
}

fn resolve(escape: &[u8]) -> Option<char> {
    Some(match escape.get(1)? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let first = unit(escape)?;
            let code = match escape.get(6..).and_then(unit) {
                Some(second) => 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00),
                None => first,
            };
            return char::from_u32(code);
        }
        other => char::from(*other),
    })
}

/// The code unit of `\uXXXX`.
fn unit(bytes: &[u8]) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = bytes else {
        return None;
    };
    digits
        .get(..4)?
        .iter()
        .try_fold(0, |sum, digit| char::from(*digit).to_digit(16).map(|value| sum * 16 + value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn half_a_pair_is_no_escape() {
        for text in
            ["\\ud800", "\\ud800x", "\\ud800\\u0041", "\\udc00", "\\u12g4", "\\u12", "\\x", "\\"]
        {
            assert_eq!(escape_length(text.as_bytes()), None, "{text}");
        }
        assert_eq!(escape_length(b"\\ud83d\\ude00"), Some(12));
        assert_eq!(unescape("a\\ud83d\\ude00\\n\\/\\u00e9", true), "a\u{1F600}\n/\u{e9}");
    }

    proptest! {
        #[test]
        fn plain_characters_are_counted_as_one_by_one(bytes in vec(prop_oneof![
            4 => Just(b'x'), 1 => any::<u8>(), 1 => 0x1F..0x24_u8, 1 => 0x5B..0x5E_u8,
        ], 0..40)) {
            let plain = |byte: &&u8| !matches!(**byte, 0..0x20 | b'"' | b'\\');
            prop_assert_eq!(plain_length(&bytes), bytes.iter().take_while(plain).count());
        }

        #[test]
        fn what_serde_json_escapes_is_read_back(text: String) {
            let json = serde_json::to_string(&text).unwrap();
            let raw = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
            prop_assert_eq!(unescape(raw, true), text);
        }
    }
}
