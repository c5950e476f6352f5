//! ISA-95 equipment levels: an attribute of a node, never its depth (NS-11).

use std::fmt;

macro_rules! levels {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The role of a node in the plant; levels may be skipped.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum EquipmentLevel {
            $($(#[$doc])* $name,)*
        }

        impl EquipmentLevel {
            /// Every level, in the order of the standard.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name in descriptors and queries.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

levels! {
    /// The whole company.
    Enterprise,
    /// A plant.
    Site,
    /// A part of a plant.
    Area,
    /// Batch: a set of units.
    ProcessCell,
    /// Batch: one vessel or machine.
    Unit,
    /// Discrete: a line.
    ProductionLine,
    /// Discrete: a station of a line.
    WorkCell,
    /// Continuous: a production unit.
    ProductionUnit,
    /// A warehouse or yard.
    StorageZone,
    /// A rack, a tank, a bay.
    StorageUnit,
    /// Anything else.
    Other,
}

impl EquipmentLevel {
    /// Reads a name, ignoring ASCII case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|level| level.as_str().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for EquipmentLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive() {
        assert_eq!(EquipmentLevel::ALL.len(), 11);
        for level in EquipmentLevel::ALL {
            assert_eq!(EquipmentLevel::parse(level.as_str()), Some(*level));
            assert_eq!(EquipmentLevel::parse(&level.to_string().to_lowercase()), Some(*level));
        }
        assert_eq!(EquipmentLevel::parse("Line"), None);
    }
}
