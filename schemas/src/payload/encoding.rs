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
pub(super) fn windows_1252(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| character(*byte)).collect()
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
    fn every_byte_is_a_character() {
        let all: Vec<u8> = (0..=255).collect();
        let text = windows_1252(&all);
        assert_eq!(text.chars().count(), 256);
        assert_eq!(windows_1252(b"St\xf6rung 5 \x80 \xb0C"), "Störung 5 € °C");
    }
}
