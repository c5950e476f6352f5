//! What a history file says about itself, so that it can be listed again without a catalog: the part
//! of the log it covers, and which node, field, type and unit each of its series is.
//!
//! The table of series lies between the row groups and the footer, where readers of Parquet skip it;
//! the footer names its place. Neighbours share most of a topic, so each entry holds only what
//! differs from the one before. [`check`] holds the whole file against the checksum it carries.

use std::sync::Arc;

use bytes::Bytes;
use parquet::file::metadata::KeyValue;
use uns_model::{NodeNo, OrgId, Sequence, Timestamp};

use crate::error::Error;
use crate::sample::SeriesId;

/// After and until, newest ingest time, place and length of the table, with a blank between two;
/// behind them the name of the file this one stands for, if there is one.
const ORIGIN: &str = "uns.history.origin";
const CHECK: &str = "uns.history.check";

/// In front of the checksum; with zeros behind it, it stands for itself while being computed.
const CRC: &[u8] = b"crc32:";
const ZEROS: &[u8] = b"00000000";

/// The version of the table of series.
const TABLE: u8 = 1;
/// A table claims at most so many bytes per entry before anything is allocated for it.
const ENTRY_BYTES_MIN: usize = 4;

/// Where the samples of a file come from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Origin {
    /// The samples came with records after this sequence.
    pub after: Sequence,
    /// Up to and with this one.
    pub until: Sequence,
    /// The newest ingest time up to there.
    pub ingest: Timestamp,
    /// The file this one stands for, after a purge took samples out of that.
    pub replaces: Option<String>,
    /// Every series of the file, ascending.
    pub series: Vec<SeriesOrigin>,
}

/// What a series is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeriesOrigin {
    /// Its number in files.
    pub sid: SeriesId,
    /// The number of its node in the log.
    pub node: NodeNo,
    /// The organisation of the node.
    pub org: OrgId,
    /// The topic of the node when the file was written.
    pub topic: Arc<str>,
    /// The JSON field, when it is one.
    pub field: Option<Arc<str>>,
    /// The number of the type of its values; what it means is the store's.
    pub value_type: u8,
    /// How many series the node or field had before it.
    pub generation: u8,
    /// Its engineering unit, where one is known.
    pub unit: Option<Arc<str>>,
}

impl Origin {
    /// The footer's pairs; the table of series lies at these bytes.
    pub(crate) fn pairs(&self, (at, length): (usize, usize)) -> Vec<KeyValue> {
        let (after, until, ingest) = (self.after.0, self.until.0, self.ingest.0);
        let mut origin = format!("{after} {until} {ingest} {at} {length}");
        if let Some(name) = &self.replaces {
            origin.push(' ');
            origin.push_str(name);
        }
        let unchecked = [CRC, ZEROS].concat();
        let unchecked = String::from_utf8_lossy(&unchecked).into_owned();
        vec![KeyValue::new(ORIGIN.into(), origin), KeyValue::new(CHECK.into(), unchecked)]
    }

    /// From the footer's pairs, with the place of the table still to be read.
    pub(crate) fn parse(pairs: &[KeyValue]) -> Result<(Self, (u64, usize)), Error> {
        let text = pairs.iter().find(|pair| pair.key == ORIGIN);
        let parsed = text.and_then(|pair| {
            let mut parts = pair.value.as_deref()?.splitn(6, ' ');
            let mut next = || parts.next()?.parse::<u64>().ok();
            let (after, until) = (Sequence(next()?), Sequence(next()?));
            let ingest = Timestamp(i64::try_from(next()?).ok()?);
            let place = (next()?, usize::try_from(next()?).ok()?);
            let replaces = parts.next().map(str::to_owned);
            Some((Self { after, until, ingest, replaces, series: Vec::new() }, place))
        });
        parsed.ok_or(Error::Format(format!("footer key {ORIGIN} is missing or broken")))
    }
}

/// The table of series as bytes.
pub(crate) fn encode(series: &[SeriesOrigin]) -> Vec<u8> {
    let mut out = vec![TABLE];
    number(&mut out, series.len() as u64);
    let mut before: Option<&SeriesOrigin> = None;
    for entry in series {
        let last = before.map_or(0, |before| before.sid.0);
        number(&mut out, u64::from(entry.sid.0.wrapping_sub(last)));
        let same_node = before
            .is_some_and(|b| (b.node, b.org, &b.topic) == (entry.node, entry.org, &entry.topic));
        let has = [same_node, entry.field.is_some(), entry.unit.is_some()];
        let flags = has.iter().rev().fold(0, |flags, has| flags << 1 | u8::from(*has));
        out.extend([flags, entry.value_type, entry.generation]);
        if !same_node {
            number(&mut out, u64::from(entry.node.0));
            number(&mut out, u64::from(entry.org.0));
            let topic = before.map_or("", |before| &before.topic);
            let shared = topic.bytes().zip(entry.topic.bytes()).take_while(|(a, b)| a == b).count();
            number(&mut out, shared as u64);
            text(&mut out, entry.topic.as_bytes().get(shared..).unwrap_or_default());
        }
        for optional in [&entry.field, &entry.unit].into_iter().flatten() {
            text(&mut out, optional.as_bytes());
        }
        before = Some(entry);
    }
    out
}

/// The table back from its bytes.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<SeriesOrigin>> {
    let mut rest = Rest(bytes);
    if rest.byte()? != TABLE {
        return None;
    }
    let count = usize::try_from(rest.number()?).ok()?;
    if count > bytes.len() / ENTRY_BYTES_MIN {
        return None;
    }
    let mut series: Vec<SeriesOrigin> = Vec::with_capacity(count);
    for _ in 0..count {
        let before = series.last();
        let step = u32::try_from(rest.number()?).ok()?;
        let sid = SeriesId(before.map_or(0, |before| before.sid.0).checked_add(step)?);
        let [flags, value_type, generation] = [rest.byte()?, rest.byte()?, rest.byte()?];
        let (node, org, topic) = if flags & 1 == 0 {
            let node = NodeNo(u32::try_from(rest.number()?).ok()?);
            let org = OrgId(u32::try_from(rest.number()?).ok()?);
            let shared = usize::try_from(rest.number()?).ok()?;
            let shared = before.map_or("", |before| &before.topic).as_bytes().get(..shared)?;
            let topic = [shared, rest.text()?].concat();
            (node, org, String::from_utf8(topic).ok()?.into())
        } else {
            let before = before?;
            (before.node, before.org, Arc::clone(&before.topic))
        };
        let mut optional = |bit: u8| -> Option<Option<Arc<str>>> {
            if flags & bit == 0 {
                return Some(None);
            }
            Some(Some(std::str::from_utf8(rest.text()?).ok()?.into()))
        };
        let (field, unit) = (optional(0b010)?, optional(0b100)?);
        series.push(SeriesOrigin { sid, node, org, topic, field, value_type, generation, unit });
    }
    rest.0.is_empty().then_some(series)
}

/// Seven bits a byte, the lowest first.
fn number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(0x80 | (number & 0x7f) as u8);
        number >>= 7;
    }
    out.push((number & 0x7f) as u8);
}

fn text(out: &mut Vec<u8>, text: &[u8]) {
    number(out, text.len() as u64);
    out.extend(text);
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }
}

/// Writes the checksum of a finished file into it.
pub(crate) fn seal(mut bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    let (crc, place) = checksum(&bytes).ok_or(Error::Unwritable("a file without a checksum"))?;
    if let Some(digits) = bytes.get_mut(place..place + ZEROS.len()) {
        digits.copy_from_slice(format!("{crc:08x}").as_bytes());
    }
    Ok(bytes)
}

/// Whether a file is what was written, by the checksum it carries. Files of format 1 carry none:
/// `Ok(false)`.
///
/// # Errors
/// When the checksum is another.
pub fn check(bytes: &Bytes) -> Result<bool, Error> {
    let Some((crc, place)) = checksum(bytes) else { return Ok(false) };
    let digits = bytes.get(place..place + ZEROS.len()).unwrap_or_default();
    if digits == format!("{crc:08x}").as_bytes() {
        return Ok(true);
    }
    Err(Error::Format("the checksum in the footer differs".into()))
}

/// The checksum of a file and where its own digits are.
fn checksum(bytes: &[u8]) -> Option<(u32, usize)> {
    let (rest, tail) = bytes.split_last_chunk::<8>()?;
    let (length, _) = tail.split_first_chunk::<4>()?;
    let footer = rest.len().checked_sub(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    let found = rest.get(footer..)?.windows(CRC.len()).rposition(|window| window == CRC)?;
    let place = footer + found + CRC.len();
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(bytes.get(..place)?);
    hasher.update(ZEROS);
    hasher.update(bytes.get(place + ZEROS.len()..)?);
    Some((hasher.finalize(), place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry() -> impl Strategy<Value = SeriesOrigin> {
        let text = || prop::option::of("[a-c°]{0,3}".prop_map(Arc::from));
        let node = (0u32..9, 0u32..3, "[ab/é]{0,6}");
        (1u32..300, node, text(), text(), any::<(u8, u8)>()).prop_map(
            |(step, (node, org, topic), field, unit, (value_type, generation))| SeriesOrigin {
                sid: SeriesId(step),
                node: NodeNo(node),
                org: OrgId(org),
                topic: topic.into(),
                field,
                value_type,
                generation,
                unit,
            },
        )
    }

    proptest! {
        #[test]
        fn a_table_of_series_comes_back(mut series in prop::collection::vec(entry(), 0..40)) {
            let mut sid = 0;
            for entry in &mut series {
                sid += entry.sid.0;
                entry.sid = SeriesId(sid);
            }
            let bytes = encode(&series);
            prop_assert_eq!(decode(&bytes), Some(series));
            for end in 0..bytes.len() {
                prop_assert_eq!(decode(bytes.get(..end).unwrap_or_default()), None);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(decode(&bytes));
            drop(check(&bytes.into()));
        }
    }
}
