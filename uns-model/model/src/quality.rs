//! Quality as an OPC UA status code (NS-27).

/// An OPC UA `StatusCode`; the top two bits are the severity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Quality(pub u32);

impl Quality {
    /// Good.
    pub const GOOD: Self = Self(0);
    /// Uncertain, no further detail.
    pub const UNCERTAIN: Self = Self(0x4000_0000);
    /// Bad, no further detail.
    pub const BAD: Self = Self(0x8000_0000);
    /// Never received.
    pub const GOOD_NO_DATA: Self = Self(0x00A5_0000);
    /// The last usable value, held while its source is silent or gone (NS-28, NS-37).
    pub const HELD: Self = Self(0x4090_0000);
    /// Outside the range of the contract, but stored.
    pub const OUT_OF_RANGE: Self = Self(0x4094_0000);
    /// Silent for three times the allowed silence (NS-28).
    pub const NO_COMMUNICATION: Self = Self(0x8031_0000);

    /// Reads an OPC DA quality: 192 and above good, 64..127 uncertain, else bad.
    pub fn from_opc_da(quality: u16) -> Self {
        match quality {
            192.. => Self::GOOD,
            64..=127 => Self::UNCERTAIN,
            _ => Self::BAD,
        }
    }

    /// Reads Sparkplug's `Quality` property: none or 192 good, 500 stale, anything else bad.
    pub fn from_sparkplug(quality: Option<i64>) -> Self {
        match quality {
            None | Some(192) => Self::GOOD,
            Some(500) => Self::HELD,
            Some(_) => Self::BAD,
        }
    }

    /// Reads `q` of Kepware and `success` of Litmus.
    pub fn from_flag(good: bool) -> Self {
        if good { Self::GOOD } else { Self::BAD }
    }

    /// Reads a word in any case. What begins with Good, Uncertain or Bad is that, whatever detail
    /// follows (`BadCommunicationError`), `OK` and `valid` are good, `invalid` is bad; an unknown word is
    /// uncertain.
    pub fn from_word(word: &str) -> Self {
        Self::of_word(word).unwrap_or(Self::UNCERTAIN)
    }

    /// Whether a word is one for a quality.
    pub fn is_word(word: &str) -> bool {
        Self::of_word(word).is_some()
    }

    fn of_word(word: &str) -> Option<Self> {
        let begins = |known: &str| {
            word.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known))
        };
        let is = |known: &str| word.eq_ignore_ascii_case(known);
        Some(if is("GoodNoData") {
            Self::GOOD_NO_DATA
        } else if begins("Good") || is("ok") || is("valid") {
            Self::GOOD
        } else if begins("Bad") || is("invalid") {
            Self::BAD
        } else if begins("Uncertain") {
            Self::UNCERTAIN
        } else {
            return None;
        })
    }

    /// The worse of two; the first where both are equally bad.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        if (other.0 >> 30).min(2) > (self.0 >> 30).min(2) { other } else { self }
    }

    /// Whether the value is shown as null: exactly when bad or never received (NS-27).
    pub fn hides_value(self) -> bool {
        self.is_bad() || self == Self::GOOD_NO_DATA
    }

    /// Severity 00.
    pub fn is_good(self) -> bool {
        self.0 >> 30 == 0
    }

    /// Severity 01.
    pub fn is_uncertain(self) -> bool {
        self.0 >> 30 == 1
    }

    /// Severity 10 or 11.
    pub fn is_bad(self) -> bool {
        self.0 >> 31 == 1
    }

    /// The word shown to people and sent in JSON: `Good`, `Uncertain`, `Bad`, `GoodNoData`.
    pub fn word(self) -> &'static str {
        match self.0 >> 30 {
            0 if self == Self::GOOD_NO_DATA => "GoodNoData",
            0 => "Good",
            1 => "Uncertain",
            _ => "Bad",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_of_quality_maps_as_documented() {
        use Quality as Q;
        for (found, shown) in [
            (Q(0x0000_0000), "Good"),
            (Q(0x4000_0000), "Uncertain"),
            (Q(0x8000_0000), "Bad"),
            (Q(0xC000_0000), "Bad"),
            (Q(0x00A5_0000), "GoodNoData"),
            (Q::from_opc_da(192), "Good"),
            (Q::from_opc_da(216), "Good"),
            (Q::from_opc_da(64), "Uncertain"),
            (Q::from_opc_da(127), "Uncertain"),
            (Q::from_opc_da(128), "Bad"),
            (Q::from_opc_da(191), "Bad"),
            (Q::from_opc_da(63), "Bad"),
            (Q::from_opc_da(0), "Bad"),
            (Q::from_sparkplug(None), "Good"),
            (Q::from_sparkplug(Some(192)), "Good"),
            (Q::from_sparkplug(Some(500)), "Uncertain"),
            (Q::from_sparkplug(Some(0)), "Bad"),
            (Q::from_flag(true), "Good"),
            (Q::from_flag(false), "Bad"),
            (Q::from_word("gOOD"), "Good"),
            (Q::from_word("BAD"), "Bad"),
            (Q::from_word("uncertain"), "Uncertain"),
            (Q::from_word("goodnodata"), "GoodNoData"),
            (Q::from_word("BadCommunicationError"), "Bad"),
            (Q::from_word("good, local override"), "Good"),
            (Q::from_word("Uncertain_LastUsableValue"), "Uncertain"),
            (Q::from_word("OK"), "Good"),
            (Q::from_word("valid"), "Good"),
            (Q::from_word("Invalid"), "Bad"),
            (Q::from_word("okay"), "Uncertain"),
            (Q::from_word("ba"), "Uncertain"),
            (Q::from_word("so-so"), "Uncertain"),
            (Q::from_word("güt"), "Uncertain"),
        ] {
            assert_eq!(found.word(), shown, "{found:?}");
            assert_eq!(found.hides_value(), matches!(shown, "Bad" | "GoodNoData"));
        }
    }

    #[test]
    fn the_worse_quality_wins_and_detail_is_kept() {
        assert_eq!(Quality::GOOD.worst(Quality::HELD), Quality::HELD);
        assert_eq!(Quality::HELD.worst(Quality::UNCERTAIN), Quality::HELD);
        assert_eq!(Quality::NO_COMMUNICATION.worst(Quality(0xC000_0000)), Quality(0x8031_0000));
        assert_eq!(Quality::BAD.worst(Quality::GOOD), Quality::BAD);
    }
}
