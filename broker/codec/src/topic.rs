//! Rules of topic names and topic filters (section 4.7) and of shared subscriptions (4.8.2).

use crate::Error;

/// Checks a topic name that somebody publishes to.
///
/// # Errors
/// It is empty, too long, or has U+0000 or a wildcard.
#[inline]
pub fn check_topic(topic: &str) -> Result<(), Error> {
    if topic.is_empty() {
        return Err(Error::TopicEmpty);
    }
    if topic.len() > usize::from(u16::MAX) {
        return Err(Error::FieldTooLong);
    }
    check_topic_bytes(topic.as_bytes())
}

/// The part of [`check_topic`] that looks at characters.
#[inline]
pub(crate) fn check_topic_bytes(bytes: &[u8]) -> Result<(), Error> {
    let (words, tail) = bytes.as_chunks::<8>();
    let clean = match bytes.last_chunk::<8>() {
        // The last word covers the tail, and some bytes twice.
        Some(last) => {
            let last = suspicious(u64::from_le_bytes(*last));
            words.iter().fold(last, |found, word| found | suspicious(u64::from_le_bytes(*word)))
                == 0
        }
        None => tail.iter().all(|byte| !is_special(*byte)),
    };
    if clean {
        return Ok(());
    }
    name_the_fault(bytes)
}

/// Non-zero if one of eight bytes is 0, `#` or `+`; may err towards non-zero, never towards 0.
const fn suspicious(word: u64) -> u64 {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let nul = word.wrapping_sub(LOW) & !word;
    let hash = word ^ (LOW * b'#' as u64);
    let plus = word ^ (LOW * b'+' as u64);
    (nul | (hash.wrapping_sub(LOW) & !hash) | (plus.wrapping_sub(LOW) & !plus)) & HIGH
}

const fn is_special(byte: u8) -> bool {
    matches!(byte, 0 | b'#' | b'+')
}

#[cold]
fn name_the_fault(bytes: &[u8]) -> Result<(), Error> {
    match bytes.iter().find(|byte| is_special(**byte)) {
        None => Ok(()),
        Some(0) => Err(Error::NulCharacter { field: "topic name" }),
        Some(_) => Err(Error::TopicWildcard),
    }
}

/// Checks a topic filter, with or without `$share/name/` before it.
///
/// # Errors
/// It is empty, too long, has U+0000, a misplaced wildcard or an unusable share name.
pub fn check_filter(filter: &str) -> Result<(), Error> {
    if filter.is_empty() {
        return Err(Error::FilterEmpty);
    }
    if filter.len() > usize::from(u16::MAX) {
        return Err(Error::FilterLong);
    }
    if filter.as_bytes().contains(&0) {
        return Err(Error::FilterNul);
    }
    if let Some(rest) = filter.strip_prefix("$share/") {
        let (name, filter) = rest.split_once('/').ok_or(Error::ShareName)?;
        if name.is_empty() || filter.is_empty() || name.contains(['+', '#']) {
            return Err(Error::ShareName);
        }
        return check_levels(filter);
    }
    check_levels(filter)
}

fn check_levels(filter: &str) -> Result<(), Error> {
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        if level.contains('#') && (level != "#" || levels.peek().is_some()) {
            return Err(Error::FilterMultiLevel);
        }
        if level.contains('+') && level != "+" {
            return Err(Error::FilterSingleLevel);
        }
    }
    Ok(())
}

/// Splits the filter of a shared subscription into share name and filter.
#[must_use]
pub fn shared(filter: &str) -> Option<(&str, &str)> {
    filter.strip_prefix("$share/")?.split_once('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics() {
        let nul = Error::NulCharacter { field: "topic name" };
        for (topic, expected) in [
            ("a", Ok(())),
            ("/", Ok(())),
            ("$SYS/x", Ok(())),
            ("ünïcode/ töpic/\u{1F3ED}/x", Ok(())),
            ("\u{FEFF}", Ok(())),
            ("", Err(Error::TopicEmpty)),
            ("a/+", Err(Error::TopicWildcard)),
            ("aaaaaaaaaaaaaaaa#", Err(Error::TopicWildcard)),
            ("a+aaaaaaaaaaaaaaa", Err(Error::TopicWildcard)),
            ("aaaa\0", Err(nul)),
            ("aaaaaaaa\0aaaaaaaaa", Err(nul)),
        ] {
            assert_eq!(check_topic(topic), expected, "{topic:?}");
        }
    }

    #[test]
    fn every_byte_at_every_place() {
        for place in 0..19 {
            for byte in 0..=u8::MAX {
                let mut bytes = [b'x'; 19];
                *bytes.get_mut(place).unwrap() = byte;
                assert_eq!(check_topic_bytes(&bytes).is_err(), is_special(byte), "{place} {byte}");
            }
        }
    }

    #[test]
    fn filters() {
        for (filter, expected) in [
            ("#", Ok(())),
            ("+/+/#", Ok(())),
            ("a//b", Ok(())),
            ("$share/g/a/+", Ok(())),
            ("$share", Ok(())),
            ("", Err(Error::FilterEmpty)),
            ("a\0", Err(Error::FilterNul)),
            ("a/#/b", Err(Error::FilterMultiLevel)),
            ("a#", Err(Error::FilterMultiLevel)),
            ("#/", Err(Error::FilterMultiLevel)),
            ("a+/b", Err(Error::FilterSingleLevel)),
            ("$share/g", Err(Error::ShareName)),
            ("$share//a", Err(Error::ShareName)),
            ("$share/g/", Err(Error::ShareName)),
            ("$share/g+/a", Err(Error::ShareName)),
            ("$share/g/a#", Err(Error::FilterMultiLevel)),
        ] {
            assert_eq!(check_filter(filter), expected, "{filter:?}");
        }
        assert_eq!(check_filter(&"x".repeat(65_536)), Err(Error::FilterLong));
        assert_eq!(shared("$share/g/a/b"), Some(("g", "a/b")));
        assert_eq!(shared("a/b"), None);
    }
}
