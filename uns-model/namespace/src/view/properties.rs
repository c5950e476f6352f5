//! Reads the one MQTT 5 property the fold needs: what the payload says it is.

/// The Content Type among MQTT 5 PUBLISH properties in wire form.
pub(super) fn content_type(mut properties: &[u8]) -> Option<&str> {
    const CONTENT_TYPE: u8 = 0x03;
    while let Some((identifier, rest)) = properties.split_first() {
        let (value, rest) = match identifier {
            0x01 => rest.split_at_checked(1)?,
            0x02 => rest.split_at_checked(4)?,
            0x23 => rest.split_at_checked(2)?,
            0x0b => rest.split_at_checked(rest.iter().position(|byte| byte & 0x80 == 0)? + 1)?,
            0x03 | 0x08 | 0x09 => string(rest)?,
            0x26 => string(string(rest)?.1)?,
            _ => return None,
        };
        if *identifier == CONTENT_TYPE {
            return std::str::from_utf8(value).ok();
        }
        properties = rest;
    }
    None
}

/// A string with its two-byte length in front, and what follows.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_is_found_among_others() {
        let mut wire = vec![0x01, 1, 0x02, 0, 0, 0, 9, 0x23, 0, 7, 0x0b, 0x80, 0x01];
        wire.extend_from_slice(b"\x26\0\x01k\0\x02vv\x08\0\x01r\x09\0\x01c");
        assert_eq!(content_type(&wire), None);
        wire.extend_from_slice(b"\x03\0\x09text/html");
        assert_eq!(content_type(&wire), Some("text/html"));
        for cut in 0..wire.len() {
            assert_eq!(content_type(&wire[..cut]), None, "cut at {cut}");
        }
        assert_eq!(content_type(&[0x7f, 0, 0]), None);
    }
}
