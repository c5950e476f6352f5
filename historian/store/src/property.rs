//! The one MQTT 5 property history looks at: Content Type.

const CONTENT_TYPE: u8 = 0x03;

/// The content type among PUBLISH properties in wire form, if there is one.
///
/// The gate has checked the properties, so a malformed rest simply ends the search.
pub(crate) fn content_type(mut properties: &[u8]) -> Option<&str> {
    while let Some((id, rest)) = properties.split_first() {
        let skip = match id {
            0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28..=0x2a => 1,
            0x13 | 0x21..=0x23 => 2,
            0x02 | 0x11 | 0x18 | 0x27 => 4,
            0x0b => 1 + rest.iter().position(|byte| byte & 0x80 == 0)?,
            0x26 => {
                let name = prefixed(rest)?.len() + 2;
                name + prefixed(rest.get(name..)?)?.len() + 2
            }
            &CONTENT_TYPE => return std::str::from_utf8(prefixed(rest)?).ok(),
            _ => prefixed(rest)?.len() + 2,
        };
        properties = rest.get(skip..)?;
    }
    None
}

fn prefixed(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.get(..usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::content_type;

    #[test]
    fn found_behind_any_other_property() {
        let mut wire = vec![0x01, 1, 0x0b, 0x80, 1, 0x26, 0, 1, b'a', 0, 1, b'b'];
        wire.extend([0x08, 0, 2, b'r', b't']);
        assert_eq!(content_type(&wire), None);
        wire.extend([0x03, 0, 4, b't', b'/', b'x', b'y']);
        assert_eq!(content_type(&wire), Some("t/xy"));
        assert_eq!(content_type(&wire[..wire.len() - 1]), None);
        assert_eq!(content_type(&[]), None);
    }
}
