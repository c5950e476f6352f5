//! Reads the MQTT 5 properties that say something about the payload.

const CONTENT_TYPE: u8 = 0x03;
const USER_PROPERTY: u8 = 0x26;

/// The Content Type among MQTT 5 PUBLISH properties in wire form.
pub(crate) fn content_type(properties: &[u8]) -> Option<&str> {
    let mut all = Properties(properties);
    let (_, value) = all.find(|(identifier, _)| *identifier == CONTENT_TYPE)?;
    std::str::from_utf8(value).ok()
}

/// The user property of a name among MQTT 5 PUBLISH properties in wire form.
pub(crate) fn user<'a>(properties: &'a [u8], name: &str) -> Option<&'a str> {
    let users = Properties(properties).filter(|(identifier, _)| *identifier == USER_PROPERTY);
    let mut pairs = users.filter_map(|(_, pair)| {
        let (key, rest) = string(pair)?;
        Some((key, string(rest)?.0))
    });
    let (_, value) = pairs.find(|(key, _)| *key == name.as_bytes())?;
    std::str::from_utf8(value).ok()
}

/// Each property with the bytes of its value; a user property's are both strings with their lengths,
/// another string's are without.
struct Properties<'a>(&'a [u8]);

impl<'a> Iterator for Properties<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (identifier, rest) = self.0.split_first()?;
        let (value, rest) = match identifier {
            0x01 => rest.split_at_checked(1)?,
            0x02 => rest.split_at_checked(4)?,
            0x23 => rest.split_at_checked(2)?,
            0x0b => rest.split_at_checked(rest.iter().position(|byte| byte & 0x80 == 0)? + 1)?,
            0x03 | 0x08 | 0x09 => string(rest)?,
            0x26 => {
                let after = string(string(rest)?.1)?.1;
                rest.split_at_checked(rest.len() - after.len())?
            }
            _ => return None,
        };
        self.0 = rest;
        Some((*identifier, value))
    }
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

    #[test]
    fn a_user_property_is_found_by_its_name() {
        let wire = b"\x26\0\x01k\0\x02vv\x03\0\x01t\x26\0\x02kk\0\x01w\x26\0\x02kk\0\x01x";
        assert_eq!(user(wire, "k"), Some("vv"));
        assert_eq!(user(wire, "kk"), Some("w"));
        assert_eq!(user(wire, "t"), None);
        for cut in 0..wire.len() {
            user(&wire[..cut], "none");
        }
    }
}
