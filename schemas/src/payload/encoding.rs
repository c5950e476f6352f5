//! What stands between bytes and text: a byte-order mark, NUL bytes at the end (NS-22), and the
//! encoding of programs that never heard of UTF-8 (NS-19d).

/// A payload without byte-order mark in front and NUL bytes at the end.
#[inline]
pub(super) fn trim(payload: &[u8]) -> &[u8] {
    let mut rest = payload.strip_prefix(b"\xef\xbb\xbf").unwrap_or(payload);
    while let Some(before) = rest.strip_suffix(b"\0") {
        rest = before;
    }
    rest
}

/// Bytes as Windows-1252, which is Latin-1 with printable characters where that has controls.
pub fn windows_1252(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| character(*byte)).collect()
}

/// Whether bytes that are no UTF-8 are text in that encoding: words, with a few letters and signs that
/// have no place in ASCII. So short a payload, or one as long as a double, may as well be a raw number.
pub(super) fn is_windows_1252_text(bytes: &[u8]) -> bool {
    if matches!(bytes.len(), 0..=4 | 8) {
        return false;
    }
    let is_ascii = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    // Letters, degree, currencies, quotation marks and what else stands between words.
    let is_other = |byte: &u8| {
        matches!(byte, 0x80 | 0x82 | 0x84 | 0x85 | 0x91..=0x97 | 0x99 | 0xa0 | 0xa7 | 0xb0..=0xb3 | 0xb5)
            || (matches!(byte, 0xc0..) && !matches!(byte, 0xd7 | 0xf7))
    };
    let others = bytes.iter().filter(|byte| !is_ascii(byte)).count();
    others * 4 <= bytes.len() && bytes.iter().all(|byte| is_ascii(byte) || is_other(byte))
}

fn character(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    let high = usize::from(byte).checked_sub(0x80).and_then(|place| HIGH.get(place));
    high.copied().unwrap_or(char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_padding_are_no_part_of_a_value() {
        for (payload, rest) in [
            (&b"\xef\xbb\xbf23.4"[..], &b"23.4"[..]),
            (b"23.4\0\0", b"23.4"),
            (b"\0", b""),
            (b"2\x003", b"2\x003"),
            (b"\xef\xbb", b"\xef\xbb"),
        ] {
            assert_eq!(trim(payload), rest);
        }
    }

    #[test]
    fn words_in_latin_1_are_told_from_raw_numbers() {
        for text in [
            &b"St\xf6rung"[..],
            b"21.5 \xb0C",
            b"Temp\xe9rature \xe9lev\xe9e",
            b"\x84OK\x94 all well",
        ] {
            assert!(is_windows_1252_text(text), "{text:?}");
        }
        let float = 21.5_f32.to_be_bytes();
        let registers = [0x01, 0xf4, 0x00, 0x64, 0xff, 0x9c];
        for bytes in [
            &float[..],
            b"\x40\x35\xe6\x66\x66\x66\x66\x66",
            &registers,
            b"\xf6\xe4\xfc\xdf\xe9\xe8",
            b"\xff\xd8\xff\xe0\x00\x10JFIF",
            b"abcdefg\x81hijk",
            b"ab\x00cdefghi\xe9jk",
        ] {
            assert!(!is_windows_1252_text(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn every_byte_is_a_character() {
        let all: Vec<u8> = (0..=255).collect();
        let text = windows_1252(&all);
        assert_eq!(text.chars().count(), 256);
        assert_eq!(windows_1252(b"St\xf6rung 5 \x80 \xb0C"), "Störung 5 € °C");
    }
}
