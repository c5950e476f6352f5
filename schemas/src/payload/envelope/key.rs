//! The keys an envelope may have, in the spellings of those who write them (NS-19a).

/// A key that means something in an envelope.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) role: Role,
    /// One of its own among the keys there are.
    place: u8,
}

/// What a key says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// The value, by a name that means nothing else.
    Value,
    /// The value, by a name that may also be a field like any other: `{"v":230,"a":5}`.
    ShortValue,
    /// A quality: a word, a flag, OPC DA's number or OPC UA's code.
    Quality,
    /// An OPC UA status code.
    Status,
    Time,
    Unit,
    Seq,
    Historical,
    /// No part of a point.
    Told,
}

impl Key {
    #[inline]
    pub(super) fn of(text: &str) -> Option<Self> {
        use Role::{Quality, Seq, ShortValue, Status, Time, Told, Unit, Value};
        // By length first: a name is then compared with a few others only.
        let (place, role) = match text.len() {
            1 => match text {
                "v" => (0, ShortValue),
                "t" => (1, Time),
                "q" => (2, Quality),
                _ => return None,
            },
            2 => match text {
                "ts" => (3, Time),
                "qc" => (4, Quality),
                "id" => (5, Told),
                _ => return None,
            },
            3 => match text {
                "val" => (6, ShortValue),
                "seq" => (7, Seq),
                "tag" => (8, Told),
                "uom" => (9, Unit),
                _ => return None,
            },
            4 => match text {
                "time" => (10, Time),
                "Time" => (11, Time),
                "unit" => (12, Unit),
                "good" => (13, Quality),
                "name" => (14, Told),
                "meta" => (15, Told),
                _ => return None,
            },
            5 => match text {
                "value" => (16, Value),
                "Value" => (17, Value),
                "units" => (18, Unit),
                _ => return None,
            },
            6 => match text {
                "status" => (19, Status),
                "source" => (20, Told),
                _ => return None,
            },
            7 => match text {
                "quality" => (21, Quality),
                "Quality" => (22, Quality),
                "success" => (23, Quality),
                "tagName" => (24, Told),
                "context" => (25, Told),
                _ => return None,
            },
            8 => match text {
                "datetime" => (26, Time),
                "dataType" => (27, Told),
                "datatype" => (28, Told),
                "deviceID" => (29, Told),
                "metadata" => (30, Told),
                _ => return None,
            },
            9 => match text {
                "timestamp" => (31, Time),
                "Timestamp" => (32, Time),
                _ => return None,
            },
            _ => return Self::long(text),
        };
        Some(Self { role, place })
    }

    fn long(text: &str) -> Option<Self> {
        let (place, role) = match text {
            "_timestamp" => (33, Role::Time),
            "timestamp_ms" => (34, Role::Time),
            "sourceTimestamp" => (35, Role::Time),
            "SourceTimestamp" => (36, Role::Time),
            "statusCode" => (37, Role::Status),
            "StatusCode" => (38, Role::Status),
            "historical" => (39, Role::Historical),
            "registerId" => (40, Role::Told),
            "deviceName" => (41, Role::Told),
            "present_value" => (42, Role::Value),
            "unit_of_measurement" => (43, Role::Unit),
            _ => return None,
        };
        Some(Self { role, place })
    }

    /// A bit of its own.
    pub(super) fn bit(self) -> u64 {
        1 << self.place
    }

    /// Whether the top level of a document has its time under this name (NS-19b).
    pub(super) fn is_document_time(text: &str) -> bool {
        matches!(text, "tst" | "received_at")
            || Self::of(text).is_some_and(|key| key.role == Role::Time)
    }
}
