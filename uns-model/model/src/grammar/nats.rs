//! Topics as NATS subjects, both ways: `/` is `.`, a byte outside `[A-Za-z0-9_-]` is `=XX`, an
//! empty level is `=` (NS-4).

use super::is_portable;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// The NATS subject of a topic; every topic has one.
pub fn to_nats(topic: &str) -> String {
    let mut subject = String::with_capacity(topic.len() + 8);
    for (index, level) in topic.split('/').enumerate() {
        if index > 0 {
            subject.push('.');
        }
        if level.is_empty() {
            subject.push('=');
        }
        for byte in level.bytes() {
            if is_portable(byte) {
                subject.push(char::from(byte));
            } else {
                subject.push('=');
                subject.push(char::from(HEX[usize::from(byte >> 4)]));
                subject.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    subject
}

/// The topic of a NATS subject; `None` unless [`to_nats`] of the answer is the subject again.
pub fn from_nats(subject: &str) -> Option<String> {
    let mut topic = Vec::with_capacity(subject.len());
    for (index, token) in subject.split('.').enumerate() {
        if index > 0 {
            topic.push(b'/');
        }
        if token == "=" {
            continue;
        }
        decode_token(token, &mut topic)?;
    }
    String::from_utf8(topic).ok()
}

fn decode_token(token: &str, topic: &mut Vec<u8>) -> Option<()> {
    if token.is_empty() {
        return None;
    }
    let mut bytes = token.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'=' {
            let decoded = hex(bytes.next()?)? << 4 | hex(bytes.next()?)?;
            if is_portable(decoded) || decoded == b'/' {
                return None;
            }
            topic.push(decoded);
        } else if is_portable(byte) {
            topic.push(byte);
        } else {
            return None;
        }
    }
    Some(())
}

fn hex(byte: u8) -> Option<u8> {
    HEX.iter().position(|digit| *digit == byte).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_spelling_is_the_documented_one() {
        for (topic, subject) in [
            ("uns/v1/acme/line-3/_raw/x", "uns.v1.acme.line-3._raw.x"),
            ("Enterprise/Site A/v1.0", "Enterprise.Site=20A.v1=2E0"),
            ("/a//", "=.a.=.="),
            ("a=b/*/>", "a=3Db.=2A.=3E"),
            ("caf\u{e9}", "caf=C3=A9"),
            ("", "="),
        ] {
            assert_eq!(to_nats(topic), subject);
            assert_eq!(from_nats(subject).as_deref(), Some(topic));
        }
    }

    #[test]
    fn a_subject_nobody_would_write_is_refused() {
        for subject in ["", "a..b", "a=2", "a=2f", "=41", "a=2F", "=FF", "a b", "*", "=="] {
            assert_eq!(from_nats(subject), None, "{subject}");
        }
    }

    proptest! {
        #[test]
        fn topics_survive(topic in ".{0,60}") {
            prop_assert_eq!(from_nats(&to_nats(&topic)), Some(topic));
        }

        #[test]
        fn subjects_survive(subject in "[a=.2F0]{0,20}") {
            if let Some(topic) = from_nats(&subject) {
                prop_assert_eq!(to_nats(&topic), subject);
            }
        }
    }
}
