//! The subject of a certificate as text (RFC 4514). The certificate has been verified before. This
//! reads only the few fields it needs, and gives up on anything unexpected.

use std::fmt::{self, Display, Write as _};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const EXPLICIT_VERSION: u8 = 0xA0;
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// Attributes with a short name.
const NAMES: [(&[u8], &str); 9] = [
    (COMMON_NAME, "CN"),
    (&[0x55, 0x04, 0x05], "serialNumber"),
    (&[0x55, 0x04, 0x06], "C"),
    (&[0x55, 0x04, 0x07], "L"),
    (&[0x55, 0x04, 0x08], "ST"),
    (&[0x55, 0x04, 0x09], "STREET"),
    (&[0x55, 0x04, 0x0A], "O"),
    (&[0x55, 0x04, 0x0B], "OU"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x19], "DC"),
];

/// A distinguished name, in the order of the certificate.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Subject(Vec<Vec<Attribute>>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Attribute {
    kind: Vec<u8>,
    /// Its value as text, or else its DER.
    value: Result<String, Vec<u8>>,
}

/// The subject of a certificate in DER.
pub(super) fn of(certificate: &[u8]) -> Option<Subject> {
    let (certificate, _) = expect(certificate, SEQUENCE)?;
    let (signed, _) = expect(certificate, SEQUENCE)?;
    let after_version = expect(signed, EXPLICIT_VERSION).map_or(signed, |(_, rest)| rest);
    // Serial number, algorithm, issuer, validity.
    let rest = (0..4).try_fold(after_version, |rest, _| element(rest).map(|(.., rest)| rest))?;
    let (mut names, _) = expect(rest, SEQUENCE)?;
    let mut subject = Subject::default();
    while !names.is_empty() {
        let (mut set, rest) = expect(names, SET)?;
        let mut attributes = Vec::new();
        while !set.is_empty() {
            let (pair, rest) = expect(set, SEQUENCE)?;
            attributes.push(attribute(pair)?);
            set = rest;
        }
        subject.0.push(attributes);
        names = rest;
    }
    Some(subject)
}

fn attribute(pair: &[u8]) -> Option<Attribute> {
    let (kind, value) = expect(pair, OBJECT_IDENTIFIER)?;
    let (tag, content, _) = element(value)?;
    let value = text(tag, content).ok_or_else(|| value.to_vec());
    Some(Attribute { kind: kind.to_vec(), value })
}

fn text(tag: u8, content: &[u8]) -> Option<String> {
    match tag {
        // UTF8String, and those that are ASCII: numeric, printable, IA5.
        0x0C => String::from_utf8(content.to_vec()).ok(),
        0x12 | 0x13 | 0x16 if content.is_ascii() => String::from_utf8(content.to_vec()).ok(),
        // TeletexString, which in practice is Latin 1.
        0x14 => Some(content.iter().copied().map(char::from).collect()),
        0x1E if content.len().is_multiple_of(2) => {
            let units = content.as_chunks().0.iter().map(|pair| u16::from_be_bytes(*pair));
            char::decode_utf16(units).collect::<Result<_, _>>().ok()
        }
        _ => None,
    }
}

fn expect(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    element(bytes).filter(|(found, ..)| *found == tag).map(|(_, content, rest)| (content, rest))
}

/// Tag, content and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk()?;
    let (length, rest) = match first {
        short @ 0..=0x7F => (usize::from(short), rest),
        0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        0x82 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

impl Subject {
    /// The one common name, if it is text without control characters. If there are several, nobody knows
    /// which one the CA meant to vouch for.
    pub(super) fn common_name(&self) -> Option<&str> {
        let mut names = self.0.iter().flatten().filter(|attribute| attribute.kind == COMMON_NAME);
        let name = names.next()?.value.as_deref().ok()?;
        let usable = names.next().is_none() && !name.is_empty();
        (usable && !name.chars().any(char::is_control)).then_some(name)
    }
}

impl Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, attributes) in self.0.iter().rev().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            for (index, attribute) in attributes.iter().enumerate() {
                f.write_str(if index == 0 { "" } else { "+" })?;
                write!(f, "{attribute}")?;
            }
        }
        Ok(())
    }
}

impl Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(kind, _)| *kind == self.kind) {
            Some((_, name)) => write!(f, "{name}=")?,
            None => write!(f, "{}=", Dotted(&self.kind))?,
        }
        match &self.value {
            Err(der) => write!(f, "#{}", Hex(der)),
            Ok(text) => escape(text, f),
        }
    }
}

/// What would read as the syntax around it is escaped.
fn escape(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (index, char) in text.chars().enumerate() {
        let edge = (char == ' ' && (index == 0 || index == last)) || (char == '#' && index == 0);
        if edge || matches!(char, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
            f.write_char('\\')?;
            f.write_char(char)?;
        } else if char.is_control() {
            let mut utf8 = [0; 4];
            char.encode_utf8(&mut utf8).bytes().try_for_each(|byte| write!(f, "\\{byte:02X}"))?;
        } else {
            f.write_char(char)?;
        }
    }
    Ok(())
}

/// An object identifier in numbers.
struct Dotted<'a>(&'a [u8]);

impl Display for Dotted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut arc, mut first) = (0_u64, true);
        for byte in self.0 {
            arc = (arc << 7) | u64::from(byte & 0x7F);
            if byte & 0x80 != 0 {
                continue;
            }
            if first {
                let root = (arc / 40).min(2);
                write!(f, "{root}.{}", arc - 40 * root)?;
            } else {
                write!(f, ".{arc}")?;
            }
            (arc, first) = (0, false);
        }
        Ok(())
    }
}

struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(names: &[(rcgen::DnType, &str)]) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in names {
            params.distinguished_name.push(kind.clone(), *value);
        }
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn subjects() {
        use rcgen::DnType as T;
        let check = |names: &[(T, &str)], text: &str, common_name: Option<&str>| {
            let subject = of(&certificate(names)).unwrap();
            assert_eq!((subject.to_string().as_str(), subject.common_name()), (text, common_name));
        };
        let plain = [(T::OrganizationName, "Acme"), (T::CommonName, "press-7")];
        check(&plain, "CN=press-7,O=Acme", Some("press-7"));
        let forged = [(T::CommonName, "a,O=Evil+CN=b"), (T::CountryName, "DE")];
        check(&forged, "C=DE,CN=a\\,O\\=Evil\\+CN\\=b", Some("a,O=Evil+CN=b"));
        check(&[(T::CommonName, " #Größe ")], "CN=\\ #Größe\\ ", Some(" #Größe "));
        check(&[(T::CommonName, "a\nb")], "CN=a\\0Ab", None);
        check(&[(T::OrganizationName, "Acme")], "O=Acme", None);
        check(&[], "", None);
    }

    #[test]
    fn unknown_attributes_are_numbers() {
        let email = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01];
        assert_eq!(Dotted(&email).to_string(), "1.2.840.113549.1.9.1");
        let kind = vec![0x55, 0x04, 0x2D];
        let odd = Attribute { kind, value: Err(vec![0x03, 0x01, 0x00]) };
        assert_eq!(Subject(vec![vec![odd]]).to_string(), "2.5.4.45=#030100");
    }

    #[test]
    fn damaged_certificates_do_not_panic() {
        let whole = certificate(&[(rcgen::DnType::CommonName, "press-7")]);
        for at in 0..whole.len() {
            of(&whole[..at]);
            let mut changed = whole.clone();
            for bit in 0..8 {
                changed[at] ^= 1 << bit;
                drop(of(&changed).map(|subject| subject.to_string()));
            }
        }
    }
}
