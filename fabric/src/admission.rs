//! What a publish gate is asked, and what it answers. The gate of the namespace gives these answers and
//! the broker acts on them, so the words lie below both.

mod output;
mod place;
mod rejection;

use bytes::Bytes;
use uns_model::{Finding, PublisherId, Timestamp};

pub use output::{Author, Output};
pub use place::Place;
pub use rejection::Rejection;

/// One publish on its way through the gate.
#[derive(Clone, Copy, Debug)]
pub struct Inbound<'a> {
    /// Who publishes.
    pub publisher: PublisherId,
    /// MQTT QoS, 0 to 2.
    pub qos: u8,
    /// MQTT RETAIN.
    pub retain: bool,
    /// MQTT 5 Message Expiry Interval in seconds.
    pub expiry: Option<u32>,
    /// MQTT 5 PUBLISH properties that pass unchanged, in wire form without their length.
    pub properties: &'a [u8],
    /// The payload.
    pub payload: &'a [u8],
    /// When it came in.
    pub ingest: Timestamp,
}

/// Where a topic leads.
#[derive(Clone, Debug)]
pub enum Resolved<N> {
    /// A node: its publishes are admitted and logged.
    Node(N),
    /// Delivered, not stored; its publishes are still checked.
    Guarded,
    /// Plain MQTT: delivered, neither checked nor stored.
    Plain,
}

/// What became of a publish that the gate admitted. Everything it caused goes into one batch, and so
/// to the log in one append.
#[derive(Clone, Debug, Default)]
pub struct Admitted {
    /// Where its record stands in the open batch; nowhere if it has none.
    pub place: Option<Place>,
    /// Whether it is retained, which the gate may force or refuse.
    pub retain: bool,
    /// Its Message Expiry Interval in seconds, which the gate may shorten.
    pub expiry: Option<u32>,
    /// How many points were read from it.
    pub points: u32,
    /// What was remarkable about it.
    pub findings: Findings,
    /// What it caused beside its own record. Few publishes cause anything.
    pub outputs: Option<Box<Outputs>>,
}

impl Admitted {
    /// A publish that passes as it is and has no record.
    #[inline]
    pub fn unchanged(inbound: &Inbound<'_>) -> Self {
        Self { retain: inbound.retain, expiry: inbound.expiry, ..Self::default() }
    }
}

/// What a publish caused beside its own record.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// Messages on other topics, to be delivered after the publish itself.
    pub messages: Vec<Output>,
    /// Rows of a batch that were refused (NS-21), by their place in it.
    pub refused: Vec<RefusedRow>,
}

impl Outputs {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.refused.is_empty()
    }
}

/// A part of an admitted publish that was refused by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefusedRow {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Where it was to go.
    pub topic: Box<str>,
    /// What it was.
    pub payload: Bytes,
    /// Why.
    pub rejection: Rejection,
}

/// Which kinds of [`Finding`] there are about a publish.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Findings(u8);

impl Findings {
    /// Notes one.
    #[inline]
    pub fn note(&mut self, finding: Finding) {
        self.0 |= bit(finding);
    }

    /// Whether there is one of the same kind.
    pub fn has(self, finding: Finding) -> bool {
        self.0 & bit(finding) != 0
    }

    /// The names of those there are, for people.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let known = [
            (Finding::FieldsLeftOut(0), "fieldsLeftOut"),
            (Finding::Windows1252, "windows1252"),
            (Finding::Malformed, "malformed"),
            (Finding::TooLarge, "tooLarge"),
            (Finding::Rounded, "rounded"),
        ];
        known.into_iter().filter(move |(finding, _)| self.has(*finding)).map(|(_, name)| name)
    }

    /// Whether nothing was remarkable.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What a kind that this release does not know shares its bit with is told apart in the record.
fn bit(finding: Finding) -> u8 {
    match finding {
        Finding::FieldsLeftOut(_) => 0b0001,
        Finding::Windows1252 => 0b0010,
        Finding::Malformed => 0b0100,
        Finding::TooLarge => 0b1000,
        Finding::Rounded => 0b1_0000,
        _ => 0b1000_0000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_noted_by_kind() {
        let mut findings = Findings::default();
        assert!(findings.is_empty());
        findings.note(Finding::FieldsLeftOut(3));
        findings.note(Finding::TooLarge);
        assert!(findings.has(Finding::FieldsLeftOut(0)) && findings.has(Finding::TooLarge));
        assert_eq!(findings.names().collect::<Vec<_>>(), ["fieldsLeftOut", "tooLarge"]);
        assert!(!findings.has(Finding::Malformed) && !findings.has(Finding::Windows1252));
    }

    #[test]
    fn what_every_publish_is_answered_with_is_small() {
        assert!(size_of::<Admitted>() <= 40);
        assert!(size_of::<Result<Admitted, Rejection>>() <= 72);
    }
}
